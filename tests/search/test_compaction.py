"""Changes upon changes do not make the index grow, and what is found stays the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from matome_app.search.params import SearchParams
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post

POSTS, CHANGES = 30, 90
WORDS = [f"{a}{b}" for a in "京都東西南北型海山川" for b in "話語本人物事者会社"]
DATA = """
    SELECT (SELECT sum(length(block)) FROM search_grams_data) + (SELECT sum(length(block)) FROM search_trigrams_data)
"""
PAGES = ("freelist_count", "page_count")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(tmp_path)
    with opened.connect() as connection:
        connection.exec_driver_sql("PRAGMA auto_vacuum = INCREMENTAL")
        connection.exec_driver_sql("VACUUM")
    yield opened
    opened.dispose()


def texts(rng: random.Random) -> list[str]:
    return ["".join(rng.choices(WORDS, k=30)) for _ in range(12)]


def bytes_of(connection: Connection) -> int:
    return int(connection.exec_driver_sql(DATA).scalar() or 0)


def test_many_changes_leave_an_index_of_the_size_of_a_fresh_one(tmp_path: Path, database: Engine) -> None:
    rng = random.Random(3)
    alive = {key: post(key, texts(rng), first=key * 100) for key in range(1, POSTS + 1)}
    engine = build(database, tmp_path, list(alive.values()))
    for number in range(1, CHANGES + 1):
        gone = rng.choice(list(alive))
        del alive[gone]
        new = post(POSTS + number, texts(rng), first=(POSTS + number) * 100)
        alive[new.key] = new
        with database.connect() as connection, engine.writer(connection) as writer:
            writer.remove([gone])
            writer.add([new])
            writer.commit()
            connection.commit()
            writer.confirm()
    (tmp_path / "fresh").mkdir()
    other = open_database(tmp_path / "fresh")
    fresh: WhooshEngine = build(other, tmp_path / "fresh", [alive[key] for key in sorted(alive)])
    for q in WORDS[::7]:
        assert engine.all_keys(SearchParams(q=q)) == fresh.all_keys(SearchParams(q=q))
    with database.connect() as connection, other.connect() as other_connection:
        assert bytes_of(connection) < 1.5 * bytes_of(other_connection)
        free, pages = (int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0) for name in PAGES)
        assert free * 4 < pages
        assert engine.verify(connection) == []
    other.dispose()
