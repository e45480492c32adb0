"""Matches are marked on the text as it was written, and nothing in it becomes markup."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.query import parse
from matome_app.search.snippets import find_spans, highlight_all, snippet
from matome_app.search.titles import pattern_of


def highlights(q: str) -> list[str]:
    return [pattern_of(term) for term in parse(q).terms()]


def marked(text: str, q: str) -> list[str]:
    return [
        html.unescape(mark) for mark in re.findall("<mark>(.*?)</mark>", highlight_all(text, highlights(q)), re.DOTALL)
    ]


def test_every_match_is_marked_in_its_own_spelling() -> None:
    assert marked("Rustと rust と trust", "RUST") == ["Rust", "rust"]
    assert marked("ｻｰﾊﾞｰとサーバー", "サーバー") == ["ｻｰﾊﾞｰ", "サーバー"]
    assert marked("コンピュータとコンピューター", "コンピューター") == ["コンピュータ", "コンピューター"]


def test_positions_hold_where_folding_changes_lengths() -> None:
    assert marked("㈱ﬁと①の議論", "議論") == ["議論"]
    assert marked("ﬁle", "file") == ["ﬁle"]
    assert marked("ｶﾞｲﾄﾞ", "カ") == []
    assert marked("か\u3099き", "が") == ["か\u3099"]


def test_half_of_a_composed_character_is_marked_as_a_whole() -> None:
    assert marked("㌔の話", "キ") == ["㌔"]


def test_matches_that_touch_are_one() -> None:
    assert marked("京都京都", "京都") == ["京都京都"]
    assert marked("東京都", "東京 京都") == ["東京都"]


def test_text_is_escaped_inside_and_outside_of_marks() -> None:
    text = 'a <script>alert("x")</script> & <b>'
    assert "<script" not in highlight_all(text, highlights("script"))
    assert text_of(highlight_all(text, highlights("script"))) == text


def test_a_long_text_is_cut_around_the_densest_matches() -> None:
    text = "京都。" + "あ" * 400 + "。ここで京都の京都らしい京都。" + "い" * 400
    cut = snippet(text, highlights("京都"))
    assert cut.startswith("…ここで<mark>京都</mark>")
    assert cut.endswith("…")
    assert cut.count("<mark>") == 3
    assert len(text_of(cut)) == 162


def test_without_matches_the_beginning_is_shown() -> None:
    assert snippet("あ" * 300, []) == "あ" * 160 + "…"
    assert snippet("短い", highlights("長い")) == "短い"


WRITTEN = st.text(alphabet=st.sampled_from("aＡ ガｶﾞか\u3099サー①ﬁß<&\"'。\n語"), max_size=300)


def text_of(markup: str) -> str:
    """Return what a reader sees of a snippet, every white space kept (parsers of HTML may merge it)."""
    return html.unescape(re.sub("</?mark>", "", markup))


@given(WRITTEN, st.text(alphabet='aガかサー1fi語ss"- ', max_size=12))
def test_any_snippet_is_a_piece_of_the_text(text: str, q: str) -> None:
    cut = snippet(text, highlights(q), length=50)
    shown = text_of(cut)
    assert shown.removeprefix("…").removesuffix("…") in text or shown in text
    assert text_of(highlight_all(text, highlights(q))) == text


@given(WRITTEN, st.sampled_from(["a", "ガ", "が", "サー", "語", "1", "fi"]))
def test_what_is_marked_holds_the_term(text: str, term: str) -> None:
    from matome_app.search.analysis import fold

    for start, end in find_spans(text, highlights(term)):
        assert re.search(re.escape(fold(term)), fold(text[start:end]))
