"""Mark what was found in a text, and cut a window out of a long one. Returns HTML that is safe to print as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from matome_app.search.analysis import fold_with_map

Span = tuple[int, int]

LENGTH: Final = 160
_BORDERS: Final = "。．！？!?\n"
_REACH: Final = 40
"""How far before the first match a window may begin, to begin at a sentence."""


def snippet(text: str, highlights: Sequence[str], length: int = LENGTH) -> Markup:
    """Return about `length` characters around the densest matches: escaped, `<mark>`, `…` where cut."""
    spans = find_spans(text, highlights)
    start, end = _window(text, spans, length)
    inside = [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]
    marked = _marked(text[start:end], [(a - start, b - start) for a, b in inside])
    return Markup("…" if start else "") + marked + ("…" if end < len(text) else "")


def highlight_all(text: str, highlights: Sequence[str]) -> Markup:
    """Return the whole text, escaped, with matches in `<mark>`."""
    return _marked(text, find_spans(text, highlights))


def find_spans(text: str, highlights: Sequence[str]) -> list[Span]:
    """Return where the highlights are in a text as it is written, in order, never touching.

    A match is widened to whole clusters, since half of a composed character cannot be marked.
    """
    if not highlights or not text:
        return []
    folded, origin = fold_with_map(text)
    found: list[Span] = []
    for start, end in sorted({m.span() for pattern in _compiled(tuple(highlights)) for m in pattern.finditer(folded)}):
        if start == end:
            continue
        here, there = origin[start], _cluster_end(origin, end)
        if found and here <= found[-1][1]:
            found[-1] = (found[-1][0], max(there, found[-1][1]))
        else:
            found.append((here, there))
    return found


@lru_cache(maxsize=256)
def _compiled(highlights: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, highlights))


def _cluster_end(origin: Sequence[int], end: int) -> int:
    """Return where the cluster ends that the last folded character before `end` came from."""
    last = origin[end - 1]
    while origin[end] == last and end < len(origin) - 1:
        end += 1
    return origin[end]


def _window(text: str, spans: Sequence[Span], length: int) -> Span:
    """Choose the piece of a text to show: the one with most marked characters, the first of these."""
    if len(text) <= length:
        return 0, len(text)
    start = _sentence_start(text, _densest(spans, length), length) if spans else 0
    start = min(start, len(text) - length)
    return start, start + length


def _densest(spans: Sequence[Span], length: int) -> int:
    """Return the beginning of the match from which a window holds the most marked characters."""
    best, best_marked, marked, last = spans[0][0], 0, 0, 0
    for start, end in spans:
        while last < len(spans) and spans[last][1] <= start + length:
            marked += spans[last][1] - spans[last][0]
            last += 1
        if marked > best_marked:
            best, best_marked = start, marked
        marked = max(0, marked - (end - start))
    return best


def _sentence_start(text: str, match: int, length: int) -> int:
    """Begin after the end of a sentence close before the match, else a little before it."""
    earliest = max(0, match - min(_REACH, length // 3))
    if earliest == 0:
        return 0
    border = max(text.rfind(mark, earliest, match) for mark in _BORDERS)
    return border + 1 if border >= 0 else earliest


def _marked(text: str, spans: Sequence[Span]) -> Markup:
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += [escape(text[position:start]), "<mark>", escape(text[start:end]), "</mark>"]
        position = end
    return Markup("".join([*pieces, escape(text[position:])]))
