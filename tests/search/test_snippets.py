"""Matches are marked on the text as it was written, and nothing in it becomes markup."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.query import parse
from matome_app.search.snippets import find_spans, highlight_all, is_cut, snippet
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


def test_a_piece_begins_and_ends_with_sentences_where_they_are_near() -> None:
    text = "遠い昔の話。" * 30 + "それから京都の寺を見た。" + "その後の話は長くなる。" * 30
    cut = text_of(snippet(text, highlights("京都")))
    assert cut.startswith("…それから京都の寺を見た。その後")
    assert cut.endswith("長くなる。…")
    assert 120 <= len(cut) <= 182


def test_without_a_sentence_near_a_piece_begins_and_ends_with_phrases() -> None:
    text = "昔々、" * 60 + "「京都」という町があった、" + "らしい、" * 80
    cut = text_of(snippet(text, highlights("京都")))
    assert cut.startswith("…昔々、")
    assert cut.endswith("らしい、…")


def test_latin_words_are_not_cut_in_two() -> None:
    text = "lorem ipsum dolor " * 30 + "the needle here " + "consectetur adipiscing " * 30
    cut = text_of(snippet(text, highlights("needle"))).strip("…")
    assert "needle" in cut
    assert set(cut.split()) <= set(text.split())


def test_quotation_marks_that_close_go_with_their_sentence() -> None:
    text = "前置き。" * 40 + "「もう寝よう。」京都の夜は早い。" + "後書きが続く。" * 40
    assert text_of(snippet(text, highlights("京都"))).startswith("…京都の夜")


def test_the_piece_with_the_most_different_words_is_shown() -> None:
    text = "京都、京都、京都。" + "あ" * 300 + "。京都と大阪。" + "い" * 300
    assert marks_of(snippet(text, highlights("京都 大阪"))) == ["京都", "大阪"]


def test_words_that_stand_far_apart_are_shown_in_two_pieces() -> None:
    text = "始めの話。" * 30 + "京都にいた。" + "間の話が続く。" * 60 + "大阪へ行った。" + "終わりの話。" * 30
    cut = snippet(text, highlights("京都 大阪"))
    assert marks_of(cut) == ["京都", "大阪"]
    assert re.search("京都にいた。.*…大阪へ行った。", text_of(cut))
    assert len(text_of(cut)) <= 210


def test_a_text_hardly_longer_than_a_piece_is_shown_whole() -> None:
    text = "京都" + "あ" * 175
    assert not is_cut(text)
    assert text_of(snippet(text, highlights("京都"))) == text
    assert is_cut(text + "あ" * 10)


def test_a_match_longer_than_a_piece_is_marked_whole() -> None:
    text = "前" * 300 + "長" * 250 + "後" * 300
    assert marks_of(snippet(text, ["長+"])) == ["長" * 250]


def test_white_space_at_a_cut_is_left_out() -> None:
    text = "前置き。\n" * 60 + "京都の話。\n\n" + "後書き。\n" * 60
    cut = text_of(snippet(text, highlights("京都")))
    assert cut.startswith("…京都")
    assert cut.endswith("後書き。…")


def marks_of(markup: str) -> list[str]:
    return [html.unescape(mark) for mark in re.findall("<mark>(.*?)</mark>", markup, re.DOTALL)]


def test_without_matches_the_beginning_is_shown() -> None:
    assert snippet("あ" * 300, []) == "あ" * 160 + "…"
    assert snippet("短い", highlights("長い")) == "短い"


WRITTEN = st.text(alphabet=st.sampled_from("aＡ ガｶﾞか\u3099サー①ﬁß<&\"'。\n語"), max_size=300)


def text_of(markup: str) -> str:
    """Return what a reader sees of a snippet, every white space kept (parsers of HTML may merge it)."""
    return html.unescape(re.sub("</?mark>", "", markup))


@given(WRITTEN, st.text(alphabet='aガかサー1fi語ss"- ', max_size=12))
def test_any_snippet_is_one_or_two_pieces_of_the_text(text: str, q: str) -> None:
    cut = snippet(text, highlights(q), length=50)
    pieces = [piece for piece in text_of(cut).split("…") if piece]
    assert len(pieces) <= 2
    position = 0
    for piece in pieces:
        position = text.index(piece, position) + len(piece)
    assert text_of(highlight_all(text, highlights(q))) == text


@given(WRITTEN, st.sampled_from(["a", "ガ", "が", "サー", "語", "1", "fi"]))
def test_what_is_marked_holds_the_term(text: str, term: str) -> None:
    from matome_app.search.analysis import fold

    for start, end in find_spans(text, highlights(term)):
        assert re.search(re.escape(fold(term)), fold(text[start:end]))
