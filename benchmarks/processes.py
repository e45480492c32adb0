"""Start processes and say what they and their children cost: seconds, work of the processor, memory (Linux only)."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.serving import children, read_memory
from matome_app.config import ROOT

PROC: Final = Path("/proc")
PAUSE: Final = 0.2
"""Seconds between two looks at the memory."""
_TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process and its children took: seconds, seconds of work, and megabytes at the most (the sum of Pss)."""

    seconds: float
    cpu: float
    peak_mb: float


def is_possible() -> bool:
    """Tell whether this system says what its processes hold."""
    return (PROC / "self" / "smaps_rollup").exists()


def tree(process: int) -> list[int]:
    """Return a process and all that it and its children started and that still run."""
    found = [process]
    for one in found:
        found += [child for child in children(one) if not _has_ended(child)]
    return found


def _has_ended(process: int) -> bool:
    """Tell whether a process has ended, whoever may still be asked how."""
    try:
        return (PROC / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def pss_mb(processes: Iterable[int]) -> float:
    """Return the megabytes that processes hold together, what they share counted once."""
    total = 0.0
    for process in processes:
        with suppress(OSError, KeyError):  # it has ended meanwhile
            total += read_memory((PROC / str(process) / "smaps_rollup").read_text(encoding="ascii")).pss
    return total


def cpu_seconds(processes: Iterable[int]) -> float:
    """Return how long the processor worked for processes and for their children that have ended."""
    ticks = 0
    for process in processes:
        with suppress(OSError):
            fields = (PROC / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / _TICK


class Watch(threading.Thread):
    """Notes the most memory that a process and its children hold."""

    def __init__(self, process: int) -> None:
        super().__init__(name="memory", daemon=True)
        self.peak_mb = 0.0
        self._process = process
        self._ended = threading.Event()

    def run(self) -> None:
        """Look again and again until stopped."""
        while True:
            self.peak_mb = max(self.peak_mb, pss_mb(tree(self._process)))
            if self._ended.wait(PAUSE):
                return

    def stop(self) -> None:
        """Look no longer."""
        self._ended.set()
        self.join()


def flask(*arguments: str) -> list[str]:
    """Return the command line of a `flask` command."""
    import sys

    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command to its end; raises RuntimeError when it fails."""
    started = time.perf_counter()
    with started_process(command, environment) as process:
        watch = Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)  # the usage of the children it waited for is in it
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    seconds = time.perf_counter() - started
    return Ran(round(seconds, 2), round(usage.ru_utime + usage.ru_stime, 2), round(watch.peak_mb))


@contextmanager
def started_process(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in the checkout, quietly; end it and all that it started."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process as Ctrl+C does, and what it started if that stays behind."""
    started = tree(process.pid)[1:]
    # What a shell started in the background ignores interrupts, and so does all that it starts.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    process.send_signal(signal.SIGTERM if ignored else signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in started:
        if (PROC / str(child)).exists():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
