"""Runs heddle's benchmarks and their twins in turn: docs/benchmarks.md."""
