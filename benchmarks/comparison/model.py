"""What a row is made of: workloads, the commands that do them, and figures.

A workload is done by heddle and by some peers. A run of it yields figures, each
of which is a row of the result.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Mapping, Optional, Sequence, Tuple, Union

# The number of Ps, or workers, to what heddle's figure may be of the peer's.
Targets = Mapping[str, Mapping[int, float]]

# The nanoseconds in a unit.
NANOSECONDS = {"ns": 1.0, "µs": 1e3, "us": 1e3, "ms": 1e6, "s": 1e9}


class NotMeasured(Exception):
    """A contender did not say what was asked of it. The text says why."""


@dataclass(frozen=True)
class Benchmark:
    """Rows of a Google Benchmark program; {procs} and {n} stand in the filter."""

    program: str
    filter: str

    def arguments(self, procs: int, n: int, brief: bool) -> Sequence[str]:
        name = self.filter.format(procs=procs, n=n)
        return [
            # Behind the arguments are "iterations:…", "real_time" and the like.
            f"--benchmark_filter=^{name}(/[a-z].*)?$",
            f"--benchmark_min_time={0.01 if brief else 0.25}",
            "--benchmark_format=json",
        ]

    def figures(self, output: str) -> Mapping[str, float]:
        """Its counters; "ns", if it is not one of them, is the time of an item."""
        try:
            rows = json.loads(output)["benchmarks"]
        except (ValueError, KeyError) as e:
            raise NotMeasured(f"{self.program} has no row {self.filter}") from e
        if len(rows) != 1:
            raise NotMeasured(f"{self.program} has {len(rows)} rows {self.filter}")
        row = rows[0]
        if row.get("error_occurred"):
            raise NotMeasured(f"{row['name']}: {row['error_message']}")
        figures = {
            key: float(value) for key, value in row.items() if isinstance(value, (int, float))
        }
        if "ns" not in figures:
            rate = figures.get("items_per_second")
            figures["ns"] = (
                1e9 / rate if rate else figures["real_time"] * NANOSECONDS[row["time_unit"]]
            )
        return figures


@dataclass(frozen=True)
class Twin:
    """PROGRAM PROCS ROW ARGS…, which prints lines "figure value"."""

    program: str
    words: Tuple[str, ...]

    def arguments(self, procs: int, n: int, brief: bool) -> Sequence[str]:
        return [str(procs), *(word.format(n=n) for word in self.words)]

    def figures(self, output: str) -> Mapping[str, float]:
        try:
            return {figure: float(value) for figure, value in map(str.split, output.splitlines())}
        except ValueError as e:
            raise NotMeasured(f"{self.program} printed no lines of figure and value") from e


@dataclass(frozen=True)
class Process:
    """A program of which only the whole process is of interest."""

    program: str

    def arguments(self, procs: int, n: int, brief: bool) -> Sequence[str]:
        return []

    def figures(self, output: str) -> Mapping[str, float]:
        return {}


Command = Union[Benchmark, Twin, Process]


@dataclass(frozen=True)
class Does:
    """How a peer does a workload."""

    command: Command
    n: Optional[Tuple[int, int]] = None  # where it is not the workload's own
    procs: Sequence[int] = (1, 2)
    remark: str = ""


@dataclass(frozen=True)
class Figure:
    """A row: one figure of a workload's run. Lower is better."""

    name: str
    what: str
    figure: str = "ns"
    unit: str = "ns"
    targets: Targets = field(default_factory=dict)
    limit: str = ""  # the name of one, or none


@dataclass(frozen=True)
class Workload:
    """What heddle and the peers do, beside each other."""

    heddle: Command
    figures: Sequence[Figure]
    n: Tuple[int, int] = (0, 0)  # how much of it, full and brief
    procs: Sequence[int] = (1, 2)
    peers: Mapping[str, Does] = field(default_factory=dict)
    # The peers that cannot do it, with some number of Ps at least, and why.
    without: Mapping[str, str] = field(default_factory=dict)
    # So often in a round, full and brief; the medians count.
    times: Tuple[int, int] = (1, 1)
    # It takes gigabytes. What a virtual machine has not used for a while its host
    # has taken back, and gives again at the first touch: who came first would pay
    # for all, so heddle's program is run once before, and not counted.
    much_memory: bool = False


@dataclass(frozen=True)
class Limit:
    """What no runtime can be faster than."""

    name: str
    command: Command
    figure: str = "ns"
    unit: str = "ns"
    times: Tuple[int, int] = (1, 1)
