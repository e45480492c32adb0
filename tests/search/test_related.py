"""Which comments are like a comment, and which posts like a post."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from matome_app.search import related
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post

BREAD = (("pan", "パン"),)
FILLER = ["今日の天気は晴れ。", "昼は蕎麦を食べた。", "電車が遅れている。", "猫が窓辺で寝ている。", "庭に水をまく。"]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[WhooshEngine]:
    """Give an index in which some comments and posts have to do with each other."""
    posts = [
        post(1, ["借用検査器のおかげでRustのメモリ管理は安全だ。", *FILLER]),
        post(2, ["Rustの借用検査器とメモリ管理には慣れが要る。", "メモリ管理の話。", *FILLER[::-1]]),
        post(3, ["借用検査器のおかげでRustのメモリ管理は安全だ。", "", "パンの焼き方", *FILLER]),
        replace(
            post(4, ["窯の温度とパンの焼き方について", "発酵の時間と窯の温度"]),
            title="パンを焼く",
            tags=BREAD,
        ),
        replace(post(5, ["窯は温度が大切", "本棚を作った。"]), title="家でパンを焼く", tags=BREAD),
    ]
    database = open_database(tmp_path)
    yield build(database, tmp_path, posts)
    database.dispose()


def test_similar_comments_share_the_telling_words_and_are_no_copies(engine: WhooshEngine) -> None:
    similar = engine.similar_comments(100, 5)
    assert similar[0] == 200
    assert 300 not in similar, "the same text"
    assert not {*similar} & {101, 102, 203, 204}, "nothing in common"
    assert engine.similar_comments(100, 1) == (200,)


def test_similar_comments_are_shown_once_for_each_text(engine: WhooshEngine) -> None:
    assert {100, 300} & {*engine.similar_comments(200, 5)} in ({100}, {300})


@pytest.mark.parametrize("key", [301, 999])
def test_an_empty_or_unknown_comment_has_none(engine: WhooshEngine, key: int) -> None:
    assert engine.similar_comments(key, 5) == ()


def test_related_posts_share_tags_and_words(engine: WhooshEngine) -> None:
    assert engine.related_posts(4, 1) == (5,)
    assert engine.related_posts(5, 1) == (4,)
    assert 4 not in engine.related_posts(4, 10)


def test_an_unknown_post_has_no_related_ones(engine: WhooshEngine) -> None:
    assert engine.related_posts(99, 3) == ()


def test_posts_with_the_most_hits_come_first(engine: WhooshEngine) -> None:
    from matome_app.search.params import SearchParams

    top = engine.top_posts(SearchParams(q="メモリ管理"), 2)
    assert [(hit.key, hit.hits) for hit in top] == [(2, 2), (3, 1)]


def test_words_that_are_not_looked_up_could_not_tell_more(
    engine: WhooshEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = related._count(
        "窯の温度と時間。 rust メモリ管理 借用検査器 " + "温度。" * 6 + "天気は晴れ。" * 4 + "猫。" * 2
    )
    monkeypatch.setattr(related, "TELLING", len(counts))
    everything = engine._ask(lambda _, snapshot: related._telling(snapshot, counts))
    for number in range(1, len(everything) + 1):
        monkeypatch.setattr(related, "TELLING", number)
        assert engine._ask(lambda _, snapshot: related._telling(snapshot, counts)) == everything[:number]
    assert len(everything) > 4
