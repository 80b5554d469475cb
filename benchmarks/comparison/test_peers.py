"""Peers that can be had, and peers that cannot."""

import tempfile
import unittest
from pathlib import Path
from typing import List

from comparison import peers


class BuildTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def script(self, peer: str, text: str) -> None:
        build = self.root / "benchmarks" / "peers" / peer / "build"
        build.parent.mkdir(parents=True)
        build.write_text("#!/bin/sh\n" + text, encoding="utf-8")
        build.chmod(0o755)

    def test_all(self) -> None:
        self.script("go", 'echo words; touch "$1/chan"; echo go1.21.13\n')
        self.script("onetbb", "echo installing >&2; echo there is no oneTBB >&2; exit 1\n")
        self.script("boost_fiber", "exit 3\n")
        said: List[str] = []
        built = peers.build(self.root, peers.PEERS, said.append)
        self.assertEqual(
            said,
            [
                "building go",
                "building boost_fiber",
                "building onetbb",
                "installing",
                "there is no oneTBB",
            ],
        )
        self.assertEqual(built.versions, {"go": "go1.21.13"})
        self.assertTrue((built.folders["go"] / "chan").exists())
        self.assertEqual(
            built.missing,
            {"onetbb": "there is no oneTBB", "boost_fiber": "its build script ends with 3"},
        )


if __name__ == "__main__":
    unittest.main()
