"""What a search finds, in which order, and what is said about it, on three small posts."""

from __future__ import annotations

import threading
import time
from datetime import date
from pathlib import Path

import pytest

from matome_app.errors import BadSearch
from matome_app.search.engine import SearchResult
from matome_app.search.params import SearchParams
from matome_app.search.query import parse
from matome_app.search.snapshot import RESULTS, LeafCache
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post


def found(engine: WhooshEngine, q: str = "", **more: object) -> list[int]:
    """Return the keys found, in order."""
    result = engine.search(SearchParams(q=q).replace(**more))
    assert result.total == len(result.hits)
    return [hit.key for hit in result.hits]


@pytest.mark.parametrize(
    ("q", "keys"),
    [
        ("rust", {100, 101}),
        ("ＲＵＳＴ", {100, 101}),
        ("trust", {101, 105}),
        ("Rust メモリ", {100}),
        ("メモリ", {100, 301}),
        ("メ", {100, 301}),
        ("型", {302}),
        ("京都", {104, 200, 201}),
        ("パン", {202, 203, 204}),
        ("ガベージ", {300}),
        ("ベージコ", {300}),
        ("サーバ", {103, 304}),
        ("サーバー", {103, 304}),
        ("ｻｰﾊﾞｰ", {103, 304}),
        ('"サーバー"', {304}),
        ("C", {102}),
        ("C++", {102}),
        ("gpt4o", {205}),
        ("Llama4", {205, 303}),
        ("llama 4", {205}),
        ("self hosted", {304}),
        ("selfhosted", set()),
        ("self-hosted", {304}),
        ("<LMGTFY>", {303}),
        ("。", {100, 101, 102, 103, 104, 105, 200, 201, 202, 203, 205, 300, 302, 304}),
        ('"機械 学習"', {305}),
        ('"機械学習"', set()),
        ("安心。型", {302}),
        ("京都 -古い", {200, 201}),
        ('京都 -"いいよ"', {104, 200}),
        ("rust OR パン", {100, 101, 202, 203, 204}),
        ("rust OR パン メモリ", {100}),
        ("user:Bob", {101, 104, 201, 204, 301, 304}),
        ("user:bob user:Bob 京都", {104, 201}),
        ("京都 user:otter-in-a-suit", {200}),
        ("tag:ui/ux サーバ", {103}),
        ('tag:"x (twitter)" サーバ', {304}),
        ("-tag:ai 京都", {104}),
        ("month:2025/05 京都", {200, 201}),
        ("tag:rust OR month:2025/05 パン OR 京都", {104, 200, 201, 202, 203, 204}),
        ("after:2025-04-04 before:2025-04-04 メモリ", {301}),
        ("after:2025-04-05 メモリ", set()),
        ("after:2025-04-04 メモリ", {301}),
        ("before:2025-04-03 メモリ", {100}),
        ("tag:無い", set()),
        ("xyzzyq", set()),
    ],
)
def test_a_query_finds_just_what_it_should(engine: WhooshEngine, q: str, keys: set[int]) -> None:
    assert set(found(engine, q)) == keys


def test_whole_words_come_before_parts_and_are_marked(engine: WhooshEngine) -> None:
    result = engine.search(SearchParams(q="京都"))
    assert [(hit.key, hit.match) for hit in result.hits] == [(201, "word"), (104, "word"), (200, "partial")]
    assert found(engine, "パン")[0] == 202
    assert {hit.match for hit in engine.search(SearchParams(q="ベージコ")).hits} == {"partial"}


def test_more_of_the_word_in_less_text_is_better(engine: WhooshEngine) -> None:
    assert found(engine, "メモリ")[0] == 301


def test_without_words_everything_is_listed_newest_first(engine: WhooshEngine) -> None:
    result = engine.search(SearchParams())
    assert (result.total, result.pages, result.page) == (19, 1, 1)
    assert [hit.key for hit in result.hits] == [*range(306, 299, -1), *range(205, 199, -1), *range(105, 99, -1)]
    assert result.posts == ()


def test_order_by_time_is_exact(engine: WhooshEngine) -> None:
    assert found(engine, "京都", sort="newest") == [201, 200, 104]
    assert found(engine, "京都", sort="oldest") == [104, 200, 201]


def test_filters_of_the_url_narrow(engine: WhooshEngine) -> None:
    assert set(found(engine, "メモリ", tags=("rust",))) == {100}
    assert set(found(engine, tags=("AI", "travel"))) == set(range(200, 206))
    assert set(found(engine, "京都", users=("Bob", "otter-in-a-suit"))) == {104, 200, 201}
    assert set(found(engine, "京都", month="2025/04")) == {104}
    assert set(found(engine, color="any")) == {101, 104, 201, 204, 301, 304}
    assert set(found(engine, color="#ff5733")) == {101, 104, 201, 204, 301, 304}
    assert found(engine, color="#000000") == []
    assert set(found(engine, "京都", post="posts/2025_05/sample_2")) == {200, 201}
    assert found(engine, post="posts/none") == []


def test_days_are_utc_days_with_both_ends(engine: WhooshEngine) -> None:
    # the first post begins on 2 April at 23:30 UTC, half an hour before the next day
    assert len(found(engine, after=date(2025, 4, 2), before=date(2025, 4, 2))) == 6
    assert found(engine, after=date(2025, 4, 5)) == []
    assert len(found(engine, before=date(9999, 12, 31))) == 19


def test_words_may_be_spread_over_a_thread(engine: WhooshEngine) -> None:
    assert found(engine, "京都 サーバ") == []
    assert set(found(engine, "京都 サーバ", scope="post")) == {103, 104}
    assert set(found(engine, "ガベージ サーバ 型", scope="post")) == {300, 302, 304}
    assert set(found(engine, "条例 パン", scope="post")) == {200, 202, 203, 204}
    assert set(found(engine, "書き直した rust -trust", scope="post")) == {100}


def test_facets_count_all_hits_and_keep_what_is_selected(engine: WhooshEngine) -> None:
    facets = engine.search(SearchParams(q="京都 OR メモリ")).facets
    assert [(value.label, value.count) for value in facets["month"]] == [("2025/04", 2), ("2025/05", 2), ("2025/06", 1)]
    assert {value.label: value.count for value in facets["tag"]} == {
        "AI": 3,
        "旅": 2,
        "Rust": 2,
        "UI/UX": 2,
        "X (Twitter)": 1,
    }
    assert facets["tag"][0].label == "AI"
    chosen = engine.search(SearchParams(q="xyzzyq", tags=("x-TWITTER", "無い"), users=("bob",), month="2025/04")).facets
    assert [(v.value, v.label, v.count, v.selected) for v in chosen["tag"]] == [
        ("x-TWITTER", "X (Twitter)", 0, True),
        ("無い", "無い", 0, True),
    ]
    assert [(v.value, v.selected) for v in chosen["user"]] == [("bob", True)]
    assert [(v.value, v.selected) for v in chosen["month"]] == [("2025/04", True)]


def test_posts_match_by_title_or_tag_with_their_hits(engine: WhooshEngine) -> None:
    posts = engine.search(SearchParams(q="メモリ")).posts
    assert [(post.path, post.hits) for post in posts] == [("posts/2025_06/sample_3", 1)]
    assert [post.key for post in engine.search(SearchParams(q="AI")).posts] == [3, 2]
    assert engine.search(SearchParams(q="AI", tags=("旅",))).posts[0].key == 2
    assert engine.search(SearchParams(q="user:Bob")).posts == ()


def test_chips_say_how_the_query_was_read_and_what_is_left(engine: WhooshEngine) -> None:
    result = engine.search(SearchParams(q='京都 -"古い" user:Bob', tags=("AI",), page=1))
    assert [(chip.kind, str(chip.label), chip.count) for chip in result.chips] == [
        ("word", "「京都」", 3),
        ("not", "除外「古い」", 1),
        ("user", "ユーザー「Bob」", None),
        ("tag", "タグ「AI」", None),
    ]
    assert result.chips[0].without.q == '-"古い" user:Bob'
    assert result.chips[3].without.tags == ()


def test_no_hits_bring_suggestions_that_do_find_something(engine: WhooshEngine) -> None:
    dropped = engine.search(SearchParams(q="京都 xyzzyq")).suggestions
    assert [(one.q, one.total) for one in dropped] == [("京都", 3)]
    spelled = engine.search(SearchParams(q="rsut メモリ")).suggestions
    assert [(one.q, one.total) for one in spelled] == [("rust メモリ", 1), ("メモリ", 2)]
    loosened = engine.search(SearchParams(q="京都", tags=("X (Twitter)",))).suggestions
    assert [(one.params, one.total) for one in loosened] == [(SearchParams(q="京都"), 3)]
    assert engine.search(SearchParams(q="京都")).suggestions == ()


def test_bad_pages_and_too_many_words_are_refused(engine: WhooshEngine) -> None:
    with pytest.raises(BadSearch) as refused:
        engine.search(SearchParams(q="京都", page=2))
    assert refused.value.status == 404
    with pytest.raises(BadSearch) as refused:
        engine.search(SearchParams(q="a " * 100))
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "q",
    ['"', "*", "?", "' OR 1=1 --", "%", "\\", "(((", "NEAR(a b)", "a\x00b", "\ud800", "ﷺ", "🏳️‍🌈", "　", "ー" * 1000],
)
def test_odd_characters_are_plain_text(engine: WhooshEngine, q: str) -> None:
    assert engine.search(SearchParams(q=q)).total in (0, 19)


def test_threads_that_search_at_once_find_the_same(engine: WhooshEngine) -> None:
    queries = ["京都", "rust", "メモリ", "サーバー", "型 OR パン", "C++", "user:Bob"] * 6
    expected = {q: found(engine, q) for q in queries}
    wrong: list[str] = []

    def look(number: int) -> None:
        for q in queries[number:] + queries[:number]:
            snapshot = engine._snapshots[0]
            assert snapshot is not None
            snapshot.cache = LeafCache()
            if found(engine, q) != expected[q]:
                wrong.append(q)

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_highlights_need_no_search(engine: WhooshEngine) -> None:
    result: SearchResult = engine.search(SearchParams(q='Rust "メモリ" -C user:Bob'))
    assert result.highlights == engine.highlights('Rust "メモリ" -C user:Bob')
    assert len(result.highlights) == 2


def test_a_facet_that_takes_too_long_stays_away_and_the_answer_comes(engine: WhooshEngine) -> None:
    hasty = WhooshEngine(engine._database, engine._folder, facet_budget=-1)
    result = hasty.search(SearchParams(q="京都"))
    assert (result.facets, result.months, result.late) == ({}, (), ("tag", "user", "month"))
    assert result.total == engine.search(SearchParams(q="京都")).total
    assert engine.search(SearchParams(q="京都")).late == ()


def test_the_first_search_of_a_process_has_its_facets(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    build(database, tmp_path, [post(1)])
    fresh = WhooshEngine(database, tmp_path / "words")
    started = time.perf_counter() - 10  # as long as opening a large index and the dictionary might take
    with fresh._open() as (connection, snapshot):
        result = fresh._answer(connection, snapshot, SearchParams(q="京都"), parse("京都"), started)
    assert result.late == ()
    assert result.took_ms > 10_000
    database.dispose()


def test_months_are_a_row_without_gaps_that_adds_up(engine: WhooshEngine) -> None:
    result = engine.search(SearchParams(q="rust OR 型"))
    assert [(month.value, month.count) for month in result.months] == [("2025/04", 2), ("2025/05", 0), ("2025/06", 1)]
    assert sum(month.count for month in result.months) == result.total
    chosen = engine.search(SearchParams(q="rust OR 型", month="2025/06"))
    assert [(month.count, month.selected) for month in chosen.months] == [(2, False), (0, False), (1, True)]
    assert [(month.value, month.count) for month in chosen.facets["month"]] == [("2025/06", 1)]


def test_both_scopes_are_counted(engine: WhooshEngine) -> None:
    for scope in ("comment", "post"):
        result = engine.search(SearchParams(q="パン 条例", scope=scope))
        assert result.totals == {"comment": 0, "post": 4}
        assert result.total == result.totals[scope]
    assert engine.search(SearchParams(q="パン")).totals == {"comment": 3, "post": 3}


def test_an_answer_is_remembered_until_something_changes(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    engine = build(database, tmp_path, [post(1)])
    first, again = engine.search(SearchParams(q="京都")), engine.search(SearchParams(q="京都"))
    assert again.hits is first.hits
    assert engine.search(SearchParams(q="京都", page=1, sort="newest")).hits is not first.hits
    with database.begin() as connection, engine.writer(connection) as writer:
        writer.add([post(2)])
        writer.commit()
    assert engine.search(SearchParams(q="京都")).total == 3
    database.dispose()


def test_only_so_many_answers_are_remembered(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    engine = build(database, tmp_path, [post(1)])
    first = engine.search(SearchParams(q="京都"))
    for n in range(RESULTS):
        engine.search(SearchParams(q=f"京都 {n}"))
    assert engine.search(SearchParams(q="京都")).hits is not first.hits
    database.dispose()
