"""tools/bazel run //benchmarks:compare -- [--rounds N] [--rows REGEX] …

heddle's benchmarks and their twins in Go, Boost.Fiber and oneTBB, in turn, and
the ratios between them. docs/benchmarks.md says how to read them.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path
from typing import Sequence

from comparison import facts, peers, result_file
from comparison.command_line import arguments
from comparison.report import failures, report, rows_there_are
from comparison.rounds import HEDDLE, Match, Setting, play
from comparison.rows import WORKLOADS
from comparison.rows.limits import LIMITS


def say(text: str) -> None:
    """Progress, which is no part of the result."""
    print(text, file=sys.stderr, flush=True)


def main(argv: Sequence[str]) -> int:
    told = arguments(argv)
    if told.list:
        print(rows_there_are(WORKLOADS))
        return 0
    workloads = [w for w in WORKLOADS if any(told.rows.search(f.name) for f in w.figures)]
    if not workloads:
        say(f"compare: error: no row matches {told.rows.pattern}; --list says which there are")
        return 2
    cpus = sorted(os.sched_getaffinity(0))
    procs = [int(p) for p in told.procs if int(p) <= len(cpus)]
    if len(procs) < len(told.procs):
        say(f"compare: this process may use {len(cpus)} CPU: no rows with more Ps")
    matches_of = [(w, p) for w in workloads for p in procs if p in w.procs]
    if not matches_of:
        say(f"compare: error: {told.rows.pattern} has no row with {','.join(told.procs)} Ps here")
        return 2

    # Where `bazel run` was said; without it, the clone that this file is in.
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY") or Path(__file__).resolve().parents[2])
    programs = Path(os.environ["HEDDLE_RUNFILES"]) / "benchmarks"
    built = peers.build(root, told.peers, say)
    setting = Setting({HEDDLE: programs, **built.folders}, cpus, told.brief)
    matches = [Match(w, p, setting) for w, p in matches_of]
    play(matches, LIMITS, 1 if told.brief else told.rounds, setting, say)

    rows = [row for match in matches for row in match.rows if told.rows.search(row.figure.name)]
    about = {
        **facts.commit(root),
        "machine": facts.machine(),
        "compiler": facts.compiler((programs / "spawn").read_bytes()),
        "flags": os.environ["HEDDLE_OPTIMIZED_FLAGS"],
        "peers": built.versions,
        "missing": built.missing,
    }
    for text in report(rows, matches, built, about, told.brief):
        print(text)
    if told.out:
        now = datetime.datetime.now(datetime.timezone.utc)
        here = Path(os.environ.get("BUILD_WORKING_DIRECTORY") or root)
        counts = facts.instructions(root, about["compiler"], about["flags"])
        path = result_file.write(here / told.out, result_file.result(about, rows, counts, now))
        print(f"written: {path}")
        if told.dashboard:
            drawn = [root / "tools/dashboard/dashboard", "--history", here / told.out]
            subprocess.run([*drawn, "--out", here / told.dashboard], check=True)
    return 1 if failures(matches) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("compare: stopped")
