"""The rounds: in each, every contender does every workload, side by side.

A B A B, and not A A B B: a machine that is slower for a while is slower for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from comparison import contender
from comparison.model import NANOSECONDS, Command, Figure, Limit, NotMeasured, Workload

HEDDLE = "heddle"


@dataclass
class Row:
    """A figure with so many Ps, and its samples: one a round."""

    figure: Figure
    procs: int
    heddle: List[float] = field(default_factory=list)
    peers: Dict[str, List[float]] = field(default_factory=dict)
    limits: List[float] = field(default_factory=list)  # in the figure's unit

    def add(self, samples: Mapping[str, Mapping[str, float]], limits: Mapping[str, float]) -> None:
        for who, figures in samples.items():
            mine = self.heddle if who == HEDDLE else self.peers.setdefault(who, [])
            mine.append(figures[self.figure.figure])
        if self.figure.limit in limits:
            self.limits.append(limits[self.figure.limit] / NANOSECONDS[self.figure.unit])


@dataclass(frozen=True)
class Setting:
    """Where and how programs are run."""

    programs: Mapping[str, Path]  # each contender's folder, heddle's too
    cpus: Sequence[int]
    brief: bool = False
    # Not that of contender.py in tests.
    measure: Callable[..., Mapping[str, float]] = contender.measure

    def figures(
        self, who: str, command: Command, procs: int, n: Tuple[int, int], times: Tuple[int, int]
    ) -> Mapping[str, float]:
        with contender.pinned(self.cpus[:procs]):
            return self.measure(
                command, self.programs[who], procs, n[self.brief], self.brief, times[self.brief]
            )


class Match:
    """A workload with so many Ps: heddle and the peers that are there."""

    def __init__(self, workload: Workload, procs: int, setting: Setting) -> None:
        self.workload = workload
        self.procs = procs
        self.setting = setting
        self.rows = [Row(figure, procs) for figure in workload.figures]
        self.failures: Dict[str, str] = {}
        self.commands = {HEDDLE: (workload.heddle, workload.n)}
        for peer, does in workload.peers.items():
            if peer in setting.programs and procs in does.procs:
                self.commands[peer] = (does.command, does.n or workload.n)

    def round(self, turn: int, limits: Mapping[str, float]) -> None:
        """Whoever fails once is out: samples of different rounds make no pair."""
        if self.workload.much_memory and not self.setting.brief:
            self._touch_memory()
        order = [who for who in self.commands if who not in self.failures]
        first = turn % len(order) if order else 0
        samples = {}
        for who in order[first:] + order[:first]:
            command, n = self.commands[who]
            try:
                figures = self.setting.figures(who, command, self.procs, n, self.workload.times)
                missing = [
                    row.figure.figure for row in self.rows if row.figure.figure not in figures
                ]
                if missing:
                    raise NotMeasured(f"{command.program} says nothing of {', '.join(missing)}")
                samples[who] = figures
            except NotMeasured as e:
                self.failures[who] = str(e)
        for row in self.rows:
            for who in self.failures:
                row.peers.pop(who, None)
            row.add(samples, limits)
        if HEDDLE in self.failures:
            self.rows = []

    def _touch_memory(self) -> None:
        try:
            command, n = self.commands[HEDDLE]
            self.setting.figures(HEDDLE, command, self.procs, n, (1, 1))
        except NotMeasured:
            pass  # in its turn it is told


def limits_of(limits: Sequence[Limit], procs: int, setting: Setting) -> Mapping[str, float]:
    """In nanoseconds; those alone whose programs are there and say so."""
    got = {}
    for limit in limits:
        try:
            figures = setting.figures(HEDDLE, limit.command, procs, (0, 0), limit.times)
            got[limit.name] = figures[limit.figure] * NANOSECONDS[limit.unit]
        except (NotMeasured, KeyError):
            continue
    return got


def play(
    matches: Sequence[Match],
    limits: Sequence[Limit],
    rounds: int,
    setting: Setting,
    say: Callable[[str], None],
) -> None:
    procs = sorted({match.procs for match in matches})
    for turn in range(rounds):
        limits_now = {p: limits_of(limits, p, setting) for p in procs}
        for match in matches:
            say(f"round {turn + 1} of {rounds}: {match.workload.figures[0].name}, {match.procs} P")
            match.round(turn, limits_now[match.procs])
