"""What a word stands for that was typed with the IME in the wrong state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.params import SearchParams
from matome_app.search.slips import other_typings
from matome_app.search.whoosh_engine import WhooshEngine


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("raito", "ライト"),
        ("raito", "らいと"),
        ("sa-ba-", "サーバー"),
        ("memori", "メモリ"),
        ("gakkou", "がっこう"),
        ("shinbun", "しんぶん"),
        ("sinbun", "しんぶん"),
        ("るst", "rust"),
        ("ぎt", "git"),
        ("じゃゔぁ", "java"),
        ("らいと", "ライト"),
        ("さーばー", "サーバー"),
        ("リナックス", "りなっくす"),
    ],
)
def test_a_slip_of_the_ime_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    assert meant in other_typings(typed)


@pytest.mark.parametrize(
    "word", ["機会学習", "rust", "kubernetes", "xyz", "c++", "型", "あ", "", "の型", "12", "-", "a" * 50]
)
def test_what_is_no_slip_is_left_alone(word: str) -> None:
    assert other_typings(word) == ()


@given(st.text(max_size=45))
def test_any_text_is_read_or_left_alone(word: str) -> None:
    assert word not in other_typings(word)


@pytest.mark.parametrize(
    ("q", "meant", "total"), [("kyouto", "きょうと", 0), ("memori", "メモリ", 2), ("るst", "rust", 2)]
)
def test_slips_are_offered_where_they_would_find_something(
    engine: WhooshEngine, q: str, meant: str, total: int
) -> None:
    result = engine.search(SearchParams(q=q))
    offered = {suggestion.q: suggestion.total for suggestion in result.suggestions}
    assert result.total == 0
    assert offered.get(meant, 0) == total
