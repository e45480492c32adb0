"""Hold the rendering of comment bodies to its cases, to its promise that no letter is lost, and to Hugo's corpus."""

from __future__ import annotations

import gzip
import html
import json
import re
import time
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.content.inline import CUT_TITLE, plain_text, render_comment
from matome_app.content.sanitize import COMMENT_TAGS, LINK_REL, clean_comment

SHARED = Path(__file__).resolve().parents[3] / "shared"
ORACLE = SHARED / "corpus" / "oracle.jsonl.gz"
PAYLOADS = SHARED / "hostile" / "payloads.json"

U = "https://a.example/b"
LINK = f'<a href="{U}">'
CUT = f'<a href="{U}" class="cut-url" title="{CUT_TITLE}">'
MARK = '<span class="quote-mark">{}</span>'
Q, A = MARK.format("＞"), MARK.format("&gt;")

# name: (body, its HTML without the rel of its links)
CASES = {
    # text and line breaks
    "plain text": ("猫は液体だと思う。", "猫は液体だと思う。"),
    "empty": ("", ""),
    "blank": (" ", " "),
    "line break": ("一行目<br>二行目", "一行目<br>二行目"),
    "line breaks in other spellings": ("a<br/>b<br />c<BR>d", "a<br>b<br>c<br>d"),
    "empty line": ("a<br><br>b", "a<br><br>b"),
    "newline": ("a\nb\r\nc", "a<br>b<br>c"),
    "break at both ends": ("<br>a<br>", "<br>a<br>"),
    "escaped break is text": ("タグの&lt;br&gt;です", "タグの&lt;br&gt;です"),
    # entities
    "entities are decoded once": ("AT&amp;T &lt;b&gt; &#39;x&#39;", "AT&amp;T &lt;b&gt; 'x'"),
    "an entity of an entity": ("&amp;lt;", "&amp;lt;"),
    "unknown entities stay": ("&nope; R&D", "&amp;nope; R&amp;D"),
    "an address is no entity": (f"{U}?a=1&copy=2", f'<a href="{U}?a=1&amp;copy=2">{U}?a=1&amp;copy=2</a>'),
    "no-break space": ("a&nbsp;b", "a&nbsp;b"),
    # HTML that was typed
    "type parameter": ("List<Member>を返す", "List&lt;Member&gt;を返す"),
    "acronym as a tag": ("<LMGTFY>", "&lt;LMGTFY&gt;"),
    "script": ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    "typed anchor": (f'<a href="{U}">x</a>', f'&lt;a href="{LINK}{U}</a>"&gt;x&lt;/a&gt;'),
    "comment": ("a <!-- b --> c", "a &lt;!-- b --&gt; c"),
    "less and more": ("1 < 2 > 0", "1 &lt; 2 &gt; 0"),
    # code
    "code": ("`ls -l`を実行", "<code>ls -l</code>を実行"),
    "code holding HTML": ("`vec<int>`", "<code>vec&lt;int&gt;</code>"),
    "code holding marks": ("`*a* _b_ [c](d)`", "<code>*a* _b_ [c](d)</code>"),
    "code holding an address": (f"`curl {U}`", f"<code>curl {U}</code>"),
    "code in two backticks": ("``a ` b``", "<code>a ` b</code>"),
    "code with padding": ("`` `x` ``", "<code>`x`</code>"),
    "code never spans lines": ("`a<br>b`", "`a<br>b`"),
    "lone backtick": ("3` の板", "3` の板"),
    "unequal runs": ("``a`", "``a`"),
    "fence": ("```<br>x = 1<br>```", "```<br>x = 1<br>```"),
    "code in quotes": ("「`x`」", "「<code>x</code>」"),
    # links
    "link": (f"[ここ]({U})を見て", f"{LINK}ここ</a>を見て"),
    "link that shows its address": (f"[{U}]({U})", f"{LINK}{U}</a>"),
    "link with brackets in its address": ("[x](https://a.example/b_(c))", '<a href="https://a.example/b_(c)">x</a>'),
    "link with brackets in its text": (f"[a [1]]({U})", f"{LINK}a [1]</a> ({U})"),
    "link with a title shows it all": (f'[x]({U} "題")', f'<a href="{U}" title="題">x</a> ({U} "題")'),
    "site-relative link": ("[一覧](/posts/)", '<a href="/posts/">一覧</a>'),
    "link without a scheme": ("[x](www.a.example)", '<a href="https://www.a.example">x</a>'),
    "mail link": ("[書く](mailto:me@a.example)", '<a href="mailto:me@a.example">書く</a>'),
    "link to a cut address": (f"[{U}...]({U}...)", f"{CUT}{U}...</a>"),
    "emphasis in a link": (f"[*x*]({U})", f"{LINK}<em>x</em></a>"),
    "code in a link": (f"[`x`]({U})", f"{LINK}<code>x</code></a>"),
    "link without text": (f"[]({U})", f"{LINK}{U}</a>"),
    "picture": (f"![猫]({U})", f"{LINK}猫</a>"),
    "script link": ("[x](javascript:alert)", "[x](javascript:alert)"),
    "script link in mixed case": ("[x](JaVaScript:alert)", "[x](JaVaScript:alert)"),
    "script link in entities": ("[x](&#106;avascript&colon;y)", "[x](javascript:y)"),
    "script link in escapes": ("[x](java%73cript:y)", "[x](java%73cript:y)"),
    "data link": ("[x](data:text/html,y)", "[x](data:text/html,y)"),
    "index and call": ("arr[i](x) と [T](…)", "arr[i](x) と [T](…)"),
    "lambda": ("[&](){ f(); }", "[&amp;](){ f(); }"),
    "brackets alone": ("[1] 注", "[1] 注"),
    "reference link is text": ("[a][b]", "[a][b]"),
    "targets are all hidden or all shown": (f"[a]({U}) `[b](c)`", f"{LINK}a</a> ({U}) <code>[b](c)</code>"),
    "two links": (f"[a]({U})と[b]({U})", f"{LINK}a</a>と{LINK}b</a>"),
    # autolinks and bare addresses
    "autolink": (f"出典：<{U}>。", f"出典：{LINK}{U}</a>。"),
    "cut autolink": (f"<{U}...>", f"{CUT}{U}...</a>"),
    "autolink of another scheme is text": ("<javascript:x>", "&lt;javascript:x&gt;"),
    "bare address": (f"見て {U} ね", f"見て {LINK}{U}</a> ね"),
    "bare address in Japanese": (f"出典。{U}を見て", f"出典。{LINK}{U}</a>を見て"),
    "bare address in brackets": (f"（{U}）({U})", f"（{LINK}{U}</a>）({LINK}{U}</a>)"),
    "cut address": (f"{U}... だよ", f"{CUT}{U}...</a> だよ"),
    "glued addresses": (f"{U}...{U}", f"{CUT}{U}...</a>{LINK}{U}</a>"),
    "broken escape": ("https://a.example/100%", '<a href="https://a.example/100%">https://a.example/100%</a>'),
    "underscores in an address": ("https://a.example/_b_", '<a href="https://a.example/_b">https://a.example/_b</a>_'),
    "quote in an address": (f'{U}"onclick="x', f'{LINK}{U}</a>"onclick="x'),
    "no address": ("https:// と http", "https:// と http"),
    # emphasis
    "emphasis by a star": ("これは*大事*です", "これは<em>大事</em>です"),
    "strong": ("これは**大事**です", "これは<strong>大事</strong>です"),
    "both": ("***大事***", "<em><strong>大事</strong></em>"),
    "strong beside Japanese brackets": ("**「強調」**です", "<strong>「強調」</strong>です"),
    "strong ending in a Japanese full stop": ("**終わり。**次", "<strong>終わり。</strong>次"),
    "emphasis in brackets": ("（*x*）", "（<em>x</em>）"),
    "nested": ("**a *b* c**", "<strong>a <em>b</em> c</strong>"),
    "emphasis around code": ("*`x`*", "<em><code>x</code></em>"),
    "crossing": ("*a **b* c**", "<em>a **b</em> c**"),
    "product": ("2*3*4 と 2 * 3 * 4", "2*3*4 と 2 * 3 * 4"),
    "letters between stars": ("a*b*c", "a*b*c"),
    "an algorithm's name": ("A*は速い。A*を使う", "A*は速い。A*を使う"),
    "pointers": ("char **argv, int *p", "char **argv, int *p"),
    "glob": ("src/**/*.py と *.js", "src/**/*.py と *.js"),
    "comment of a program": ("/*説明*/", "/*説明*/"),
    "footnote mark": ("価格* は税別。* 注", "価格* は税別。* 注"),
    "emphasis never spans lines": ("*a<br>b*", "*a<br>b*"),
    "nothing to emphasise": ("*…* と ****", "*…* と ****"),
    "emphasis by underscores": ("it is _very_ good", "it is <em>very</em> good"),
    "dunder": ("__init__と__call__", "__init__と__call__"),
    "snake case": ("snake_case_name と _private_name_", "snake_case_name と _private_name_"),
    "underscores between Japanese": ("これ_は_違う", "これ_は_違う"),
    "tildes": ("1~6と~~x~~と10~20", "1~6と~~x~~と10~20"),
    # backslashes
    "escaped star": (r"\*a\*", r"\*a\*"),
    "shrug": (r"¯\_(ツ)_/¯", r"¯\_(ツ)_/¯"),
    "path": (r"C:\Users\x", r"C:\Users\x"),
    "literal newline mark": (r"a\nb", r"a\nb"),
    "escaped backtick": (r"\`a`", r"\`a`"),
    # blocks of Markdown are text
    "heading": ("# 見出し", "# 見出し"),
    "ordered list": ("1. 一<br>2. 二", "1. 一<br>2. 二"),
    "list": ("- a<br>* b<br>+ c", "- a<br>* b<br>+ c"),
    "rule": ("---", "---"),
    "table": ("|a|b|", "|a|b|"),
    "indented": ("    x = 1", "    x = 1"),
    # quotations
    "quotation": ("＞元の発言<br>返事", f"<blockquote>{Q}元の発言<br></blockquote>返事"),
    "quotation by an ASCII mark": ("> a<br>b", f"<blockquote>{A} a<br></blockquote>b"),
    "quotation by an entity": ("&gt; a", f"<blockquote>{A} a</blockquote>"),
    "two lines of a quotation": ("＞a<br>＞b<br>c", f"<blockquote>{Q}a<br>{Q}b<br></blockquote>c"),
    "two quotations": (
        "＞a<br>b<br>＞c<br>d",
        f"<blockquote>{Q}a<br></blockquote>b<br><blockquote>{Q}c<br></blockquote>d",
    ),
    "quotation of a quotation": ("＞＞a", f"<blockquote>{MARK.format('＞＞')}a</blockquote>"),
    "quotation at the end": ("a<br>＞b", f"a<br><blockquote>{Q}b</blockquote>"),
    "empty quotation": ("＞", f"<blockquote>{Q}</blockquote>"),
    "quotation after a space": (" ＞a", f"<blockquote> {Q}a</blockquote>"),
    "mark inside a line": ("a ＞ b -> c", "a ＞ b -&gt; c"),
    "markup in a quotation": ("＞`x`と*y*", f"<blockquote>{Q}<code>x</code>と<em>y</em></blockquote>"),
    # characters no page can hold
    "null": ("a\x00b", "a\ufffdb"),
    "half a pair": ("a\ud83db", "a\ufffdb"),
    "control that Windows means as a quote": ("it\x92s", "it’s"),
    "bidirectional override stays": ("a\u202eb", "a\u202eb"),
    "combining mark behind a mark": ("*か*\u3099", "*か*\u3099"),
}


class Visible(HTMLParser):
    """The text a reader sees, with what stands behind its links, and the tags in the order of their nesting."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "br":
            self.text += "\n"
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.unbalanced |= not self.open or self.open.pop() != tag

    def handle_data(self, data: str) -> None:
        self.text += data


def letters(text: str) -> str:
    """Return the letters and digits of a text."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(each for each in normal if unicodedata.category(each)[0] in "LN").casefold()


def letters_to_show(body: str) -> set[str]:
    """Return what may be visible of a body: every letter, or all but the targets of Markdown links."""
    text = plain_text(body)
    return {letters(text), letters(re.sub(r"(!?\[[^\]]*\])\([^)\s]*\)", r"\1", text))}


def assert_safe(shown: Visible) -> None:
    assert not shown.unbalanced
    assert not shown.open
    for tag, attributes in shown.tags:
        assert tag in COMMENT_TAGS
        assert set(attributes) <= {"href", "class", "title", "rel"}
        href = re.sub(r"[\x00-\x20]", "", attributes.get("href") or "")
        assert urlsplit(href).scheme.lower() in {"http", "https", "mailto", ""}
        assert attributes.get("class") in {None, "cut-url", "quote-mark"}


@pytest.mark.parametrize(("body", "shown"), CASES.values(), ids=CASES.keys())
def test_a_body_is_shown_as_its_case_says(body: str, shown: str) -> None:
    assert render_comment(body).replace(f' rel="{LINK_REL}"', "") == shown


@pytest.mark.parametrize("body", [case[0] for case in CASES.values()], ids=CASES.keys())
def test_no_case_loses_a_letter(body: str) -> None:
    assert letters(Visible(render_comment(body)).text) in letters_to_show(body)


@pytest.mark.parametrize("body", [f"[x]({U})", f"<{U}>", U, f"![x]({U})", f"[x]({U}...)"])
def test_every_link_tells_search_engines_and_hosts_nothing(body: str) -> None:
    assert [attributes["rel"] for _, attributes in Visible(render_comment(body)).tags] == [LINK_REL]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a<br>b<BR />c", "a\nb\nc"),
        ("&lt;b&gt; &amp;amp; &#39;", "<b> &amp; '"),
        ("?a=1&region=jp", "?a=1&region=jp"),
        ("`x` *y* [z](/w)", "`x` *y* [z](/w)"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffa\x07b\udc80c", "a\ufffdb\ufffdc"),
        (r"a\nb", r"a\nb"),
    ],
)
def test_plain_text_breaks_lines_and_decodes_entities_and_changes_nothing_else(body: str, text: str) -> None:
    assert plain_text(body) == text


FRAGMENTS = st.sampled_from(
    [
        *(
            "`",
            "``",
            "*",
            "**",
            "***",
            "_",
            "[",
            "]",
            "](",
            "](/x)",
            "(",
            ")",
            "![",
            "<",
            ">",
            "＞",
            "\\",
            "<br>",
            "\n",
        ),
        *(
            "&lt;",
            "&amp;",
            "&copy",
            "&#x3C;",
            "https://a.example/b",
            "https://a.example/b...",
            "…",
            "...",
            " ",
            "。",
            "「",
        ),
        *(
            "」",
            "あ",
            "a",
            "1",
            '"',
            "'",
            "javascript:",
            "<a href=x>",
            "か",
            "\u3099",
            "e\u0301",
            "ｶ",
            "ﾞ",
            "[a](/b)",
            "/c)",
        ),
        *("\x00", "\ud800", "\u202e", "\ufeff", "\xa0", "\r", "™", "ᄀ", "ᅡ", "~~", "__"),
    ]
)
BODIES = (
    st.text() | st.lists(FRAGMENTS, max_size=30).map("".join) | st.lists(FRAGMENTS | st.text(), max_size=9).map("".join)
)


@given(BODIES)
def test_any_body_becomes_balanced_allowed_html_with_the_letters_of_the_body(body: str) -> None:
    shown = Visible(render_comment(body))
    assert_safe(shown)
    assert letters(shown.text) in letters_to_show(body)


@given(BODIES)
def test_the_gate_changes_nothing_of_what_it_has_let_through(body: str) -> None:
    rendered = render_comment(body)
    assert clean_comment(rendered) == rendered


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="`*_[]<>＞\\&\ufeff\xa0:")))
def test_text_without_marks_is_shown_as_it_is(body: str) -> None:
    assert render_comment(body) == body


REPEATED = [
    "*a",
    "*あ",
    "あ*",
    "_a ",
    "`",
    "`a``",
    "[",
    "[a",
    "[a](",
    "[a](b",
    "![",
    "<https://",
    "https://",
    "＞",
    "\\",
]


@pytest.mark.parametrize("piece", [*REPEATED, f"{U}...", f"{U}(", "*a* [", "&amp", "[a](/b)", "https://[a/"])
def test_hostile_repetition_takes_time_linear_in_its_length(piece: str) -> None:
    start = time.perf_counter()
    render_comment(piece * 20_000)
    assert time.perf_counter() - start < 3


def oracle_comments() -> Iterator[dict[str, Any]]:
    """Yield the comments of all real posts as Hugo reads them."""
    with gzip.open(ORACLE, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield from json.loads(line)["comments"]


@pytest.mark.corpus
@pytest.mark.skipif(not ORACLE.exists(), reason="needs ../shared/corpus: the bodies of real posts")
def test_every_real_body_is_shown_whole_and_safely() -> None:
    bodies = [comment["body"] for comment in oracle_comments()]
    start = time.perf_counter()
    rendered = [render_comment(body) for body in bodies]
    each = (time.perf_counter() - start) / len(bodies) * 1000
    print(f"{len(bodies)} bodies, {each:.4f} ms each")
    lost = []
    for body, page in zip(bodies, rendered, strict=True):
        shown = Visible(page) if "<" in page else None
        text = shown.text if shown else html.unescape(page)
        if shown:
            assert_safe(shown)
        if letters(text) not in letters_to_show(body):
            lost.append(body)
    assert lost == []
    assert len(bodies) > 100_000


@pytest.mark.corpus
@pytest.mark.skipif(not ORACLE.exists(), reason="needs ../shared/corpus: the bodies of real posts")
def test_nearly_every_link_of_hugo_is_a_link_here() -> None:
    missed = total = 0
    for comment in oracle_comments():
        if "<a href" in comment.get("html", ""):
            theirs = re.findall(r'<a href="(https?://[^"]*)"', comment["html"])
            ours = render_comment(comment["body"])
            total += len(theirs)
            # Where the two disagree about the end of an address, its beginning is linked all the same.
            missed += sum(f'<a href="{address[:24]}' not in ours for address in theirs)
    assert total > 5_000
    assert missed < total / 200


@pytest.mark.skipif(not PAYLOADS.exists(), reason="needs ../shared/hostile: public payloads")
def test_public_payloads_stay_text() -> None:
    for payload in json.loads(PAYLOADS.read_text(encoding="utf-8")):
        shown = Visible(render_comment(payload["payload"]))
        assert_safe(shown)
        assert letters(shown.text) in letters_to_show(payload["payload"])
