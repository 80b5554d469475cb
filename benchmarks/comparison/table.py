"""The result as text."""

from __future__ import annotations

import statistics
from typing import List, Sequence

from comparison.model import Workload
from comparison.ratios import Ratio, ratio
from comparison.rounds import Row


def number(value: float) -> str:
    """Three digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 1 else f"{value:.2f}"


def spread(of: Ratio) -> str:
    def part(value: float) -> str:
        return f"{value:.2f}" if value < 10 else number(value)

    return f"{part(of.median)} ({part(of.least)}–{part(of.most)})"


def verdict(row: Row, peer: str, of: Ratio) -> str:
    target = row.figure.targets.get(peer, {}).get(row.procs)
    if target is None:
        return ""
    return f"≤ {target:g} {'met' if of.meets(target) else 'MISSED'}"


def header(peers: Sequence[str]) -> List[str]:
    cells = ["row", "Ps", "unit", "heddle", "× limit"]
    for peer in peers:
        cells += [peer, "ratio (min–max)", "target"]
    return cells


def cells(row: Row, peers: Sequence[str]) -> List[str]:
    ours = statistics.median(row.heddle)
    limit = statistics.median(row.limits) if row.limits else 0
    line = [
        row.figure.name,
        str(row.procs),
        row.figure.unit,
        number(ours),
        f"{number(ours / limit)} {row.figure.limit}" if limit else "",
    ]
    for peer in peers:
        samples = row.peers.get(peer)
        found = ratio(row.heddle, samples) if samples else None
        line += [
            number(statistics.median(samples)) if samples else "–",
            spread(found) if found else "",
            verdict(row, peer, found) if found else "",
        ]
    return line


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Names to the left, all else to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = []
    for line in lines:
        padded = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ]
        text.append("  ".join(padded).rstrip())
    return "\n".join(text)


def table(rows: Sequence[Row], peers: Sequence[str]) -> str:
    return aligned([header(peers)] + [cells(row, peers) for row in rows])


def misses(rows: Sequence[Row]) -> List[str]:
    """A line for each target that is not met."""
    lines = []
    for row in rows:
        for peer, by in row.figure.targets.items():
            found = ratio(row.heddle, row.peers.get(peer, [])) if peer in row.peers else None
            if found and row.procs in by and not found.meets(by[row.procs]):
                lines.append(
                    f"{row.figure.name}, {row.procs} P: {spread(found)} of {peer}, aim {by[row.procs]:g}"
                )
    return lines


def remarks(workloads: Sequence[Workload], peers: Sequence[str]) -> List[str]:
    """What is not the same for a peer, or not to be had from it."""
    lines = []
    for workload in workloads:
        name = workload.figures[0].name
        for peer in peers:
            if peer in workload.peers and workload.peers[peer].remark:
                lines.append(f"{name}: {peer}: {workload.peers[peer].remark}")
            if peer in workload.without:
                lines.append(f"{name}: {peer}: {workload.without[peer]}")
    return lines
