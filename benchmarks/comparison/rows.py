"""The table of rows: what is compared, with whom, and what is aimed at.

docs/benchmarks.md says what each row means; its targets are ratios to the peer,
by the number of Ps.
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Tuple

from comparison.model import Benchmark, Does, Figure, Limit, Process, Targets, Twin, Workload

LIMITS = (
    Limit("register switch", Benchmark("limits", "BM_RegisterSwitch")),
    Limit("locked instruction", Benchmark("limits", "BM_LockedInstruction")),
    Limit("futex wake", Benchmark("limits", "BM_FutexWake")),
    Limit("page touch", Benchmark("limits", "BM_PageTouch")),
    Limit("bare process", Process("bare_process"), "process_ms", "ms", times=(100, 3)),
)

SWITCH, LOCKED, FUTEX, PAGE, PROCESS = (limit.name for limit in LIMITS)


def aims(**peers: Tuple[float, float]) -> Targets:
    """go=(0.2, 0.25): of Go's at most, with 1 and with 2 Ps."""
    return {peer: {1: one, 2: two} for peer, (one, two) in peers.items()}


def by(program: str, words: str, **more) -> Does:
    return Does(Twin(program, tuple(words.split())), **more)


def all_by(program: str, words: str, *peers: str) -> Dict[str, Does]:
    """The same words for several peers."""
    return {peer: by(program, words) for peer in peers}


STARVES = "starves with 1 P: nothing takes a worker from a fiber that computes"


def sync(name: str, what: str, row: str, words: str, *peers: str, targets: Targets = {}) -> Workload:
    """A row of sync.cc, which has a twin in Go and perhaps elsewhere."""
    _, *arguments = words.split()
    return Workload(
        Benchmark("sync", "/".join([row, "{procs}", *arguments])),
        [Figure(name, what, targets=targets, limit=LOCKED)],
        peers=all_by("sync", words, "go", *peers),
    )


def parked(name: str, stack: str, size: int, fiber: int, targets: Mapping[str, Targets]) -> Workload:
    def figure(key: str, what: str, figure: str, unit: str = "ns", limit: Optional[str] = None):
        return Figure(f"{name}_{key}", f"{what} ({stack})", figure, unit, targets.get(key, {}), limit)

    return Workload(
        Benchmark("stacks", f"BM_Parked/{{procs}}/{size}/{{n}}"),
        [
            figure("bytes", "memory of a goroutine that waits, of a million", "bytes", "bytes"),
            figure("create", "starting one and parking it, first touch included", "create_ns", limit=PAGE),
            figure("create_again", "the same, once more in the process", "create_again_ns", limit=SWITCH),
            figure("finish", "waking and finishing one", "finish_ns", limit=SWITCH),
        ],
        n=(1_000_000, 1000),
        peers={
            "go": by("stacks", "parked {n}"),
            "boost_fiber": by("stacks", f"parked {{n}} {fiber}", remark=f"no guards, stacks of {fiber >> 10} KiB"),
        },
    )


def late(name: str, what: str, targets_p50: Targets = {}, targets_p99: Targets = {}) -> Tuple[Figure, Figure]:
    return (
        Figure(f"{name}_p50", f"{what}, median", "late_p50_us", "µs", targets_p50),
        Figure(f"{name}_p99", f"{what}, 99th percentile", "late_p99_us", "µs", targets_p99),
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
    *(
        Workload(
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
        for goroutines in (2, 1000)
    ),
    Workload(
        Benchmark("chan", "BM_Hop/{procs}/100000"),
        [Figure("hop", "one way over an unbuffered channel", targets=aims(go=(0.20, 0.25)), limit=SWITCH)],
        peers=all_by("chan", "hop 100000", "go", "boost_fiber"),
    ),
    *(
        Workload(
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
        for pairs in (1, 4)
    ),
    Workload(
        Benchmark("chan", "BM_SelectBuffered/{procs}/100000"),
        [
            Figure(
                "select_buffered",
                "a select of two buffered channels, and a send",
                targets=aims(go=(0.35, 0.5)),
                limit=LOCKED,
            )
        ],
        peers=all_by("chan", "select_buffered 100000", "go"),
        without={"boost_fiber": "has no select"},
    ),
    Workload(
        Benchmark("chan", "BM_SelectUnbuffered/{procs}/100000"),
        [
            Figure(
                "select_unbuffered",
                "an item by a select of two unbuffered channels",
                targets=aims(go=(0.35, 0.5)),
                limit=SWITCH,
            )
        ],
        peers=all_by("chan", "select_unbuffered 100000", "go"),
        without={"boost_fiber": "has no select"},
    ),
    sync(
        "mutex",
        "lock and unlock, nobody in the way",
        "BM_Mutex",
        "mutex 100000",
        "boost_fiber",
        targets=aims(go=(0.9, 0.9)),
    ),
    sync(
        "mutex_8",
        "lock, 12 ns of work, unlock, by 8 goroutines",
        "BM_MutexContended",
        "mutex_contended 10000 8",
        "boost_fiber",
        targets=aims(go=(0.8, 0.8)),
    ),
    sync("rwmutex_read", "read lock and unlock, nobody in the way", "BM_RWMutexRead", "rwmutex_read 100000"),
    sync("rwmutex_mixed", "lock, 12 ns of work, 8 goroutines; 1 % write", "BM_RWMutexMixed", "rwmutex_mixed 10000 8"),
    sync("wait_group", "Add, Done, Wait", "BM_WaitGroup", "wait_group 100000"),
    sync("wait_group_waits", "starting a goroutine and waiting for it", "BM_WaitGroupWaits", "wait_group_waits 10000"),
    sync("once", "a Once that was done", "BM_Once", "once 100000"),
    sync("cond", "a turn of two goroutines with a condition variable", "BM_Cond", "cond 10000"),
    sync("semaphore", "acquire and release; in Go, a buffered channel", "BM_Semaphore", "semaphore 100000"),
    sync(
        "semaphore_contended",
        "the same by 8 goroutines, 4 places, a yield inside",
        "BM_SemaphoreContended",
        "semaphore_contended 1000 8",
    ),
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
            "go": by("chan", "skynet {n}"),
            "boost_fiber": by("chan", "skynet {n}"),
            "onetbb": by("spawn", "skynet {n}", remark="fork-join, no channels"),
        },
    ),
    Workload(
        Benchmark("chan", "BM_Fib/{procs}/{n}"),
        [
            Figure(
                "fib",
                "a goroutine of fib(32): each call one, the answers over channels",
                targets=aims(go=(0.20, 0.20), onetbb=(3, 3)),
                limit=SWITCH,
            )
        ],
        n=(32, 12),
        peers={
            "go": by("chan", "fib {n}"),
            "boost_fiber": by("chan", "fib {n}", n=(24, 12), remark="fib(24): more would take tens of GiB"),
            "onetbb": by("spawn", "fib {n}", remark="fork-join, no channels"),
        },
    ),
    parked(
        "parked",
        "guarded stacks of 64 KiB",
        65536,
        65536,
        {
            "bytes": aims(go=(1.65, 1.65)),
            "create": aims(go=(0.9, 0.9)),
            "create_again": aims(go=(0.35, 0.35)),
            "finish": aims(go=(0.35, 0.35)),
        },
    ),
    parked("parked_small", "stacks of 2 KiB", 2048, 4096, {"bytes": aims(go=(0.93, 0.93))}),
    Workload(
        Benchmark("timers", "BM_Sleepers/{procs}/{n}"),
        [
            Figure(
                "sleepers_cpu",
                "CPU time of one of 1,000,000 that sleep for 1 to 100 ms",
                "cpu_us",
                "µs",
                aims(go=(0.6, 0.6)),
            ),
            *late("sleepers_late", "how late they wake", targets_p99=aims(go=(0.5, 0.5))),
        ],
        n=(1_000_000, 1000),
        peers=all_by("timers", "sleepers {n}", "go", "boost_fiber"),
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
        [Figure("timer_start_stop", "making and stopping a timer, of 1,000")],
        peers=all_by("timers", "start_stop", "go"),
    ),
    Workload(
        Benchmark("timers", "BM_Reset/{procs}"),
        [Figure("timer_reset", "setting a timer anew, of 1,000")],
        peers=all_by("timers", "reset", "go"),
    ),
    Workload(
        Benchmark("timers", "BM_AfterFunc/{procs}"),
        [Figure("timer_after_func", "AfterFunc that is due at once")],
        peers=all_by("timers", "after_func 1000", "go"),
    ),
    Workload(
        Benchmark("hog", "BM_SleeperBesideHogs/{procs}/1"),
        late(
            "hog_late",
            "how late a sleep of 1 ms ends beside a goroutine that computes",
            aims(go=(0.02, 1)),
            aims(go=(0.6, 1)),
        ),
        n=(500, 20),
        peers={"go": by("hog", "sleeper 1 {n}"), "boost_fiber": by("hog", "sleeper 1 {n}", procs=(2,), remark="the second worker spins")},
        without={"boost_fiber": STARVES},
    ),
    Workload(
        Benchmark("chan", "BM_BehindSpinningSender/{procs}/20"),
        [
            Figure(
                "behind_spinning_sender",
                "how long a receiver waits whose sender computes on for 1 ms, median",
                targets={"go": {2: 0.4}},
                limit=FUTEX,
            )
        ],
        peers={
            "go": by("chan", "behind_spinning_sender 100"),
            "boost_fiber": by("chan", "behind_spinning_sender 100", remark="who sends waits until it is received"),
        },
    ),
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
        peers={
            "go": Does(Process("hello")),
            "boost_fiber": Does(Process("hello")),
            "onetbb": Does(Process("hello")),
        },
        times=(100, 3),
    ),
)
