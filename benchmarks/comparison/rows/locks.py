"""sync.cc: locks and waiting."""

from comparison.model import Benchmark, Figure, Targets, Workload
from comparison.rows.limits import LOCKED, WORK
from comparison.rows.terms import NONE, aims, all_by


def _row(
    name: str,
    what: str,
    row: str,
    words: str,
    *peers: str,
    targets: Targets = NONE,
    limit: str = LOCKED,
) -> Workload:
    _, *arguments = words.split()
    return Workload(
        Benchmark("sync", "/".join([row, "{procs}", *arguments])),
        [Figure(name, what, targets=targets, limit=limit)],
        peers=all_by("sync", words, "go", *peers),
    )


WORKLOADS = (
    _row(
        "mutex",
        "lock and unlock, nobody in the way",
        "BM_Mutex",
        "mutex 100000",
        "boost_fiber",
        targets=aims(go=(0.9, 0.9)),
    ),
    _row(
        "mutex_8",
        "lock, 12 ns of work, unlock, by 8 goroutines",
        "BM_MutexContended",
        "mutex_contended 10000 8",
        "boost_fiber",
        targets=aims(go=(0.8, 0.8)),
        limit=WORK,
    ),
    _row(
        "rwmutex_read",
        "read lock and unlock, nobody in the way",
        "BM_RWMutexRead",
        "rwmutex_read 100000",
    ),
    _row(
        "rwmutex_read_8",
        "read lock and unlock, by 8 goroutines",
        "BM_RWMutexReaders",
        "rwmutex_readers 50000 8",
    ),
    _row(
        "rwmutex_mixed",
        "read lock, 12 ns of work, unlock, by 8 goroutines; each hundredth time a write lock",
        "BM_RWMutexMixed",
        "rwmutex_mixed 10000 8",
    ),
    _row("wait_group", "Add, Done, Wait", "BM_WaitGroup", "wait_group 100000"),
    _row(
        "wait_group_waits",
        "starting a goroutine and waiting for it",
        "BM_WaitGroupWaits",
        "wait_group_waits 10000",
    ),
    _row("once", "a Once that was done", "BM_Once", "once 100000"),
    _row("cond", "a turn of two goroutines, by a condition variable", "BM_Cond", "cond 10000"),
    _row(
        "semaphore",
        "acquire and release; in Go, a buffered channel",
        "BM_Semaphore",
        "semaphore 100000",
    ),
    _row(
        "semaphore_contended",
        "acquire, yield, release, by 8 goroutines with 4 places",
        "BM_SemaphoreContended",
        "semaphore_contended 1000 8",
    ),
)
