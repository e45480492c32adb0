"""Write what was measured: tables in Markdown with the picture, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import budget, growth, load_report, ours
from benchmarks.loaded import Loaded
from benchmarks.plot import THEMES, plot
from benchmarks.results import Contender, Results, Spread
from benchmarks.rivals import FullTextWords
from benchmarks.scaled import Scale, write_scale
from benchmarks.tables import Target, ms, table, targets_table

BYTES_A_CHARACTER = 12
MEMORY_MB = 300
BUILD_RATIO = 1.3
FRAGMENT_MS = 12
COLD_MS = (6, 25, 40)


def targets(results: Results) -> Iterator[Target]:
    """Yield every target that this run has a figure for."""
    for name, factor in ((ours.COLD, 1.0), (ours.WARM, 0.5)):
        spread = results.ours[name]
        caches = name.split(", ")[1]
        for share, most, value in zip(
            ("p50", "p95", "p99"), COLD_MS, (spread.p50, spread.p95, spread.p99), strict=True
        ):
            yield Target(f"`/api/search`, {caches} caches, {share}", most * factor, value)
    for name in (ours.FRAGMENT_COLD, ours.FRAGMENT_WARM):
        yield Target(f"`/search` as a fragment, {name.split(', ')[1]} caches, p50", FRAGMENT_MS, results.ours[name].p50)
    rival = next((row.spread for row in results.contenders if row.name == FullTextWords.name), None)
    if rival is not None:
        for name in (ours.BEST_COLD, ours.BEST_WARM):
            what = f"the 20 best, {name.split(', ')[1]} caches, p50, against FTS5 on the same words"
            yield Target(what, rival.p50, results.ours[name].p50)
    yield Target(
        "index, bytes a character of text", BYTES_A_CHARACTER, results.size.index / results.characters, unit="bytes"
    )
    if results.memory is not None:
        yield Target("memory of a serving process (Pss)", MEMORY_MB, results.memory.pss, unit="MB")
    if results.before_seconds is not None:
        ratio = results.build.seconds / results.before_seconds
        yield Target("time to build, against the run before", BUILD_RATIO, ratio, unit="times")


def write(results: Results, folder: Path, scale: Scale | None = None, loaded: Loaded | None = None) -> Path:
    """Write benchmarks.md, what was measured as JSON, and the pictures into a folder; return the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme, colors in THEMES.items():
        plot(results.contenders, folder / f"benchmarks-{theme}.svg", colors)
        if scale is not None:
            growth.plot(scale, folder / f"scale-{theme}.svg", colors)
    if scale is not None:
        write_scale(scale, folder)
    data = json.dumps(asdict(results), indent=1, ensure_ascii=False)
    (folder / "benchmarks.json").write_text(data + "\n", encoding="utf-8")
    path = folder / "benchmarks.md"
    path.write_text(render(results, scale, loaded), encoding="utf-8")
    return path


def render(results: Results, scale: Scale | None = None, loaded: Loaded | None = None) -> str:
    """Return the page."""
    sections = [
        _introduction(results),
        "## Targets\n\n" + targets_table(targets(results)),
        budget.section(results),
        _search(results),
        *([growth.section(scale)] if scale is not None else []),
        *([load_report.section(loaded)] if loaded is not None else []),
        _contest(results),
        _index(results),
    ]
    return "\n\n".join(sections) + "\n"


def _introduction(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    kinds = ", ".join(f"{count} {kind}" for kind, count in results.queries.items())
    return f"""# Benchmarks

`make bench` wrote this page on {machine.date}: {machine.cores} cores, {machine.system}; {versions}.
{results.posts:,} posts with {results.comments:,} comments and {results.characters:,} characters of text.

{sum(results.queries.values())} different queries: {kinds}. The given ones are a list; the others are drawn from the
texts themselves, with a fixed seed. {_rounds(results.rounds)} Our requests came first, by themselves; then all engines
were asked in turn, query by query, in the same run: other work on the machine hits all alike, so that ratios hold
better than times. Times are of the server alone, in process, without a network. *Cold* means that the process is warm
and that what it remembers of queries is emptied before every request; *warm* that all queries were asked before."""


def _rounds(rounds: int) -> str:
    if rounds == 1:
        return "Every query was asked once."
    return f"Every query was asked {rounds} times (Fuse.js: once), and its median counts."


def _search(results: Results) -> str:
    rows = [(name, *_spread(results.ours[name])) for name in ours.REQUESTS]
    return (
        "## Search\n\n"
        "JSON is `/api/search` with facets and the snippets of a page of hits, `took_ms` what it says itself of the"
        " engine; fragment is `/search` as htmx asks for it while one types.\n\n"
        + table(("request", "p50, ms", "p95", "p99", "slowest"), rows)
    )


def _contest(results: Results) -> str:
    pictures = (
        "<picture>\n"
        '  <source media="(prefers-color-scheme: dark)" srcset="benchmarks-dark.svg">\n'
        '  <img alt="Median and 95th percentile of every engine; the table below has the figures"'
        ' src="benchmarks-light.svg">\n'
        "</picture>"
    )
    rows = (_contender(row, results.characters) for row in results.contenders)
    head = (
        "engine",
        "p50, ms",
        "p95",
        "p99",
        "slowest",
        "answers",
        "complete",
        "recall",
        "built in",
        "bytes a character",
    )
    notes = "\n".join(f"- {row.name}: {row.note}." for row in results.contenders)
    return f"""## Side by side

{pictures}

{table(head, rows)}

*Answers* is how many of the queries with words an engine can be asked at all (times are of these). *Complete* is the
share of the Japanese queries for which it finds every comment that holds the characters, *recall* the mean share of
these comments; what it cannot be asked it does not find. Filters are left out for all but matome.
For the engines of words, cutting all texts into words took {results.word_seconds:.0f} s more, once for all. The
others were built two at a time; matome's time is that of the whole site, pages and all.

{notes}"""


def _index(results: Results) -> str:
    size, build, memory = results.size, results.build, results.memory
    rows = [
        *((f"`{name}`", f"{_mb(value)} MB", _per(value, results)) for name, value in sorted(size.tables.items())),
        ("Whoosh's folder", f"{_mb(size.words)} MB", _per(size.words, results)),
        ("the search index in all", f"{_mb(size.index)} MB", _per(size.index, results)),
        ("the data folder in all", f"{_mb(size.folder)} MB", _per(size.folder, results)),
    ]
    lines = [
        f"Built in {build.seconds:.0f} s ({build.comments / build.seconds:,.0f} comments a second), with at most "
        f"{build.own_mb:,.0f} MB of memory here and {build.helper_mb:,.0f} MB in the helper. "
        f"A start with nothing changed looks for {build.unchanged_ms:,.0f} ms."
    ]
    if memory is not None:
        lines.append(
            f"Each of a server's two workers holds {memory.pss:.0f} MB after all queries (Pss: its share of mapped "
            "files included), "
            f"{memory.private:.0f} MB of it alone, {memory.dirty:.0f} MB of these written by it."
        )
    return "## Index\n\n" + table(("what", "size", "bytes a character"), rows) + "\n\n" + "\n\n".join(lines)


def _contender(row: Contender, characters: int) -> tuple[str, ...]:
    return (
        f"**{row.name}**" if row.is_ours else row.name,
        *(_spread(row.spread) if row.spread is not None else ("", "", "", "")),
        f"{row.answered} of {row.asked}",
        _share(row.complete),
        _share(row.recall),
        "" if row.build_seconds is None else f"{row.build_seconds:,.0f} s",
        "" if row.index_bytes is None else f"{row.index_bytes / characters:.1f}",
    )


def _spread(spread: Spread) -> tuple[str, ...]:
    return tuple(map(ms, (spread.p50, spread.p95, spread.p99, spread.worst)))


def _share(value: float | None) -> str:
    """Write a share without rounding it up to all."""
    return "" if value is None else "100 %" if value == 1 else f"{min(value * 100, 99.9):.1f} %"


def _mb(value: int) -> str:
    return f"{value / 1e6:.1f}"


def _per(value: int, results: Results) -> str:
    return f"{value / results.characters:.2f}"
