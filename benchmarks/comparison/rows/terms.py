"""The words that the table is written in."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from comparison.model import Does, Figure, Targets, Twin

NONE: Targets = {}


def aims(**peers: Tuple[float, float]) -> Targets:
    """go=(0.2, 0.25): of Go's at most, with 1 and with 2 Ps."""
    return {peer: {1: one, 2: two} for peer, (one, two) in peers.items()}


def by(program: str, words: str, **more: Any) -> Does:
    """A twin's program, and what is behind PROGRAM PROCS."""
    return Does(Twin(program, tuple(words.split())), **more)


def all_by(program: str, words: str, *peers: str) -> Dict[str, Does]:
    """The same words for several peers."""
    return {peer: by(program, words) for peer in peers}


def late(name: str, what: str, p50: Targets = NONE, p99: Targets = NONE) -> Tuple[Figure, Figure]:
    """How late something is: two percentiles."""
    return (
        Figure(f"{name}_p50", f"{what}, median", "late_p50_us", "µs", p50),
        Figure(f"{name}_p99", f"{what}, 99th percentile", "late_p99_us", "µs", p99),
    )
