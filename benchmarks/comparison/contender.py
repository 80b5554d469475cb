"""Runs a program on given CPUs, and says what it printed and what it took."""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Mapping, Sequence

from comparison.model import Command, NotMeasured

# A program that takes longer hangs.
TIMEOUT_S = 900

# What else would tell a runtime what to do.
_OTHERS = ("HEDDLE_", "GO", "BENCHMARK_", "TBB_")


@contextmanager
def pinned(cpus: Sequence[int]) -> Iterator[None]:
    """The processes started meanwhile run on these CPUs alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def at_timeout(seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """By a signal: a thread would take time from what is measured."""
    before = signal.signal(signal.SIGALRM, lambda *_: do())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Finished:
    """A process that has ended well."""

    output: str
    figures: Mapping[str, float]  # what the system says of it


def reason(said: Sequence[str]) -> str:
    """Of what a program said on its way out, the line that tells why."""
    # Behind a runtime's fatal error are the stacks of all goroutines.
    telling = [line for line in said if "error:" in line or "panic:" in line] or said[-1:]
    return f": {telling[0]}" if telling else ""


def run(argv: Sequence[str], timeout_s: float = TIMEOUT_S) -> Finished:
    """Runs it to its end, with the time from before fork to after wait."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_OTHERS)}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        actions = [
            (os.POSIX_SPAWN_DUP2, out.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, err.fileno(), 2),
        ]
        start = time.perf_counter_ns()
        try:
            pid = os.posix_spawn(argv[0], list(argv), environment, file_actions=actions)
        except OSError as e:
            raise NotMeasured(f"{argv[0]} cannot be run: {e.strerror}") from e
        with at_timeout(timeout_s, lambda: os.kill(pid, signal.SIGKILL)):
            _, status, usage = os.wait4(pid, 0)
        took = time.perf_counter_ns() - start
        out.seek(0)
        err.seek(0)
        output = out.read().decode(errors="replace")
        said = err.read().decode(errors="replace").strip().splitlines()
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        how = f"ends with {code}" if code > 0 else f"is killed by {signal.Signals(-code).name}"
        raise NotMeasured(f"{' '.join([Path(argv[0]).name, *argv[1:]])} {how}{reason(said)}")
    return Finished(
        output,
        {
            "process_ms": took / 1e6,
            "process_cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3,
            # Not less than this process has: Linux counts from before exec.
            "peak_rss_mib": usage.ru_maxrss / 1024,
        },
    )


def measure(
    command: Command, folder: Path, procs: int, n: int, brief: bool, times: int = 1
) -> Mapping[str, float]:
    """The figures of a command, as often as told, and of these the medians."""
    argv = [str(folder / command.program), *command.arguments(procs, n, brief)]
    samples = []
    for _ in range(times):
        finished = run(argv)
        samples.append({**finished.figures, **command.figures(finished.output)})
    return {
        figure: statistics.median(sample[figure] for sample in samples) for figure in samples[0]
    }
