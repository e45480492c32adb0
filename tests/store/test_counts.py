"""Counts and spellings are changed by what comes and goes, and are always what counting everything again would give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from matome_app.content.loader import Site, read_post
from matome_app.content.models import Post as ContentPost
from matome_app.content.shortcodes import write
from matome_app.store.models import Base
from matome_app.store.session import Store, sqlite_url
from matome_app.store.writing import PostWriter

NAMES = ("AI", "Ai", "ai", "AI", "本", "X")
USERS = ("", "ann", "Ann", "bob")
Change = tuple[int, list[str], list[str], bool]

changes = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.lists(st.sampled_from(NAMES), max_size=4),
        st.lists(st.sampled_from(USERS), max_size=5),
        st.booleans(),
    ),
    max_size=25,
)


def make(number: int, tags: list[str], users: list[str]) -> ContentPost:
    """Return a post with a comment of each user."""
    comments = "\n".join(write("matomeQuote", {"body": f"{n}", "userName": user}) for n, user in enumerate(users))
    head = f'+++\ntitle = "t"\ndate = "2024-03-01"\ntags = {tags!r}\naliases = ["/old/{number % 3}/"]\n+++\n'
    post, faults = read_post(head + comments, f"posts/p{number}.md", Site(Path("nowhere"), {}))
    assert post is not None, faults
    return post


def counted(session: Session) -> tuple[Any, ...]:
    """Return all counts as the store keeps them."""
    users = session.execute(text("SELECT name, comments, posts FROM users ORDER BY name")).all()
    return (*users, *session.execute(text("SELECT id, posts, name FROM terms ORDER BY id")).all())


def counted_again(session: Session) -> tuple[Any, ...]:
    """Return all counts as the rows say."""
    users = """SELECT "user", count(*), count(DISTINCT post_id) FROM comments WHERE "user" != ''
        GROUP BY "user" ORDER BY "user" """
    terms = """SELECT term_id, count(*), (SELECT label FROM post_terms b WHERE b.term_id = a.term_id
        GROUP BY label ORDER BY count(*) DESC, label LIMIT 1) FROM post_terms a GROUP BY term_id ORDER BY term_id"""
    return (*session.execute(text(users)).all(), *session.execute(text(terms)).all())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes)
def test_counts_are_those_of_counting_again(tmp_path: Path, steps: list[Change]) -> None:
    store = Store(sqlite_url(tmp_path / "counts.sqlite3"), "create")
    Base.metadata.create_all(store.engine)
    with store.sessions() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
        writer, ids = PostWriter(session), dict[int, int]()
        for number, tags, users, ends in steps:
            if number in ids:
                writer.remove([ids.pop(number)])
            if users or tags:
                ids[number], _ = writer.add(make(number, tags, users))
            if ends:
                writer.recount()
                session.commit()
                assert counted(session) == counted_again(session)
                writer = PostWriter(session)
        writer.recount()
        assert counted(session) == counted_again(session)
        writer.remove(list(ids.values()))
        writer.recount()
        assert counted(session) == ()
    store.close()


def test_what_a_change_asks_the_database_does_not_grow_with_the_site(tmp_path: Path) -> None:
    """Hold one change to statements that use an index, and to as many of them, whatever there is besides."""
    store = Store(sqlite_url(tmp_path / "cost.sqlite3"), "create")
    Base.metadata.create_all(store.engine)
    ran: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda _c, _k, statement, *_: ran.append(statement))
    costs = []
    with store.sessions() as session:
        for first in (0, 100):
            writer = PostWriter(session)
            for number in range(first, first + 60):
                writer.add(make(number, ["AI", f"tag{number}"], ["ann", f"user{number}"]))
            writer.recount()
            session.commit()
            ran.clear()
            writer = PostWriter(session)
            key, _ = writer.add(make(first + 99, ["AI", "tag1"], ["ann", "user1"]))
            writer.recount()
            writer.remove([key])
            writer.recount()
            session.commit()
            costs.append(len(ran))
        assert costs[0] == costs[1] < 40
        for statement in [one for one in ran if not one.startswith(("INSERT", "PRAGMA"))]:
            values = (1,) * statement.count("?")
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert not [row[-1] for row in plan if row[-1].startswith("SCAN")], (statement, plan)
    store.close()
