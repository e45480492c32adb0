"""What is offered when nothing is found: nearest words, single words dropped, quotes, filters, the wider scope."""

from __future__ import annotations

import pytest

from matome_app.search.engine import Suggestion
from matome_app.search.params import SearchParams
from matome_app.search.whoosh_engine import WhooshEngine


def suggestions(engine: WhooshEngine, q: str, **more: object) -> list[Suggestion]:
    """Return what is suggested, after making sure of every count."""
    result = engine.search(SearchParams(q=q).replace(**more))
    assert result.total == 0
    for suggestion in result.suggestions:
        assert suggestion.total == engine.search(suggestion.params).total > 0, suggestion
        assert suggestion.q == suggestion.params.q
    return list(result.suggestions)


def queries(engine: WhooshEngine, q: str, **more: object) -> list[str]:
    """Return the suggested queries."""
    return [suggestion.q for suggestion in suggestions(engine, q, **more)]


@pytest.mark.parametrize(
    ("typed", "meant"), [("rusr", "rust"), ("rsut", "rust"), ("hostde", "hosted"), ("lmgtfi", "lmgtfy")]
)
def test_a_misspelled_latin_word_offers_the_nearest_one(engine: WhooshEngine, typed: str, meant: str) -> None:
    assert queries(engine, typed) == [meant]


@pytest.mark.parametrize("typed", ["機会学習", "qqqqqq", "zz", "12345"])
def test_what_is_near_nothing_offers_nothing(engine: WhooshEngine, typed: str) -> None:
    assert queries(engine, typed) == []


def test_each_single_word_that_can_be_dropped_is_offered_with_its_count(engine: WhooshEngine) -> None:
    found = {str(s.why): (s.q, s.total) for s in suggestions(engine, "京都 メモリ")}
    assert found["「京都」を外す"] == ("メモリ", 2)
    assert found["「メモリ」を外す"] == ("京都", 3)


def test_a_word_is_corrected_among_others(engine: WhooshEngine) -> None:
    assert "rust メモリ" in queries(engine, "rusr メモリ")


def test_a_phrase_is_offered_without_its_quotes(engine: WhooshEngine) -> None:
    assert "機械 学習" not in queries(engine, '"機械学習"')
    assert "Rust メモリ" in queries(engine, '"Rust メモリ"')


def test_filters_are_loosened_one_by_one_and_all_together(engine: WhooshEngine) -> None:
    found = {str(s.why): s.params for s in suggestions(engine, "京都", tags=("Rust",), users=("bob",), month="2025/04")}
    assert "ユーザー「bob」を外す" in found
    assert found["絞り込みをすべて外す"] == SearchParams(q="京都")


def test_the_wider_scope_is_offered(engine: WhooshEngine) -> None:
    assert engine.search(SearchParams(q="パン 条例")).totals == {"comment": 0, "post": 4}
    assert any(s.params.scope == "post" and s.total == 4 for s in suggestions(engine, "パン 条例"))


def test_what_is_two_changes_away_is_offered_when_no_single_change_finds_anything(engine: WhooshEngine) -> None:
    found = {str(s.why): (s.q, s.params.is_filtered) for s in suggestions(engine, "rusr メモリ 京都", tags=("AI",))}
    assert found["「京都」だけで探す"] == ("京都", True)
    assert "「rusr」だけで探す" not in found
    found = {str(s.why): (s.q, s.params.is_filtered) for s in suggestions(engine, "zzqqx 古い", users=("bob",))}
    assert found["「zzqqx」と絞り込みを外す"] == ("古い", False)
