"""What needs no program to be run."""

import contextlib
import io
import unittest

from comparison.__main__ import main


class MainTest(unittest.TestCase):
    def test_list(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertEqual(main(["--list"]), 0)
        self.assertRegex(said.getvalue(), r"(?m)^hop +one way over an unbuffered channel$")

    def test_no_such_row(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(main(["--rows", "nothing"]), 2)
        self.assertIn("no row matches nothing; --list says which there are", said.getvalue())

    def test_no_such_row_with_so_many_ps(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(main(["--rows", "^hello$", "--procs", "2"]), 2)
        self.assertIn("^hello$ has no row with 2 Ps here", said.getvalue())


if __name__ == "__main__":
    unittest.main()
