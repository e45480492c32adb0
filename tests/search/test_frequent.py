"""Frequent terms are read from a file of their own, and found as if it were not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from matome_app.search.column_loading import load_columns
from matome_app.search.frequent import LEAST, NAME, Frequent, read_frequent
from matome_app.search.params import SearchParams
from matome_app.search.postings import LATIN, WORDS
from matome_app.search.tables import GRAMS, generation, gram_keys
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post

TEXTS = ["京都の話。rustは速い。", "東京の話。", "rustとrust、京都の型"]
QUERIES = ["の", "京都", "rust", "話", "京都 rust", "の -rust", '"京都の"', "rust OR 東京", "型", "新", "。"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(tmp_path)
    yield opened
    opened.dispose()


def many(database: Engine, folder: Path) -> WhooshEngine:
    """Index more comments than make a term frequent, in posts of a hundred, and save what is frequent."""
    posts = [post(key, (TEXTS * 34)[:100]) for key in range(1, LEAST * 2 // 100)]
    engine = build(database, folder, posts)
    with database.connect() as connection:
        engine.complete(connection)
        connection.commit()
        with engine.writer(connection) as writer:
            writer.commit()
            connection.commit()
            writer.confirm()
    return engine


def opened(database: Engine, folder: Path) -> Frequent | None:
    with database.connect() as connection:
        return read_frequent(folder, load_columns(connection).epoch, generation(connection))


def answers(engine: WhooshEngine) -> dict[str, tuple[int, list[int], list[str]]]:
    results = {q: engine.search(SearchParams(q=q)) for q in QUERIES}
    return {
        q: (result.total, engine.all_keys(SearchParams(q=q)), [hit.match for hit in result.hits])
        for q, result in results.items()
    }


def without(database: Engine, folder: Path) -> dict[str, tuple[int, list[int], list[str]]]:
    """Return the answers of an engine that finds no such file."""
    (folder / NAME).rename(folder / "aside")
    try:
        return answers(WhooshEngine(database, folder / "words"))
    finally:
        (folder / "aside").rename(folder / NAME)


def test_frequent_terms_are_read_from_the_file_with_their_counts(tmp_path: Path, database: Engine) -> None:
    many(database, tmp_path)
    frequent = opened(database, tmp_path)
    assert frequent is not None
    keys, counts = frequent.postings(GRAMS, "の") or ((), ())
    with database.connect() as connection:
        assert list(keys) == gram_keys(connection, "の").tolist()
    assert len(counts) == 0
    keys, counts = frequent.postings(LATIN, "rust") or ((), ())
    assert len(keys) == len(counts) > LEAST
    assert {1.0, 2.0} == set(counts)
    assert frequent.postings(WORDS, "京都") is not None
    assert frequent.postings(WORDS, "型") is None


def test_what_changes_later_is_found_all_the_same(tmp_path: Path, database: Engine) -> None:
    engine = many(database, tmp_path)
    later = post(90, ["新しい京都の話、rustとrustとrust"], first=90_000)
    assert answers(engine) == without(database, tmp_path)
    with database.connect() as connection:
        for removed, added in (
            ((3, 5), ()),
            ((), (later,)),
            ((1,), ()),
        ):
            with engine.writer(connection) as writer:
                writer.remove(removed)
                writer.add(added)
                writer.commit()
                connection.commit()
                writer.confirm()
            assert answers(engine) == without(database, tmp_path)
    assert opened(database, tmp_path) is not None
    assert engine.search(SearchParams(q="新")).total == 1
    assert 90_000 in engine.all_keys(SearchParams(q="rust"))


@pytest.mark.parametrize("damage", ["short", "empty", "zeroed", "postings zeroed"])
def test_damage_costs_time_and_no_hit(tmp_path: Path, database: Engine, damage: str) -> None:
    whole = answers(many(database, tmp_path))
    file = tmp_path / NAME
    data = file.read_bytes()
    half = len(data) // 3
    other = {
        "short": data[:half],
        "empty": b"",
        "zeroed": bytes(len(data)),
        "postings zeroed": bytes(half) + data[half:],
    }
    file.write_bytes(other[damage])
    assert (opened(database, tmp_path) is None) == (damage != "postings zeroed")
    assert answers(WhooshEngine(database, tmp_path / "words")) == whole


def test_a_file_of_a_later_state_is_not_used_for_an_earlier_one(tmp_path: Path, database: Engine) -> None:
    many(database, tmp_path)
    with database.connect() as connection:
        epoch, now = load_columns(connection).epoch, generation(connection)
    before = read_frequent(tmp_path, epoch, now)
    assert before is not None
    assert read_frequent(tmp_path, epoch, now, before) is before
    assert read_frequent(tmp_path, epoch, now - 1, before) is None
    assert read_frequent(tmp_path, "another", now, before) is None
    (tmp_path / NAME).touch()
    assert read_frequent(tmp_path, epoch, now, before) is not before
    assert read_frequent(tmp_path, epoch, now - 1) is None
    assert read_frequent(tmp_path, "another", now) is None
