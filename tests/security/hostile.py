"""A hostile set of our own: what somebody who wants to harm readers might write, and a site that has it everywhere.

Every text that could run calls `__ran`, which a browser test defines; every text is followed by a marker of its own, so
that a test can tell whether it is shown. All of it is written for this project.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from matome_app.content.shortcodes import write

RUN: Final = "__ran(1)"
ELSEWHERE: Final = "elsewhere.test"
"""A host of nobody: a request to it is a fault."""

MARKUP: Final = (
    f"<script>{RUN}</script>",
    f"<SCRIPT\t>{RUN}</ScRiPt\n>",
    f"<script/src='//{ELSEWHERE}/a.js'></script>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"</title></textarea></style><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img/src/onerror={RUN}//",
    f'<img alt="`" src=x onerror="{RUN}">',
    f"<img src='x' \f onerror\n=\n'{RUN}'>",
    f"<body onload={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<p style=animation-name:x onanimationstart={RUN}>x",
    f"<video><source onerror={RUN}></video>",
    f"<audio src onloadstart={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<iframe src=javascript:parent.{RUN}></iframe>",
    f"<object data=javascript:{RUN}></object><embed src=javascript:{RUN}>",
    f"<form action=javascript:{RUN}><button autofocus>x</button></form>",
    f"<form><button formaction=javascript:{RUN}>x</button></form>",
    f"<form action=https://{ELSEWHERE}/><input name=q></form>",
    f"<base href=https://{ELSEWHERE}/>",
    f"<meta http-equiv=refresh content='0;url=https://{ELSEWHERE}/'>",
    "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\">",
    f"<link rel=stylesheet href=https://{ELSEWHERE}/a.css>",
    f"<style>@import 'https://{ELSEWHERE}/a.css'; * {{ background: url(https://{ELSEWHERE}/b) }}</style>",
    f"<div style='position:fixed;inset:0;background:url(https://{ELSEWHERE}/c)'>over all</div>",
    f"<img src=https://{ELSEWHERE}/pixel.png>",
    f"<a href=x ping=https://{ELSEWHERE}/p>x</a>",
    f"<div hx-get=/search hx-trigger=load hx-on:htmx:load={RUN}>x</div>",
    f'<a data-hx-on::load="{RUN}" data-hx-vals="js:{{a:{RUN}}}" data-hx-trigger="load[{RUN}]" data-hx-get=/>x</a>',
    f"<button data-do=copy popovertarget=settings onclick={RUN}>x</button>",
    f"<hx-partial hx-target=body><script>{RUN}</script></hx-partial>",
    "<p id=main>x</p><p id=announce>y</p><form id=search name=q><input name=attributes></form>",
    "<plaintext>never ends",
    "<xmp><listing><noembed><noframes>",
    f"<template><script>{RUN}</script></template>",
    f"<slot onslotchange={RUN}>",
    f"<dialog open oncancel={RUN}>x</dialog>",
    f"<marquee onstart={RUN}>x</marquee>",
)
"""Elements and attributes that would do something."""

FOREIGN: Final = (
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><script href='data:text/javascript,{RUN}'/></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><a><animate attributeName=href values=javascript:{RUN} /><text x=20 y=20>x</text></a></svg>",
    f"<svg><set attributeName=onmouseover to={RUN}>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg><a/></svg>#x'>",
    f"<svg><foreignObject><iframe srcdoc='<script>parent.{RUN}</script>'></foreignObject></svg>",
    f"<svg><style>*{{fill:url(https://{ELSEWHERE}/s)}}</style></svg>",
    f"<math href=javascript:{RUN}>x</math>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
    f"<?xml version='1.0'?><x xmlns='http://www.w3.org/1999/xhtml'><script>{RUN}</script></x>",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
)
"""SVG, MathML and XML."""

MUTATING: Final = (
    f"<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror={RUN}>'>",
    f"<svg></p><style><a id='</style><img src=x onerror={RUN}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<table><a><td></a><img src=x onerror={RUN}></table>",
    f"<select><option><style></option></select><img src=x onerror={RUN}></style>",
    f"<svg><title><style><img title='</style><img src=x onerror={RUN}>'>",
    f"<a title='\u2028</a><img src=x onerror={RUN}>'>x</a>",
    f"<img title=`'`><img src=x onerror={RUN}>",
    f'<p title="a&#34;onmouseover=&#34;{RUN}">x</p>',
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"{'<b>' * 600}<img src=x onerror={RUN}>",
    f"<ruby><rt><table><tr><style><!-- <td>--></style><img src=x onerror={RUN}>",
)
"""What means one thing to who cleans it and another to who reads what was cleaned."""

ADDRESSES: Final = (
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"java\nscript:{RUN}",
    f"\x01javascript:{RUN}",
    f" \u00a0javascript:{RUN}",
    f"java&#115;cript:{RUN}",
    f"javascript&colon;{RUN}",
    f"javascript&#x3a{RUN}",
    f"&#106&#97&#118&#97&#115&#99&#114&#105&#112&#116&#58{RUN}",
    f"java&Tab;script&NewLine;:{RUN}",
    f"javascript%3a{RUN}",
    f"%6aavascript:{RUN}",
    f"ｊａｖａｓｃｒｉｐｔ:{RUN}",
    f"java\u200bscript:{RUN}",
    f"javaſcript:{RUN}",
    f"javascript:/*https://example.com/*/{RUN}",
    f"javascript://example.com/%0a{RUN}",
    f"vbscript:msgbox({RUN})",
    f"data:text/html,<script>{RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD5fX3JhbigxKTwvc2NyaXB0Pg==",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>",
    f"blob:https://{ELSEWHERE}/x",
    "file:///etc/passwd",
    f"filesystem:https://{ELSEWHERE}/x",
    "view-source:x",
    f"\\\\{ELSEWHERE}\\share",
    f"http:javascript:{RUN}",
    f"https://user:{RUN}@example.com/",
    f"jar:javascript:{RUN}!/",
    "tel:110",
)
"""Addresses that no link may have, in spellings that a browser would read all the same, and some that are only odd."""

LINKS: Final = (
    *(f"[x]({address})" for address in ADDRESSES[:22]),
    f"![x](javascript:{RUN})",
    f'![x" onerror="{RUN}](/a.png)',
    f'![x](/a.png"onerror="{RUN})',
    f'[x](/a "t\\"onmouseover=\\"{RUN}")',
    f"[x](<javascript:{RUN}>)",
    f"[x](/a'onmouseover='{RUN})",
    f"<javascript:{RUN}>",
    f'<https://example.com/"onmouseover="{RUN}">',
    f"https://example.com/'\"><img src=x onerror={RUN}>",
    f"[x]: javascript:{RUN}\n\n[x]",
    f"[a]: https://example.com/ '\"onmouseover=\"{RUN}'\n\n[a] [a]",
    f'[x](https://example.com/ "<img src=x onerror={RUN}>")',
    f"[<img src=x onerror={RUN}>](https://example.com/)",
    f"`<img src=x onerror={RUN}>`",
    f"```{chr(34)}><img src=x onerror={RUN}>\ncode\n```",
    f"| a | <img src=x onerror={RUN}> |\n|---|---|\n| <script>{RUN}</script> | b |",
    f"a\n: <img src=x onerror={RUN}>",
    f"[^1]: <script>{RUN}</script>",
    f"![](https://{ELSEWHERE}/pixel.gif)",
    f"*<img src=x onerror={RUN}>* **<svg onload={RUN}>**",
    f"\u0002wzxhzdk:0\u0003 <b>{{@ onclick={RUN} }}</b>",
    f"# <img src=x onerror={RUN}> {{: onclick={RUN} }}",
    f"zqshortcode0x1q <img src=x onerror={RUN}>",
    f'[x](/posts/{{{{% ref "javascript:{RUN}" %}}}})',
    f'[x]({{{{% ref "//{ELSEWHERE}/" %}}}})',
)
"""What Markdown might make something of."""

ENTITIES: Final = (
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&amp;lt;img src=x onerror={RUN}&amp;gt;",
    f"&#60;img src=x onerror={RUN}&#62;",
    f"&#x3C;img src=x onerror={RUN}&#x3E;",
    f"\\u003cimg src=x onerror={RUN}\\u003e",
    f"%3Cimg src=x onerror={RUN}%3E",
    f"＜script＞{RUN}＜/script＞",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"\u00bcscript\u00be{RUN}",
    f"&quot;&apos;&grave;><b onclick={RUN}>",
    f"' onmouseover={RUN} x='",
    f'" onmouseover={RUN} x="',
    f"` onmouseover={RUN} x=`",
    f"';{RUN}//\";{RUN}//</script>",
    f"\ufeff<script>{RUN}</script>",
    "&#0;&#x110000;&#xD800;&notanentity;&;&#;",
    "\u0338>\u20d2<\u0301",
    "'; DROP TABLE posts; -- ",
    '" OR ""=" NEAR( * ^',
)
"""Encodings, quotation marks, and what would end a string in a query."""

TEMPLATES: Final = (
    "{{ 1337 * 1337 }}",
    "{{config}} {{ self.__init__.__globals__ }}",
    "{% raw %}{{ 1337*1337 }}{% endraw %}",
    "{%print(1337*1337)%}",
    "{# gone #}not gone",
    "${1337*1337} #{1337*1337} <%= 1337*1337 %> *{1337*1337}",
    "%(name)s %s %n {0} {name!r}",
    "{{< list >}}",
    '{{% nosuch a="<script>__ran(1)</script>" %}}',
    '{{</* matomeQuote body="x" */>}}',
)
"""What template engines, formats and shortcodes would read; 1337 times 1337 must not be worked out."""

SPOOFING: Final = (
    "\u202eevil\u202c",
    "user\u202egnp.exe",
    "\u2067right\u2066left",
    "\u2069\u2069out of it",
    "ad\u200bmin",
    "adm\u00adin",
    "\u200f\u200f",
    "a\u0300\u0301\u0302\u0303\u0304" + "\u0305" * 60,
    "аdmin",  # its first letter is Cyrillic
    "\u3164",
    "\U000e0041\U000e0042",
    "עברית 123",
)
"""Names that look like others, or turn what stands beside them around."""

TERMINALS: Final = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[1;1Hgone",
    "a\rb",
    "\x9b31mred",
    "x\x08\x08\x08y",
    "\x00nul",
    "x\nERROR: forged=1 a line of the log",
    "x\r\nSet-Cookie: forged=1\r\n\r\n<script>__ran(1)</script>",
    "x%0d%0aSet-Cookie:%20forged=1",
    "x\u2028ERROR: forged=1\u0085ERROR: forged=1",
)
"""What would control a terminal, forge a line of a log, or end a header."""

PATHS: Final = (
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "....//....//etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%252f..%252fetc%252fpasswd",
    "..%c0%af..%c0%afetc/passwd",
    "a.png\x00.md",
    "file:///proc/self/environ",
    "a" * 300,
    "https://elsewhere.test/a.png",
    "//elsewhere.test/a.png",
)
"""Where files outside the content might be reached."""

EVERYTHING: Final[tuple[str, ...]] = (
    *(*MARKUP, *FOREIGN, *MUTATING, *ADDRESSES, *LINKS, *ENTITIES, *TEMPLATES, *SPOOFING, *TERMINALS, *PATHS),
)
A_GROUP: Final = 14
COLOURS: Final = ("", "#45d325", "#785bff")


class Place(NamedTuple):
    """A hostile text in a post: where it stands, and the marker that follows it."""

    kind: str
    text: str
    marker: str


class HostilePost(NamedTuple):
    """A post with the hostile texts in it."""

    path: str
    folds: int
    places: tuple[Place, ...]


def _marker(kind: str, n: int) -> str:
    return f"mark{kind}{n:04d}"


def _toml(value: object) -> str:
    """Write a value for TOML: of strings JSON's spelling, in which DEL must be escaped, too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shortcode(name: str, params: dict[str, str], inner: str | None = None) -> str:
    """Write a shortcode; a text that no shortcode can hold loses its backticks and breaks."""
    try:
        return write(name, params, inner=inner)
    except ValueError:
        plain = {key: value.replace("`", "'").replace("\n", " ") for key, value in params.items()}
        return write(name, plain, inner=inner)


def _post(folder: Path, title: str, blocks: Sequence[str], **fields: object) -> None:
    values = {"title": title, "date": "2026-02-01T00:00:00", "months": ["2026/02"], **fields}
    head = "\n".join(f"{name} = {_toml(value)}" for name, value in values.items())
    folder.mkdir(parents=True)
    text = f"+++\n{head}\n+++\n\n" + "\n\n".join(blocks) + "\n"
    (folder / "index.md").write_text(text, encoding="utf-8", errors="surrogatepass", newline="\n")


def _comment(body: str, user: str, n: int, color: str | None = None) -> str:
    at = f"2026-02-01T10:{n % 60:02d}:00"
    return _shortcode(
        "matomeQuote",
        {"body": body, "userName": user, "createdAt": at, "color": COLOURS[n % 3] if color is None else color},
    )


def _groups() -> Iterator[tuple[int, list[tuple[int, str]]]]:
    numbered = list(enumerate(EVERYTHING))
    yield from enumerate(numbered[at : at + A_GROUP] for at in range(0, len(numbered), A_GROUP))


def write_site(content: Path) -> list[HostilePost]:
    """Write the whole set below `content`: each text as body, name, summary, tag, Markdown, title and field."""
    posts = []
    for number, group in _groups():
        posts += [_comments(content, number, group), _markdown(content, number, group)]
        posts += [_fields(content, n, text) for n, text in group]
    _calm(content)
    return posts


def _comments(content: Path, number: int, group: list[tuple[int, str]]) -> HostilePost:
    """Write a post whose comments, their authors and the folds' summaries are hostile, and its tags."""
    blocks, places = [], []
    for at, (n, text) in enumerate(group):
        body, user, summary = _marker("b", n), _marker("u", n), _marker("s", n)
        comment = _comment(f"{text}<br>{body}", f"{text} {user}", n)
        places += [Place("body", text, body), Place("user", text, user)]
        if at % 2:
            comment = _shortcode("details", {"summary": f"{text} {summary}"}, inner=f"\n{comment}\n")
            places.append(Place("summary", text, summary))
        blocks.append(comment)
    tags = [f"{text} {_marker('t', n)}" for n, text in group]
    places += [Place("tag", text, _marker("t", n)) for n, text in group]
    path = f"posts/hostile/comments_{number:02d}"
    _post(content / path, f"敵の言葉{number}", blocks, tags=tags)
    return HostilePost(path, len(group) // 2, tuple(places))


def _markdown(content: Path, number: int, group: list[tuple[int, str]]) -> HostilePost:
    """Write a post whose text is hostile."""
    texts = [(n, text) for n, text in group if "{{<" not in text and "{{%" not in text]  # those are syntax here
    blocks = list(itertools.chain(*((text, _marker("m", n)) for n, text in texts)))
    path = f"posts/hostile/markdown_{number:02d}"
    _post(content / path, f"敵の文章{number}", [*blocks, _comment("おしまい", "otter", number)])
    return HostilePost(path, 0, tuple(Place("markdown", text, _marker("m", n)) for n, text in texts))


def _fields(content: Path, n: int, text: str) -> HostilePost:
    """Write a post whose title and fields are hostile; each field that might be refused has a post of its own."""
    path, marker = f"posts/hostile/fields_{n:03d}", _marker("h", n)
    risky: tuple[dict[str, object], ...] = (
        {"featureimage": text},
        {"description": text, "aliases": [text, f"/old/{text}"]},
        {"months": [text]},
        {"slug": text[:80]},
    )
    fields = risky[n % len(risky)] if n % 4 != 3 else {"description": text}
    color = text if n % 2 else "#45d325"
    blocks = [
        f"引用元：[話題]({text})",
        _shortcode("figure", {"src": text, "alt": text, "caption": text}),
        _comment("普通の言葉", "普通の人", n, color),
        _shortcode("matomeSummary", {"body": text, "userName": text, "createdAt": "", "color": ""}),
    ]
    _post(content / path, f"{text} {marker}", blocks, **fields)
    return HostilePost(path, 0, ())


def _calm(content: Path) -> None:
    """Write a post in which nothing is hostile."""
    inner = "\n" + _comment("折りたたみの中の静かな言葉", "静かな人", 2) + "\n"
    fold = _shortcode("details", {"summary": "静かな折りたたみ"}, inner=inner)
    _post(content / "posts/calm", "静かな記事", [_comment("静かな言葉", "静かな人", 1), fold], tags=["静けさ"])
