"""Builds the peers' twins; a peer that cannot be had is missing, with the reason."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Sequence, Tuple

# As docs/benchmarks.md calls them.
PEERS = ("go", "boost_fiber", "onetbb")


@dataclass
class Built:
    folders: Dict[str, Path] = field(default_factory=dict)
    versions: Dict[str, str] = field(default_factory=dict)
    missing: Dict[str, str] = field(default_factory=dict)


def _run(script: Path, folder: Path, say: Callable[[str], None]) -> Tuple[int, str, str]:
    """Its exit code, and the last lines of its two outputs; the second is also said."""
    with subprocess.Popen(
        [str(script), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        said = ""
        for line in process.stderr:
            said = line.strip() or said
            say(line.rstrip())
        # A line or two: it fits into the pipe.
        lines = process.stdout.read().strip().splitlines()
    return process.returncode, lines[-1] if lines else "", said


def build(root: Path, peers: Sequence[str], say: Callable[[str], None]) -> Built:
    """Runs benchmarks/peers/PEER/build FOLDER, which prints the peer's version."""
    built = Built()
    for peer in peers:
        say(f"building {peer}")
        folder = root / ".deps" / "peers" / peer
        folder.mkdir(parents=True, exist_ok=True)
        code, version, said = _run(root / "benchmarks" / "peers" / peer / "build", folder, say)
        if code == 0:
            built.folders[peer] = folder
            built.versions[peer] = version
        else:
            built.missing[peer] = said or f"its build script ends with {code}"
    return built
