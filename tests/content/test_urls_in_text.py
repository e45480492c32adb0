"""Hold the finder of bare addresses to where an address begins and ends between Japanese and punctuation."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.content.urls_in_text import SCHEMES, find_url, safe_href, strip_cut

# name: (text, the part of it that is the address, its href)
FOUND = {
    "alone": ("https://a.example/b", "https://a.example/b", "https://a.example/b"),
    "a host alone": ("http://a.example", "http://a.example", "http://a.example"),
    "with a port": ("http://localhost:5000/x", "http://localhost:5000/x", "http://localhost:5000/x"),
    "after a Japanese full stop": ("見てね。https://a.example/b", "https://a.example/b", "https://a.example/b"),
    "after a full-width colon": ("出典：https://a.example/b", "https://a.example/b", "https://a.example/b"),
    "in full-width brackets": ("（https://a.example/b）だよ", "https://a.example/b", "https://a.example/b"),
    "in corner brackets": ("「https://a.example/b」とか", "https://a.example/b", "https://a.example/b"),
    "before kana": ("https://a.example/bを見て", "https://a.example/b", "https://a.example/b"),
    "before kanji": ("https://a.example/b参照", "https://a.example/b", "https://a.example/b"),
    "before a full-width space": ("https://a.example/b\u3000次", "https://a.example/b", "https://a.example/b"),
    "in ASCII brackets": ("(https://a.example/b)", "https://a.example/b", "https://a.example/b"),
    "with brackets of its own": (
        "https://a.example/wiki/X_(y) は",
        "https://a.example/wiki/X_(y)",
        "https://a.example/wiki/X_(y)",
    ),
    "with its own brackets in brackets": (
        "(https://a.example/X_(y))",
        "https://a.example/X_(y)",
        "https://a.example/X_(y)",
    ),
    "before a full stop": ("See https://a.example/b.", "https://a.example/b", "https://a.example/b"),
    "before a comma": ("https://a.example/b, and", "https://a.example/b", "https://a.example/b"),
    "before a question mark": ("https://a.example/b?", "https://a.example/b", "https://a.example/b"),
    "with a query": ("https://a.example/?q=1&r=2#s", "https://a.example/?q=1&r=2#s", "https://a.example/?q=1&r=2#s"),
    "in typed quotes": ("“https://a.example/b”", "https://a.example/b", "https://a.example/b"),
    "before an apostrophe": ("'https://a.example/b'", "https://a.example/b", "https://a.example/b"),
    "with a broken escape": ("https://a.example/100%/x", "https://a.example/100%/x", "https://a.example/100%/x"),
    "with accents": ("https://a.example/Köln", "https://a.example/Köln", "https://a.example/K%C3%B6ln"),
    "before a footnote": ("https://a.example/b[2]", "https://a.example/b", "https://a.example/b"),
    "in capitals": ("HTTPS://A.EXAMPLE/B", "HTTPS://A.EXAMPLE/B", "HTTPS://A.EXAMPLE/B"),
    "holding another": (
        "https://a.example/save/https://b.example/c",
        "https://a.example/save/https://b.example/c",
        "https://a.example/save/https://b.example/c",
    ),
    "before an ellipsis of the sentence": ("https://a.example...", "https://a.example", "https://a.example"),
    "between stars": ("**https://a.example/b**", "https://a.example/b", "https://a.example/b"),
    "before a tag": ("https://a.example/b<i>", "https://a.example/b", "https://a.example/b"),
    "before a list of others": (
        "https://a.example/b,https://a.example/c",
        "https://a.example/b",
        "https://a.example/b",
    ),
}
# name: (text, the visible part, href)
CUT = {
    "by three dots": ("https://a.example/b/c...", "https://a.example/b/c...", "https://a.example/b/c"),
    "by an ellipsis": ("https://a.example/b/c…", "https://a.example/b/c…", "https://a.example/b/c"),
    "and followed by Japanese": ("https://a.example/b/c...だって", "https://a.example/b/c...", "https://a.example/b/c"),
    "in brackets": ("(https://a.example/b/c...)", "https://a.example/b/c...", "https://a.example/b/c"),
    "and glued to the whole": (
        "https://a.example/b/c...https://a.example/b/cdef",
        "https://a.example/b/c...",
        "https://a.example/b/c",
    ),
    "at the end of a sentence": ("https://a.example/b/c....", "https://a.example/b/c...", "https://a.example/b/c"),
    "behind an underscore": ("https://a.example/b_...", "https://a.example/b_...", "https://a.example/b_"),
    "and followed by a footnote": ("https://a.example/b...[1]", "https://a.example/b...", "https://a.example/b"),
}
NO_URL = [
    "https://",
    "https://...",
    "https:///x",
    "http://。",
    "xhttps://a.example",
    "ftp://a.example",
    "https:a.example",
]
UNSAFE = [
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:x", "java\tscript:x", "\x01javascript:x"),
    *("javascript%3Aalert(1)", "java%73cript:x", "data:text/html,x", "vbscript:x", "view-source:https://a.example"),
    *("blob:https://a.example/x", "mailto:", "https:a", "https:///x", "http://[::1", "\u200bjavascript:x", ""),
]
SAFE = [
    "https://a.example",
    "mailto:me@a.example",
    "/posts/",
    "//a.example/x",
    "x/y.png",
    "#top",
    "?q=a:b",
    "/a:b",
    "%zz",
]


@pytest.mark.parametrize(("text", "address", "href"), FOUND.values(), ids=FOUND.keys())
def test_an_address_is_found_whole_and_without_what_surrounds_it(text: str, address: str, href: str) -> None:
    start = text.lower().index("http")
    url = find_url(text, start)
    assert url is not None
    assert (text[start : url.end], url.href, url.cut) == (address, href, False)


@pytest.mark.parametrize(("text", "shown", "href"), CUT.values(), ids=CUT.keys())
def test_a_cut_address_keeps_its_dots_and_is_marked(text: str, shown: str, href: str) -> None:
    start = text.index("http")
    url = find_url(text, start)
    assert url is not None
    assert (text[start : url.end], url.href, url.cut) == (shown, href, True)


@pytest.mark.parametrize("text", NO_URL)
def test_what_only_begins_like_an_address_is_none(text: str) -> None:
    assert [find_url(text, start) for start in range(len(text))] == [None] * len(text)


@pytest.mark.parametrize("address", UNSAFE)
def test_an_unsafe_or_broken_address_may_not_be_a_link(address: str) -> None:
    assert safe_href(address) is None


@pytest.mark.parametrize("address", SAFE)
def test_a_safe_address_stays_as_it_is(address: str) -> None:
    assert safe_href(address) == address


def test_an_address_outside_ascii_is_escaped() -> None:
    assert safe_href("/posts/日本 語") == "/posts/%E6%97%A5%E6%9C%AC%20%E8%AA%9E"


def test_only_an_address_with_a_path_counts_as_cut() -> None:
    assert strip_cut("https://a.example/b...") == ("https://a.example/b", True)
    assert strip_cut("https://a.example...") == ("https://a.example...", False)


@given(st.text() | st.text(alphabet="htps:/.,()[]{}%あ。 aZ0…@?#&_*'\""))
def test_any_text_after_a_scheme_gives_a_plain_address_or_none(rest: str) -> None:
    text = "https://" + rest
    url = find_url(text, 0)
    if url is not None:
        assert url.href.isascii()
        assert urlsplit(url.href).scheme in SCHEMES
        assert 8 < url.end <= len(text)


@given(st.text())
def test_no_address_gets_another_scheme_by_being_made_safe(address: str) -> None:
    href = safe_href(address)
    assert href is None or urlsplit(href).scheme.lower() in {*SCHEMES, ""}
