"""Commit, machine, compiler."""

import json
import platform
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from comparison import facts


class FactsTest(unittest.TestCase):
    def test_cpu(self) -> None:
        self.assertEqual(
            facts.cpu("processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\n"), "AMD EPYC"
        )
        self.assertRegex(facts.cpu("processor\t: 0\nCPU part\t: 0xd0c\n"), r"^\w+, part 0xd0c$")

    def test_machine(self) -> None:
        machine = facts.machine()
        self.assertEqual(set(machine), {"cpu", "cpus", "kernel", "memory_gib"})
        self.assertRegex(machine["kernel"], r"^\d+\.\d+")

    def test_compiler(self) -> None:
        gcc = b"\0GCC: (Debian 12.2.0-14) 12.2.0\0"
        self.assertEqual(facts.compiler(gcc), "g++ 12.2.0")
        # Its libraries are the other's.
        self.assertEqual(facts.compiler(gcc + b"Debian clang version 14.0.6\0"), "clang 14.0.6")
        self.assertEqual(facts.compiler(b""), "unknown")

    def test_instructions(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            self.assertEqual(facts.instructions(root, "g++ 12.2.0", "-O2"), {})
            (root / "benchmarks/instructions").mkdir(parents=True)
            (root / "benchmarks/instructions/counts.json").write_text(
                json.dumps({f"g++ 12.2.0, {platform.machine()}, -O2": {"hop": 5.0}}),
                encoding="utf-8",
            )
            self.assertEqual(facts.instructions(root, "g++ 12.2.0", "-O2"), {"hop": 5.0})
            self.assertEqual(facts.instructions(root, "clang 14.0.6", "-O2"), {})

    @unittest.skipUnless(shutil.which("git"), "there is no git")
    def test_commit(self) -> None:
        with tempfile.TemporaryDirectory() as folder:

            def git(*arguments: str) -> None:
                who = ["-c", "user.name=a", "-c", "user.email=a@b"]
                subprocess.run(
                    ["git", "-C", folder, *who, *arguments], check=True, stdout=subprocess.DEVNULL
                )

            root = Path(folder)
            git("init", "--quiet")
            (root / "file").write_text("1", encoding="utf-8")
            git("add", "file")
            git("commit", "--quiet", "-m", "Subject\n\nbody")
            commit = facts.commit(root)
            self.assertRegex(commit["commit"], "^[0-9a-f]{40}$")
            self.assertEqual(commit["subject"], "Subject")
            self.assertIs(commit["dirty"], False)
            self.assertIsNone(commit["release"])
            git("tag", "v0.1.0")
            (root / "file").write_text("2", encoding="utf-8")
            commit = facts.commit(root)
            self.assertIs(commit["dirty"], True)
            self.assertEqual(commit["release"], "v0.1.0")


if __name__ == "__main__":
    unittest.main()
