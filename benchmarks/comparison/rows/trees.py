"""chan.cc: trees of goroutines that wait for their children's answers."""

from comparison.model import Benchmark, Figure, Workload
from comparison.rows.limits import SWITCH
from comparison.rows.terms import aims, all_by, by

_FORK_JOIN = "fork-join, no channels"

WORKLOADS = (
    Workload(
        Benchmark("chan", "BM_Skynet/{procs}/{n}"),
        [
            Figure(
                "skynet",
                "a leaf of a 10-ary tree of goroutines with 1,000,000, second round",
                targets=aims(go=(0.30, 0.30)),
                limit=SWITCH,
            ),
            Figure(
                "skynet_peak_rss",
                "the most memory that its process has",
                "peak_rss_mib",
                "MiB",
                targets=aims(go=(2, 2)),
            ),
        ],
        n=(1_000_000, 1000),
        peers={
            **all_by("chan", "skynet {n}", "go", "boost_fiber"),
            "onetbb": by("spawn", "skynet {n}", remark=_FORK_JOIN),
        },
    ),
    Workload(
        Benchmark("chan", "BM_Fib/{procs}/{n}"),
        [
            Figure(
                "fib",
                "a goroutine of fib(32), each call of which is one; second round",
                targets=aims(go=(0.20, 0.20), onetbb=(3, 3)),
                limit=SWITCH,
            )
        ],
        n=(32, 12),
        peers={
            "go": by("chan", "fib {n}"),
            "boost_fiber": by(
                "chan", "fib {n}", n=(24, 12), remark="fib(24): more would take tens of GiB"
            ),
            "onetbb": by("spawn", "fib {n}", remark=_FORK_JOIN),
        },
    ),
)
