"""stacks.cc: a million goroutines that wait at once."""

from typing import Mapping

from comparison.model import Benchmark, Figure, Targets, Workload
from comparison.rows.limits import PAGE, SWITCH
from comparison.rows.terms import NONE, aims, by


def _parked(
    name: str, stack: str, size: int, fibers_size: int, targets: Mapping[str, Targets]
) -> Workload:
    def figure(key: str, what: str, counter: str, unit: str, limit: str = "") -> Figure:
        aimed = targets.get(key, NONE)
        return Figure(f"{name}_{key}", f"{what} ({stack})", counter, unit, aimed, limit)

    unguarded = f"stacks of {fibers_size >> 10} KiB, without guards"
    return Workload(
        Benchmark("stacks", f"BM_Parked/{{procs}}/{size}/{{n}}"),
        [
            figure("bytes", "memory of each of 1,000,000 that wait", "bytes", "bytes"),
            figure("create", "starting one, which waits; memory is new", "create_ns", "ns", PAGE),
            figure("create_again", "the same in a second round", "create_again_ns", "ns", SWITCH),
            figure("finish", "waking and finishing one", "finish_ns", "ns", SWITCH),
        ],
        n=(1_000_000, 1000),
        peers={
            "go": by("stacks", "parked {n}"),
            "boost_fiber": by("stacks", f"parked {{n}} {fibers_size}", remark=unguarded),
        },
        much_memory=True,
    )


WORKLOADS = (
    _parked(
        "parked",
        "guarded stacks of 64 KiB",
        64 << 10,
        64 << 10,
        {
            "bytes": aims(go=(1.65, 1.65)),
            "create": aims(go=(0.9, 0.9)),
            "create_again": aims(go=(0.35, 0.35)),
            "finish": aims(go=(0.35, 0.35)),
        },
    ),
    # 2 KiB do not do for Boost.Fiber.
    _parked("parked_small", "stacks of 2 KiB", 2 << 10, 4 << 10, {"bytes": aims(go=(0.93, 0.93))}),
)
