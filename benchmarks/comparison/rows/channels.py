"""chan.cc: channels and select."""

from comparison.model import Benchmark, Figure, Workload
from comparison.rows.limits import LOCKED, SWITCH
from comparison.rows.terms import aims, all_by


def _buffered(pairs: int) -> Workload:
    return Workload(
        Benchmark("chan", f"BM_Buffered/{{procs}}/100000/{pairs}"),
        [
            Figure(
                f"buffered_{pairs}_{pairs}",
                f"an item of {pairs} to {pairs} goroutines, over 128 places",
                targets=aims(go=(0.22, 0.35), boost_fiber=(1, 1)),
                limit=LOCKED,
            )
        ],
        peers=all_by("chan", f"buffered 100000 {pairs}", "go", "boost_fiber"),
    )


def _select(row: str, figure: Figure) -> Workload:
    return Workload(
        Benchmark("chan", f"{row}/{{procs}}/100000"),
        [figure],
        peers=all_by("chan", f"{figure.name} 100000", "go"),
        without={"boost_fiber": "has no select"},
    )


WORKLOADS = (
    Workload(
        Benchmark("chan", "BM_Hop/{procs}/100000"),
        [
            Figure(
                "hop",
                "one way over an unbuffered channel",
                targets=aims(go=(0.20, 0.25)),
                limit=SWITCH,
            )
        ],
        peers=all_by("chan", "hop 100000", "go", "boost_fiber"),
    ),
    _buffered(1),
    _buffered(4),
    _select(
        "BM_SelectBuffered",
        Figure(
            "select_buffered",
            "a select of two buffered channels, and a send",
            targets=aims(go=(0.35, 0.5)),
            limit=LOCKED,
        ),
    ),
    _select(
        "BM_SelectUnbuffered",
        Figure(
            "select_unbuffered",
            "an item by a select of two unbuffered channels",
            targets=aims(go=(0.35, 0.5)),
            limit=SWITCH,
        ),
    ),
)
