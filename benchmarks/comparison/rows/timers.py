"""timers.cc: sleeping, and timers."""

from comparison.model import Benchmark, Figure, Workload
from comparison.rows.terms import aims, all_by, late

WORKLOADS = (
    Workload(
        Benchmark("timers", "BM_Sleepers/{procs}/{n}"),
        [
            Figure(
                "sleepers_cpu",
                "CPU time of each of 1,000,000 that sleep for 1 to 100 ms",
                "cpu_us",
                "µs",
                aims(go=(0.6, 0.6)),
            ),
            *late("sleepers_late", "how late they wake", p99=aims(go=(0.5, 0.5))),
        ],
        n=(1_000_000, 1000),
        peers=all_by("timers", "sleepers {n}", "go", "boost_fiber"),
        much_memory=True,
    ),
    Workload(
        Benchmark("timers", "BM_SleepIdle/{procs}"),
        [
            *late(
                "sleep_idle",
                "how late a sleep of 1 ms ends where nothing else is to be done",
                aims(go=(1.05, 1.05)),
                aims(go=(1.05, 1.05)),
            ),
            Figure(
                "sleep_idle_cpu",
                "CPU time of a process of 1,000 such sleeps",
                "process_cpu_ms",
                "ms",
                aims(go=(1, 1)),
            ),
        ],
        peers=all_by("timers", "sleep_idle 1000", "go", "boost_fiber"),
    ),
    Workload(
        Benchmark("timers", "BM_StartStop/{procs}"),
        [Figure("timer_start_stop", "making and stopping a timer, beside 1,000")],
        peers=all_by("timers", "start_stop", "go"),
    ),
    Workload(
        Benchmark("timers", "BM_Reset/{procs}"),
        [Figure("timer_reset", "setting a timer anew, beside 1,000")],
        peers=all_by("timers", "reset", "go"),
    ),
    Workload(
        Benchmark("timers", "BM_AfterFunc/{procs}"),
        [Figure("timer_after_func", "an AfterFunc that is due at once, in batches of 1,000")],
        peers=all_by("timers", "after_func 1000", "go"),
    ),
)
