"""Count what the site answers a second: pages from nginx's cache, pages, folds and searches that no cache has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.load_mix import HTMX
from benchmarks.load_paths import search_path, write
from benchmarks.load_site import Run, memory_of
from benchmarks.load_wrk import Load
from benchmarks.loaded import CACHED, Throughput
from tests.deploy.running import Running

CONNECTIONS: Final = (1, 16, 64)
KEPT, MANY = 20, 30_000
"""Pages that are asked for again and again, and addresses of which each is new to nginx."""


def measure(run: Run) -> None:
    """Measure all kinds at all numbers of connections."""
    paths = run.paths
    folder = run.folder
    kinds: list[tuple[str, Sequence[str], Mapping[str, str], bool]] = [
        (CACHED, paths.posts[:KEPT], {}, False),
        ("a static file", [static_file()], {}, False),
        ("a post, uncached", list(_new(paths.posts)), {}, True),
        ("a fold as a fragment, uncached", list(_new(paths.folds)), HTMX, True),
        ("a search, each a new one", [search_path(query) for query in paths.any_searches], {}, True),
    ]
    run.loaded.throughput = []
    with run.serve() as site:
        for number, (what, addresses, headers, is_new) in enumerate(kinds):
            if not addresses:
                continue
            run.say(f"throughput: {what}")
            file = write(addresses, folder / f"throughput{number}.txt")
            loads = _loads(run, site, file, headers, is_new)
            run.loaded.throughput.append(Throughput(what, loads, memory_of(site)))


def _loads(run: Run, site: Running, file: Path, headers: Mapping[str, str], is_new: bool) -> list[Load]:
    warm = run.wrk(site, file, 4, seconds=2, headers=headers)
    skip = warm.asked if is_new else 0
    loads = []
    for connections in CONNECTIONS:
        load = run.wrk(site, file, connections, skip=skip, headers=headers, statuses=is_new)
        loads.append(load)
        skip += load.asked + 2 if is_new else 0
    return loads


def _new(addresses: Sequence[str]) -> Iterator[str]:
    """Yield addresses of which each is new to a cache, the same pages again and again."""
    for number in range(MANY if addresses else 0):
        yield f"{addresses[number % len(addresses)]}?n={number}"


def static_file() -> str:
    """Return the address of the style sheet by its plain name."""
    return "/static/css/site.css"


Measure = Callable[[Run], None]
