"""Processes, on the CPUs that they are told."""

import os
import tempfile
import unittest
from pathlib import Path

from comparison.contender import Finished, measure, pinned, run
from comparison.model import NotMeasured, Process, Twin


def shell(text: str, timeout_s: float = 60) -> Finished:
    return run(["/bin/sh", "-c", text], timeout_s)


class RunTest(unittest.TestCase):
    def test_output_and_figures(self) -> None:
        finished = shell("echo out; echo err >&2")
        self.assertEqual(finished.output, "out\n")
        self.assertEqual(set(finished.figures), {"process_ms", "process_cpu_ms", "peak_rss_mib"})
        self.assertGreater(finished.figures["process_ms"], 0)

    def test_failures_have_a_reason(self) -> None:
        with self.assertRaisesRegex(NotMeasured, "ends with 3: no memory"):
            shell("echo no memory >&2; exit 3")
        with self.assertRaisesRegex(NotMeasured, "is killed by SIGSEGV"):
            shell("kill -SEGV $$")
        with self.assertRaisesRegex(NotMeasured, "sh .*ends with 2: fatal error: deadlock$"):
            shell("printf 'fatal error: deadlock\\n\\ngoroutine 1\\n' >&2; exit 2")
        with self.assertRaisesRegex(NotMeasured, "/nowhere cannot be run: No such file"):
            run(["/nowhere"])

    def test_a_program_that_hangs(self) -> None:
        with self.assertRaisesRegex(NotMeasured, "is killed by SIGKILL"):
            shell("exec sleep 1000", timeout_s=0.01)

    def test_what_the_user_told_a_runtime(self) -> None:
        os.environ["GOMAXPROCS"] = "7"
        try:
            self.assertEqual(shell("echo $GOMAXPROCS").output, "\n")
        finally:
            del os.environ["GOMAXPROCS"]

    def test_pinned(self) -> None:
        before = os.sched_getaffinity(0)
        with pinned([min(before)]):
            allowed = shell("grep Cpus_allowed_list /proc/self/status").output
        self.assertEqual(allowed.split()[-1], str(min(before)))
        self.assertEqual(os.sched_getaffinity(0), before)


class MeasureTest(unittest.TestCase):
    def test_medians(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "twin").write_text(
                '#!/bin/sh\necho run >>"$0.log"\necho "ns $(wc -l <"$0.log")"\n', encoding="utf-8"
            )
            (folder / "twin").chmod(0o755)
            self.assertEqual(measure(Twin("twin", ()), folder, 1, 0, False, times=5)["ns"], 3)
            self.assertNotIn("ns", measure(Process("twin"), folder, 1, 0, False))


if __name__ == "__main__":
    unittest.main()
