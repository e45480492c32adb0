"""Judge pages by their budget, and describe them: weight, time until they are there, movement, and long tasks."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.results import Results
from benchmarks.tables import Target, ms, table, targets_table
from benchmarks.visits import KINDS, OWN_SCRIPT, Act, Browsing, Bytes, Weight

CODE_KB = 60
OWN_SCRIPT_KB = 6
REQUESTS = 8
PAINT_MS = 500
TASK_MS = 50
FIRST = "first visit"
PAGES = ("home", "post")
"""Those whose weight and largest paint have a limit."""


def targets(browsing: Browsing) -> Iterator[Target]:
    """Yield every limit and what was measured."""
    for page in PAGES:
        yield from weight_targets(page, browsing.weights[page])
    hosts = {host for weight in browsing.weights.values() for host in weight.hosts}
    yield Target("every page, other hosts asked", 0, len(hosts), "")
    for act in browsing.acts:
        if act.what == FIRST and act.page in PAGES:
            yield Target(f"{act.page}, largest paint", PAINT_MS, act.paint)
    yield Target("every page and everything done there, layout shift", 0, max(act.shift for act in browsing.acts), "")
    for act in browsing.acts:
        yield Target(f"{act.page}, {act.what}, longest task", TASK_MS, act.task)
    files = [row for rows in browsing.again.values() for row in rows if row[0].startswith("/static/")]
    yield Target("every page, second visit, static files transferred", 0, len(files), "")
    unchanged = [rows for rows in browsing.again.values() if [status for _, status, _ in rows] != [304]]
    yield Target("pages that do not answer a second visit by 304 alone", 0, len(unchanged), "")


def weight_targets(page: str, weight: Weight) -> Iterator[Target]:
    """Yield the limits of what a first visit fetches."""
    own = weight.kinds.get(OWN_SCRIPT, Bytes())
    yield Target(f"{page}, HTML, CSS and JavaScript", CODE_KB, weight.code.sent / 1000, "kB")
    yield Target(f"{page}, own JavaScript", OWN_SCRIPT_KB, own.sent / 1000, "kB")
    yield Target(f"{page}, requests", REQUESTS, weight.requests, "")


def section(results: Results) -> str:
    """Return what the report says of pages."""
    parts = ["## Pages"]
    if results.browsing is None:
        parts.append(f"Not looked at in a browser: {results.missing or 'this run left it out'}.")
    else:
        parts += _browsing(results.browsing)
    parts.append(
        "What the server needs for a page, in process, asked again and again (the median), and how much of that the"
        " processor works:"
    )
    rows = ((name, ms(time.median), ms(time.computing)) for name, time in results.pages.items())
    parts.append(table(("page", "ms", "computing, ms"), rows))
    return "\n\n".join(parts)


def _browsing(browsing: Browsing) -> Iterator[str]:
    yield (
        f"Read on {browsing.date} in {browsing.browser} with an empty cache, on a {browsing.screen} device pixels each,"
        f" its processor slowed down {browsing.slow_down:g} times, the server on the same machine (load"
        f" {browsing.load:g}). Weight is that of a first visit, packed as nginx in `deploy/` does it; kB are 1,000"
        " bytes. Times are medians of several visits, of each visit's longest task; a task is noted from 50 ms on, so"
        " that 0 says there was none."
    )
    yield targets_table(targets(browsing))
    yield table(("sent, kB", "requests", "code", *KINDS), _weights(browsing, packed=True))
    yield table(("as it is, kB", "requests", "code", *KINDS), _weights(browsing, packed=False))
    yield (
        "Each count of requests is that of the screen that asks for more, the phone or one of 1,440 × 900, icon"
        f" included. The longest post is `{browsing.longest}`."
    )
    head = (
        "page",
        "done",
        "layout shift",
        "after clicks",
        "longest task",
        "worst",
        "largest paint",
        "worst",
        "frames, p99",
        "worst",
    )
    yield table(head, map(_act, browsing.acts))
    yield (
        "*Layout shift* is what browsers add up as such: what moves by itself. *After clicks* is what moves within half"
        " a second of a click, which they leave out, as a fold that opens moves what is below it; on a slow network the"
        " answers came 0.8 s late. *Frames* are the times between two, 16.7 ms at best; the page is dragged at 8,000"
        " pixels a second."
    )


def _weights(browsing: Browsing, *, packed: bool) -> Iterator[tuple[str, ...]]:
    def kb(size: Bytes) -> str:
        return f"{(size.sent if packed else size.raw) / 1000:.1f}"

    for name, weight in browsing.weights.items():
        kinds = (kb(weight.kinds[kind]) if kind in weight.kinds else "" for kind in KINDS)
        yield name, str(weight.requests), kb(weight.code), *kinds


def _act(act: Act) -> tuple[str, ...]:
    has_frames, is_first = act.frame > 0, act.paint > 0 and act.what.startswith(FIRST)
    return (
        act.page,
        act.what,
        f"{act.shift:g}",
        f"{act.asked:g}",
        f"{act.task:g}",
        f"{act.worst_task:g}",
        *((f"{act.paint:g}", f"{act.worst_paint:g}") if is_first else ("", "")),
        *((f"{act.frame:g}", f"{act.worst_frame:g}") if has_frames else ("", "")),
    )
