"""threads.cc: goroutines that compute for longer than a time slice."""

from comparison.model import Benchmark, Figure, Workload
from comparison.rows.terms import aims, by


def _computing(goroutines: int) -> Workload:
    what = f"{goroutines} goroutines that compute for some 15 ms each"
    return Workload(
        Benchmark("threads", "BM_ComputingGoroutines/{procs}/{n}"),
        [
            Figure(
                f"computing_{goroutines}",
                f"the time of one of {what}",
                targets=aims(go=(1.02, 1.02)),
            ),
            Figure(f"computing_{goroutines}_threads", f"threads of {what}", "threads", "threads"),
        ],
        n=(goroutines, 5),
        peers={"go": by("threads", "computing {n}")},
        without={
            "boost_fiber": "nothing stops a fiber that computes",
            "onetbb": "nothing stops a task that computes",
        },
    )


WORKLOADS = (_computing(50), _computing(200), _computing(800))
