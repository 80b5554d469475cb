"""hog.cc, chan.cc: goroutines beside one that computes."""

from comparison.model import Benchmark, Figure, Workload
from comparison.rows.limits import FUTEX
from comparison.rows.terms import aims, by, late

WORKLOADS = (
    Workload(
        Benchmark("hog", "BM_SleeperBesideHogs/{procs}/1"),
        late(
            "hog_late",
            "how late a sleep of 1 ms ends beside a goroutine that computes",
            aims(go=(0.02, 1)),
            aims(go=(0.6, 1)),
        ),
        n=(1000, 20),
        peers={
            "go": by("hog", "sleeper 1 {n}"),
            "boost_fiber": by(
                "hog", "sleeper 1 {n}", procs=(2,), remark="the second worker spins all the time"
            ),
        },
        without={"boost_fiber": "with 1 P it starves: nothing stops a fiber that computes"},
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
            "boost_fiber": by(
                "chan",
                "behind_spinning_sender 100",
                remark="who sends waits until it is received",
            ),
        },
    ),
)
