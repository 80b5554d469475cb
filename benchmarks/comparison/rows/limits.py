"""What no runtime can be faster than; each row names the limit that is its own."""

from comparison.model import Benchmark, Limit, Process

LIMITS = (
    Limit("register switch", Benchmark("limits", "BM_RegisterSwitch")),
    Limit("locked instruction", Benchmark("limits", "BM_LockedInstruction")),
    Limit("work alone", Benchmark("limits", "BM_Work")),
    Limit("futex wake", Benchmark("limits", "BM_FutexWake")),
    Limit("page touch", Benchmark("limits", "BM_PageTouch")),
    Limit("bare process", Process("bare_process"), "process_ms", "ms", times=(100, 3)),
)

SWITCH, LOCKED, WORK, FUTEX, PAGE, PROCESS = (limit.name for limit in LIMITS)
