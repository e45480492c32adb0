"""Ask for ten times as many searches as the site can answer, and see what these get, and what other readers get."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks.load_http import REFUSED, Ask, Tally
from benchmarks.load_mix import files_of
from benchmarks.load_paths import search_path, write
from benchmarks.load_site import HOST, Run
from benchmarks.load_throughput import KEPT
from benchmarks.load_visits import MemoryWatch, visited
from benchmarks.load_wrk import Load, wrk
from benchmarks.loaded import Memory, Overload
from benchmarks.results import Spread
from tests.deploy.running import Running

CONNECTIONS: Final = 1000
TIMES: Final = 10
"""How many times as much is asked as can be done."""
WARM, STEADY = 2.0, 4
PATIENCE: Final = 30.0
REFUSALS: Final = frozenset({200, 304, 429, 503})
USUAL: Final = 3.0
"""A search is answered as usual again when it takes at most so many times the p99 of before."""


def measure(run: Run) -> None:
    """Overload the site by many addresses, and by a single one."""
    rest = [one for one in run.loaded.overloads if not one.what.startswith("searches")]
    found = []
    file = write(map(search_path, run.paths.searches), run.folder / "overload.txt")
    with run.serve() as site:
        usual = run.wrk(site, file, STEADY, seconds=run.seconds / 2)
        for what, readers in (("searches by ever new addresses", True), ("searches by one address", False)):
            run.say(f"overload: {what}")
            found.append(_overload(run, site, file, what, usual, readers=readers))
            usual = run.wrk(site, file, STEADY, seconds=2, skip=usual.asked)
    run.loaded.overloads = [*found, *rest]


def _overload(run: Run, site: Running, file: Path, what: str, usual: Load, *, readers: bool) -> Overload:
    # A connection waits after each answer so that all together ask ten times what the site answered before.
    pause = round(CONNECTIONS / (max(usual.rate, 1) * TIMES) * 1000)
    searches = (search_path(query) for query in reversed(run.paths.any_searches))

    def press() -> Load:
        base = f"http://127.0.0.1:{site.port}"
        return wrk(
            base,
            file,
            CONNECTIONS,
            run.seconds,
            skip=usual.asked + 100,
            headers={"Host": HOST},
            statuses=True,
            readers=readers,
            pause_ms=pause,
        )

    pressed = pressing(run, site, press, searches)
    load = pressed.result
    return Overload(
        what=what,
        connections=CONNECTIONS,
        seconds=round(load.seconds, 1),
        offered=round(load.rate, 1),
        statuses=load.statuses,
        without_retry=load.without_retry,
        refused_ms=pressed.refused,
        others=pressed.others,
        others_failed=len(pressed.tally.failures),
        others_asked=pressed.tally.asked,
        failures=pressed.tally.failures[:20],
        recovery=recovery(site, searches, usual.p99 * USUAL),
        memory_before=pressed.before,
        memory_peak=pressed.peak,
    )


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of pressing a site: what the press returned, what others got meanwhile, and the memory."""

    result: Load
    tally: Tally
    refused: Spread | None
    others: dict[str, Spread]
    before: Memory
    peak: Memory


def pressing(run: Run, site: Running, press: Callable[[], Load], searches: Iterator[str]) -> Pressed:
    """Press a site while a few readers ask for files and pages it has ready, and one for searches."""
    static = files_of(site.port, HOST)["static"]
    pages = run.paths.posts[:KEPT]
    for page in pages:
        site.get(page, X_Forwarded_For="10.251.0.1")
    tally = Tally()
    results: list[Load] = []
    with MemoryWatch(site) as memory, visited(site.port, readers(static, pages, searches)) as visits:
        thread = threading.Thread(target=lambda: results.append(press()), name="press")
        thread.start()
        thread.join()
    tally = visits.tally
    others = {kind: spread for kind in ("static file", "cached page") if (spread := tally.spread(kind)) is not None}
    refused = [ms for _, kind, ms in tally.times if kind == REFUSED]
    return Pressed(results[0], tally, Spread.of(refused) if refused else None, others, memory.before, memory.peak)


def readers(static: list[str], pages: list[str], searches: Iterator[str]) -> list[Iterator[Ask]]:
    """Return the streams of a few readers."""

    def files() -> Iterator[Ask]:
        for number in count():
            yield Ask("static file", static[number % len(static)])

    def posts() -> Iterator[Ask]:
        for number in count():
            yield Ask("cached page", pages[number % len(pages)])

    def asking() -> Iterator[Ask]:
        for path in searches:
            yield Ask("search", path, fine=REFUSALS)
            # No faster than a reader may search.
            yield from (Ask("static file", static[0]) for _ in range(2))

    return [files(), files(), posts(), posts(), asking()]


def recovery(site: Running, searches: Iterator[str], most_ms: float) -> float:
    """Return how many seconds pass until three searches in a row are answered as usual."""
    started, good = time.monotonic(), 0
    since = 0.0
    for number, path in enumerate(searches):
        begun = time.monotonic()
        status = site.get(path, X_Forwarded_For=f"10.252.{number // 250}.{number % 250}").status
        took = (time.monotonic() - begun) * 1000
        if status == 200 and took <= max(most_ms, 300):
            since = since if good else begun - started
            good += 1
        else:
            good = 0
        if good == 3:
            return round(since, 2)
        if time.monotonic() - started > PATIENCE:
            break
        time.sleep(0.05)
    raise RuntimeError(f"searches are not answered as before within {PATIENCE:.0f} s")
