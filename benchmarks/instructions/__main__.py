"""tools/bazel run //benchmarks:count_instructions -- [--update | --json | --functions PATH]

Counts the instructions of the runtime's hot paths, and fails if one of them
takes more than is stored in counts.json. docs/instructions.md has the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, Sequence

from instructions import callgrind, counts

COMMAND = "tools/bazel run //benchmarks:count_instructions"


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="count_instructions", description="instructions of the hot paths, by callgrind")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--update", action="store_true", help="stores the counts")
    what.add_argument("--json", action="store_true", help="prints the counts, and compares nothing")
    what.add_argument("--functions", action="store_true", help="says in which functions the instructions are")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="these paths alone")
    return parser.parse_args(argv)


def install_valgrind(root: Path) -> None:
    if shutil.which("valgrind") or not shutil.which("apt-get"):
        return
    subprocess.run([str(root / "tools/debian12/setup"), "--packages", "valgrind"], stdout=sys.stderr, check=False)


def count(program: Path, paths: Sequence[str]) -> Dict[str, float]:
    """As many at once as there are CPUs: nothing here depends on the time."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = pool.map(lambda path: callgrind.per_operation(program, path), paths)
        return {path: sum(functions.values()) for path, functions in zip(paths, found)}


def show_functions(program: Path, paths: Sequence[str]) -> None:
    for path in paths:
        functions = callgrind.per_operation(program, path)
        print(f"{path}: {sum(functions.values()):.1f}")
        for name, n in sorted(functions.items(), key=lambda item: -item[1]):
            if n >= 0.1:
                print(f"{n:10.1f}  {name}")


def main(argv: Sequence[str]) -> int:
    told = arguments(argv)
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY") or Path(__file__).resolve().parents[2])
    program = Path(os.environ["HEDDLE_RUNFILES"]) / "benchmarks/instructions/hot_paths"
    file = root / "benchmarks/instructions/counts.json"
    known = subprocess.run([str(program)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    paths: List[str] = told.paths or known
    for path in paths:
        if path not in known:
            raise callgrind.Failed(f"there is no path {path}; there are {', '.join(known)}")

    install_valgrind(root)
    if told.functions:
        show_functions(program, paths)
        return 0
    found = count(program, paths)
    if told.json:
        print(json.dumps({path: round(n, 1) for path, n in found.items()}, indent=2))
        return 0
    key = counts.key(program.read_bytes(), os.environ["HEDDLE_OPTIMIZED_FLAGS"])
    print(f"instructions per operation: {key}")
    if told.update:
        counts.store(file, key, found, known)
        print(counts.table(counts.judge(found, {})))
        print(f"stored in {file.relative_to(root)}")
        return 0
    stored = counts.load(file).get(key)
    if stored is None:
        print(counts.table(counts.judge(found, {})))
        print(f"no stored counts for {key}: nothing was compared; {COMMAND} -- --update stores them")
        return 0
    verdicts = counts.judge_again(found, stored, lambda worse: count(program, worse))
    print(counts.table(verdicts))
    for remark in filter(None, (v.remark(f"{COMMAND} -- --update") for v in verdicts)):
        print(remark)
    return 1 if any(v.failed for v in verdicts) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except callgrind.Failed as e:
        print(f"count_instructions: error: {e}", file=sys.stderr)
        sys.exit(2)
