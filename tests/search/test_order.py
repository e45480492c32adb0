"""In which order hits come: whole words, phrases, how often and in what, title and tags, the newest on ties."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from matome_app.search.engine import PostDocument
from matome_app.search.params import SearchParams
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post

Builder = Callable[..., WhooshEngine]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Callable[[Sequence[PostDocument]], WhooshEngine]]:
    """Index posts, several times in a test."""
    with ExitStack() as stack:

        def of(posts: Sequence[PostDocument]) -> WhooshEngine:
            folder = tmp_path / f"index{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            database = open_database(folder)
            stack.callback(database.dispose)
            return build(database, folder, posts)

        yield of


def order(engine: WhooshEngine, q: str, **more: object) -> list[int]:
    """Return the keys of the hits in order."""
    return [hit.key for hit in engine.search(SearchParams(q=q).replace(**more)).hits]


def test_words_that_follow_each_other_come_before_scattered_ones(index: Builder) -> None:
    texts = [
        "速度が大事で、この計算機の速度も、計算の速度も測った。計算、速度。",
        "計算速度を測った。長い文章を続けて、語の割合を下げておく。まだ続く、まだまだ続く。",
        "Rust is a language. Memory is cheap. memory, rust.",
        "About rust memory and a lot of other words that make this comment much longer than the one above.",
    ]
    engine = index([post(1, texts)])
    assert order(engine, "計算 速度") == [101, 100]
    assert order(engine, "rust memory") == [103, 102]


def test_a_phrase_of_latin_words_ends_at_their_borders(index: Builder) -> None:
    engine = index([post(1, ["trust memoryless. memory and rust.", "some rust memory, and many other words besides"])])
    assert order(engine, "rust memory") == [101, 100]
    assert order(engine, "memory rust") == [100, 101], "the shorter one where neither is a phrase"


def test_a_latin_word_inside_an_address_is_a_partial_hit(index: Builder) -> None:
    texts = [
        "https://example.org/otter/rust-book にまとめがある",
        "昔 otter という道具があった。長い説明を続けて、語の割合を下げておく。まだ続く。",
        "https://example.org/otter と otter の話",
        "www.otter.example を見た",
    ]
    engine = index([post(1, texts)])
    result = engine.search(SearchParams(q="otter"))
    assert {hit.key - 100: hit.match for hit in result.hits} == {0: "partial", 1: "word", 2: "word", 3: "partial"}
    assert {hit.key - 100 for hit in result.hits[:2]} == {1, 2}
    assert order(engine, "rust-book") == [100]


def test_a_phrase_among_partial_hits_stays_below_whole_words(index: Builder) -> None:
    engine = index([post(1, ["東京都市計画の話", "京都に行き、別の日に都市の計画を読む。都市は広い。"])])
    assert order(engine, "京都 都市") == [101, 100]


def test_more_often_and_in_less_text_comes_first(index: Builder) -> None:
    texts = ["メモリの話。ほかの長い話を続けて書いておく、短くはない。", "メモリとメモリの話", "メモリの話"]
    assert order(index([post(1, texts)]), "メモリ") == [101, 102, 100]


def test_title_and_tags_of_the_post_are_a_small_boost(index: Builder) -> None:
    text = ["昨日は設定を見直した。"]
    plain = replace(post(1, text), title="別の題", tags=())
    tagged = replace(post(2, text), title="別の題", tags=(("settei", "設定"),))
    titled = replace(post(3, text), title="設定の見直し", tags=())
    often = replace(post(4, ["設定、設定、設定。設定。"]), title="別の題", tags=())
    assert order(index([titled, tagged, plain, often]), "設定") == [400, 300, 200, 100]


def test_equal_hits_come_newest_first_and_pages_never_overlap(index: Builder) -> None:
    engine = index([post(1, ["同じ話"] * 60)])
    pages = [order(engine, "話", page=page) for page in (1, 2, 3)]
    assert [key for page in pages for key in page] == list(range(159, 99, -1))


def test_the_order_does_not_depend_on_how_the_index_grew(index: Builder, tmp_path: Path) -> None:
    posts = [post(key) for key in (1, 2, 3)]
    at_once = index(posts)
    folder = tmp_path / "grown"
    folder.mkdir()
    database = open_database(folder)
    grown = build(database, folder, [posts[2]])
    for one in (posts[0], posts[1]):
        with database.begin() as connection, grown.writer(connection) as writer:
            writer.add([one])
            writer.commit()
    for q in ("京都", "メモリ", "rust", "の", "AI OR パン", "話 の"):
        assert order(grown, q) == order(at_once, q), q
    database.dispose()
