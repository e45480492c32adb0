"""What a word stands for that was typed with the IME in the wrong state."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.params import SearchParams
from matome_app.search.romaji import to_kana, to_keys
from matome_app.search.slips import other_typings
from matome_app.search.whoosh_engine import WhooshEngine

SYLLABLES = ("a", "ki", "shi", "tsu", "nn", "kka", "ssho", "ryu", "fe", "va", "thi", "-", "je")


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
        ("ごおgぇ", "google"),
        ("ぃぬx", "linux"),
        ("pyてょn", "python"),
        ("すぃft", "swift"),
        ("cぁっs", "class"),
        ("っlm", "llm"),
        ("つんえl", "tunnel"),
        ("こで", "code"),
        ("くべrねてs", "kubernetes"),
        ("えs6", "es6"),
        ("じゃヴぁ", "java"),
        ("disuku", "ディスク"),
        ("tidimu", "ちぢむ"),
        ("pa-thi-", "パーティー"),
        ("sofutowea", "ソフトウェア"),
        ("matcha", "マッチャ"),
        ("shimbun", "しんぶん"),
        ("konna", "こんな"),
        ("らいと", "ライト"),
        ("さーばー", "サーバー"),
        ("リナックス", "りなっくす"),
    ],
)
def test_a_slip_of_the_ime_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    assert meant in other_typings(typed)


@pytest.mark.parametrize(
    "word",
    [
        "機会学習",
        "rust",
        "kubernetes",
        "xyz",
        "c++",
        "型",
        "あ",
        "",
        "の型",
        "12",
        "-",
        "---",
        "ーー",
        "a" * 50,
    ],
)
def test_what_is_no_slip_is_left_alone(word: str) -> None:
    assert other_typings(word) == ()


@given(st.text(max_size=45) | st.text("aiueokstnhfcl-", max_size=45) | st.text("あかしつてょふっんーぁnt", max_size=45))
def test_any_text_is_read_or_left_alone(word: str) -> None:
    read = other_typings(word)
    assert word not in read
    assert len(read) <= 70
    assert all(len(other) > 1 for other in read)


@given(st.lists(st.sampled_from(SYLLABLES), min_size=2, max_size=3))
def test_what_was_typed_is_among_the_readings_of_the_kana_it_types(parts: list[str]) -> None:
    keys = "".join(parts).lstrip("-")
    typed = [kana for kana in to_kana(keys) if len(kana) > 1]
    assert typed or len(parts) - parts.count("-") < 2
    # Of nn only one n is needed where no vowel follows.
    assert all({keys, re.sub("nn(?![aiueoy])", "n", keys)} & set(to_keys(kana)) for kana in typed)


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
