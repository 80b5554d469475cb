"""hello.cc: a whole process."""

from comparison.model import Does, Figure, Process, Workload
from comparison.rows.limits import PROCESS

WORKLOADS = (
    Workload(
        Process("hello"),
        [
            Figure(
                "hello",
                "a process that says hello from a goroutine, from fork to wait",
                "process_ms",
                "ms",
                targets={"go": {1: 1.2}},
                limit=PROCESS,
            )
        ],
        procs=(1,),
        peers={peer: Does(Process("hello")) for peer in ("go", "boost_fiber", "onetbb")},
        times=(100, 3),
    ),
)
