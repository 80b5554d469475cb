"""Runs a program under Valgrind's callgrind and reads what it counted.

The threads are counted apart, and only the first one's count is used: it is the
one that called Run, and with one P it runs all goroutines. The others are
sysmon, which wakes up by the clock, and threads that it may have started.

What a path costs is the difference of two runs, divided by what one did more of
it: the start of the process, and of the runtime, is in both.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Dict, Tuple

# Enough for what happens once in a thousand turns to be in it as it should.
FEW, MANY = 20_000, 120_000
# Of a thing that takes a second.
PATIENCE_S = 300
MAIN_THREAD = 1


class Failed(Exception):
    """What went wrong, and what to do."""


def read(text: str) -> Tuple[int, Dict[str, int]]:
    """The thread of a file of callgrind's, and the instructions by function.

    A function's own, without those of what it calls: a switch of stacks looks
    like a call that never returns, so there is no telling who calls whom.
    """
    thread = re.search(r"^thread: (\d+)$", text, re.MULTILINE)
    totals = re.search(r"^(?:totals|summary): (\d+)$", text, re.MULTILINE)
    if not thread or not totals:
        raise Failed("callgrind wrote a file that has no thread or no totals: is this Valgrind 3.19 or newer?")
    names: Dict[str, str] = {}
    counts: Counter[str] = Counter()
    function, of_a_call = "?", False
    for line in text.splitlines():
        named = re.match(r"c?fn=\((\d+)\)(?: (.*))?$", line)
        if named:
            number, name = named.groups()
            if name:
                # 'N: the same function, called by itself.
                names[number] = re.sub(r"'\d+$", "", name)
            if line.startswith("fn="):
                function = names.get(number, "?")
        elif line.startswith("calls="):
            of_a_call = True
        elif re.match(r"[+\-*\d]\S* \d+$", line):
            if not of_a_call:
                counts[function] += int(line.rsplit(" ", 1)[1])
            of_a_call = False
    if sum(counts.values()) != int(totals.group(1)):
        raise Failed("callgrind wrote a file whose parts do not make its total: another format than 3.19's?")
    return int(thread.group(1)), dict(counts)


def run(program: Path, *arguments: str) -> Dict[str, int]:
    """Instructions of the main thread, by function."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise Failed("there is no valgrind: install it (on Debian 12: tools/debian12/setup --packages valgrind)")
    command = [str(program), *arguments]
    with tempfile.TemporaryDirectory(prefix="heddle_instructions_") as folder:
        out = Path(folder) / "out"
        callgrind = ["--tool=callgrind", "--quiet", "--separate-threads=yes", f"--callgrind-out-file={out}"]
        try:
            done = subprocess.run(
                [valgrind, *callgrind, *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)} has not ended in {PATIENCE_S} s under callgrind: it hangs?") from None
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)} failed under callgrind with status {done.returncode}:\n{done.stdout}")
        threads = dict(read(file.read_text(encoding="utf-8")) for file in Path(folder).glob("out-*"))
    if MAIN_THREAD not in threads:
        raise Failed(f"callgrind wrote nothing of {' '.join(command)}'s main thread")
    return threads[MAIN_THREAD]


def per_operation(program: Path, path: str) -> Dict[str, float]:
    """Instructions that one operation of a path takes, by function."""
    few, many = (run(program, path, str(n)) for n in (FEW, MANY))
    return {name: (n - few.get(name, 0)) / (MANY - FEW) for name, n in many.items()}
