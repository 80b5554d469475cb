"""The table fits together."""

import unittest

from comparison.model import NANOSECONDS
from comparison.peers import PEERS
from comparison.rows import WORKLOADS
from comparison.rows.limits import LIMITS


class RowsTest(unittest.TestCase):
    def test_names_are_unique(self) -> None:
        names = [figure.name for workload in WORKLOADS for figure in workload.figures]
        self.assertEqual(len(names), len(set(names)))

    def test_peers_are_known(self) -> None:
        for workload in WORKLOADS:
            self.assertLessEqual({*workload.peers, *workload.without}, set(PEERS))

    def test_targets_are_measured(self) -> None:
        for workload in WORKLOADS:
            for figure in workload.figures:
                for peer, by_procs in figure.targets.items():
                    with self.subTest(figure.name):
                        self.assertIn(peer, workload.peers)
                        self.assertLessEqual(
                            set(by_procs) & set(workload.procs), set(workload.peers[peer].procs)
                        )

    def test_limits_have_a_time(self) -> None:
        names = {limit.name for limit in LIMITS}
        for workload in WORKLOADS:
            for figure in workload.figures:
                if figure.limit:
                    self.assertIn(figure.limit, names)
                    self.assertIn(figure.unit, NANOSECONDS)

    def test_who_leaves_a_row_out_has_a_reason(self) -> None:
        for workload in WORKLOADS:
            for peer, does in workload.peers.items():
                if set(workload.procs) - set(does.procs):
                    self.assertIn(peer, workload.without)


if __name__ == "__main__":
    unittest.main()
