"""Who is measured when, and which samples are kept."""

import os
import unittest
from dataclasses import replace
from pathlib import Path
from typing import List, Mapping

from comparison.model import Command, Does, Figure, Limit, NotMeasured, Process, Twin, Workload
from comparison.rounds import HEDDLE, Match, Setting, limits_of, play

WORKLOAD = Workload(
    Process("ours"),
    [Figure("row", "what", limit="limit"), Figure("bytes", "what", "bytes", "bytes")],
    n=(1000, 10),
    procs=(1,),
    peers={
        "go": Does(Twin("theirs", ("{n}",))),
        "boost_fiber": Does(Twin("theirs", ("{n}",)), n=(100, 1)),
        "onetbb": Does(Twin("theirs", ("{n}",)), procs=(2,)),
    },
)
LIMIT = Limit("limit", Process("limit"), "process_ms", "ms")


class Machine:
    """In the place of measure(): the n-th run takes n nanoseconds."""

    def __init__(self) -> None:
        self.runs: List[str] = []
        self.fails: List[str] = []

    def measure(
        self, command: Command, folder: Path, procs: int, n: int, brief: bool, times: int
    ) -> Mapping[str, float]:
        if command.program == "limit":
            return {"process_ms": 1e-6}
        self.runs.append(f"{folder.name} {procs} {n}")
        if folder.name in self.fails:
            raise NotMeasured("it hangs")
        return {"ns": float(len(self.runs)), "bytes": 8.0}

    def setting(self, *who: str, brief: bool = False) -> Setting:
        cpus = sorted(os.sched_getaffinity(0))
        return Setting({one: Path(one) for one in who}, cpus, brief, self.measure)


class RoundsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.machine = Machine()

    def played(self, rounds: int, *who: str) -> Match:
        setting = self.machine.setting(*who)
        match = Match(WORKLOAD, 1, setting)
        play([match], [LIMIT], rounds, setting, lambda text: None)
        return match

    def test_in_turn_and_rotated(self) -> None:
        match = self.played(2, HEDDLE, "go", "boost_fiber")
        self.assertEqual(
            self.machine.runs,
            [
                "heddle 1 1000",
                "go 1 1000",
                "boost_fiber 1 100",
                "go 1 1000",
                "boost_fiber 1 100",
                "heddle 1 1000",
            ],
        )
        row = match.rows[0]
        self.assertEqual(row.heddle, [1, 6])
        self.assertEqual(row.peers, {"go": [2, 4], "boost_fiber": [3, 5]})
        self.assertEqual(match.rows[1].peers["go"], [8, 8])

    def test_limits_in_the_unit_of_the_row(self) -> None:
        match = self.played(2, HEDDLE)
        self.assertEqual(match.rows[0].limits, [1, 1])
        self.assertEqual(match.rows[1].limits, [])

    def test_brief(self) -> None:
        setting = self.machine.setting(HEDDLE, "boost_fiber", brief=True)
        Match(WORKLOAD, 1, setting).round(0, {})
        self.assertEqual(self.machine.runs, ["heddle 1 10", "boost_fiber 1 1"])

    def test_much_memory_is_touched_before(self) -> None:
        workload = replace(WORKLOAD, much_memory=True)
        match = Match(workload, 1, self.machine.setting(HEDDLE, "go"))
        match.round(0, {})
        match.round(1, {})
        ours, theirs = "heddle 1 1000", "go 1 1000"
        self.assertEqual(self.machine.runs, [ours, ours, theirs, ours, theirs, ours])
        self.assertEqual(match.rows[0].heddle, [2, 6])

    def test_memory_that_cannot_be_touched(self) -> None:
        self.machine.fails = [HEDDLE]
        match = Match(replace(WORKLOAD, much_memory=True), 1, self.machine.setting(HEDDLE))
        match.round(0, {})
        self.assertEqual(match.failures, {HEDDLE: "it hangs"})

    def test_brief_touches_nothing(self) -> None:
        setting = self.machine.setting(HEDDLE, brief=True)
        Match(replace(WORKLOAD, much_memory=True), 1, setting).round(0, {})
        self.assertEqual(self.machine.runs, ["heddle 1 10"])

    def test_a_peer_without_the_row(self) -> None:
        self.assertNotIn("onetbb", self.played(1, HEDDLE, "onetbb").rows[0].peers)

    def test_who_fails_is_out(self) -> None:
        self.machine.fails = ["go"]
        match = self.played(2, HEDDLE, "go", "boost_fiber")
        self.assertEqual(match.failures, {"go": "it hangs"})
        self.assertEqual(self.machine.runs.count("go 1 1000"), 1)
        self.assertEqual(list(match.rows[0].peers), ["boost_fiber"])
        self.assertEqual(len(match.rows[0].heddle), 2)

    def test_earlier_samples_of_who_fails_are_dropped(self) -> None:
        setting = self.machine.setting(HEDDLE, "go")
        match = Match(WORKLOAD, 1, setting)
        match.round(0, {})
        self.machine.fails = ["go"]
        match.round(1, {})
        self.assertEqual(match.rows[0].peers, {})

    def test_no_row_without_heddle(self) -> None:
        self.machine.fails = [HEDDLE]
        match = self.played(2, HEDDLE, "go")
        self.assertEqual(match.rows, [])
        self.assertEqual(match.failures, {HEDDLE: "it hangs"})

    def test_a_figure_that_is_not_told(self) -> None:
        setting = self.machine.setting(HEDDLE)
        match = Match(Workload(Process("ours"), [Figure("row", "what", "seconds")]), 1, setting)
        match.round(0, {})
        self.assertEqual(match.failures, {HEDDLE: "ours says nothing of seconds"})

    def test_limits_that_are_not_there(self) -> None:
        setting = self.machine.setting(HEDDLE)
        nothing = Limit("nothing", Process("ours"), "seconds")
        self.assertEqual(limits_of([LIMIT, nothing], 1, setting), {"limit": 1})


if __name__ == "__main__":
    unittest.main()
