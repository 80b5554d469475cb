"""Ratios of samples that were taken beside each other."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Optional, Sequence


@dataclass(frozen=True)
class Ratio:
    """heddle's figure as a part of a peer's, over the rounds."""

    median: float
    least: float
    most: float

    def meets(self, target: float) -> bool:
        return self.median <= target


def ratio(heddle: Sequence[float], peer: Sequence[float]) -> Optional[Ratio]:
    """Pair by pair; None where there is none to be had."""
    if len(heddle) != len(peer):
        raise ValueError(f"{len(heddle)} samples beside {len(peer)}: a round is missing")
    pairs = [ours / theirs for ours, theirs in zip(heddle, peer) if theirs > 0]
    if not pairs:
        return None
    return Ratio(statistics.median(pairs), min(pairs), max(pairs))
