"""Kill builders and servers with signal 9 at twenty moments; `make torture` does the same two hundred times."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.app.sites import Site
from tests.faults import whole
from tests.faults.killing import Harness
from tests.faults.made_content import Author, write_content
from tests.faults.moments import Action, plan

SEED = 6
KILLS: dict[Action, int] = {"first": 4, "update": 4, "rebuild": 4, "merge": 2, "serve": 2, "watch": 2, "gunicorn": 2}
COMPARE_EVERY = 5


def test_twenty_kills_leave_a_site_that_is_whole_and_become_what_a_fresh_build_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_content(tmp_path / "content", SEED, threads=50, notes=160)
    said: list[str] = []
    harness = Harness(tmp_path, SEED, said.append)
    harness.prepare()
    kills = plan(SEED, KILLS)
    for kill in kills:
        harness.round(kill, compare=kill.number % COMPARE_EVERY == 0 or kill.number == len(kills))
    left = harness.finish()
    assert [line for line, outcome in zip(said[1:], harness.outcomes, strict=True) if outcome.faults] == []
    assert left == []
    struck = [outcome.struck for outcome in harness.outcomes]
    assert sum(one != "ended by itself" for one in struck) >= len(kills) - 2, struck


@pytest.fixture
def built(tmp_path: Path) -> Site:
    """Give a small site that is built."""
    site = Site(tmp_path)
    write_content(site.content, SEED, threads=12, notes=3)
    site.index()
    return site


def change_store(site: Site, statement: str) -> None:
    """Do something to the store behind everybody's back."""
    with whole.opened(site.data) as reader:
        assert reader is not None
        with reader.store.engine.begin() as connection:
            connection.exec_driver_sql(statement)


def test_a_whole_site_has_no_faults(built: Site) -> None:
    assert whole.faults_of_state(built.data) == []
    assert whole.faults_of_pages(built.client(), random.Random(SEED)) == []
    built.close()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "DELETE FROM comments WHERE key = (SELECT max(key) FROM comments)",
            "a search finds 1 comments that no page has",
        ),
        ("DELETE FROM search_comments WHERE key = (SELECT max(key) FROM search_comments)", "1 comments are on pages"),
        ("UPDATE users SET comments = comments + 1", "users are not counted right"),
        ("UPDATE terms SET posts = posts + 1 WHERE id = (SELECT min(id) FROM terms)", "tags or months"),
        (
            "UPDATE posts SET comment_count = 77 WHERE id = (SELECT min(id) FROM posts)",
            "posts do not have the comments",
        ),
    ],
)
def test_a_site_that_is_not_whole_is_told_from_one_that_is(built: Site, statement: str, fault: str) -> None:
    (next(built.data.glob("g*")) / "columns.npz").unlink(missing_ok=True)  # what the index remembers of its own
    change_store(built, statement)
    assert fault in "; ".join(whole.faults_of_state(built.data))


def test_a_state_that_differs_from_a_fresh_build_is_told_where(built: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other", {"CONTENT_DIR": str(built.content)})
    other.index()
    queries = ["灯台", "compiler OR database", '"is fine"']
    want = whole.content_of(other.data, queries)
    assert whole.differences(whole.content_of(built.data, queries), want) == []
    change_store(built, "UPDATE comments SET user = 'nobody' WHERE key = (SELECT min(key) FROM comments)")
    assert any("nobody" in line for line in whole.differences(whole.content_of(built.data, queries), want))


def test_every_change_of_the_author_leaves_a_word_that_is_found_or_not(built: Site, tmp_path: Path) -> None:
    author = Author(built.content, tmp_path / "scratch", random.Random(SEED))
    said = [author.change() for _ in range(25)]
    built.index()
    assert {line.split()[0] for line in said} >= {"edit", "add", "remove", "rename", "draft"}, said
    client = built.client()
    for word, wanted in [*((word, 1) for word in author.live_words()), *((word, 0) for word in author.gone_words())]:
        assert client.get(f"/api/search?q={word}").get_json()["total"] == wanted, word
    built.close()
