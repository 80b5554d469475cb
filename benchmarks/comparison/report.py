"""What is printed at the end."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from comparison import table
from comparison.model import Workload
from comparison.peers import Built
from comparison.rounds import Match, Row


def rows_there_are(workloads: Sequence[Workload]) -> str:
    figures = [figure for workload in workloads for figure in workload.figures]
    width = max(len(figure.name) for figure in figures)
    return "\n".join(f"{figure.name.ljust(width)}  {figure.what}" for figure in figures)


def failures(matches: Sequence[Match]) -> Sequence[str]:
    return [
        f"{match.workload.figures[0].name}, {match.procs} P, {who}: {why}"
        for match in matches
        for who, why in match.failures.items()
    ]


def _versions(facts: Mapping[str, Any], built: Built) -> Iterator[str]:
    machine = facts["machine"]
    yield f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}"
    yield f"heddle {facts['commit'][:12]}, {facts['compiler']} {facts['flags']}"
    for peer, version in built.versions.items():
        yield f"{peer} {version}"


def report(
    rows: Sequence[Row],
    matches: Sequence[Match],
    built: Built,
    facts: Mapping[str, Any],
    brief: bool,
) -> Iterator[str]:
    """The table, and lines of what must be known besides."""
    there = list(built.folders)
    yield table.table(rows, there)
    yield ""
    yield "; ".join(_versions(facts, built))
    for text in dict.fromkeys(table.remarks([match.workload for match in matches], there)):
        yield f"note: {text}"
    for peer, why in built.missing.items():
        yield f"missing: {peer}: {why}"
    for text in failures(matches):
        yield f"failed: {text}"
    # What took no time to measure says nothing of speed.
    for text in [] if brief else table.misses(rows):
        yield f"missed: {text}"
