"""Mark what a query found in HTML of our own making: in its text, never in its tags."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from markupsafe import Markup, escape

from matome_app.search.snippets import Span, find_spans

_TOKEN: Final = re.compile(
    r"""(?P<tag><(?:[^<>"']|"[^"]*"|'[^']*')*>)|(?P<entity>&(?:#[0-9]+|#x[0-9a-f]+|[a-z][a-z0-9]*);)""", re.IGNORECASE
)
_BREAK: Final = re.compile(r"</?(?:br|p|div|li|ul|ol|h[1-6]|pre|blockquote|table|tr|td|th|figure|figcaption)\b", re.I)
"""Tags at which a word ends: what stands on both sides is not one text."""

Piece = tuple[str, str]
"""A piece of HTML as it is written, and the text it shows; a tag shows none, or a newline."""


def mark_html(source: str, highlights: Sequence[str]) -> Markup:
    """Return HTML with `<mark>` around what is found, also where a match runs over tags or entities.

    `source` is well-formed HTML as `sanitize` makes it: every `<` begins a tag, attributes are quoted. Without a match
    it comes back as it is.
    """
    if not highlights:
        return Markup(source)
    pieces = list(_pieces(source))
    spans = find_spans("".join(text for _, text in pieces), highlights)
    return Markup("".join(_marked(pieces, spans)) if spans else source)


def _pieces(source: str) -> Iterator[Piece]:
    """Cut HTML into tags, entities and stretches of text."""
    position = 0
    for found in _TOKEN.finditer(source):
        if found.start() > position:
            yield source[position : found.start()], source[position : found.start()]
        if found["tag"]:
            yield found[0], "\n" if _BREAK.match(found[0]) else ""
        else:
            yield found[0], html.unescape(found[0])
        position = found.end()
    if position < len(source):
        yield source[position:], source[position:]


def _marked(pieces: Sequence[Piece], spans: Sequence[Span]) -> Iterator[str]:
    """Yield the HTML with marks that begin and end within one piece of text each."""
    waiting = iter([*spans, (1 << 60, 1 << 60)])
    start, end = next(waiting)
    position = 0
    for written, text in pieces:
        if written[0] == "<":
            yield written
            position += len(text)
            continue
        done = 0
        last = position + len(text)
        while start < last:
            here, there = max(start - position, done), min(end, last) - position
            yield _written(written, text, done, here)
            yield f"<mark>{_written(written, text, here, there)}</mark>"
            done = there
            if end > last:
                break
            start, end = next(waiting)
        yield _written(written, text, done, len(text))
        position = last


def _written(written: str, text: str, start: int, end: int) -> str:
    """Return a part of a piece as HTML: as it was written where it is the whole of it."""
    if (start, end) == (0, len(text)):
        return written
    return written[start:end] if written == text else str(escape(text[start:end]))
