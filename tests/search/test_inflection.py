"""Other forms of verbs and adjectives: which they are, and the link that counts what they would find besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from matome_app.search.engine import Suggestion
from matome_app.search.inflection import other_forms
from matome_app.search.params import SearchParams
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post

TEXTS = [
    "毎日この道具を使う。",
    "昔は別の道具を使った。",
    "使っている人は多い。",
    "誰も使わない道具。",
    "使い方を読む。",
    "起動が速い。",
    "起動が速くなった。",
    "検索する",
    "検索した結果",
    "検索の結果",
]


@pytest.fixture
def engine(tmp_path: Path) -> WhooshEngine:
    """Give an index of comments with verbs in many forms."""
    return build(open_database(tmp_path), tmp_path, [post(1, TEXTS)])


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("使う", "使っ"),
        ("使った", "使う"),
        ("書く", "書い"),
        ("行く", "行っ"),
        ("話す", "話し"),
        ("立つ", "立っ"),
        ("読む", "読ん"),
        ("遊ぶ", "遊ん"),
        ("食べる", "食べた"),
        ("来る", "来て"),
        ("速い", "速く"),
        ("検索する", "検索し"),
    ],
)
def test_a_verb_or_adjective_has_its_other_forms(word: str, form: str) -> None:
    forms = other_forms(word)
    assert form in forms
    assert word not in forms


@pytest.mark.parametrize("text", ["議論", "型", "静か", "使い方", "rust", "する", "。", "", "使う人", "る"])
def test_what_does_not_inflect_has_none(text: str) -> None:
    assert other_forms(text) == ()


def one(engine: WhooshEngine, q: str, **more: object) -> Suggestion | None:
    """Return the only link to other forms."""
    suggestions = engine.search(SearchParams(q=q).replace(**more)).inflections
    assert len(suggestions) < 2
    return suggestions[0] if suggestions else None


@pytest.mark.parametrize(
    ("q", "total", "more"), [("使う", 1, 4), ("速い", 1, 1), ("検索する", 1, 1), ("使う 道具", 1, 2), ("使った", 1, 4)]
)
def test_other_forms_are_counted_apart_and_the_link_finds_both(
    engine: WhooshEngine, q: str, total: int, more: int
) -> None:
    assert engine.search(SearchParams(q=q)).total == total
    link = one(engine, q)
    assert link is not None
    assert link.total == more
    assert engine.search(link.params).total == total + more


def test_other_forms_pass_the_filters_too(engine: WhooshEngine) -> None:
    link = one(engine, "使う", users=("Bob",))
    assert link is not None
    assert link.total == 2
    assert engine.search(link.params).total == engine.search(SearchParams(q="使う", users=("Bob",))).total + 2


def test_a_phrase_and_an_exclusion_are_meant_as_they_stand(engine: WhooshEngine) -> None:
    assert one(engine, '"使う"') is None
    assert one(engine, "道具 -使う") is None
