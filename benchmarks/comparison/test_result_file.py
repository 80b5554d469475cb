"""The file that the dashboard reads."""

import datetime
import json
import tempfile
import unittest
from pathlib import Path

from comparison import result_file
from comparison.model import Figure
from comparison.rounds import Row

FACTS = {"commit": "0123456789abcdef0123456789abcdef01234567", "missing": {}}
NOW = datetime.datetime(2026, 11, 26, 5, 0, 0, tzinfo=datetime.timezone.utc)
ROW = Row(
    Figure("hop", "one way", targets={"go": {1: 0.2}}, limit="register switch"),
    1,
    heddle=[57.123456],
    peers={"go": [160.0]},
    limits=[2.0],
)


class ResultFileTest(unittest.TestCase):
    def test_row(self) -> None:
        self.assertEqual(
            result_file.row(ROW),
            {
                "name": "hop",
                "procs": 1,
                "figure": "ns",
                "unit": "ns",
                "what": "one way",
                "target": {"go": 0.2},
                "limit": {"name": "register switch", "value": 2.0},
                "heddle": [57.123],
                "peers": {"go": [160.0]},
            },
        )

    def test_no_limit_and_no_target(self) -> None:
        row = result_file.row(Row(ROW.figure, 2, heddle=[1.0]))
        self.assertIsNone(row["limit"])
        self.assertEqual(row["target"], {})

    def test_written_as_it_is(self) -> None:
        result = result_file.result(FACTS, [ROW, ROW], {"hop": 530.5}, NOW)
        with tempfile.TemporaryDirectory() as folder:
            path = result_file.write(Path(folder) / "history", result)
            self.assertEqual(path.name, "2026-11-26-0123456.json")
            self.assertEqual(json.loads(path.read_text(encoding="utf-8")), result)
        self.assertEqual(result["date"], "2026-11-26T05:00:00Z")
        self.assertEqual(result["instructions"], {"hop": 530.5})


if __name__ == "__main__":
    unittest.main()
