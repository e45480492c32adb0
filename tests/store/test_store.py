"""Hold the store: SQLite set up as the site relies on, an index for every query of a page, counts that stay true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from matome_app.content.loader import Site, read_post
from matome_app.content.shortcodes import write
from matome_app.errors import BadSearch
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Base, Comment, plain_html
from matome_app.store.session import Store, sqlite_url
from matome_app.store.writing import PostWriter, get_meta, set_meta

SITE = Site(Path("nowhere"), {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    made = Store(sqlite_url(tmp_path / "matome.sqlite3"), "create")
    Base.metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def session(store: Store) -> Iterator[Session]:
    """Give a session on an empty store."""
    with store.sessions() as opened:
        yield opened


def add(session: Session, name: str, tags: list[str], users: list[str], day: int = 1) -> int:
    """Store a post with a comment of each user; return its key."""
    comments = "\n".join(
        write("matomeQuote", {"body": f"{name} {n}", "userName": user}) for n, user in enumerate(users)
    )
    fold = write("details", {"summary": "s"}, inner=f"\n{comments}\n")
    fields = f'tags = {tags!r}\nmonths = ["2024/03"]\naliases = ["/old/{name}/"]'
    head = f'+++\ntitle = "{name}"\ndate = "2024-03-{day:02d}"\n{fields}\n+++\n'
    post, faults = read_post(head + fold, f"posts/{name}.md", SITE)
    assert post is not None, faults
    writer = PostWriter(session)
    key, _ = writer.add(post)
    writer.recount()
    session.commit()
    return key


def remove(session: Session, *keys: int) -> None:
    """Take posts out of the store."""
    writer = PostWriter(session)
    writer.remove(keys)
    writer.recount()
    session.commit()


def counts(session: Session) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
    """Return posts a tag, and comments and posts a user, as the store keeps them."""
    tags = {term.name: term.posts for term in queries.terms_of(session, "tags")}
    users = {user.name: (user.comments, user.posts) for user in queries.users_page(session, 1, 100).rows}
    return tags, users


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 10_000)])
def test_every_connection_is_set_up(store: Store, pragma: str, value: object) -> None:
    with store.engine.connect() as one, store.engine.connect() as other:
        assert one.execute(text(f"PRAGMA {pragma}")).scalar() == value
        assert other.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_a_reader_is_not_kept_waiting_by_a_writer(store: Store) -> None:
    with store.sessions() as writer, store.sessions() as reader:
        set_meta(writer, "name", "new")
        writer.flush()
        assert get_meta(reader, "name") is None
        writer.commit()
    with store.sessions() as reader:
        assert get_meta(reader, "name") == "new"


def test_counts_follow_posts_in_and_out(session: Session) -> None:
    a = add(session, "a", ["X", "Y"], ["ann", "ann", "bob"])
    b = add(session, "b", ["x"], ["ann", ""])
    assert counts(session) == ({"X": 2, "Y": 1}, {"ann": (3, 2), "bob": (1, 1)})
    remove(session, a)
    assert counts(session) == ({"x": 1}, {"ann": (1, 1)})
    remove(session, b)
    assert counts(session) == ({}, {})
    assert queries.totals(session) == (0, 0)
    for table in Base.metadata.sorted_tables:
        if table.name != "meta":
            assert session.execute(table.select()).all() == [], table.name


def test_keys_of_comments_are_never_used_twice(session: Session) -> None:
    first = add(session, "a", [], ["ann"] * 5)
    last = max(queries.comments_of(session, queries.newest_posts(session, 1)[0]).values(), key=lambda one: one.key).key
    remove(session, first)
    second = add(session, "a", [], ["ann"])
    assert second != first
    (comment,) = queries.comments_of(session, queries.newest_posts(session, 1)[0]).values()
    assert comment.key > last


def test_neighbours_and_lists_agree_on_the_order(session: Session) -> None:
    for name, day in (("c", 2), ("a", 1), ("d", 2), ("b", 3)):
        add(session, name, [], [], day)
    order = [post.title for post in queries.posts_page(session, SearchParams(), 10).rows]
    assert order == ["b", "c", "d", "a"]
    assert [post.title for post in queries.posts_page(session, SearchParams(sort="oldest"), 10).rows] == order[::-1]
    for at, name in enumerate(order):
        post = queries.post_by_path(session, f"posts/{name}")
        assert post is not None
        older, newer = queries.neighbours(session, post)
        assert (older.title if older else None) == (order[at + 1] if at + 1 < len(order) else None)
        assert (newer.title if newer else None) == (order[at - 1] if at else None)


def test_a_page_past_the_end_is_refused_and_the_first_never_is(session: Session) -> None:
    assert queries.posts_page(session, SearchParams(), 10).rows == []
    for page in (2, 10**9):
        with pytest.raises(BadSearch) as caught:
            queries.posts_page(session, SearchParams(page=page), 10)
        assert caught.value.status == 404


def test_an_id_whose_body_was_edited_is_found_only_where_it_is_plain_which_comment_is_meant(session: Session) -> None:
    add(session, "a", [], ["ann"])
    (comment,) = queries.comments_of(session, queries.newest_posts(session, 1)[0]).values()
    edited = comment.id[:12] + "zzzz"
    assert queries.comment_by_id(session, edited) is comment
    assert queries.comment_by_id(session, comment.id[:12]) is None
    assert queries.comment_by_id(session, "%" * 16) is None
    session.add(
        Comment(
            id=comment.id[:12] + "yyyy",
            post_id=comment.post_id,
            ordinal=9,
            details=0,
            user="",
            color="",
            kind="quote",
            text="",
        )
    )
    session.flush()
    assert queries.comment_by_id(session, edited) is None


def test_an_old_address_is_found_until_its_post_goes(session: Session) -> None:
    key = add(session, "a", [], [])
    post = queries.post_of_alias(session, "old/a")
    assert post is not None
    assert post.title == "a"
    remove(session, key)
    assert queries.post_of_alias(session, "old/a") is None


def test_no_query_of_a_page_reads_a_whole_table(store: Store, session: Session) -> None:
    for n in range(12):
        add(session, f"p{n}", ["共通", f"特別{n}"], ["ann", f"user{n}"], n + 1)
    ran: list[tuple[str, object]] = []
    event.listen(
        store.engine, "before_cursor_execute", lambda _c, _k, statement, values, *_: ran.append((statement, values))
    )
    post = queries.post_by_path(session, "posts/p3")
    assert post is not None
    comment = queries.comments_of(session, post, {0, 1})[1]
    queries.folds_of(session, post)
    queries.neighbours(session, post)
    queries.comment_by_id(session, comment.id)
    queries.comment_by_id(session, comment.id[:12] + "zzzz")
    queries.comments_by_key(session, [comment.key])
    queries.post_of_alias(session, "old/p1")
    queries.term_by_slug(session, "tags", "共通")
    queries.user_by_name(session, "ann")
    assert len(ran) > 10
    with store.engine.connect() as connection:
        for statement, values in list(ran):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
            scans = [row[-1] for row in plan if row[-1].startswith("SCAN") and "USING" not in row[-1]]
            assert scans == [], (statement, scans)


@given(st.text(alphabet="a<>&\"' \xa0\n　あ", max_size=30))
def test_plain_text_as_html_says_what_the_text_says(said: str) -> None:
    markup = plain_html(said)
    assert "<" not in markup.replace("<br>", "")
    back = markup.replace("<br>", "\n").replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">")
    assert back.replace("&amp;", "&") == said


def test_moments_are_stored_in_utc(session: Session) -> None:
    text_ = '+++\ntitle = "t"\ndate = "2024-03-01T01:00:00+09:00"\n+++\n'
    post, _ = read_post(text_, "posts/t.md", SITE)
    assert post is not None
    PostWriter(session).add(post)
    session.commit()
    row = queries.post_by_path(session, "posts/t")
    assert row is not None
    assert row.date == datetime(2024, 2, 29, 16, tzinfo=UTC).replace(tzinfo=None)
    assert (row.day, row.date_text) == ("2024-03-01", "2024-03-01T01:00:00+09:00")
