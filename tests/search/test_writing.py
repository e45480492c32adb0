"""Indexing in one go, piece by piece, and after a build that was cut off, all lead to the same answers."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from matome_app.errors import IndexUnavailable
from matome_app.search import whoosh_engine, word_index
from matome_app.search.analysis import ANALYSIS
from matome_app.search.params import SearchParams
from matome_app.search.postings import LATIN, WORDS, Counted, read_keys, read_postings
from matome_app.search.tables import set_meta
from matome_app.search.whoosh_engine import WhooshEngine
from matome_app.search.word_index import open_index
from tests.search.sample import build, open_database, post

QUERIES = [
    "",
    "京都",
    "rust",
    "サーバー",
    "メモリ",
    "パン",
    "型",
    "C++",
    "読める",
    "llama4",
    "の",
    "京都 OR 型",
    "tag:AI",
]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(tmp_path)
    yield opened
    opened.dispose()


def answers(engine: WhooshEngine) -> dict[str, list[tuple[int, str]]]:
    """Return the hits of many queries, in order."""
    results = {q: engine.search(SearchParams(q=q)) for q in QUERIES}
    return {q: [(hit.key, hit.match) for hit in result.hits] for q, result in results.items()}


def test_a_bulk_build_by_a_helper_gives_the_same_index(tmp_path: Path, database: Engine) -> None:
    posts = [post(key) for key in range(1, 10)]
    (tmp_path / "other").mkdir()
    other = open_database(tmp_path / "other")
    plain = answers(build(other, tmp_path / "other", posts))
    other.dispose()
    assert answers(build(database, tmp_path, posts, bulk=True)) == plain


def test_posts_are_found_before_a_bulk_build_has_its_words(tmp_path: Path, database: Engine) -> None:
    engine = WhooshEngine(database, tmp_path / "words")
    with database.connect() as connection:
        engine.create_tables(connection)
        connection.commit()
        with engine.writer(connection, bulk=True) as writer:
            writer.add([post(1)])
            connection.commit()
            assert engine.search(SearchParams(q="rust")).total == 2
            assert engine.search(SearchParams(q="京都")).hits[0].match == "partial"
            writer.add([post(2)])
            connection.commit()
            assert engine.search(SearchParams(q="京都")).total == 3
            writer.commit()
            connection.commit()
    assert engine.search(SearchParams(q="京都")).hits[0].match == "word"


def test_adding_and_removing_is_the_same_as_a_fresh_build(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1), post(4), post(2)])
    changed = post(2, ["京都の新しい話。", "rustも"], first=900)
    answers(engine)
    for removed, added in (((4,), ()), ((2,), (changed,)), ((), (post(3),)), ((77,), ())):
        with database.begin() as connection, engine.writer(connection) as writer:
            writer.remove(removed)
            writer.add(added)
            writer.commit()
        assert engine.search(SearchParams()).total > 0
    (tmp_path / "fresh").mkdir()
    other = open_database(tmp_path / "fresh")
    fresh = answers(build(other, tmp_path / "fresh", [post(1), changed, post(3)]))
    other.dispose()
    assert answers(engine) == fresh


def test_many_small_changes_do_not_leave_many_segments(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1)])
    for key in range(2, 14):
        with database.connect() as connection, engine.writer(connection) as writer:
            writer.add([post(key)])
            writer.commit()
            connection.commit()
            writer.confirm()
    index = open_index(tmp_path / "words")
    assert index is not None
    with index.reader() as reader:
        assert 1 <= len(reader.leaf_readers()) <= 4
        assert sorted(read_keys(reader)) == sorted(c.key for key in range(1, 14) for c in post(key).comments)
    (tmp_path / "fresh").mkdir()
    other = open_database(tmp_path / "fresh")
    fresh = answers(build(other, tmp_path / "fresh", [post(key) for key in range(1, 14)]))
    other.dispose()
    assert answers(engine) == fresh


def test_a_change_that_is_rolled_back_leaves_what_was_found(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1), post(2)])
    before = {q: {key for key, _ in hits} for q, hits in answers(engine).items()}
    with database.connect() as connection:
        writer = engine.writer(connection)
        writer.remove([1])
        writer.add([post(3)])
        writer.commit()
        connection.rollback()
    assert {q: {key for key, _ in hits} for q, hits in answers(engine).items()} == before
    with database.begin() as connection:
        assert engine.complete(connection) == 1
    assert engine.search(SearchParams(q="京都")).hits[0].match == "word"


def test_a_build_that_died_is_completed(tmp_path: Path, database: Engine) -> None:
    engine = WhooshEngine(database, tmp_path / "words")
    with database.connect() as connection:
        engine.create_tables(connection)
        with engine.writer(connection, bulk=True) as writer:
            writer.add([post(1), post(2)])
            connection.commit()
    assert open_index(tmp_path / "words") is None
    with database.begin() as connection:
        assert engine.complete(connection) == 2
        assert engine.complete(connection) == 0
    (tmp_path / "fresh").mkdir()
    other = open_database(tmp_path / "fresh")
    fresh = answers(build(other, tmp_path / "fresh", [post(1), post(2)]))
    other.dispose()
    assert answers(engine) == fresh


def test_a_lost_folder_of_words_only_lowers_the_order(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1), post(2)])
    whole = answers(engine)
    shutil.rmtree(tmp_path / "words")
    assert {hit.key for hit in engine.search(SearchParams(q="京都")).hits} == {key for key, _ in whole["京都"]}
    with database.begin() as connection:
        engine.complete(connection)
    assert answers(engine) == whole


def test_clearing_forgets_everything_and_a_new_build_begins_afresh(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1), post(2)])
    with database.begin() as connection:
        engine.clear(connection)
    assert engine.search(SearchParams()).total == 0
    with database.begin() as connection, engine.writer(connection, bulk=True) as writer:
        writer.add([post(3)])
        writer.commit()
    index = open_index(tmp_path / "words")
    assert index is not None
    with index.reader() as reader:
        assert reader.doc_count_all() == len(post(3).comments)
    assert engine.search(SearchParams(q="メモリ")).total == 1


def test_another_analyzer_makes_the_index_stale(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1)])
    with database.begin() as connection:
        assert engine.is_current(connection)
        set_meta(connection, "analyzer", "an older one")
        assert not engine.is_current(connection)
        engine.clear(connection)
        assert engine.is_current(connection)


def test_without_tables_there_is_no_answer(tmp_path: Path, database: Engine) -> None:
    engine = WhooshEngine(database, tmp_path / "words")
    with pytest.raises(IndexUnavailable):
        engine.search(SearchParams())
    with database.begin() as connection:
        assert not engine.is_current(connection)
        engine.create_tables(connection)
    assert engine.search(SearchParams()).total == 0


def test_blocks_are_read_as_the_matcher_reads_them(tmp_path: Path) -> None:
    """Hold the reading of Whoosh's private blocks to its public matchers, over several blocks and segments."""
    folder = tmp_path / "words"
    rng = np.random.default_rng(7)
    for segment in range(2):
        counted = Counted()
        for number in range(9000):
            times = int(rng.integers(1, 4))
            latin = ["often"] * times + ["one"] + ["seldom", "seldom"] * (number % 1000 == 3)
            counted.count(segment * 10_000 + number, latin, ["語"] * times if number % 2 else [])
        word_index.write(folder, counted, removed={3, 5} if segment else ())
    index = open_index(folder)
    assert index is not None
    with index.reader() as reader:
        keys = read_keys(reader)
        assert sorted(np.flatnonzero(keys < 0)) == [3, 5]
        for field, term in ((LATIN, "often"), (LATIN, "one"), (LATIN, "seldom"), (WORDS, "語"), (WORDS, "none")):
            documents, weights = read_postings(reader, field, term)
            ours = [(d, w) for d, w in zip(documents.tolist(), weights.tolist(), strict=True) if keys[d] >= 0]
            theirs = []
            if (field, term) in reader:
                matcher = reader.postings(field, term)
                while matcher.is_active():
                    theirs.append((matcher.id(), matcher.weight()))
                    matcher.next()
            assert ours == theirs


# Whoosh leaves a file open when it fails on it; collected here, it warns in this test and in no other.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("damage", [b"", b"\0" * 4000, b"not a posting " * 300])
def test_a_damaged_word_index_costs_the_order_and_no_hit(tmp_path: Path, database: Engine, damage: bytes) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 10)])
    whole = {q: sorted(engine.all_keys(SearchParams(q=q))) for q in ("京都", "rust", "パン", "の")}
    for path in engine._folder.iterdir():
        if path.suffix in (".trm", ".pst", ".col"):
            path.write_bytes(damage)
    broken = WhooshEngine(database, engine._folder)
    for q, keys in whole.items():
        result = broken.search(SearchParams(q=q))
        assert result.total == len(keys)
        assert q == "rust" or {hit.match for hit in result.hits} <= {"partial"}
    with database.connect() as connection:
        assert not broken.words_are_current(connection)
        assert broken.is_current(connection)
        broken.renew_words(connection)
        connection.commit()
    mended = WhooshEngine(database, engine._folder)
    assert {q: sorted(mended.all_keys(SearchParams(q=q))) for q in whole} == whole
    assert mended.search(SearchParams(q="京都")).hits[0].match == "word"
    gc.collect()


def test_a_confirmed_change_leaves_nothing_to_complete_and_an_unconfirmed_one_does(
    tmp_path: Path, database: Engine
) -> None:
    engine = build(database, tmp_path, [post(1)])
    pending = tmp_path / "words.pending"
    assert pending.exists()
    with database.begin() as connection:
        engine.complete(connection)
    assert not pending.exists()
    with database.connect() as connection:
        with engine.writer(connection) as writer:
            assert pending.exists()
            writer.add([post(2)])
            writer.commit()
            connection.commit()
            writer.confirm()
        assert not pending.exists()
        with engine.writer(connection) as writer:
            writer.remove([1])
            connection.rollback()
        assert not pending.exists()
    assert (tmp_path / "columns.npz").exists()


def test_whoever_starts_from_saved_columns_sees_what_came_after(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 9)])
    with database.connect() as connection, engine.writer(connection) as writer:
        writer.commit()
        connection.commit()
        writer.confirm()
    saved = (tmp_path / "columns.npz").read_bytes()
    with database.begin() as connection, engine.writer(connection) as writer:
        writer.remove([2])
        writer.add([post(9)])
        writer.commit()
    assert (tmp_path / "columns.npz").read_bytes() == saved
    other = WhooshEngine(database, tmp_path / "words")
    assert answers(other) == answers(engine)
    assert other.search(SearchParams()).total == sum(len(post(key).comments) for key in (1, *range(3, 10)))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_deep_look_finds_what_was_damaged_and_nothing_where_all_is_well(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 10)])
    with database.connect() as connection:
        assert engine.verify(connection) == []
        connection.rollback()
        with connection.begin():
            connection.exec_driver_sql("DELETE FROM search_texts WHERE key = 100")
        assert engine.verify(connection) == ["the tables of the index hold 1 comments without a text"]
        connection.rollback()
        with connection.begin():
            connection.exec_driver_sql("UPDATE search_trigrams_data SET block = zeroblob(30) WHERE id > 10")
        assert any("search_trigrams is damaged" in fault for fault in engine.verify(connection))
        connection.rollback()
        for path in (tmp_path / "words").glob("*.pst"):
            path.write_bytes(bytes(path.stat().st_size))
        assert any("the words of the index cannot be read" in fault for fault in engine.verify(connection))
        shutil.rmtree(tmp_path / "words")
        assert "the words of the index are missing" in engine.verify(connection)
    gc.collect()


def test_another_dictionary_renews_the_words_alone(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 8)])
    before = answers(engine)
    with database.connect() as connection:
        assert engine.words_are_current(connection)
        set_meta(connection, "analyzer", f"{ANALYSIS} of another dictionary")
        connection.commit()
        assert engine.is_current(connection)
        assert not engine.words_are_current(connection)
        engine.renew_words(connection)
        connection.commit()
        assert engine.words_are_current(connection)
        assert engine.complete(connection) == 0
    assert answers(engine) == before
    index = open_index(tmp_path / "words")
    assert index is not None
    with index.reader() as reader:
        assert reader.doc_count() == engine.search(SearchParams()).total


def test_latin_words_are_those_of_now_though_most_segments_were_read_before(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 5)])
    for number in range(3):
        engine.search(SearchParams(q="京都"))
        assert engine._snapshots
        assert not any(f"word{number}" in words for words in engine._snapshots[0].words.latin_words(5))
        with database.begin() as connection, engine.writer(connection) as writer:
            writer.add([post(20 + number, [f"word{number} と rust"], first=9000 + number)])
            writer.commit()
        engine.search(SearchParams(q="京都"))
        fresh = WhooshEngine(database, tmp_path / "words")
        fresh.search(SearchParams(q="京都"))
        assert fresh._snapshots
        for length in range(1, 12):
            known = engine._snapshots[0].words.latin_words(length)
            assert known == fresh._snapshots[0].words.latin_words(length)
            assert all(list(words) == sorted(set(words)) for words in known)
        assert any(f"word{number}" in words for words in engine._snapshots[0].words.latin_words(5))


def test_who_began_before_a_change_reads_on_as_it_was_at_no_cost(
    tmp_path: Path, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 20)])
    question = SearchParams(q="大阪")
    with database.connect() as early:
        early.exec_driver_sql("BEGIN")
        engine.read_from(early)
        assert engine.search(question).total == 0
        with database.begin() as connection, engine.writer(connection) as writer:
            writer.add([post(30, ["大阪の話"], first=9000)])
            writer.commit()
        engine.read_from(None)
        assert engine.search(question).total == 1
        for name in ("load_columns", "renew_columns"):
            monkeypatch.setattr(whoosh_engine, name, lambda *_: pytest.fail("the state of before is known"))
        for _ in range(2):
            engine.read_from(early)
            assert engine.search(question).total == 0
            engine.read_from(None)
            assert engine.search(question).total == 1
    monkeypatch.setattr(whoosh_engine, "KEPT", 0.0)
    engine.renew()
    assert [one.generation for one in engine._snapshots] == [max(one.generation for one in engine._snapshots)]


def test_a_build_leaves_one_segment_of_words_where_it_wrote_many(tmp_path: Path, database: Engine) -> None:
    engine = build(database, tmp_path, [post(1)])
    for key in range(2, 6):  # as a helper writes them
        counted = Counted()
        counted.count(10_000 * key, ["rust"], [])
        word_index.write(tmp_path / "words", counted)
    index = open_index(tmp_path / "words")
    assert index is not None
    assert len(index._read_toc().segments) == 5
    with database.connect() as connection, engine.writer(connection, bulk=True) as writer:
        writer.commit()
        connection.commit()
        writer.confirm()
    assert len(index._read_toc().segments) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("suffix", [".pst", ".trm", ".toc"])
def test_words_that_are_lost_after_a_run_was_cut_off_are_written_anew(
    tmp_path: Path, database: Engine, suffix: str
) -> None:
    engine = build(database, tmp_path, [post(key) for key in range(1, 10)])
    before = answers(engine)
    (tmp_path / "words.pending").touch()
    for path in (tmp_path / "words").glob(f"*{suffix}"):
        path.unlink()
    with database.begin() as connection:
        assert engine.complete(connection) == 9
    assert answers(WhooshEngine(database, tmp_path / "words")) == before
    assert not (tmp_path / "words.pending").exists()
    gc.collect()
