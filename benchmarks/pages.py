"""Read pages as a reader on a phone does, in a browser slowed down: first visits, folds, long scrolls, returns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.browsing import DESKTOP, PHONE, Visitor, again, visitor
from benchmarks.texts import connect
from benchmarks.visits import Act, Browsing, Observed, Weight

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SEED = "posts/2025_04/2025_04_05_the_llama_4_herd"
HOME, POST, LONGEST, RESULTS = "home", "post", "longest post", "results"
SLOW_DOWN = 4
SCROLL_SPEED = 8000
"""CSS pixels a second: a quick drag of a thumb."""
FIRST, LOADED_MORE, FOLDS, FOLDS_LATE, RETURNED, DARK, SCROLLED, SCROLLED_OPEN = (
    "first visit",
    "load more",
    "every fold opened",
    "every fold opened, slow network",
    "come back with folds open",
    "first visit, dark chosen before",
    "scrolled to the end",
    "scrolled to the end, every fold open",
)
CLOSED = ".fold:not([open]) > summary"
MORE = ".more"
THEME = {"matome-theme": "dark"}
MOST_FOLDS = 30


class Pace(NamedTuple):
    """How often pages are first visited, how often the other things are done, and how far the processor is slowed."""

    visits: int = 7
    times: int = 3
    slow_down: float = 4


QUICK = Pace(1, 1, 1)


class Subjects(NamedTuple):
    """The addresses measured: the list of posts, a usual post, the one of most comments, and results."""

    home: str
    post: str
    longest: str
    results: str

    def named(self) -> dict[str, str]:
        """Return every address by the name it has in the report."""
        return {HOME: self.home, POST: self.post, LONGEST: self.longest, RESULTS: self.results}


def subjects(database: Path) -> Subjects:
    """Choose posts: the seed where it is among them, else the one of most characters with a fold."""
    order = "ORDER BY comment_count DESC, characters DESC LIMIT 1"
    with closing(connect(database)) as connection:
        longest = connection.execute(f"SELECT url FROM posts {order}").fetchone()
        post = (
            connection.execute("SELECT url FROM posts WHERE path = ?", (SEED,)).fetchone()
            or connection.execute(f"SELECT url FROM posts WHERE id IN (SELECT post_id FROM folds) {order}").fetchone()
        )
    if longest is None or post is None:
        raise RuntimeError("there is no post with a fold to read")
    return Subjects("/", post[0], longest[0], "/search?q=AI")


def measure_browsing(browser: Browser, base: str, chosen: Subjects, pace: Pace) -> Browsing:
    """Visit everything."""
    weights = {name: _weigh(browser, base, path) for name, path in chosen.named().items()}
    acts = [_act(browser, base, row, pace) for row in script(chosen)]
    returns = {name: again(browser, base, path) for name, path in chosen.named().items()}
    return Browsing(
        browser=f"Chromium {browser.version}",
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        screen=str(PHONE),
        slow_down=pace.slow_down,
        load=round(os.getloadavg()[0], 1),
        longest=chosen.longest,
        weights=weights,
        acts=acts,
        again=returns,
    )


class Row(NamedTuple):
    """What is done on a page: after `before`, which is not looked at; `stored` is in the browser beforehand."""

    page: str
    what: str
    path: str
    do: Callable[[Visitor], None] | None = None
    before: Callable[[Visitor], None] | None = None
    stored: dict[str, str] | None = None


def script(chosen: Subjects) -> Iterator[Row]:
    """Yield everything that is done."""
    for name, path in chosen.named().items():
        yield Row(name, FIRST, path)
    yield Row(HOME, DARK, chosen.home, stored=THEME)
    yield Row(HOME, LOADED_MORE, chosen.home, load_more)
    yield Row(POST, DARK, chosen.post, stored=THEME)
    yield Row(POST, FOLDS, chosen.post, open_folds)
    yield Row(POST, FOLDS_LATE, chosen.post, open_folds, before=Visitor.delay)
    yield Row(POST, RETURNED, chosen.post, come_back, before=open_folds)
    yield Row(POST, SCROLLED_OPEN, chosen.post, scroll_to_end, before=open_folds)
    yield Row(LONGEST, SCROLLED, chosen.longest, scroll_to_end)


def _act(browser: Browser, base: str, row: Row, pace: Pace) -> Act:
    seen = []
    for _ in range(pace.times if row.do else pace.visits):
        with visitor(browser, base, slow_down=pace.slow_down, stored=row.stored) as reader:
            seen.append(see(reader, row))
    return Act.of(row.page, row.what, seen)


def see(reader: Visitor, row: Row) -> Observed:
    """Do a row, and return what the page did meanwhile: from its first byte on, or since what was done before."""
    reader.open(row.path)
    if row.do is None:
        return reader.observed()
    if row.before is not None:
        row.before(reader)
    reader.observed()
    row.do(reader)
    return reader.observed()


def open_folds(reader: Visitor) -> None:
    """Open every fold, one after the other, by its own line."""
    for _ in range(MOST_FOLDS):
        summary = reader.page.locator(CLOSED).first
        if not summary.count():
            return
        reader.tap(summary)
    raise RuntimeError("folds do not stay open")


def load_more(reader: Visitor) -> None:
    """Go down to the end of a list and ask for more, where a list has more."""
    more = reader.page.locator(MORE).first
    if more.count():
        reader.tap(more)


def come_back(reader: Visitor) -> None:
    """Load the page again in the same tab, as coming back to it does."""
    reader.open(reader.page.url)


def scroll_to_end(reader: Visitor) -> None:
    """Drag the page from its top to its end."""
    reader.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    reader.rest()
    reader.observed()
    height: int = reader.page.evaluate("document.documentElement.scrollHeight")
    reader.scroll(height, SCROLL_SPEED)
    reader.rest()


def _weigh(browser: Browser, base: str, path: str) -> Weight:
    """Weigh a first visit on the screen that fetches more: what is below the first screen depends on it."""
    weights = []
    for screen in (PHONE, DESKTOP):
        with visitor(browser, base, screen) as reader:
            reader.open(path)
            weights.append(reader.weight())
    return max(weights, key=lambda weight: weight.requests)
