"""The stored counts, and what is said of new ones beside them."""

from __future__ import annotations

import json
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Collection, Dict, List, Mapping, Optional, Sequence

# What a count may differ by, in percent, before it is a failure, or worth to be
# stored.
TOLERANCE = 3.0
# What is too much is counted so often in all.
TRIES = 3

Counts = Mapping[str, float]


def compiler_of(program: bytes) -> Optional[str]:
    """The compiler's name and version, by the comment that it leaves."""
    for name, pattern in (("clang", rb"clang version (\d+\.\d+\.\d+)"), ("g++", rb"GCC: \([^)]*\) (\d+\.\d+\.\d+)")):
        found = re.search(pattern, program)
        if found:
            return f"{name} {found.group(1).decode()}"
    return None


def compiled_by(program: bytes) -> str:
    return compiler_of(program) or "an unknown compiler"


def key_for(compiler: str, flags: str) -> str:
    """What decides about the instructions, besides the source."""
    return f"{compiler}, {platform.machine()}, {flags}"


def key(program: bytes, flags: str) -> str:
    return key_for(compiled_by(program), flags)


def load(file: Path) -> Dict[str, Dict[str, float]]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def store(file: Path, for_key: str, counts: Counts, known: Collection[str]) -> None:
    """Stores these; of other paths, what is stored stays if they are still known."""
    stored = load(file)
    kept = {path: n for path, n in stored.get(for_key, {}).items() if path in known}
    stored[for_key] = {**kept, **{path: round(n, 1) for path, n in counts.items()}}
    file.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n", encoding="utf-8")


@dataclass
class Verdict:
    path: str
    count: float
    # None: there is nothing to compare with, which is for somebody to mend.
    stored: Optional[float]

    @property
    def change(self) -> float:
        """In percent of what is stored."""
        return 100 * (self.count - self.stored) / self.stored if self.stored else 0.0

    @property
    def worse(self) -> bool:
        return self.change > TOLERANCE

    @property
    def failed(self) -> bool:
        return self.worse or self.stored is None

    def remark(self, update: str) -> str:
        """What is to be done about it, "" for nothing; `update` stores counts."""
        if self.stored is None:
            return f"FAILED: {self.path} has no stored count: {update}"
        takes = f"{self.path} takes {self.count:.1f} instructions, {abs(self.change):.1f} %"
        if self.worse:
            return f"FAILED: {takes} more than the {self.stored:.1f} that are stored; {TOLERANCE:g} % are allowed"
        if self.change < -TOLERANCE:
            return f"better: {takes} less than the {self.stored:.1f} that are stored: {update}"
        return ""


def judge(counts: Counts, stored: Counts) -> List[Verdict]:
    return [Verdict(path, n, stored.get(path)) for path, n in counts.items()]


def judge_again(counts: Counts, stored: Counts, count: Callable[[Sequence[str]], Counts]) -> List[Verdict]:
    """Has what is worse counted again, and takes the least.

    What is left to chance, as a slice of time that ends early on a slow machine,
    only ever adds instructions.
    """
    least = dict(counts)
    for _ in range(TRIES - 1):
        worse = [v.path for v in judge(least, stored) if v.worse]
        if worse:
            least.update({path: min(n, least[path]) for path, n in count(worse).items()})
    return judge(least, stored)


def table(verdicts: Sequence[Verdict]) -> str:
    lines = [["path", "instructions", "stored", "change"]]
    for v in verdicts:
        old = ["-", "-"] if v.stored is None else [f"{v.stored:.1f}", f"{v.change:+.1f} %"]
        lines.append([v.path, f"{v.count:.1f}", *old])
    width = max(len(line[0]) for line in lines)
    return "\n".join(f"{line[0]:{width}}  {line[1]:>12}  {line[2]:>8}  {line[3]:>7}" for line in lines)
