"""Write what was measured under load: the section of docs/benchmarks.md, and its targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from benchmarks.loaded import (
    AS_IT_COMES,
    CACHED,
    DRAWN,
    FREQUENT,
    Change,
    Found,
    Loaded,
    Memory,
    Overload,
    Pair,
    Soak,
    Throughput,
    Versus,
)
from benchmarks.results import Machine, Spread
from benchmarks.tables import Target, figure, ms, table, targets_table

RATIO = 10
"""How many times as many searches a second ours answers as the peer."""
RECOVERY, OTHERS_MS, REFUSED_MS = 5.0, 1000.0, 1000.0
CACHED_MS = 5.0
GROWTH, P99_GROWTH = 1.1, 1.5


def targets(loaded: Loaded) -> Iterator[Target]:
    """Yield every target that there is a figure for."""
    if loaded.versus is not None:
        for pair in loaded.versus.pairs:
            at = f"{pair.connections} connections" if pair.connections > 1 else "1 connection"
            at = f"{pair.what}, {at}"
            yield Target(
                f"searches of {loaded.versus.name} in the time of {RATIO} of ours, {at}",
                1,
                RATIO / max(pair.ratio, 0.01),
                "",
            )
            yield Target(
                f"search, p99 against that of {loaded.versus.name}, {at}",
                1,
                pair.ours.p99 / max(pair.peer.p99, 1),
                "times",
            )
    if loaded.throughput:
        yield Target("answers that failed while counting throughput", 0, _failed(loaded), "")
    for asked in loaded.throughput:
        if asked.what == CACHED:
            yield Target(f"{asked.what}, one after the other, p50", CACHED_MS, asked.loads[0].p50)
    for change in loaded.changes:
        yield Target(f"failed requests: {change.what}", 0, change.failed, "")
    for one in loaded.overloads:
        yield Target(f"{one.what}: answers to others that failed", 0, one.others_failed, "")
        for kind, spread in one.others.items():
            yield Target(f"{one.what}: {kind}, p99", OTHERS_MS, spread.p99)
        if {"429", "503"} & set(one.statuses):
            yield Target(f"{one.what}: 429 and 503 without Retry-After", 0, one.without_retry, "")
        if one.refused_ms is not None:
            yield Target(f"{one.what}: a refusal, p50", REFUSED_MS, one.refused_ms.p50)
        if one.recovery is not None:
            yield Target(f"{one.what}: searches as usual after", RECOVERY, one.recovery, "s")
    if loaded.soak is not None:
        yield from soak_targets(loaded.soak)


def _failed(loaded: Loaded) -> int:
    return sum(load.failed for one in loaded.throughput for load in one.loads)


def soak_targets(soak: Soak) -> Iterator[Target]:
    yield Target("soak: failed requests", 0, soak.failed, "")
    for name, (first, last) in growth(soak).items():
        if first:
            yield Target(f"soak: {name}, last third against first", GROWTH, last / first, "times")
    for kind, spread in soak.last_third.items():
        if kind in soak.first_third:
            yield Target(
                f"soak: {kind}, p99, last third against first",
                P99_GROWTH,
                spread.p99 / soak.first_third[kind].p99,
                "times",
            )


def growth(soak: Soak) -> dict[str, tuple[float, float]]:
    """Return the mean of each figure over the first third after the warm-up, and over the last."""
    samples = [sample for sample in soak.samples if sample.at >= soak.seconds * 0.1]
    third = max(1, len(samples) // 3)
    parts = samples[:third], samples[-third:]
    names = {
        "memory of nginx": "nginx_mb",
        "memory of gunicorn": "gunicorn_mb",
        "memory of the watch": "watch_mb",
        "open files": "files",
        "data folder": "data_bytes",
    }
    if not samples:
        return {}
    first, last = (
        {name: sum(getattr(one, key) for one in part) / len(part) for name, key in names.items()} for part in parts
    )
    return {name: (first[name], last[name]) for name in names}


def section(loaded: Loaded) -> str:
    """Return the section of the page."""
    parts = [
        _introduction(loaded),
        targets_table(targets(loaded)),
        *([_throughput(loaded.throughput)] if loaded.throughput else []),
        *([_versus(loaded.versus)] if loaded.versus else []),
        *([_changes(loaded.changes)] if loaded.changes else []),
        *([_overloads(loaded.overloads)] if loaded.overloads else []),
        *([_soak(loaded.soak)] if loaded.soak else []),
        REPEAT,
    ]
    return "\n\n".join(parts)


def _introduction(loaded: Loaded) -> str:
    machine = loaded.machine
    about = ""
    if machine is not None:
        about = f"\n{machine.cores} cores, {machine.system}; {_versions(machine)}."
    dates = ", ".join(f"{part} {date}" for part, date in loaded.dates.items())
    return f"""## Under load

`make loadtest` and `make soak` measured this over HTTP on loopback: nginx, gunicorn and whoever asks, all on one
machine.{about}
{loaded.posts:,} posts with {loaded.comments:,} comments. Measured (UTC): {dates or "nothing yet"}.
nginx and gunicorn are set up by the shipped configuration, its limits included; as behind another proxy, every
request of wrk names a reader's address of its own, so that limits of one address stop nobody who is not meant.
Times are of the whole answer, in ms."""


def _versions(machine: Machine) -> str:
    return ", ".join(f"{name} {version}" for name, version in machine.versions.items())


def _throughput(rows: Iterable[Throughput]) -> str:
    lines = [
        (
            f"{one.what}, {load.connections}",
            f"{load.rate:,.0f}",
            ms(load.p50),
            ms(load.p99),
            ms(load.worst),
            f"{load.failed}",
            *_memory(one),
        )
        for one in rows
        for load in one.loads
    ]
    head = ("what, connections", "a second", "p50, ms", "p99", "slowest", "failed", "nginx, MB", "gunicorn, MB")
    return "### Throughput\n\n" + table(head, lines)


def _memory(one: Throughput) -> tuple[str, str]:
    if one.memory is None:
        return "", ""
    return figure(one.memory.nginx), figure(one.memory.gunicorn)


def _versus(versus: Versus) -> str:
    lines = [_pair(pair) for pair in versus.pairs]
    head = (
        "searches, connections",
        "ours, a second",
        "peer",
        "times",
        "ours, p50, ms",
        "peer",
        "ours, p99",
        "peer",
        "failed",
    )
    settings = ", ".join(f"`{name} {value}`" for name, value in versus.settings.items())
    tried = ", ".join(f"{name}: {figure(value)}" for name, value in versus.tried.items())
    rounds = versus.pairs[0].rounds if versus.pairs else 0
    return f"""### Beside {versus.name}

The same comments in a table with an FTS5 index of trigrams, served by {versus.name} with
`--immutable` and `--inspect-file`, {settings}. Searches a second at 8 connections by its number of threads:
{tried}; the best was taken. Each search was new to ours, which was started anew before each measurement (the
peer keeps no answers), and all its terms have three characters or more, as a trigram index finds nothing shorter.
*{DRAWN}*: words, pairs of words of one comment and pieces of sentences, the more
often they stand there the earlier, most of them rare; *{FREQUENT}*: the 1,000 words that most comments hold,
shuffled. The page asked for is HTML with 21 rows and the facets of month and user; *{AS_IT_COMES}*:
with its own 100 rows and its own settings (`suggest_facets off` alone), of a file that may change. Ours comes through
nginx and has the facet of tags, snippets and the hits under their posts, too. Medians of {rounds} rounds, in turns.

{table(head, lines)}

{_found(versus.found)}
Ours orders by relevance, the peer by the number of the row. A page is {versus.ours_bytes / 1000:.0f} kB with ours and
{versus.peer_bytes / 1000:.0f} kB with the peer, not compressed. Memory: ours
{versus.ours_mb:,.0f} MB in all processes, the peer
{versus.peer_mb:,.0f} MB."""


def _found(kinds: Iterable[Found]) -> str:
    """Say how many comments were found by either."""
    return "\n".join(
        f"Of {one.compared} searches of *{one.what}*, which find {one.median:,.0f} comments with the peer in the\n"
        f"median, {one.same:.0%} find as many with both, ours finds more in {one.ours_more:.0%}, the peer in\n"
        f"{one.peer_more:.0%}."
        for one in kinds
    )


def _pair(pair: Pair) -> tuple[str, ...]:
    ours, peer = pair.ours, pair.peer
    return (
        f"{pair.what}, {pair.connections}",
        figure(ours.rate),
        figure(peer.rate),
        f"{pair.ratio:.1f}",
        *(ms(value) for value in (ours.p50, peer.p50, ours.p99, peer.p99)),
        f"{ours.failed + peer.failed}",
    )


def _changes(changes: Iterable[Change]) -> str:
    lines = [
        (
            one.what,
            f"{one.times}",
            figure(one.seconds),
            f"{one.asked:,}",
            f"{one.failed}",
            _statuses(one.statuses),
            *(_share(one.spread)),
        )
        for one in changes
    ]
    head = (
        "done while it is visited",
        "times",
        "s each",
        "requests",
        "failed",
        "statuses",
        "p50, ms",
        "p99",
        "slowest",
    )
    return "### Changes under load\n\n" + table(head, lines)


def _share(spread: Spread | None) -> tuple[str, str, str]:
    return ("", "", "") if spread is None else (ms(spread.p50), ms(spread.p99), ms(spread.worst))


def _statuses(statuses: Mapping[str, int]) -> str:
    return ", ".join(f"{status if status != '0' else 'none'}: {count:,}" for status, count in statuses.items())


def _overloads(overloads: Iterable[Overload]) -> str:
    lines = [
        (
            one.what,
            f"{one.connections:,}",
            figure(one.offered),
            _statuses(one.statuses),
            "" if one.refused_ms is None else f"{ms(one.refused_ms.p50)} / {ms(one.refused_ms.p99)}",
            "; ".join(f"{kind} {ms(spread.p50)} / {ms(spread.p99)}" for kind, spread in one.others.items()),
            f"{one.others_failed} of {one.others_asked:,}",
            "" if one.recovery is None else f"{one.recovery:.1f}",
            f"{_sum(one.memory_before)} → {_sum(one.memory_peak)}",
        )
        for one in overloads
    ]
    head = (
        *("what", "connections", "asked a second", "answers by status", "refused after, p50 / p99, ms"),
        *("others meanwhile, p50 / p99, ms", "of these failed", "recovered after, s", "memory, MB"),
    )
    return "### Overload and clients that hold it up\n\n" + table(head, lines)


def _sum(memory: Memory) -> str:
    return figure(round(memory.nginx + memory.gunicorn))


def _soak(soak: Soak) -> str:
    sizes = [(name, figure(first), figure(last)) for name, (first, last) in growth(soak).items()]
    times = [
        (kind, *(_share(soak.first_third.get(kind))), *(_share(spread))) for kind, spread in soak.last_third.items()
    ]
    return f"""### Soak

{soak.seconds / 60:.0f} minutes on {soak.machine.date}: {soak.asked:,} requests ({_statuses(soak.statuses)}; 404 is what
was not there), {soak.failed} failed; {soak.updates:,} changes to the content meanwhile, one a second. Of the last ones,
{soak.sought - soak.seen} of {soak.sought} were not found by a search afterwards. The means of the first third
(after a tenth to warm up) and of the last:

{table(("", "first third", "last third"), sizes)}

{table(("what", "first third, p50, ms", "p99", "slowest", "last third, p50", "p99", "slowest"), times)}"""


REPEAT = """### To repeat it

`make loadtest` takes some ten minutes, `make soak` ten and a start (`SOAK_OPTIONS="--minutes 2"`). With
`LOAD_OPTIONS="--only changes"` a part is measured (`throughput`, `versus`, `changes`, `overload`, `slow`, or `report`,
which measures nothing) and the rest of earlier runs is kept; the figures lie in [load.json](load.json)."""
