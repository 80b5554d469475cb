"""The command line."""

import contextlib
import io
import unittest

from comparison.command_line import arguments


class ArgumentsTest(unittest.TestCase):
    def refused(self, *argv: str) -> str:
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as exit:
            arguments(argv)
        self.assertEqual(exit.exception.code, 2)
        return said.getvalue()

    def test_defaults(self) -> None:
        told = arguments([])
        self.assertEqual(
            (told.rounds, told.peers, told.procs), (3, ["go", "boost_fiber", "onetbb"], ["1", "2"])
        )
        self.assertTrue(told.rows.search("hop"))

    def test_given(self) -> None:
        told = arguments(
            ["--rounds", "5", "--rows", "^hop$", "--peers", "go,onetbb", "--procs", "2"]
        )
        self.assertEqual((told.rounds, told.peers, told.procs), (5, ["go", "onetbb"], ["2"]))
        self.assertFalse(told.rows.search("hops"))

    def test_no_peers(self) -> None:
        self.assertEqual(arguments(["--peers", ""]).peers, [])

    def test_bad_input(self) -> None:
        self.assertIn(
            "there is no rust; there are go, boost_fiber, onetbb",
            self.refused("--peers", "go,rust"),
        )
        self.assertIn("there is no 3; there are 1, 2", self.refused("--procs", "3"))
        self.assertIn("0 is no number of rounds", self.refused("--rounds", "0"))
        self.assertIn("( is no regular expression", self.refused("--rows", "("))
        self.assertIn("the folder of --out", self.refused("--dashboard", "page.html"))


if __name__ == "__main__":
    unittest.main()
