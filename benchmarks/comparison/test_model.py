"""Command lines, and what is read from what programs print."""

import json
import re
import unittest

from comparison.model import Benchmark, NotMeasured, Process, Twin


def printed(**row: object) -> str:
    row = {"name": "BM_Hop/1", "real_time": 2.0, "time_unit": "us", **row}
    return json.dumps({"benchmarks": [row]})


class BenchmarkTest(unittest.TestCase):
    hop = Benchmark("chan", "BM_Hop/{procs}/{n}")

    def test_filter_names_one_row(self) -> None:
        told = self.hop.arguments(2, 1000, brief=False)[0]
        pattern = re.compile(told[len("--benchmark_filter=") :])
        for name in (
            "BM_Hop/2/1000",
            "BM_Hop/2/1000/iterations:1/real_time",
            "BM_Hop/2/1000/manual_time",
        ):
            self.assertRegex(name, pattern)
        for name in ("BM_Hop/2/1000000", "BM_Hop/2/1000/4", "BM_Hop/1/1000", "BM_Hopper/2/1000"):
            self.assertNotRegex(name, pattern)

    def test_brief_is_shorter(self) -> None:
        times = [self.hop.arguments(1, 1, brief)[1] for brief in (True, False)]
        self.assertEqual(times, ["--benchmark_min_time=0.01", "--benchmark_min_time=0.25"])

    def test_nanoseconds(self) -> None:
        self.assertEqual(self.hop.figures(printed(ns=57.5))["ns"], 57.5)
        self.assertEqual(self.hop.figures(printed(items_per_second=1e8))["ns"], 10)
        self.assertEqual(self.hop.figures(printed())["ns"], 2000)

    def test_other_counters(self) -> None:
        self.assertEqual(self.hop.figures(printed(bytes=4432.0))["bytes"], 4432)

    def test_errors(self) -> None:
        with self.assertRaisesRegex(NotMeasured, "chan has no row"):
            self.hop.figures("")
        with self.assertRaisesRegex(NotMeasured, "chan has 0 rows"):
            self.hop.figures('{"benchmarks": []}')
        with self.assertRaisesRegex(NotMeasured, "no perf events"):
            self.hop.figures(printed(error_occurred=True, error_message="no perf events"))


class TwinTest(unittest.TestCase):
    twin = Twin("stacks", ("parked", "{n}"))

    def test_arguments(self) -> None:
        self.assertEqual(self.twin.arguments(2, 1000, brief=False), ["2", "parked", "1000"])

    def test_figures(self) -> None:
        self.assertEqual(
            self.twin.figures("bytes 2690\ncreate_ns 1.5e3\n"), {"bytes": 2690, "create_ns": 1500}
        )

    def test_errors(self) -> None:
        for output in ("bytes\n", "bytes many\n", "1 2 3\n"):
            with self.assertRaisesRegex(NotMeasured, "stacks printed no lines"):
                self.twin.figures(output)


class ProcessTest(unittest.TestCase):
    def test_says_nothing(self) -> None:
        self.assertEqual(Process("hello").arguments(1, 0, brief=False), [])
        self.assertEqual(Process("hello").figures("hello\n"), {})


if __name__ == "__main__":
    unittest.main()
