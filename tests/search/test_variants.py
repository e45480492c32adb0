"""Hits by another name or spelling: found, said, counted, marked, below what was typed; and how to switch them off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from matome_app.search.engine import SearchResult
from matome_app.search.params import SearchParams
from matome_app.search.snippets import highlight_all
from matome_app.search.terms import TermTable
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post

TEXTS = [
    "ガベージコレクションは止まる。",
    "GCが止まる。",
    "garbage collection stops the world",
    "garbage is not a collection",
    "GCCで翻訳した。",
    "サーバーを置いた。",
    "サーバの設定",
    "引越しをした。",
    "引っ越しの話",
    "新ガベージコレクションズ社",
]
NAMES = [["ガベージコレクション", "GC", "garbage collection"]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhooshEngine]:
    """Give an index that is asked with a small term table."""
    folder: Path = tmp_path_factory.mktemp("variants")
    database = open_database(folder)
    build(database, folder, [replace(post(1, TEXTS), title="GCの話", tags=()), post(2, ["別の話"])])
    yield WhooshEngine(database, folder / "words", TermTable.of(NAMES))
    database.dispose()


def search(engine: WhooshEngine, q: str, **more: object) -> SearchResult:
    """Search for a query."""
    return engine.search(SearchParams(q=q).replace(**more))


def found(engine: WhooshEngine, q: str, **more: object) -> set[int]:
    """Return the keys found."""
    result = search(engine, q, **more)
    assert len(result.hits) == result.total
    return {hit.key - 100 for hit in result.hits}


@pytest.mark.parametrize("q", ["ガベージコレクション", "ｶﾞﾍﾞｰｼﾞｺﾚｸｼｮﾝ", "GC", "gc", "garbage-collection"])
def test_every_name_finds_all_of_them(engine: WhooshEngine, q: str) -> None:
    assert found(engine, q) == {0, 1, 2, 9}


def test_two_words_that_are_a_name_find_the_other_names_and_both_words_apart(engine: WhooshEngine) -> None:
    assert found(engine, "garbage collection") == {0, 1, 2, 3, 9}
    assert found(engine, "garbage collection stops") == {2}


def test_a_hit_by_another_name_says_by_which_and_comes_below_what_was_typed(engine: WhooshEngine) -> None:
    result = search(engine, "GC")
    assert result.hits[0].key == 101
    assert {hit.key - 100: hit.via for hit in result.hits} == {
        0: ("ガベージコレクション",),
        1: (),
        2: ("garbage collection",),
        9: ("ガベージコレクション",),
    }
    assert {hit.match for hit in result.hits} == {"word"}
    words = search(engine, "garbage collection")
    assert [hit.key - 100 for hit in words.hits][:2] == [2, 3]
    assert {hit.key - 100: hit.via for hit in words.hits}[1] == ("GC",)


def test_partial_hits_come_below_other_names(engine: WhooshEngine) -> None:
    order = [hit.key - 100 for hit in search(engine, "ガベージコレクション").hits]
    assert order[0] == 0
    assert set(order[1:]) == {1, 2, 9}


def test_quotes_switch_other_names_off_and_the_chip_offers_that(engine: WhooshEngine) -> None:
    assert found(engine, '"GC"') == {1}
    assert found(engine, '"garbage collection"') == {2}
    chip = search(engine, "GC 止まる").chips[0]
    assert chip.variants == ("ガベージコレクション", "garbage collection")
    assert chip.exact is not None
    assert chip.exact.q == '"GC" 止まる'
    first, second = search(engine, "garbage collection").chips
    assert first.variants == ("ガベージコレクション", "GC")
    assert first.exact is not None
    assert first.exact.q == '"garbage collection"'
    assert (second.variants, second.exact) == ((), None)


def test_an_exclusion_is_meant_to_the_letter(engine: WhooshEngine) -> None:
    assert found(engine, "止まる -GC") == {0}
    assert found(engine, "-garbage 止まる") == {0, 1}


def test_other_names_go_with_or_and_with_filters(engine: WhooshEngine) -> None:
    assert found(engine, "GC OR サーバー") == {0, 1, 2, 5, 6, 9}
    assert found(engine, "GC user:Bob") == {1}
    assert found(engine, "GC", users=("otter-in-a-suit",)) == {0, 9}


def test_a_post_whose_title_has_another_name_is_offered(engine: WhooshEngine) -> None:
    assert [post.key for post in search(engine, "ガベージコレクション").posts] == [1]
    assert [post.key for post in search(engine, "garbage collection").posts] == [1]
    assert search(engine, '"ガベージコレクション"').posts == ()


def test_other_names_are_marked(engine: WhooshEngine) -> None:
    for marks in (search(engine, "garbage collection").highlights, engine.highlights("garbage collection")):
        assert highlight_all("GCとガベージコレクション、GCC", marks) == (
            "<mark>GC</mark>と<mark>ガベージコレクション</mark>、GCC"
        )


@pytest.mark.parametrize(
    ("q", "keys", "other"),
    [
        ("サーバ", {5, 6}, set()),
        ("サーバー", {5, 6}, {"サーバ"}),
        ("ｻｰﾊﾞｰ", {5, 6}, {"サーバ"}),
        ("引越し", {7, 8}, {"引っ越し"}),
        ("引っ越し", {7, 8}, {"引越し"}),
    ],
)
def test_another_spelling_is_found_and_said_and_marked(
    engine: WhooshEngine, q: str, keys: set[int], other: set[str]
) -> None:
    result = search(engine, q)
    assert {hit.key - 100 for hit in result.hits} == keys
    assert {name for hit in result.hits for name in hit.via} == other
    for name in other:
        assert highlight_all(name, result.highlights) == f"<mark>{name}</mark>"
        assert highlight_all(name, engine.highlights(q)) == f"<mark>{name}</mark>"


def test_a_quoted_word_is_one_spelling(engine: WhooshEngine) -> None:
    assert found(engine, '"引越し"') == {7}
    assert found(engine, '"サーバー"') == {5}
