"""spawn.cc: starting, finishing, yielding."""

from comparison.model import Benchmark, Figure, Workload
from comparison.rows.limits import SWITCH
from comparison.rows.terms import aims, all_by


def _yield(goroutines: int) -> Workload:
    return Workload(
        Benchmark("spawn", f"BM_Yield/{{procs}}/{goroutines}"),
        [
            Figure(
                f"yield_{goroutines}",
                f"a yield, of {goroutines:,} goroutines that only yield",
                targets=aims(go=(0.17, 0.25), boost_fiber=(0.35, 0.35)),
                limit=SWITCH,
            )
        ],
        peers=all_by("spawn", f"yield {goroutines} 1000", "go", "boost_fiber"),
    )


WORKLOADS = (
    Workload(
        Benchmark("spawn", "BM_CreateGoroutines/{procs}"),
        [
            Figure(
                "spawn",
                "starting and finishing a goroutine, in batches of 1,000",
                targets=aims(go=(0.16, 0.25), boost_fiber=(1, 1)),
                limit=SWITCH,
            )
        ],
        peers=all_by("spawn", "create 1000", "go", "boost_fiber", "onetbb"),
    ),
    Workload(
        Benchmark("spawn", "BM_CreateGoroutinesChain/{procs}"),
        [Figure("spawn_chain", "each goroutine starts the next", limit=SWITCH)],
        peers=all_by("spawn", "chain 1000", "go", "boost_fiber", "onetbb"),
    ),
    _yield(2),
    _yield(1000),
)
