"""The command line of //benchmarks:compare."""

from __future__ import annotations

import argparse
import re
from typing import Callable, List, Sequence

from comparison.peers import PEERS


def _comma_separated(known: Sequence[str]) -> Callable[[str], List[str]]:
    def parse(text: str) -> List[str]:
        words = [word for word in text.split(",") if word]
        for word in words:
            if word not in known:
                raise argparse.ArgumentTypeError(
                    f"there is no {word}; there are {', '.join(known)}"
                )
        return words

    return parse


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of rounds")
    return int(text)


def _expression(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as e:
        raise argparse.ArgumentTypeError(f"{text} is no regular expression: {e}") from e


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """What was told; a usage error ends the process."""
    parser = argparse.ArgumentParser(
        prog="tools/bazel run //benchmarks:compare --",
        description="Runs heddle's benchmarks and their twins in turn. docs/benchmarks.md says more.",
    )
    option = parser.add_argument
    option("--rounds", type=_rounds, default=3, help="how often everybody does everything (3)")
    option("--rows", type=_expression, default="", help="a regular expression: these alone")
    option(
        "--peers",
        type=_comma_separated(PEERS),
        default=",".join(PEERS),
        help="some of %(default)s, or none",
    )
    option(
        "--procs",
        type=_comma_separated(("1", "2")),
        default="1,2",
        help="how many Ps: some of %(default)s",
    )
    option("--out", metavar="DIR", help="where to write a result file: benchmarks/history, say")
    option(
        "--dashboard",
        metavar="FILE.html",
        help="what is in --out's folder then, as a page (docs/dashboard.md)",
    )
    option("--brief", action="store_true", help="one round of little work: shows that all works")
    option("--list", action="store_true", help="says which rows there are")
    told = parser.parse_args(argv)
    if told.dashboard and not told.out:
        parser.error("--dashboard draws what is in the folder of --out: which?")
    return told
