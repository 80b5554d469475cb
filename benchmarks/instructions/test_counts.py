"""What is said of counts, and what becomes of the stored ones."""

import json
import tempfile
import unittest
from pathlib import Path

from instructions import counts

UPDATE = "store them"


class JudgeTest(unittest.TestCase):
    def verdict(self, count, stored):
        return counts.judge({"hop": count}, {"hop": stored} if stored is not None else {})[0]

    def test_3_1_percent_more_fails_and_names_the_path(self):
        verdict = self.verdict(1031.0, 1000.0)
        self.assertTrue(verdict.failed)
        self.assertEqual(
            verdict.remark(UPDATE),
            "FAILED: hop takes 1031.0 instructions, 3.1 % more than the 1000.0 that are stored; 3 % are allowed",
        )

    def test_2_9_percent_more_passes(self):
        verdict = self.verdict(1029.0, 1000.0)
        self.assertFalse(verdict.failed)
        self.assertEqual(verdict.remark(UPDATE), "")

    def test_3_1_percent_less_is_to_be_stored(self):
        verdict = self.verdict(969.0, 1000.0)
        self.assertFalse(verdict.failed)
        self.assertEqual(
            verdict.remark(UPDATE),
            "better: hop takes 969.0 instructions, 3.1 % less than the 1000.0 that are stored: store them",
        )

    def test_2_9_percent_less_is_nothing(self):
        self.assertEqual(self.verdict(971.0, 1000.0).remark(UPDATE), "")

    def test_a_new_path_fails_until_it_is_stored(self):
        verdict = self.verdict(10.0, None)
        self.assertTrue(verdict.failed)
        self.assertEqual(verdict.remark(UPDATE), "FAILED: hop has no stored count: store them")


class JudgeAgainTest(unittest.TestCase):
    def test_what_is_worse_by_chance_is_counted_again(self):
        asked = []

        def count(paths):
            asked.append(list(paths))
            return {"hop": 1010.0}

        verdicts = counts.judge_again({"spawn": 10.0, "hop": 1100.0}, {"spawn": 10.0, "hop": 1000.0}, count)
        self.assertEqual(asked, [["hop"]])
        self.assertEqual([v.count for v in verdicts], [10.0, 1010.0])
        self.assertFalse(any(v.failed for v in verdicts))

    def test_what_is_worse_each_time_fails_by_the_least(self):
        again = iter([1050.0, 1200.0])
        verdicts = counts.judge_again({"hop": 1100.0}, {"hop": 1000.0}, lambda _: {"hop": next(again)})
        self.assertTrue(verdicts[0].failed)
        self.assertEqual(verdicts[0].count, 1050.0)
        self.assertEqual(list(again), [])

    def test_nothing_else_is_counted_again(self):
        counts.judge_again({"hop": 900.0, "new": 1.0}, {"hop": 1000.0}, lambda paths: self.fail(f"counted {paths}"))


class TableTest(unittest.TestCase):
    def test_it_shows_what_changed(self):
        text = counts.table(counts.judge({"spawn_chain": 1020.0, "hop": 5.0}, {"spawn_chain": 1000.0}))
        self.assertEqual(
            text.splitlines(),
            [
                "path         instructions    stored   change",
                "spawn_chain        1020.0    1000.0   +2.0 %",
                "hop                   5.0         -        -",
            ],
        )


class StoreTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "counts.json"

    def test_other_compilers_counts_stay(self):
        counts.store(self.file, "clang", {"hop": 2.0}, ["hop"])
        counts.store(self.file, "g++", {"hop": 1.04}, ["hop"])
        self.assertEqual(counts.load(self.file), {"clang": {"hop": 2.0}, "g++": {"hop": 1.0}})

    def test_paths_that_were_not_counted_stay_while_they_are_known(self):
        counts.store(self.file, "g++", {"hop": 1.0, "gone": 2.0, "spawn": 3.0}, ["hop", "gone", "spawn"])
        counts.store(self.file, "g++", {"hop": 4.0}, ["hop", "spawn"])
        self.assertEqual(counts.load(self.file), {"g++": {"hop": 4.0, "spawn": 3.0}})

    def test_without_a_file_nothing_is_stored(self):
        self.assertEqual(counts.load(self.file), {})

    def test_the_file_is_for_diffs(self):
        counts.store(self.file, "g++", {"b": 1.0, "a": 2.0}, ["a", "b"])
        self.assertEqual(self.file.read_text(encoding="utf-8"), json.dumps({"g++": {"a": 2.0, "b": 1.0}}, indent=2) + "\n")


class KeyTest(unittest.TestCase):
    GCC = b"\0GCC: (Debian 12.2.0-14) 12.2.0\0"

    def test_compilers(self):
        self.assertEqual(counts.compiled_by(self.GCC), "g++ 12.2.0")
        # libc's start files are g++'s.
        self.assertEqual(counts.compiled_by(self.GCC + b"Debian clang version 14.0.6\0"), "clang 14.0.6")
        self.assertEqual(counts.compiled_by(b"nothing"), "an unknown compiler")

    def test_other_flags_are_another_key(self):
        self.assertNotEqual(counts.key(self.GCC, "-O2"), counts.key(self.GCC, "-O3"))


if __name__ == "__main__":
    unittest.main()
