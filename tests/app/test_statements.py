"""Hold the number of SQL statements of a page: at most ten, whatever it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from matome_app.search.snapshot import LeafCache
from tests.app.sites import HTMX, Site, fold, post_text, quote

MOST = 10
ASKED_OF_THE_INDEX = 6
"""What a post opened from a search may run besides: the index is asked what it finds, what to mark, what is related."""
PAGES = {
    "post": "/posts/p00/",
    "fold": "/posts/p00/details/1",
    "post from a search": "/posts/p00/?q=灯台",
    "fold from a search": "/posts/p00/details/1?q=灯台",
    "search of a thread": "/posts/p00/?q=灯台&view=thread",
    "home": "/",
    "list": "/posts/?tag=共通&tag=特別0&month=2024/03&user=user1&color=any&after=2024-01-01",
    "list of nothing": "/posts/?tag=共通&tag=ない&month=2024/03&user=user1&color=any&after=2024-01-01",
    "most discussed": "/posts/?order=discussed&page=1&from=1",
    "tag": "/tags/共通/",
    "tags": "/tags/",
    "tags by name": "/tags/?name=特別",
    "month": "/months/2024/03/",
    "archive": "/months/?tag=共通&user=user1",
    "users": "/users/",
    "user": "/users/user1/",
    "search": "/search",
    "search of words": "/search?q=灯台",
    "search with filters": "/search?q=灯台&tag=共通&user=user1&user=user2&month=2024/03&color=any&scope=post",
    "search of nothing": "/search?q=灯台 ない言葉",
    "feed": "/index.xml",
    "feed of a tag": "/tags/共通/index.atom",
    "feed of all tags": "/tags/index.xml",
    "sitemap": "/sitemap.xml",
    "posts as JSON": "/api/posts",
    "post as JSON": "/api/posts/p00",
    "search as JSON": "/api/search?q=灯台",
    "not found": "/posts/nothing/",
}


def write_site(site: Site, posts: int, comments: int) -> None:
    """Write posts with so many comments each, half of them in folds."""
    for n in range(posts):
        said = [quote(f"{n}の{m} 灯台の話", f"user{m}", color="#45d325" if m % 2 else "") for m in range(comments)]
        half = comments // 2
        body = [*said[:half], fold("一", *said[half : half + half // 2]), fold("二", *said[half + half // 2 :])]
        text = post_text(f"灯台 {n}", *body, date=f"2024-03-{n + 1:02d}", tags=["共通", f"特別{n}"], months=["2024/03"])
        site.write(f"posts/p{n:02d}.md", text)


@contextmanager
def statements(site: Site, client: FlaskClient) -> Iterator[list[str]]:
    """Collect the statements that run on the store of a client's app."""
    runtime = site.apps[-1].extensions["matome"]
    ran: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        ran.append(statement)

    database = runtime.reader().store.engine
    event.listen(database, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(database, "before_cursor_execute", note)


def forget(site: Site) -> None:
    """Empty what the search of the last app remembers."""
    for snapshot in site.apps[-1].extensions["matome"].reader().engine._snapshots:
        snapshot.cache = LeafCache()


def count(site: Site, client: FlaskClient, headers: dict[str, str]) -> dict[str, int]:
    """Return the number of statements of every page."""
    numbers = {}
    for name, url in PAGES.items():
        client.get(url, headers=headers)  # what an app reads once a generation does not count
        forget(site)  # but a search asked again does
        with statements(site, client) as ran:
            assert client.get(url, headers=headers).status_code == (404 if name == "not found" else 200), name
        numbers[name] = len(ran)
    return numbers


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_a_page_makes_at_most_ten_statements_whatever_the_data(
    tmp_path_factory: pytest.TempPathFactory, headers: dict[str, str]
) -> None:
    counts = []
    for posts, comments in ((3, 5), (20, 60)):
        site = Site(tmp_path_factory.mktemp("statements"))
        write_site(site, posts, comments)
        counts.append(count(site, site.indexed(), headers))
        site.close()
    few, many = counts
    most = {name: MOST + ASKED_OF_THE_INDEX * ("from a search" in name or "of a thread" in name) for name in PAGES}
    assert {name: number for name, number in many.items() if number > most[name]} == {}
    assert {name: number for name, number in many.items() if number > few[name] + 1} == {}
    assert all(number > 0 for number in many.values())
