"""Say how the site grows with its comments: the section of the report, its targets, and the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.plot import Colors
from benchmarks.processes import Ran
from benchmarks.scaled import Beside, Scale, Scaled
from benchmarks.tables import Target, figure, ms, table, targets_table

SEARCH_MS = (15, 80, 150)
MEMORY_MB, FIRST_PAGE, UPDATE, RATIO = 700, 2, 1, 2
START, START_LARGE, LARGE = 0.5, 1, 200_000
"""Seconds to the first answer, for sites up to so many comments and above."""
UPDATE_GROWTH = 1.5
"""Work for a change at the largest size, against the smallest: what differs by chance, and no more."""
STATIC = {"Hugo": "the pages", "Pagefind": "an index of these pages"}
CORPUS_SECONDS, CORPUS_MB, CORPUS_COMMENTS = 60, 1000, (100_000, 130_000)


def targets(scale: Scale) -> Iterator[Target]:
    """Yield every target that there is a figure for."""
    for site in scale.sites:
        yield from _site_targets(site)
    made = _made(scale)
    if len(made) > 1 and made[0].updates.cpu:
        ratio = made[-1].updates.cpu / made[0].updates.cpu
        yield Target(f"work for a change, {made[-1].label} against {made[0].label}", UPDATE_GROWTH, ratio, "times")


def _site_targets(site: Scaled) -> Iterator[Target]:
    label = site.label
    for share, most, value in zip(("p50", "p95", "p99"), SEARCH_MS, _shares(site), strict=True):
        yield Target(f"{label}: search with facets, asked first, {share}", most, value)
    if site.memory is not None:
        yield Target(f"{label}: memory of a serving process (Pss)", MEMORY_MB, site.memory.pss, "MB")
    if CORPUS_COMMENTS[0] <= site.comments <= CORPUS_COMMENTS[1]:
        yield Target(f"{label}: full build", CORPUS_SECONDS, site.build.seconds, "s")
        yield Target(f"{label}: full build, memory at most", CORPUS_MB, site.build.peak_mb, "MB")
    yield Target(f"{label}: first page on an empty data folder", FIRST_PAGE, site.first_page, "s")
    start = START if site.comments <= LARGE else START_LARGE
    yield Target(f"{label}: first page of a start with nothing changed", start, site.start, "s")
    yield Target(f"{label}: a changed post is found, slowest", UPDATE, site.updates.worst, "s")
    for name, beside in site.building.items():
        yield Target(f"{label}: {name} while building, against idle, p50", RATIO, beside.ratio, "times")
    for name, beside in site.beside.items():
        yield Target(f"{label}: searches while {name}, against idle, p50", RATIO, beside.ratio, "times")


def _shares(site: Scaled) -> tuple[float, float, float]:
    return site.first.p50, site.first.p95, site.first.p99


def _made(scale: Scale) -> list[Scaled]:
    """Return the sites of made content, the smallest first: only these are of one kind."""
    return sorted((site for site in scale.sites if site.label[0].isdigit()), key=lambda site: site.comments)


def section(scale: Scale) -> str:
    """Return the section of the report."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in scale.queries.items())
    return f"""## Growth

Sites of made posts (`python -m benchmarks.made`, see below), measured on {scale.machine.date} by the commands and over
HTTP on the same machine, two cores for server, builder and whoever asks (load {scale.load:g} at the start).
{sum(scale.queries.values())} queries, the same at every size: {kinds}.
*First* is the first time that a server is asked a query, *again* the second; `took_ms` is what the engine says of the
first. Memory is that of each of two workers after all queries and pages (Pss). Times are medians where nothing else
is said.

<picture>
  <source media="(prefers-color-scheme: dark)" srcset="scale-dark.svg">
  <img alt="Growth of search, memory, disk, build, update and start; the tables below have the figures"
   src="scale-light.svg">
</picture>

{targets_table(targets(scale))}

{_table(scale, SIZES)}

{_static(scale)}
{_table(scale, SEARCHES)}

{_table(scale, CHANGES)}

{_besides(scale)}

{_kinds(scale)}

{_slowest(scale)}

{ABOUT}"""


Row = tuple[str, Callable[[Scaled], str]]

SIZES: Sequence[Row] = (
    ("comments", lambda site: f"{site.comments:,}"),
    ("posts", lambda site: f"{site.posts:,}"),
    ("content, MB", lambda site: figure(site.content_bytes / 1e6)),
    ("data folder, MB", lambda site: figure(site.data_bytes / 1e6)),
    ("data folder, bytes a comment", lambda site: figure(site.data_bytes / site.comments)),
    ("full build, s", lambda site: figure(site.build.seconds)),
    ("full build, s of work", lambda site: figure(site.build.cpu)),
    ("full build, comments a second", lambda site: f"{site.comments / site.build.seconds:,.0f}"),
    ("full build, memory at most, MB", lambda site: figure(site.build.peak_mb)),
    ("first page on an empty data folder, s", lambda site: figure(site.first_page)),
    ("start with nothing changed, first page, s", lambda site: figure(site.start)),
    ("the first search after that, s", lambda site: figure(site.start_search)),
    ("memory of a worker, MB", lambda site: figure(site.memory.pss) if site.memory else ""),
    ("of that its own, MB", lambda site: figure(site.memory.private) if site.memory else ""),
)
SEARCHES: Sequence[Row] = (
    ("first, p50, ms", lambda site: ms(site.first.p50)),
    ("first, p95", lambda site: ms(site.first.p95)),
    ("first, p99", lambda site: ms(site.first.p99)),
    ("first, slowest", lambda site: ms(site.first.worst)),
    ("`took_ms`, p50", lambda site: ms(site.engine.p50)),
    ("`took_ms`, p95", lambda site: ms(site.engine.p95)),
    ("`took_ms`, p99", lambda site: ms(site.engine.p99)),
    ("again, p50", lambda site: ms(site.again.p50)),
    ("again, p95", lambda site: ms(site.again.p95)),
    ("again, p99", lambda site: ms(site.again.p99)),
)
CHANGES: Sequence[Row] = (
    ("a changed post is found after, s", lambda site: figure(site.updates.median)),
    ("slowest, s", lambda site: figure(site.updates.worst)),
    ("work of the watching process, s", lambda site: figure(site.updates.cpu)),
    ("work of the server, s", lambda site: figure(site.updates.server_cpu)),
    ("`flask index`, one post changed, s", lambda site: _ran(site.once)),
    ("`flask index`, nothing changed, s", lambda site: _ran(site.unchanged)),
)


def _ran(ran: Ran) -> str:
    return f"{figure(ran.seconds)} ({figure(ran.cpu)} of work)"


def _static(scale: Scale) -> str:
    """Return what a static site of the first size's content took, beside ours; empty where that was not measured."""
    if not scale.static:
        return ""
    ours = scale.sites[0]
    rows = [("matome: store, index and all that pages need", *_cost(ours.build))]
    rows += [(f"{name}: {STATIC.get(name, '')}", *_cost(ran)) for name, ran in scale.static.items()]
    text = table((f"the same posts ({ours.label}), from nothing", "s", "s of work", "memory at most, MB"), rows)
    about = "Hugo has plain layouts of our own, no theme; Pagefind finds posts, not comments, and no part of a word."
    return f"{text}\n\n{about}\n"


def _cost(ran: Ran) -> tuple[str, str, str]:
    return figure(ran.seconds), figure(ran.cpu), figure(ran.peak_mb)


def _table(scale: Scale, rows: Sequence[Row]) -> str:
    return table(
        ("", *(site.label for site in scale.sites)),
        [(name, *(value(site) for site in scale.sites)) for name, value in rows],
    )


def _besides(scale: Scale) -> str:
    """Write the times while something else goes on, each with that of the same questions when nothing does."""
    rows = []
    for site in scale.sites:
        parts = [
            *((f"{name}, while building", beside) for name, beside in site.building.items()),
            *((f"searches, while {name}", beside) for name, beside in site.beside.items()),
            *((f"pages, while {name}", beside) for name, beside in site.pages.items()),
        ]
        rows += [(f"{site.label}: {name}", *_beside(beside)) for name, beside in parts]
    head = ("", "asked", "idle p50, ms", "busy p50", "times", "idle p95, ms", "busy p95", "times")
    return table(head, rows)


def _beside(one: Beside) -> tuple[str, ...]:
    return (
        f"{one.asked}",
        ms(one.idle.p50),
        ms(one.busy.p50),
        f"{one.ratio:.1f}",
        ms(one.idle.p95),
        ms(one.busy.p95),
        f"{one.ratio_p95:.1f}",
    )


def _kinds(scale: Scale) -> str:
    names = sorted({name for site in scale.sites for name in site.kinds})
    none = (0.0, 0.0)
    rows = [
        (name, *(f"{ms(p50)} / {ms(p95)}" for p50, p95 in (site.kinds.get(name, none) for site in scale.sites)))
        for name in names
    ]
    return "Searches asked first, by kind, p50 / p95 in ms:\n\n" + table(
        ("kind", *(site.label for site in scale.sites)), rows
    )


def _slowest(scale: Scale) -> str:
    lines = [
        f"- {site.label}: " + ", ".join(f"`{q or ' '}` {ms(took)}" for q, took in site.slowest) for site in scale.sites
    ]
    return "The slowest of them, in ms:\n\n" + "\n".join(lines)


ABOUT = """### Made content

`python -m benchmarks.made FOLDER --comments 1000000` writes posts in Hugo's format: 80 comments a post (`--posts 30000`
makes many small ones), 64 % of them in folds, with users, colours, times and tags as often as on the site that was
counted. The texts say nothing: each word is drawn by the word before it, where that pair is frequent, or else by its
class after the class before, so that words, parts of words, pairs of characters, names, numbers and addresses occur
about as often as in real comments; what a post talks of comes back in its comments, and words too rare to be counted
are composed of two others. `benchmarks/statistics.json.xz` holds the counts (words from 10 occurrences on and pairs
from 8 on; no sentences), made by `python -m benchmarks.counting`. The same seed makes the same bytes everywhere, and
a smaller folder is the beginning of a larger one. Made texts have some 40 % more words that occur once than real ones,
so that an index of them is rather larger than of as many real comments."""


def plot(scale: Scale, path: Path, colors: Colors) -> None:
    """Draw how each figure grows with the comments, both on logarithmic scales."""
    sites = _made(scale)
    curves: list[tuple[str, dict[str, list[float]]]] = [
        (
            "search asked first, ms",
            {share: [getattr(site.first, share) for site in sites] for share in ("p50", "p95", "p99")},
        ),
        ("memory of a worker, MB", {"": [site.memory.pss if site.memory else 0 for site in sites]}),
        ("data folder, MB", {"": [site.data_bytes / 1e6 for site in sites]}),
        ("full build, s", {"": [site.build.seconds for site in sites]}),
        ("change of a post, s", {"found": [s.updates.median for s in sites], "work": [s.updates.cpu for s in sites]}),
        ("start, s", {"page": [site.start for site in sites]}),
    ]
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "matome"}):
        figure = Figure(figsize=(9, 5.6), layout="constrained")
        for place, (title, lines) in enumerate(curves, 1):
            _curve(figure.add_subplot(2, 3, place), title, lines, sites, colors)
        figure.patch.set_alpha(0)
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": "Growth with the comments of the site"})


def _curve(axes: Axes, title: str, lines: dict[str, list[float]], sites: Sequence[Scaled], colors: Colors) -> None:
    comments = [site.comments for site in sites]
    for number, (name, values) in enumerate(lines.items()):
        axes.plot(comments, values, "o-", color=colors.ours if number == 0 else colors.others, linewidth=2)
        axes.annotate(f" {name}", (comments[-1], values[-1]), color=colors.text, fontsize=8, verticalalignment="center")
    axes.set_title(title, color=colors.text, fontsize=10)
    axes.set_xscale("log")
    axes.set_yscale("log")
    lowest = min(min(values) for values in lines.values())
    highest = max(max(values) for values in lines.values())
    axes.set_ylim(max(lowest, 0.001) / 2, max(highest, 0.002) * 2)
    axes.set_xlim(min(comments) / 1.5, max(comments) * 3)
    axes.set_xticks(comments, [site.label for site in sites])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(colors=colors.text, which="both", length=0, labelsize=8)
    axes.grid(color=colors.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.patch.set_alpha(0)
