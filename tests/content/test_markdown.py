"""Hold how Markdown becomes safe HTML, and how that is cut where shortcodes stood."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from matome_app.content.markdown import cut_at_placeholders, to_html
from matome_app.content.models import Segment

VOID = {"br", "hr", "img", "wbr", "col"}


def html(source: str) -> str:
    """Return Markdown as HTML on a site whose every relative image exists."""
    return to_html(source, lambda address: f"/x/{address}" if ":" not in address else None)


class Balance(HTMLParser):
    """Checks that every element that is opened is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.wrong |= not self.open or self.open.pop() != tag


def is_balanced(markup: str) -> bool:
    """Tell whether all elements of some HTML are closed in order."""
    parser = Balance()
    parser.feed(markup)
    parser.close()
    return not parser.wrong and not parser.open


@pytest.mark.parametrize(
    ("source", "selector", "text"),
    [
        ("# 見出し", "h1, h2", "見出し"),
        ("**太字**", "strong", "太字"),
        ("*斜体*", "em", "斜体"),
        ("~~取り消し~~", "del", "取り消し"),
        ("`code <b>`", "code", "code <b>"),
        ("```\nfence <i>\n```", "pre code", "fence <i>\n"),
        ("> 引用", "blockquote", "\n引用\n"),
        ("- 一\n- 二", "ul li:nth-of-type(2)", "二"),
        ("1. 一\n2. 二", "ol li:nth-of-type(2)", "二"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "table td:nth-of-type(2)", "2"),
        ("[題](https://example.org/a)", "a[href='https://example.org/a']", "題"),
        ("https://example.org/bare", "a[href='https://example.org/bare']", "https://example.org/bare"),
        ("出典：https://example.org/日本語の後", "a[href^='https://example.org/']", None),
        ("[上](/posts/)", "a[href='/posts/']", "上"),
        ("<kbd>Ctrl</kbd>", "kbd", "Ctrl"),
        ("行1<br>行2", "br", ""),
        ("![絵](a.png)", "img[src='/x/a.png'][alt='絵'][loading=lazy]", ""),
    ],
)
def test_markdown_becomes_html(source: str, selector: str, text: str | None) -> None:
    found = BeautifulSoup(html(source), "html.parser").select_one(selector)
    assert found is not None, html(source)
    if text is not None:
        assert found.get_text() == text


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hello)",
        "[x]: javascript:alert(1)\n\n[x]",
        "![x](javascript:alert(1))",
        "<iframe src=//example.org></iframe>",
        "<a href='javascript:alert(1)'>x</a>",
        '<b onclick="alert(1)">x</b>',
        "<style>*{}</style>",
        "<meta http-equiv=refresh content=0>",
        "<svg/onload=alert(1)>",
    ],
)
def test_nothing_unsafe_survives_and_everything_stays_visible(source: str) -> None:
    shown = BeautifulSoup(html(source), "html.parser")
    assert shown.select("script, iframe, style, meta, svg, [onerror], [onclick], [onload]") == []
    for link in shown.select("[href], [src]"):
        assert str(link.get("href") or link.get("src")).startswith(("http://", "https://", "/"))
    if not source.startswith(("[x]", "![x]")):
        assert shown.get_text().strip() == source
    else:
        assert "alert" in shown.get_text() or "hello" in shown.get_text()


def test_a_picture_of_another_host_becomes_a_link() -> None:
    shown = BeautifulSoup(html("![猫](https://example.org/cat.png)"), "html.parser")
    assert shown.select("img") == []
    link = shown.select_one("a[href='https://example.org/cat.png']")
    assert link is not None
    assert "猫" in link.get_text()


def test_a_reference_nobody_uses_stays_visible() -> None:
    assert "https://example.org/unused" in html("[memo]: https://example.org/unused")
    assert "[memo]" not in html("[memo]\n\n[memo]: https://example.org/used")


@pytest.mark.parametrize(
    "source",
    [
        "`" * 3000,
        "[" * 3000,
        "*" * 3000,
        ">" * 1500,
        "- " * 500,
        "(" * 3000 + "![" * 200,
        "\u0002\u0003",
        "a\u0002wzxhzdk:0\u0003",
    ],
)
def test_hostile_markdown_ends_with_balanced_html(source: str) -> None:
    assert is_balanced(html(source))


@given(st.text(alphabet="ab あ。<>&[]()!*_`#-|~\n:/\\\"'\t", max_size=120))
def test_any_markdown_becomes_balanced_html_with_all_its_letters(source: str) -> None:
    markup = html(source)
    assert is_balanced(markup), markup
    shown = BeautifulSoup(markup, "html.parser").get_text()
    links = " ".join(
        str(value) for tag in BeautifulSoup(markup, "html.parser").find_all(True) for value in tag.attrs.values()
    )
    for letter in "abあ":
        assert shown.count(letter) + links.count(letter) >= source.count(letter)


COMMENT: Segment = ("comment", 1)
FOLD: Segment = ("details", 1)


@pytest.mark.parametrize(
    ("markup", "segments"),
    [
        ("<p>KEY1</p>", (COMMENT,)),
        ("<p>前</p>\n<p>KEY1</p>\n<p>後</p>", (("html", "<p>前</p>"), COMMENT, ("html", "<p>後</p>"))),
        ("<p>前KEY1後</p>", (("html", "<p>前</p>"), COMMENT, ("html", "<p>後</p>"))),
        ("<p>a<em>bKEY1c</em>d</p>", (("html", "<p>a<em>b</em></p>"), COMMENT, ("html", "<p><em>c</em>d</p>"))),
        (
            "<ul>\n<li>一KEY1</li>\n<li>二</li>\n</ul>",
            (("html", "<ul>\n<li>一</li></ul>"), COMMENT, ("html", "<ul>\n<li>二</li>\n</ul>")),
        ),
        ("<p>KEY1 KEY2</p>", (COMMENT, FOLD)),
        ('<p><a href="KEY1">x</a></p>', (("html", '<p><a href="">x</a></p>'), COMMENT)),
        ("<p>何もない</p>", (("html", "<p>何もない</p>"), COMMENT)),
    ],
)
def test_html_is_cut_where_shortcodes_stood_and_none_is_lost(markup: str, segments: tuple[Segment, ...]) -> None:
    references: dict[str, tuple[Segment, ...]] = {"KEY1": (COMMENT,), "KEY2": (FOLD,)}
    references = {key: value for key, value in references.items() if key == "KEY1" or key in markup}
    cut = cut_at_placeholders(markup, references)
    assert tuple(cut) == segments
    assert all(is_balanced(str(value)) for kind, value in cut if kind == "html")


@given(st.text(alphabet="ab \n*_`>-[]()#|", max_size=60), st.text(alphabet="ab \n*_`>-[]()#|", max_size=60))
def test_a_shortcode_anywhere_in_markdown_is_placed_once_between_balanced_pieces(before: str, after: str) -> None:
    cut = cut_at_placeholders(html(f"{before}KEY1{after}"), {"KEY1": (COMMENT,)})
    assert [kind for kind, _ in cut].count("comment") == 1
    assert all(is_balanced(str(value)) for kind, value in cut if kind == "html")
    assert "KEY1" not in "".join(str(value) for _, value in cut)
