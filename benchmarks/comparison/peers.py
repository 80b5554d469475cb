"""Builds the peers' twins; a peer that cannot be had is missing, with the reason."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Sequence

# As docs/benchmarks.md calls them.
PEERS = ("go", "boost_fiber", "onetbb")


@dataclass
class Built:
    folders: Dict[str, Path] = field(default_factory=dict)
    versions: Dict[str, str] = field(default_factory=dict)
    missing: Dict[str, str] = field(default_factory=dict)


def build(root: Path, peers: Sequence[str]) -> Built:
    """Runs benchmarks/peers/PEER/build FOLDER, which prints the peer's version."""
    built = Built()
    for peer in peers:
        folder = root / ".deps" / "peers" / peer
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [str(root / "benchmarks" / "peers" / peer / "build"), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            built.folders[peer] = folder
            built.versions[peer] = done.stdout.strip().splitlines()[-1]
        else:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            built.missing[peer] = said[-1] if said else f"its build script ends with {done.returncode}"
    return built
