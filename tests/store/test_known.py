"""Hold what can be asked about content files and their posts, one by one and all at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from matome_app.store.known import (
    Known,
    Stored,
    due_sources,
    duplicate_sources,
    linking_sources,
    next_due,
    source_count,
    sources_below,
    stored_sources,
    stored_stamps,
)
from matome_app.store.models import Base, Source
from matome_app.store.session import Store, sqlite_url

ONE = datetime(2024, 3, 1)
TWO = datetime(2024, 3, 2)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Give a store that knows five files."""
    store = Store(sqlite_url(tmp_path / "store.sqlite3"), "create")
    Base.metadata.create_all(store.engine)
    with store.sessions() as opened:
        for path, state, due, links in (
            ("posts/a.md", "live", None, ""),
            ("posts/a/b.md", "live", TWO, "posts/x\nposts/y"),
            ("posts/a/b/index.md", "future", ONE, ""),
            ("posts/a0.md", "duplicate", None, ""),
            ("posts/ab.md", "draft", None, ""),
        ):
            row = Source(path=path, size=1, mtime_ns=2, ctime_ns=3, hash="h", state=state, due_at=due, links=links)
            opened.add(row)
        opened.commit()
        yield opened
    store.close()


def test_a_folder_holds_what_lies_below_it_and_not_what_begins_alike(session: Session) -> None:
    assert sources_below(session, "posts/a") == ["posts/a/b.md", "posts/a/b/index.md"]
    assert sources_below(session, "posts/a.md") == []
    assert len(sources_below(session, "posts")) == source_count(session) == 5


def test_time_is_asked_for_by_what_is_due(session: Session) -> None:
    assert due_sources(session, ONE) == ["posts/a/b/index.md"]
    assert sorted(due_sources(session, TWO)) == ["posts/a/b.md", "posts/a/b/index.md"]
    assert next_due(session, datetime(2024, 1, 1)) == ONE
    assert next_due(session, ONE) == TWO
    assert next_due(session, TWO) is None


def test_stamps_are_those_of_the_files(session: Session) -> None:
    assert stored_stamps(session, ["posts/a.md", "posts/missing.md"]) == {"posts/a.md": (1, 2, 3)}
    assert stored_stamps(session) == {path: row.stamp for path, row in stored_sources(session).items()}
    many = [f"posts/{n}.md" for n in range(40_000)]
    assert stored_sources(session, many) == {}, "more names than one statement takes"


def test_duplicates_and_links_are_found_by_indexes_of_their_own(session: Session) -> None:
    assert duplicate_sources(session) == ["posts/a0.md"]
    assert linking_sources(session) == {"posts/a/b.md": ["posts/x", "posts/y"]}
    for condition, index in (("state = 'duplicate'", "ix_sources_duplicate"), ("links != ''", "ix_sources_links")):
        plan = session.execute(text(f"EXPLAIN QUERY PLAN SELECT path FROM sources WHERE {condition}")).all()
        assert index in plan[0][3]


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_noted_is_known_at_once(session: Session, whole: bool) -> None:
    known = Known(session, whole=whole)
    assert known.source("posts/a.md") == Stored("posts/a.md", 1, 2, 3, "h", "live", None)
    assert known.source("posts/missing.md") is None
    assert known.post("posts/a.md") is None
    known.put("posts/a.md", 7, "posts/a")
    assert (known.post("posts/a.md"), known.claim("posts/a")) == ((7, "posts/a"), "posts/a.md")
    assert known.take("posts/a.md") == (7, "posts/a")
    assert (known.post("posts/a.md"), known.claim("posts/a")) == (None, None)
