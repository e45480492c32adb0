"""Let readers visit a site in the background while something is done to it, and note the memory meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load_http import Ask, Tally, crowd
from benchmarks.load_site import memory_of
from benchmarks.loaded import Memory
from tests.deploy.running import Running

VISITORS: Final = 8
PAUSE: Final = 0.05
"""Seconds that a visitor waits between two requests: a fast reader, and few enough searches for the limits."""


@dataclass(slots=True)
class Visits:
    """Visits under way; `tally` may be read after they have stopped."""

    tally: Tally = field(default_factory=Tally)
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0


@contextmanager
def visited(port: int, streams: Iterable[Iterator[Ask]], *, pause: float = PAUSE) -> Iterator[Visits]:
    """Visit a port while the block runs, each stream by a connection and from an address of its own."""
    visits, ended = Visits(), threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(crowd(port, streams, visits.tally, ended.is_set, pause=pause))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="visitors", daemon=True)
    thread.start()
    try:
        yield visits
    finally:
        ended.set()
        thread.join()
        visits.seconds = time.monotonic() - visits.begun
    if raised:
        raise raised[0]


class MemoryWatch:
    """Notes the most memory of nginx and gunicorn while the block runs."""

    def __init__(self, site: Running, pause: float = 0.25) -> None:
        self.before = memory_of(site)
        self.peak = self.before
        self._site, self._pause, self._ended = site, pause, threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(self._pause):
            now = memory_of(self._site)
            self.peak = Memory(max(self.peak.nginx, now.nginx), max(self.peak.gunicorn, now.gunicorn))


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 90) -> float:
    """Wait for something and return how many seconds that took; raises RuntimeError when it does not come."""
    started = time.monotonic()
    while not is_so():
        if time.monotonic() - started > seconds:
            raise RuntimeError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)
    return time.monotonic() - started
