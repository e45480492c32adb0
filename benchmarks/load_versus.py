"""Ask the site and Datasette for the same new searches, rare and frequent ones, in turns.

The peer answers with pages like ours as far as it can, and, for comparison, with those that it has by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from benchmarks.loaded import AS_IT_COMES, DRAWN, FREQUENT, Found, Pair, Versus
from tests.deploy.running import Running

CONNECTIONS: Final = (1, 8, 16, 64)
THREADS: Final = ("1", "2", "3")
ROUNDS: Final = 2
COMPARED: Final = 60
FASTEST: Final = 300
"""Searches a second that ours may answer before a list of them is at its end."""


@dataclass(frozen=True, slots=True)
class Contest:
    """What both are asked: the searches, the addresses for each in a file, and how the peer is set."""

    what: str
    queries: list[str]
    mine: Path
    theirs: Path
    settings: dict[str, str]

    def seconds(self, most: float) -> float:
        """Return for how long ours may be asked with none asked twice."""
        return min(most, float(len(self.queries) // FASTEST))


def measure(run: Run) -> None:
    """Measure the pairs; the peer is asked with the number of threads that serves it best, and as it comes, too."""
    database = load_peer.build(run.place.database(), run.folder / "comments.db")
    alike = [
        _contest(run, DRAWN, run.paths.searches, load_peer.SETTINGS),
        _contest(run, FREQUENT, run.paths.frequent, load_peer.SETTINGS),
    ]
    tried: dict[str, float] = {}
    for threads in THREADS:
        with load_peer.serve(database, load_peer.SETTINGS | {"num_sql_threads": threads}) as peer:
            rates = [_ask_peer(peer, contest, 8, run.seconds / 2).rate for contest in alike]
            tried[threads] = round(sum(rates) / len(rates), 1)
    settings = load_peer.SETTINGS | {"num_sql_threads": max(tried, key=lambda name: tried[name])}
    with load_peer.serve(database, settings) as peer, run.serve() as site:
        # Before anything is compared: both do search.
        found = [_found(site, peer, contest.what, contest.queries[-COMPARED:]) for contest in alike]
        pages = [_bytes(site, peer, n, query) for n, query in enumerate(run.paths.searches[-20:])]
    pairs, ours_mb, peer_mb = [], 0.0, 0.0
    contests = [replace(contest, settings=settings) for contest in alike]
    contests.append(_contest(run, AS_IT_COMES, run.paths.frequent, load_peer.AS_IT_COMES, rows=None))
    for contest in contests:
        with load_peer.serve(database, contest.settings) as peer:
            _ask_peer(peer, contest, 4, 2)
            for connections in CONNECTIONS:
                run.say(f"versus: {contest.what}, {connections} connections")
                pair, memory = _pair(run, peer, contest, connections)
                pairs.append(pair)
                ours_mb = max(ours_mb, memory)
            peer_mb = max(peer_mb, peer.memory_mb)
    run.loaded.versus = Versus(
        name="Datasette",
        settings=settings,
        tried={f"{threads} thread{'s' if threads != '1' else ''}": rate for threads, rate in tried.items()},
        pairs=pairs,
        ours_mb=ours_mb,
        peer_mb=peer_mb,
        found=found,
        ours_bytes=round(median(ours for ours, _ in pages)),
        peer_bytes=round(median(theirs_ for _, theirs_ in pages)),
    )


def _contest(
    run: Run, what: str, queries: list[str], settings: dict[str, str], rows: int | None = load_peer.ROWS
) -> Contest:
    name = f"{len(list(run.folder.glob('versus*')))}"
    mine = write(map(search_path, queries), run.folder / f"versus{name}-ours.txt")
    theirs = (load_peer.search_path(query, rows) for query in queries)
    return Contest(what, queries, mine, write(theirs, run.folder / f"versus{name}-peer.txt"), settings)


def _pair(run: Run, peer: Peer, contest: Contest, connections: int) -> tuple[Pair, float]:
    """Measure in turns, ours started anew each time: whatever is asked is new to it. Returns ours in megabytes, too."""
    ours, others = [], []
    memory = 0.0
    for _ in range(ROUNDS):
        with run.serve() as site:
            seconds = contest.seconds(run.seconds)
            ours.append(run.wrk(site, contest.mine, connections, seconds=seconds, statuses=True))
            if ours[-1].repeated:
                raise RuntimeError(f"{contest.what}: there are too few searches to ask each once for {seconds:.0f} s")
            held = memory_of(site)
            memory = max(memory, held.gunicorn + held.nginx)
        others.append(_ask_peer(peer, contest, connections, run.seconds))
    ratios = [one.rate / _least(other) for one, other in zip(ours, others, strict=True)]
    run.say(f"versus: {_said(ours)} a second, the peer {_said(others)}")
    pair = Pair(contest.what, connections, ROUNDS, _middle(ours), _middle(others), [round(one, 2) for one in ratios])
    return pair, memory


def _ask_peer(peer: Peer, contest: Contest, connections: int, seconds: float) -> Load:
    """Ask the peer, which keeps no answers, for long enough that each connection is answered once."""
    return wrk(peer.base, contest.theirs, connections, max(seconds, connections / 5), statuses=True)


def _found(site: Running, peer: Peer, what: str, queries: Sequence[str]) -> Found:
    totals = [(_ours(site, number, query), _peers(peer, query)) for number, query in enumerate(queries)]
    signs = [(one > other) - (one < other) for one, other in totals]
    same, more, less = (signs.count(sign) / max(1, len(signs)) for sign in (0, 1, -1))
    return Found(what, len(totals), median(other for _, other in totals), same, more, less)


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
