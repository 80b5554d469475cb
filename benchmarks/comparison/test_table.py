"""What is printed."""

import unittest

from comparison import table
from comparison.model import Does, Figure, Process, Workload
from comparison.ratios import Ratio
from comparison.rounds import Row

HOP = Row(
    Figure(
        "hop", "one way", targets={"go": {1: 0.2}, "boost_fiber": {1: 1}}, limit="register switch"
    ),
    1,
    heddle=[50, 60, 70],
    peers={"go": [100, 100, 100]},
    limits=[2, 3, 4],
)


class TableTest(unittest.TestCase):
    def test_numbers(self) -> None:
        self.assertEqual(
            [table.number(n) for n in (0.016, 1.6, 57.24, 4432.1)], ["0.02", "1.6", "57.2", "4,432"]
        )

    def test_cells(self) -> None:
        self.assertEqual(
            table.cells(HOP, ["go", "boost_fiber"]),
            [
                "hop",
                "1",
                "ns",
                "60",
                "20 register switch",
                "100",
                "0.60 (0.50–0.70)",
                "≤ 0.2 MISSED",
                "–",
                "",
                "",
            ],
        )

    def test_spread(self) -> None:
        self.assertEqual(table.spread(Ratio(1, 0.031, 25.49)), "1.00 (0.03–25.5)")

    def test_met(self) -> None:
        row = Row(HOP.figure, 1, heddle=[20.0], peers={"go": [100.0]})
        self.assertEqual(table.cells(row, ["go"])[4:], ["", "100", "0.20 (0.20–0.20)", "≤ 0.2 met"])
        self.assertEqual(table.misses([row]), [])

    def test_no_target_with_that_many_ps(self) -> None:
        row = Row(HOP.figure, 2, heddle=[20.0], peers={"go": [10.0]})
        self.assertEqual(table.cells(row, ["go"])[-1], "")
        self.assertEqual(table.misses([row]), [])

    def test_misses(self) -> None:
        self.assertEqual(table.misses([HOP]), ["hop, 1 P: 0.60 (0.50–0.70) of go, aim 0.2"])

    def test_columns(self) -> None:
        lines = table.table([HOP], ["go"]).splitlines()
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[0].index("Ps") + 2, lines[1].index("1") + 1)

    def test_remarks(self) -> None:
        workload = Workload(
            Process("ours"),
            [HOP.figure],
            peers={"go": Does(Process("theirs"), remark="half of it")},
            without={"onetbb": "has no channels"},
        )
        self.assertEqual(table.remarks([workload], ["go"]), ["hop: go: half of it"])
        self.assertEqual(table.remarks([workload], ["onetbb"]), ["hop: onetbb: has no channels"])


if __name__ == "__main__":
    unittest.main()
