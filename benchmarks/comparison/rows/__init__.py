"""The table of rows: what is compared, with whom, and what is aimed at.

docs/benchmarks.md says what the rows mean. Targets are ratios to the peer, by
the number of Ps.
"""

from comparison.rows import channels, goroutines, hogs, locks, process, stacks, threads, timers, trees

WORKLOADS = (
    *goroutines.WORKLOADS,
    *channels.WORKLOADS,
    *locks.WORKLOADS,
    *trees.WORKLOADS,
    *stacks.WORKLOADS,
    *timers.WORKLOADS,
    *hogs.WORKLOADS,
    *threads.WORKLOADS,
    *process.WORKLOADS,
)
