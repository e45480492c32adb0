"""Marks in HTML: on every match, only in text, and nothing else changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.marking import mark_html


@pytest.mark.parametrize(
    ("source", "word", "marked"),
    [
        ("Rustの話", "rust", "<mark>Rust</mark>の話"),
        ("Ru<b>st</b>", "rust", "<mark>Ru</mark><b><mark>st</mark></b>"),
        ('<a href="rust">rust</a>', "rust", '<a href="rust"><mark>rust</mark></a>'),
        ('<a title="a > rust" href="/">b > rust</a>', "rust", '<a title="a > rust" href="/">b > <mark>rust</mark></a>'),
        ("a &lt; b", "<", "a <mark>&lt;</mark> b"),
        ("x&amp;y", "x&y", "<mark>x</mark><mark>&amp;</mark><mark>y</mark>"),
        ("&amp;amp;", "amp", "&amp;<mark>amp</mark>;"),
        ("ｒｕｓｔ", "rust", "<mark>ｒｕｓｔ</mark>"),
        ("が", "が", "<mark>が</mark>"),
        ("ru<br>st", "rust", "ru<br>st"),
        ("<p>ru</p><p>st rust</p>", "rust", "<p>ru</p><p>st <mark>rust</mark></p>"),
        ("<code>rust</code>、rust", "rust", "<code><mark>rust</mark></code>、<mark>rust</mark>"),
        ("rust rust", "rust", "<mark>rust</mark> <mark>rust</mark>"),
        ("無い", "rust", "無い"),
        ("", "rust", ""),
    ],
)
def test_every_match_is_marked_in_the_text_only(source: str, word: str, marked: str) -> None:
    assert mark_html(source, [re.escape(word)]) == marked


def test_without_anything_to_mark_the_html_comes_back() -> None:
    assert mark_html("a &lt; <b>b</b>", []) == "a &lt; <b>b</b>"


HTML = st.lists(
    st.sampled_from(["a", "b", "ab", "が", "か\u3099", "ｱ", "&lt;", "&amp;", "<b>", "</b>", "<br>", " ", "ß"])
)


@given(HTML.map("".join), st.lists(st.sampled_from(["a", "ab", "ba", "が", "<", "&", "ss", "ア", "b"]), max_size=3))
def test_nothing_but_marks_is_added_and_none_holds_a_tag(source: str, words: list[str]) -> None:
    marked = str(mark_html(source, [re.escape(word) for word in words]))
    assert re.sub("</?mark>", "", marked) == source
    for inside in re.findall("<mark>(.*?)</mark>", marked, re.DOTALL):
        assert inside
        assert "<" not in inside
    assert marked.count("<mark>") == marked.count("</mark>")
