"""Hold the last gate to letting nothing harmful through, and to showing what it does not let through."""

from __future__ import annotations

import html
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.content.sanitize import LINK_REL, POST_TAGS, clean_comment, clean_post, escape_unknown_html

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "hostile" / "payloads.json"

KEPT = {
    "paragraph": "<p>本文</p>",
    "emphasis": "<p><em>強調</em>と<strong>太字</strong></p>",
    "heading": "<h2>見出し</h2>",
    "list": '<ol start="3"><li>三</li></ol>',
    "table": '<table><thead><tr><th align="left">品</th></tr></thead><tbody><tr><td>茶</td></tr></tbody></table>',
    "code with its language": '<pre><code class="language-c++">int x;</code></pre>',
    "rule": "<hr>",
    "picture of this site": '<img src="cat.png" alt="猫">',
    "figure": '<figure><img src="/img/cat.png" alt="猫"><figcaption>猫です</figcaption></figure>',
    "ruby": "<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>",
    "definitions": "<dl><dt>語</dt><dd>意味</dd></dl>",
    "abbreviation": '<abbr title="HyperText">HT</abbr>',
    "deletion, keys, super- and subscript": "<del>a</del><kbd>b</kbd><sup>c</sup><sub>d</sub>",
    "link": f'<a href="/posts/" rel="{LINK_REL}">記事</a>',
    "cut address": f'<a href="https://a.example/b" class="cut-url" title="途中" rel="{LINK_REL}">b...</a>',
    "quote mark": '<blockquote><span class="quote-mark">＞</span>引用</blockquote>',
    "language": '<p lang="en">text</p>',
}
SHOWN = {
    "script": "<script>alert(1)</script>",
    "style": "<style>p {color: red}</style>",
    "comment": "<!-- メモ -->",
    "unclosed tag": "a <em b",
    "unclosed comment": "<!-- a",
    "unknown element": "<member>x</member>",
    "event handler": '<p onclick="x()">y</p>',
    "author's class": '<p class="card">y</p>',
    "class of ours on another element": '<em class="cut-url">y</em>',
    "author's id": '<h2 id="app">y</h2>',
    "name": '<a name="x">y</a>',
    "style attribute": '<p style="color:red">y</p>',
    "htmx attribute": '<p hx-get="/x">y</p>',
    "htmx attribute in disguise": '<p data-hx-get="/x">y</p>',
    "custom element": '<p is="x-y">y</p>',
    "form": '<form action="/x"><button formaction="/y">z</button></form>',
    "script link": '<a href="javascript:alert(1)">y</a>',
    "script link in entities": '<a href="&#106;avascript&colon;alert(1)">y</a>',
    "script link with a control character": '<a href="java\tscript:alert(1)">y</a>',
    "data picture": '<img src="data:image/svg+xml,x" alt="y">',
    "picture with a handler": '<img src="x.png" onerror="alert(1)">',
    "picture without address": '<img alt="y">',
    "foreign frame": '<iframe src="https://a.example"></iframe>',
    "closing tag alone": "a</strong>b",
    "cell outside a table": "<td>x</td>",
    "doctype": "<!doctype html>",
    "processing instruction": "<?php echo 1 ?>",
    "svg": "<svg><a>x</a></svg>",
    "template": "<template><p-x>y</p-x></template>",
    "link without address": "<a>y</a>",
    "attributes that run together": '<p title="a"title="b">y</p>',
}


class Page(HTMLParser):
    """The text, tags and attributes of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_harmless_html_of_a_post_stays_as_it_is(text: str) -> None:
    assert clean_post(text) == text


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN.keys())
def test_what_a_post_may_not_hold_is_shown_as_it_was_typed(text: str) -> None:
    assert Page(clean_post(text)).text == html.unescape(text)


def test_a_picture_of_another_host_becomes_a_link_with_its_alt_text_and_address() -> None:
    assert clean_post('<img src="https://a.example/cat.png" alt="猫">') == (
        f'<a href="https://a.example/cat.png" rel="{LINK_REL}">猫 (https://a.example/cat.png)</a>'
    )


@pytest.mark.parametrize("source", ["//a.example/x.png", "\\\\a.example/x.png", "/\\a.example/x.png", " //a.example/x"])
def test_no_spelling_of_another_host_makes_a_picture(source: str) -> None:
    page = Page(clean_post(f'<img src="{source}" alt="y">'))
    assert "img" not in [tag for tag, _ in page.tags]
    assert source.strip() in page.text


def test_a_foreign_picture_inside_a_link_leaves_the_link_whole() -> None:
    shown = clean_post('<a href="/x"><img src="https://a.example/c.png" alt="猫"></a>')
    assert shown == f'<a href="/x" rel="{LINK_REL}">猫 (https://a.example/c.png)</a>'


def test_the_divider_of_a_summary_goes_and_other_comments_are_shown() -> None:
    assert clean_post("a<!--more-->b<!-- c -->") == "ab&lt;!-- c --&gt;"


def test_escaping_leaves_text_without_tags_alone() -> None:
    assert escape_unknown_html("1 &lt; 2 &amp; 3 > 2") == "1 &lt; 2 &amp; 3 > 2"


def test_a_comment_holds_no_element_of_a_post_and_loses_no_text() -> None:
    assert clean_comment('<h1>a</h1><img src="x"><script>b</script><em class="x" id="y">c</em>') == "ab<em>c</em>"


def test_the_gate_can_be_used_from_several_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(clean_post, ["<p is=x>y</p><em>z</em>"] * 200)) == {"&lt;p is=x&gt;y&lt;/p&gt;<em>z</em>"}


@pytest.mark.parametrize("piece", ["<", "<a ", '<a "', "<em>", "</em>", "<p title='", "<!--", "<td>", "<table>", "&#"])
def test_hostile_repetition_takes_time_linear_in_its_length(piece: str) -> None:
    start = time.perf_counter()
    clean_post(piece * 20_000)
    assert time.perf_counter() - start < 2


PIECES = st.lists(
    st.sampled_from(
        [*SHOWN.values(), *KEPT.values(), "<", ">", '"', "'", "</p>", "<table>", "<td>", "<a href=x>", "&lt;"]
    )
    | st.text(),
    max_size=8,
)


@given(PIECES.map("".join))
def test_any_html_comes_out_with_allowed_tags_and_attributes_only(text: str) -> None:
    for tag, attributes in Page(clean_post(text)).tags:
        assert tag in POST_TAGS
        assert not [name for name in attributes if re.match(r"on|id$|name$|style|is$|form|(data-)?hx-", name)]
        for name in ("href", "src"):
            assert not re.match(r"(?i)\s*(javascript|vbscript|data):", attributes.get(name) or "")


@pytest.mark.skipif(not PAYLOADS.exists(), reason="needs ../shared/hostile: public payloads")
def test_public_payloads_stay_harmless_in_posts_and_clean_ones_stay_clean() -> None:
    for payload in json.loads(PAYLOADS.read_text(encoding="utf-8")):
        once = clean_post(payload["payload"])
        assert clean_post(once) == once
        assert {tag for tag, _ in Page(once).tags} <= POST_TAGS
