"""Mark what was found in a text, and cut the best pieces out of a long one. Returns HTML that is safe to print."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from matome_app.search.analysis import fold_with_map

Span = tuple[int, int]

LENGTH: Final = 160
ELLIPSIS: Final = "…"
_REACH: Final = 40
"""How far before a match a piece may begin, and how far before its due end it may end, to do so at a border."""
_OVER: Final = 20
"""How far a piece may run on, to end with the sentence."""
_CLOSING: Final = '」』）)】〉》”"'
_SPECIAL: Final = re.compile("[&<>'\"]")
_SENTENCE: Final = re.compile(rf"[。．！？!?\n]+[{_CLOSING}]*\s*|(?<=[a-z0-9)])\.\s+|\n+")
"""The end of a sentence or line; a piece is cut after it."""
_PHRASE: Final = re.compile(rf"[、，；：\s]+|[{_CLOSING}]+|(?=[「『（(【〈《“])")
"""A border inside a sentence: a comma, white space, after a closing bracket or before an opening one."""


def snippet(text: str, highlights: Sequence[str], length: int = LENGTH) -> Markup:
    """Return about `length` characters around the best matches: escaped, `<mark>`, `…` where cut.

    Two pieces when the words found stand far apart.
    """
    spans = find_spans(text, highlights)
    shown: list[str] = []
    position = 0
    for start, end in _pieces(text, spans, length):
        start, end = _trimmed(text, start, end)
        inside = [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]
        shown += [ELLIPSIS if start > position else "", _marked(text[start:end], inside)]
        position = end
    return Markup("".join([*shown, ELLIPSIS if position < len(text) else ""]))


def is_cut(text: str, length: int = LENGTH) -> bool:
    """Tell whether a snippet of a text is less than the whole of it."""
    return len(text) > length + _OVER


def highlight_all(text: str, highlights: Sequence[str]) -> Markup:
    """Return the whole text, escaped, with matches in `<mark>`."""
    return Markup(_marked(text, find_spans(text, highlights)))


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


def _pieces(text: str, spans: Sequence[Span], length: int) -> list[Span]:
    """Choose what of a text to show: one piece, or two half as long where one cannot hold every word found."""
    if not is_cut(text, length):
        return [(0, len(text))]
    if not spans:
        return [_cut(text, 0, (0, 0), length)]
    words = [text[start:end].casefold() for start, end in spans]
    first, shown = _densest(spans, words, length)
    if shown == set(words):
        return [_cut(text, spans[first][0], spans[first], length)]
    half = length // 2
    first, shown = _densest(spans, words, half)
    left = [n for n, word in enumerate(words) if word not in shown]
    second, _ = _densest([spans[n] for n in left], [words[n] for n in left], half)
    pieces = sorted(_cut(text, spans[n][0], spans[n], half) for n in (first, left[second]))
    if pieces[1][0] <= pieces[0][1]:
        return [(pieces[0][0], max(pieces[0][1], pieces[1][1]))]
    return pieces


def _densest(spans: Sequence[Span], words: Sequence[str], length: int) -> tuple[int, set[str]]:
    """Return the match from which a window holds the most different words, then the most marks; and these words."""
    best, best_score, best_words = 0, (0, 0), {words[0]}
    held: Counter[str] = Counter()
    marked, last = 0, 0
    for number, (start, end) in enumerate(spans):
        while last < len(spans) and (last == number or spans[last][1] <= start + length):
            held[words[last]] += 1
            marked += spans[last][1] - spans[last][0]
            last += 1
        if (len(held), marked) > best_score:
            best, best_score, best_words = number, (len(held), marked), set(held)
        marked -= end - start
        held[words[number]] -= 1
        if not held[words[number]]:
            del held[words[number]]
    return best, best_words


def _cut(text: str, match: int, span: Span, length: int) -> Span:
    """Cut a piece around a match: from a border shortly before it to one shortly before or after its due end."""
    start = _start(text, match, length)
    due = start + length
    if due + _OVER >= len(text):
        return start, len(text)
    return start, _whole_cluster(text, max(_end(text, span[1], due), span[1]))


def _start(text: str, match: int, length: int) -> int:
    """Begin with the sentence of a match if that is close before it, else with a phrase, else a little before it."""
    earliest = max(0, match - min(_REACH, length // 3))
    if earliest == 0:
        return 0
    sentences = [found.end() for found in _SENTENCE.finditer(text, earliest, match)]
    if sentences:
        return sentences[-1]
    phrases = [found.end() for found in _PHRASE.finditer(text, earliest, match)]
    return _whole_cluster(text, phrases[0] if phrases else earliest)


def _end(text: str, after: int, due: int) -> int:
    """End with a sentence near the due end, else with a phrase, else there; always behind the match."""
    low = max(after, due - _REACH)
    for border in (_SENTENCE, _PHRASE):
        ends = [found.end() for found in border.finditer(text, low, due + _OVER) if found.end() > low]
        before = [end for end in ends if border is _SENTENCE or end <= due]
        if before:
            return before[-1]
    return due


def _trimmed(text: str, start: int, end: int) -> Span:
    """Leave white space out where a text is cut."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip()) if start else 0
    right = len(piece) - len(piece.rstrip()) if end < len(text) else 0
    return start + left, max(start + left, end - right)


def _whole_cluster(text: str, position: int) -> int:
    """Move a cut off the marks that combine with the character before it."""
    while position < len(text) and unicodedata.combining(text[position]):
        position += 1
    return position


def _marked(text: str, spans: Sequence[Span]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += [_escaped(text[position:start]), "<mark>", _escaped(text[start:end]), "</mark>"]
        position = end
    return "".join([*pieces, _escaped(text[position:])])


def _escaped(text: str) -> str:
    """Escape text as `markupsafe` does, several times faster where there is nothing to escape."""
    return str(escape(text)) if _SPECIAL.search(text) else text
