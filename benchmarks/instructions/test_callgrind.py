"""What is read of callgrind's files, and what is said when it cannot run."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from instructions import callgrind

# Two functions, of which the first calls the second and, by another name, itself.
FILE = """# callgrind format
version: 1
thread: 1

positions: line
events: Ir
summary: 30

fl=(1) a.cc
fn=(1) hop
16 4
+2 6
cfn=(2) recv
calls=1 +3
* 12
* 1
cfn=(3) hop'2
calls=2 16
20 7

fn=(2)
-1 12

fn=(3)
20 7

totals: 30
"""


class ReadTest(unittest.TestCase):
    def test_each_function_has_its_own_instructions(self):
        self.assertEqual(callgrind.read(FILE), (1, {"hop": 18, "recv": 12}))

    def test_a_thread_has_its_number(self):
        self.assertEqual(callgrind.read(FILE.replace("thread: 1", "thread: 12"))[0], 12)

    def test_another_format_is_an_error(self):
        with self.assertRaisesRegex(callgrind.Failed, "no thread or no totals"):
            callgrind.read(FILE.replace("thread: 1", ""))
        with self.assertRaisesRegex(callgrind.Failed, "do not make its total"):
            callgrind.read(FILE.replace("+2 6", "0x1 2 6"))


class FakeValgrind(unittest.TestCase):
    """Valgrind is a shell script here."""

    def install(self, script):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        fake = Path(folder.name) / "valgrind"
        fake.write_text("#!/bin/bash\n" + script, encoding="utf-8")
        fake.chmod(0o755)
        path = mock.patch.dict(os.environ, {"PATH": f"{folder.name}:{os.environ['PATH']}"})
        path.start()
        self.addCleanup(path.stop)

    # Writes a file of thread 1, with ${1} instructions, and one of thread 2.
    WRITES = r"""
for word; do case "$word" in --callgrind-out-file=*) out="${word#*=}" ;; esac; done
file() { printf 'thread: %d\nfn=(1) f\n1 %d\ntotals: %d\n' "$1" "$2" "$2" >"$out-0$1"; }
"""

    def test_only_the_main_thread_counts(self):
        self.install(self.WRITES + "file 1 10; file 2 1000")
        self.assertEqual(callgrind.run(Path("program"), "hop", "1"), {"f": 10})

    def test_an_operation_is_the_difference(self):
        # 1000 instructions to start, and 7 for each.
        self.install(self.WRITES + 'file 1 $((1000 + 7 * ${@: -1}))')
        self.assertEqual(callgrind.per_operation(Path("program"), "hop"), {"f": 7.0})

    def test_a_failure_has_what_was_said(self):
        self.install("echo no such path; exit 3")
        with self.assertRaisesRegex(callgrind.Failed, "program hop 1 failed under callgrind with status 3:\nno such path"):
            callgrind.run(Path("program"), "hop", "1")

    def test_no_file_is_an_error(self):
        self.install("exit 0")
        with self.assertRaisesRegex(callgrind.Failed, "nothing of program hop 1's main thread"):
            callgrind.run(Path("program"), "hop", "1")

    def test_one_that_hangs_is_ended(self):
        self.install("exec sleep 1000")
        with mock.patch.object(callgrind, "PATIENCE_S", 0.1):
            with self.assertRaisesRegex(callgrind.Failed, "has not ended in 0.1 s"):
                callgrind.run(Path("program"), "hop", "1")

    def test_without_valgrind_there_is_a_cure(self):
        with mock.patch.dict(os.environ, {"PATH": ""}):
            with self.assertRaisesRegex(callgrind.Failed, "tools/debian12/setup --packages valgrind"):
                callgrind.run(Path("program"), "hop", "1")


if __name__ == "__main__":
    unittest.main()
