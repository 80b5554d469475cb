"""tools/bazel run //benchmarks:compare -- [--rounds N] [--rows REGEX] …

heddle's benchmarks and their twins in Go, Boost.Fiber and oneTBB, in turn, and
the ratios between them. docs/benchmarks.md says how to read them.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
from pathlib import Path
from typing import List, Sequence

from comparison import facts, peers, result_file, table
from comparison.rounds import HEDDLE, Match, Setting, play
from comparison.rows import LIMITS, WORKLOADS


def comma_separated(known: Sequence[str]):
    def parse(text: str) -> List[str]:
        words = [word for word in text.split(",") if word]
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(f"there is no {word}; there are {', '.join(known)}")
        return words

    return parse


def positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of rounds")
    return int(text)


def expression(text: str) -> "re.Pattern[str]":
    try:
        return re.compile(text)
    except re.error as e:
        raise argparse.ArgumentTypeError(f"{text} is no regular expression: {e}")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare", description="heddle beside its peers, in turn")
    parser.add_argument("--rounds", type=positive, default=3, help="how often each does each workload (3)")
    parser.add_argument("--rows", type=expression, default=expression(""), help="a regular expression: these rows alone")
    parser.add_argument(
        "--peers", type=comma_separated(peers.PEERS), default=list(peers.PEERS), help=f"of {','.join(peers.PEERS)}"
    )
    parser.add_argument(
        "--procs", type=comma_separated(("1", "2")), default=["1", "2"], help="numbers of Ps, of 1,2"
    )
    parser.add_argument("--out", help="a folder for the result file; benchmarks/history, say")
    parser.add_argument("--list", action="store_true", help="says which rows there are")
    parser.add_argument("--brief", action="store_true", help="one round with little to do: shows that all of it runs")
    return parser.parse_args(argv)


def say(text: str) -> None:
    """Progress, which is no part of the result."""
    print(text, file=sys.stderr, flush=True)


def list_rows() -> None:
    lines = [["row", "what"]]
    lines += [[figure.name, figure.what] for workload in WORKLOADS for figure in workload.figures]
    width = max(len(line[0]) for line in lines)
    for name, what in lines:
        print(f"{name.ljust(width)}  {what}")


def main(argv: Sequence[str]) -> int:
    told = arguments(argv)
    if told.list:
        list_rows()
        return 0
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY") or Path(__file__).resolve().parents[2])
    workloads = [w for w in WORKLOADS if any(told.rows.search(figure.name) for figure in w.figures)]
    if not workloads:
        print(f"compare: error: no row matches {told.rows.pattern}; --list says which there are", file=sys.stderr)
        return 2

    programs = Path(os.environ["HEDDLE_RUNFILES"]) / "benchmarks"
    say(f"building {', '.join(told.peers) or 'no peers'}")
    built = peers.build(root, told.peers)
    cpus = sorted(os.sched_getaffinity(0))
    setting = Setting({HEDDLE: programs, **built.folders}, cpus, told.brief)
    procs = [int(p) for p in told.procs if int(p) <= len(cpus)]
    matches = [Match(w, p, setting) for w in workloads for p in procs if p in w.procs]
    play(matches, LIMITS, 1 if told.brief else told.rounds, setting, say)

    rows = [row for match in matches for row in match.rows if told.rows.search(row.figure.name)]
    print(table.table(rows, list(built.folders)))
    print()
    machine = facts.machine()
    compiler = facts.compiler((programs / "spawn").read_bytes())
    flags = os.environ["HEDDLE_OPTIMIZED_FLAGS"]
    print(f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}; {compiler} {flags}")
    print(", ".join(f"{peer} {version}" for peer, version in built.versions.items()))
    for text in table.remarks(workloads, list(built.folders)):
        print(f"note: {text}")
    for peer, why in built.missing.items():
        print(f"missing: {peer}: {why}")
    for p in told.procs:
        if int(p) not in procs:
            print(f"missing: rows with {p} Ps: this process may use {len(cpus)} CPU")
    failures = [
        f"failed: {match.workload.figures[0].name}, {match.procs} P, {who}: {why}"
        for match in matches
        for who, why in match.failures.items()
    ]
    print("\n".join(failures + [f"missed: {text}" for text in table.misses(rows)]))

    if told.out:
        about = {
            **facts.commit(root),
            "machine": machine,
            "compiler": compiler,
            "flags": flags,
            "peers": built.versions,
            "missing": built.missing,
        }
        where = Path(os.environ.get("BUILD_WORKING_DIRECTORY") or root)
        now = datetime.datetime.now(datetime.timezone.utc)
        path = result_file.write(where / told.out, result_file.result(about, rows, now))
        print(f"written: {path}")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("compare: stopped")
