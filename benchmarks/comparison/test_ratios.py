"""Ratios are taken pair by pair."""

import unittest

from comparison.ratios import Ratio, ratio


class RatioTest(unittest.TestCase):
    def test_pairs(self) -> None:
        # The medians' ratio would be 2 / 4.
        self.assertEqual(ratio([1, 2, 9], [4, 2, 10]), Ratio(0.9, 0.25, 1))

    def test_none_without_figures(self) -> None:
        self.assertIsNone(ratio([], []))
        self.assertIsNone(ratio([1.0], [0.0]))

    def test_a_missing_round_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "2 samples beside 1"):
            ratio([1, 2], [1])

    def test_meets(self) -> None:
        self.assertTrue(Ratio(0.2, 0.1, 0.3).meets(0.2))
        self.assertFalse(Ratio(0.21, 0.1, 0.3).meets(0.2))


if __name__ == "__main__":
    unittest.main()
