"""The lines below the table."""

import os
import unittest
from pathlib import Path

from comparison.model import Does, Figure, Process, Workload
from comparison.peers import Built
from comparison.report import report
from comparison.rounds import HEDDLE, Match, Setting

FACTS = {
    "commit": "0123456789abcdef",
    "machine": {"cpu": "AMD EPYC", "cpus": 2, "kernel": "6.1.0"},
    "compiler": "g++ 12.2.0",
    "flags": "-O2",
}
WORKLOAD = Workload(
    Process("hello"),
    [Figure("hello", "what", "process_ms", "ms", {"go": {1: 0.5, 2: 0.5}})],
    peers={"go": Does(Process("hello"), remark="much the same")},
)


class ReportTest(unittest.TestCase):
    def lines(self, brief: bool) -> str:
        built = Built({"go": Path("go")}, {"go": "go1.21.13"}, {"onetbb": "no network"})
        folders = {HEDDLE: Path("heddle"), **built.folders}
        cpus = sorted(os.sched_getaffinity(0))
        setting = Setting(folders, cpus, measure=lambda *_: {"process_ms": 2.0})
        matches = [Match(WORKLOAD, procs, setting) for procs in (1, 2)]
        for match in matches:
            match.round(0, {})
        matches[1].failures["go"] = "it hangs"
        rows = [row for match in matches for row in match.rows]
        return "\n".join(report(rows, matches, built, FACTS, brief))

    def test_lines(self) -> None:
        said = self.lines(brief=False).split("\n\n")[1].splitlines()
        versions = "heddle 0123456789ab, g++ 12.2.0 -O2; go go1.21.13"
        self.assertEqual(
            said,
            [
                f"AMD EPYC, 2 CPUs, Linux 6.1.0; {versions}",
                "note: hello: go: much the same",
                "missing: onetbb: no network",
                "failed: hello, 2 P, go: it hangs",
                "missed: hello, 1 P: 1.00 (1.00–1.00) of go, aim 0.5",
                "missed: hello, 2 P: 1.00 (1.00–1.00) of go, aim 0.5",
            ],
        )

    def test_brief_has_no_misses(self) -> None:
        self.assertNotIn("missed:", self.lines(brief=True))


if __name__ == "__main__":
    unittest.main()
