"""What a result must be read with: commit, machine, compiler, flags."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, Mapping

from instructions import counts


def git(root: Path, *arguments: str) -> str:
    """What git says; nothing where it has nothing to say, or is not there."""
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def commit(root: Path) -> Dict[str, Any]:
    return {
        "commit": git(root, "rev-parse", "HEAD"),
        "subject": git(root, "log", "-1", "--format=%s"),
        "dirty": bool(git(root, "status", "--porcelain", "--untracked-files=no")),
        "release": git(root, "describe", "--exact-match", "--tags", "--match", "v*", "HEAD")
        or None,
    }


def cpu(cpuinfo: str) -> str:
    """The CPU's name, of /proc/cpuinfo's text; aarch64 has numbers only."""
    name = re.search(r"^model name\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    part = re.search(r"^CPU part\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    return (
        name.group(1)
        if name
        else f"{os.uname().machine}, part {part.group(1) if part else 'unknown'}"
    )


def machine() -> Dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "cpus": len(os.sched_getaffinity(0)),
        # Not what a distribution or a host's owner adds to it.
        "kernel": re.split(r"[^0-9.]", os.uname().release)[0],
        "memory_gib": round(memory / 2**30),
    }


def compiler(program: bytes) -> str:
    """What compiled a program, by the comments that compilers leave in it."""
    return counts.compiler_of(program) or "unknown"


def instructions(root: Path, compiled_by: str, flags: str) -> Mapping[str, float]:
    """Of the hot paths, as stored for such programs: CI holds each commit to them."""
    stored = counts.load(root / "benchmarks/instructions/counts.json")
    return stored.get(counts.key_for(compiled_by, flags), {})
