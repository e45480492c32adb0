"""Turn the body of a comment into plain text and into safe inline HTML.

A body is what a commenter typed, not a Markdown document: only what plainly is markup becomes markup, everything else
stays visible as typed. The decisions, all taken from what stands in real discussions:

- A line is a unit: `<br>` ends it wherever it stands, and no code span, link or emphasis runs over its end. Headings,
  lists, rules, tables and fences are text.
- Lines beginning with `>` or `＞` are quotations: neighbours share one blockquote, and the mark stays in it.
- `*x*`, `**x**` and `***x***` emphasise also beside Japanese letters and brackets, but not inside a Latin word or
  number (`2*3*4`, `A*`), a comment of a program (`/* */`) or a glob. A run of stars is closed by one of its length.
- `_x_` emphasises where it stands alone between spaces or punctuation (English commenters write `_very_`); two or more
  underscores never do, they are nearly always Python (`__init__`), and neither does a name such as `_a_b_`.
- A backslash is shown (paths, `\\n`, regular expressions, ¯\\_(ツ)_/¯); a mark that directly follows it is text.
- Entities are decoded once. `&region=` without a semicolon is an address, not `®ion=`.
- A link's target is hidden behind its text only where that holds for every such target of the body; otherwise each
  target is shown behind its link, so that the letters of a body are either all there or consistently links.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from matome_app.content.sanitize import clean_comment
from matome_app.content.urls_in_text import find_url, safe_href, strip_cut

CUT_TITLE = "元のコメントで途中から省略されているアドレスです"

_BREAK = re.compile(r"(?i)<br\s*/?>")
_CLOSED_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_QUOTE = re.compile(r"([ \t\u3000]{0,3})([>＞](?:[ \u3000]?[>＞])*)")
_MARK = re.compile(r"(?i)`+|\*+|_+|\\[`*_\[<!]|!?\[|<?https?://")
_LINK_TEXT = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*+)\]\(")
_LINK_TARGET = re.compile(
    r"[ \t]*(?P<target><[^<>]+>|(?:[^\s()<>]|\([^\s()<>]*\))+)"
    r"(?:[ \t]+(?:\"(?P<title>[^\"]*)\"|'(?P<single>[^']*)'))?[ \t]*\)"
)
_AUTOLINK = re.compile(r"(?i)<(https?://[^\s<>]+)>")
# What a reader of the source would take for a link, whatever the scanner made of it.
_LOOKS_LIKE_LINK = re.compile(r"!?\[[^\]]*\](\([^)\s]*\))")
_MAX_TO_COMPARE = 10_000  # comparing costs the square of the length for hostile text; longer bodies show their targets
_COMPOSING = re.compile(
    "[\u0300-\u036f\u0483-\u1aff\u1cd0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099-\u309c\u3130-\u318f\ua66f-\uabff"
    "\ufb1e\ufe20-\ufe2f\uff9e-\uffdc\U00010a00-\U0001efff]"
)
_LETTER = re.compile(r"[^\W_]")
_EMPHASIS = {1: ("<em>", "</em>"), 2: ("<strong>", "</strong>"), 3: ("<em><strong>", "</strong></em>")}
_NOT_BEFORE_STAR = "/\\^$"
_CLOSING = ",.;:!?)]}、。，．；：！？）」』】〉》〕］｝”’…"
_OPENING = "([{（「『【〈《〔［｛“‘"
_AROUND_UNDERSCORE_BEFORE = " \t\u3000\"'*,;:!?—…・、。，．；：！？“‘”’" + _OPENING
_AROUND_UNDERSCORE_AFTER = " \t\u3000\"'*—…・“‘" + _CLOSING + "（「『【"


def plain_text(body: str) -> str:
    """Return a comment's body as plain text: `<br>` as newlines, entities decoded once, nothing else changed.

    Characters that no page can hold (control characters, half of a surrogate pair) become U+FFFD.
    """
    text = _BREAK.sub("\n", body) if "<" in body else body
    if "&" in text:
        text = _decode(text)
    if text.startswith("\ufeff"):
        text = text.lstrip("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub(_printable, text)


def render_comment(body: str) -> str:
    """Return a comment's body as safe inline HTML (with blockquotes): to be put into a `div`, not into a `p`."""
    text = plain_text(body)
    if not _may_hold_markup(text):
        return _escape(text).replace("\n", "<br>")
    page = _Page(hide_targets="](" in text and len(text) <= _MAX_TO_COMPARE and html.unescape(text) == text)
    rendered = _render_lines(text, page)
    if page.hide_targets and not _hides_every_target(text, page.hidden):
        page = _Page(hide_targets=False)
        rendered = _render_lines(text, page)
    if _COMPOSING.search(text) and not _keeps_letters(text, rendered, page):
        rendered = _render_lines(text, _Page(marks=False))
    return clean_comment(rendered)


class _Page:
    """What the lines of one body have in common."""

    def __init__(self, hide_targets: bool = False, marks: bool = True) -> None:
        self.hide_targets = hide_targets
        self.marks = marks
        self.hidden: list[tuple[int, int]] = []


class _Run(NamedTuple):
    """A run of stars or underscores that may open emphasis."""

    key: str
    piece: int
    end: int


class _Line:
    """One line on its way from text to pieces of HTML; `offset` is where it begins in the body."""

    def __init__(self, text: str, page: _Page, offset: int = 0, in_link: bool = False) -> None:
        self.text = text
        self.page = page
        self.offset = offset
        self.in_link = in_link
        self.pieces: list[str] = []
        self.opened: list[_Run] = []
        self.open_count: Counter[str] = Counter()
        self._backticks: dict[int, list[int]] | None = None

    def closing_backticks(self, start: int, length: int) -> int | None:
        """Return where the next run of exactly so many backticks begins."""
        if self._backticks is None:
            self._backticks = defaultdict(list)
            for run in re.finditer("`+", self.text):
                self._backticks[len(run[0])].append(run.start())
        starts = self._backticks.get(length, [])
        index = bisect_left(starts, start)
        return starts[index] if index < len(starts) else None

    def nearest(self, key: str) -> _Run:
        """Return the nearest opener of this kind."""
        return next(run for run in reversed(self.opened) if run.key == key)

    def pop_opener(self, key: str) -> _Run:
        """Take the nearest opener of this kind; those opened after it stay text."""
        while True:
            run = self.opened.pop()
            self.open_count[run.key] -= 1
            if run.key == key:
                return run


def _decode(text: str) -> str:
    """Decode entities once. Those without a semicolon count only where the text has closed ones as well."""
    closed = _CLOSED_ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text if closed == text else html.unescape(text)


def _printable(match: re.Match[str]) -> str:
    """Return the Windows punctuation that a C1 control stands for, else the replacement character."""
    character = bytes([ord(match[0]) & 0xFF]).decode("cp1252", "replace") if "\x80" <= match[0] <= "\x9f" else "\ufffd"
    return "\ufffd" if character.isalpha() or not character.isprintable() else character


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _may_hold_markup(text: str) -> bool:
    """Say whether anything but escaping may be needed: nine bodies of ten leave here."""
    return "://" in text or ">" in text or "＞" in text or "`" in text or "*" in text or "_" in text or "](" in text


def _render_lines(text: str, page: _Page) -> str:
    """Render line by line, with neighbouring quotation lines in one blockquote."""
    pieces: list[str] = []
    quoting = False
    offset = 0
    for line in text.split("\n"):
        quote = _QUOTE.match(line)
        if quoting != (quote is not None):
            quoting = quote is not None
            pieces.append("<blockquote>" if quoting else "</blockquote>")
        start = quote.end() if quote else 0
        if quote:
            pieces.append(f'{quote[1]}<span class="quote-mark">{_escape(quote[2])}</span>')
        pieces.append(_render_inline(_Line(line[start:], page, offset + start)))
        pieces.append("<br>")
        offset += len(line) + 1
    pieces[-1] = "</blockquote>" if quoting else ""
    return "".join(pieces)


def _render_inline(line: _Line) -> str:
    """Walk from mark to mark; each rule appends its piece and says where to go on."""
    text, pieces = line.text, line.pieces
    position = 0
    while match := _MARK.search(text, position):
        pieces.append(_escape(text[position : match.start()]))
        position = _RULES[match[0][0].lower()](line, match)
    pieces.append(_escape(text[position:]))
    return "".join(pieces)


def _as_text(line: _Line, match: re.Match[str], end: int | None = None) -> int:
    """Keep a mark as it was typed."""
    end = end or match.end()
    line.pieces.append(_escape(line.text[match.start() : end]))
    return end


def _code_span(line: _Line, match: re.Match[str]) -> int:
    length = len(match[0])
    close = line.closing_backticks(match.end(), length) if line.page.marks else None
    if close is None:
        return _as_text(line, match)
    code = line.text[match.end() : close]
    if code.startswith(" ") and code.endswith(" ") and code.strip(" "):
        code = code[1:-1]
    line.pieces.append(f"<code>{_escape(code)}</code>")
    return close + length


def _emphasis(line: _Line, match: re.Match[str]) -> int:
    key, text = match[0], line.text
    opens, closes = _flanking(key, text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1])
    if closes and line.open_count[key] and _is_worth_emphasis(key, text[line.nearest(key).end : match.start()]):
        line.pieces[line.pop_opener(key).piece], closing = _EMPHASIS[len(key)]
        line.pieces.append(closing)
        return match.end()
    if opens and line.page.marks:
        line.opened.append(_Run(key, len(line.pieces), match.end()))
        line.open_count[key] += 1
    return _as_text(line, match)


def _is_worth_emphasis(key: str, inside: str) -> bool:
    """Say whether a text can be meant to be emphasised: not `*•*`, and not a name such as `_a_b_`."""
    return bool(_LETTER.search(inside)) and not (key == "_" and "_" in inside)


def _flanking(run: str, before: str, after: str) -> tuple[bool, bool]:
    """Say whether a run between two characters ("" at an end of the line) can open and can close emphasis."""
    if run == "_":
        opens = (not before or before in _AROUND_UNDERSCORE_BEFORE) and bool(after) and after.isalnum()
        closes = (not after or after in _AROUND_UNDERSCORE_AFTER) and bool(before) and not before.isspace()
        return opens, closes
    if run[0] == "_" or len(run) > 3:
        return False, False
    opens = bool(after) and not after.isspace() and after not in _CLOSING + "/" and not _is_word(before)
    closes = bool(before) and not before.isspace() and before not in _OPENING and not _is_word(after) and after != "/"
    return opens and not (before and before in _NOT_BEFORE_STAR), closes


def _is_word(character: str) -> bool:
    """Say whether a character is of a script that puts spaces between words, or a digit."""
    return character.isalnum() and (character < "\u2e80" or "\uff10" <= character <= "\uff5a")


def _link(line: _Line, match: re.Match[str]) -> int:
    found = None if line.in_link or not line.page.marks else _LINK_TEXT.match(line.text, match.start())
    target = found and _LINK_TARGET.match(line.text, found.end())
    if not found or not target:
        return _as_text(line, match)
    address = target["target"].removeprefix("<").removesuffix(">")
    href = _link_href(address, line.text[match.start() - 1 : match.start()])
    if href is None:
        return _as_text(line, match)
    label = _render_inline(_Line(found[1], line.page, in_link=True))
    title = target["title"] or target["single"] or ""
    line.pieces.append(_anchor(href, label or _escape(address), address, title))
    if not label:
        shown = line.text[target.end("target") : target.end() - 1]
        line.pieces.append(f" ({_escape(shown.strip())})" if shown.strip() else "")
    elif line.page.hide_targets and not title:
        line.page.hidden.append((line.offset + found.end() - 1, line.offset + target.end()))
    else:
        line.pieces.append(f" ({_escape(line.text[found.end() : target.end() - 1].strip())})")
    return target.end()


def _link_href(address: str, before: str) -> str | None:
    """Return the href of a Markdown link's target, None where `name[index](value)` is rather program text."""
    if address.lower().startswith("www."):
        address = "https://" + address
    if not re.match(r"(?i)https?://|mailto:|/", address) and (_is_word(before) or not re.search(r"[/.#?]", address)):
        return None
    return safe_href(strip_cut(address)[0])


def _anchor(href: str, label: str, address: str, title: str = "") -> str:
    """Return a link; `label` is HTML, `address` says whether the address was cut."""
    cut = strip_cut(address)[1]
    title = title or (CUT_TITLE if cut else "")
    attributes = (' class="cut-url"' if cut else "") + (f' title="{html.escape(title)}"' if title else "")
    return f'<a href="{html.escape(href)}"{attributes}>{label}</a>'


def _address(line: _Line, match: re.Match[str]) -> int:
    """Link a bare address, or one between angle brackets."""
    if line.in_link:
        return _as_text(line, match)
    if match[0].startswith("<"):
        return _autolink(line, match)
    url = find_url(line.text, match.start())
    if url is None:
        return _as_text(line, match)
    shown = line.text[match.start() : url.end]
    line.pieces.append(_anchor(url.href, _escape(shown), shown if url.cut else ""))
    return url.end


def _autolink(line: _Line, match: re.Match[str]) -> int:
    found = _AUTOLINK.match(line.text, match.start()) if line.page.marks else None
    href = found and safe_href(strip_cut(found[1])[0])
    if not found or not href:
        return _as_text(line, match, match.start() + 1)
    line.pieces.append(_anchor(href, _escape(found[1]), found[1]))
    return found.end()


_RULES: dict[str, Callable[[_Line, re.Match[str]], int]] = {
    "`": _code_span,
    "*": _emphasis,
    "_": _emphasis,
    "[": _link,
    "!": _link,
    "<": _address,
    "h": _address,
    "\\": _as_text,
}


def _hides_every_target(text: str, hidden: list[tuple[int, int]]) -> bool:
    """Say whether the targets hidden behind links are all that look like targets, and no more than these."""
    looking = [match.span(1) for match in _LOOKS_LIKE_LINK.finditer(text)]
    ours = [(start, text[start:end].rstrip(")")) for start, end in hidden]
    theirs = [(start, text[start:end].rstrip(")")) for start, end in looking if _letters(text[start:end])]
    return [span for span in ours if _letters(span[1])] == theirs


def _keeps_letters(text: str, rendered: str, page: _Page) -> bool:
    """Say whether no letter changed because a mark between it and a combining character went."""
    visible = html.unescape(re.sub("<[^>]*>", "", rendered.replace("<br>", "\n")))
    for start, end in reversed(page.hidden):
        text = text[:start] + text[end:]
    return _letters(visible) == _letters(text)


def _letters(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text)
    return "".join(each for each in normal if unicodedata.category(each)[0] in "LN").casefold()
