"""Ask the site and Datasette for the same new searches, in turns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlencode

from benchmarks import load_peer
from benchmarks.asking import Client
from benchmarks.load_paths import search_path, write
from benchmarks.load_peer import Peer
from benchmarks.load_site import Run, memory_of
from benchmarks.load_wrk import Load, wrk
from benchmarks.loaded import Pair, Versus
from tests.deploy.running import Running

CONNECTIONS: Final = (1, 8, 16, 64)
THREADS: Final = ("1", "2", "3")
ROUNDS: Final = 2
COMPARED: Final = 60


def measure(run: Run) -> None:
    """Measure the pairs; the peer is asked with the number of threads that serves it best."""
    database = load_peer.build(run.place.database(), run.folder / "comments.db")
    mine = write(map(search_path, run.paths.searches), run.folder / "ours.txt")
    theirs = write(map(load_peer.search_path, run.paths.searches), run.folder / "peer.txt")
    compared = run.paths.searches[-COMPARED:]
    tried: dict[str, float] = {}
    for threads in THREADS:
        with load_peer.serve(database, load_peer.SETTINGS | {"num_sql_threads": threads}) as peer:
            wrk(peer.base, theirs, 4, 2)
            tried[threads] = round(wrk(peer.base, theirs, 8, run.seconds / 2, skip=500).rate, 1)
    settings = load_peer.SETTINGS | {"num_sql_threads": max(tried, key=lambda name: tried[name])}
    with run.serve() as site, load_peer.serve(database, settings) as peer:
        # Before anything is compared: both do search.
        totals = [(_ours(site, n, query), _peers(peer, query)) for n, query in enumerate(compared)]
        run.wrk(site, mine, 4, seconds=2)
        wrk(peer.base, theirs, 4, 2)
        pairs, skip = [], 1000
        for connections in CONNECTIONS:
            run.say(f"versus: {connections} connections")
            pair, skip = _pair(run, site, peer, mine, theirs, connections, skip)
            pairs.append(pair)
        memory = memory_of(site)
        pages = [_bytes(site, peer, n, query) for n, query in enumerate(compared[:20])]
        peer_mb = peer.memory_mb
    run.loaded.versus = Versus(
        name="Datasette",
        settings=settings,
        tried={f"{threads} thread{'s' if threads != '1' else ''}": rate for threads, rate in tried.items()},
        pairs=pairs,
        ours_mb=memory.gunicorn + memory.nginx,
        peer_mb=peer_mb,
        same_total=_share(totals, 0),
        ours_more=_share(totals, 1),
        peer_more=_share(totals, -1),
        compared=len(totals),
        ours_bytes=round(median(ours for ours, _ in pages)),
        peer_bytes=round(median(theirs_ for _, theirs_ in pages)),
    )


def _pair(
    run: Run, site: Running, peer: Peer, mine: Path, theirs: Path, connections: int, skip: int
) -> tuple[Pair, int]:
    """Measure in turns, new searches each time; the peer gets time for each connection to be answered once."""
    ours, others = [], []
    for _ in range(ROUNDS):
        ours.append(run.wrk(site, mine, connections, skip=skip, statuses=True))
        others.append(wrk(peer.base, theirs, connections, max(run.seconds, connections / 5), skip=skip, statuses=True))
        skip += ours[-1].asked + 2
    ratios = [one.rate / _least(other) for one, other in zip(ours, others, strict=True)]
    run.say(f"versus: {_said(ours)} a second, the peer {_said(others)}")
    return Pair(connections, ROUNDS, _middle(ours), _middle(others), [round(ratio, 2) for ratio in ratios]), skip


def _least(load: Load) -> float:
    """Return the rate, of a load without an answer that of one answer."""
    return max(load.answered, 1) / load.seconds


def _said(loads: Sequence[Load]) -> str:
    return " and ".join(f"{load.rate:.1f} (p99 {load.p99:.0f} ms)" for load in loads)


def _middle(loads: Sequence[Load]) -> Load:
    """Return the load of the median rate, with the medians of the times and all failures."""
    middle = sorted(loads, key=lambda load: load.rate)[len(loads) // 2]
    return replace(
        middle,
        p50=median(load.p50 for load in loads),
        p99=median(load.p99 for load in loads),
        worst=max(load.worst for load in loads),
        failed=sum(load.failed for load in loads),
    )


def _ours(site: Running, number: int, query: str) -> int:
    answer = site.get(f"/api/search?{urlencode({'q': query})}", X_Forwarded_For=_reader(number))
    return int(json.loads(answer.body)["total"])


def _reader(number: int) -> str:
    return f"10.250.{number // 250}.{number % 250}"


def _peers(peer: Peer, query: str) -> int:
    with Client(peer.port) as client:
        total = load_peer.total_of(client.get(load_peer.search_path(query)).body)
    if total is None:
        raise RuntimeError(f"{peer.base} did not search for {query}: it cannot be compared")
    return total


def _bytes(site: Running, peer: Peer, number: int, query: str) -> tuple[int, int]:
    mine = site.get(search_path(query), X_Forwarded_For=_reader(number)).body
    with Client(peer.port) as theirs:
        return len(mine), len(theirs.get(load_peer.search_path(query)).body)


def _share(totals: Sequence[tuple[int, int]], sign: int) -> float:
    signs = [(one > other) - (one < other) for one, other in totals]
    return signs.count(sign) / len(signs) if signs else 0.0
