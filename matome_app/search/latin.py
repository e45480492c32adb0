"""Read a term of ASCII characters: which Latin runs a text must have, and the pattern that decides.

A term is found as a word: no ASCII letter or digit beside it, and after a single letter no `+` or `#` (C is neither C++
nor C#). Unless it is taken literally, a hyphen may be missing or be a space (self-hosted, self hosted), and so may what
stands between three or more letters and a digit (Llama4, Llama 4; but not M1, M 1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final

_PIECE = re.compile(r"[a-z0-9]+|[^a-z0-9]+")
_MODEL = re.compile(r"([a-z]{3,})([0-9][a-z0-9]*)")
_LOOSE: Final = r"[\s\-_]*"
_APART: Final = r"[\s\-_]+"
_MOST_JOINTS: Final = 4
_NO_LETTER_BEFORE: Final = "+#"
"""A single letter with one of these after it is another name."""
_MOST_HYPHENS: Final = 8
"""What has more of them is no word, and is looked for as it stands."""


@dataclass(frozen=True, slots=True)
class LatinTerm:
    """How to find a term: `choices` are lists of runs, a text with all of one list may hold it; `pattern` decides.

    `choices` are lists of runs, a text with all of one list may hold it; `pattern` decides. `pairs` are characters side
    by side, one of them a symbol, that a text has in any case. When `exact`, having the (only) run is enough, but for
    texts that also have one of the pairs in `doubtful`. `inner` is the pattern without what must not stand beside it:
    where it does not match, `pattern` does not either, and it is found several times faster.
    """

    choices: tuple[tuple[str, ...], ...]
    pairs: tuple[str, ...]
    inner: str
    pattern: str
    exact: bool
    doubtful: tuple[str, ...] = ()


def read_latin(folded: str, literal: bool) -> LatinTerm:
    """Read a folded ASCII term that has at least one letter or digit."""
    pieces = _pieces(folded, literal or folded.count("-") > _MOST_HYPHENS)
    pattern = "".join(text if is_pattern else re.escape(text) for text, is_pattern, _ in pieces)
    runs = [text for text, _, is_run in pieces if is_run]
    doubtful = tuple(folded + sign for sign in _NO_LETTER_BEFORE) if _is_letter(folded) else ()
    exact = runs == [folded]
    return LatinTerm(_choices(pieces), _pairs(pieces), pattern, _bounded(folded, pattern), exact, doubtful)


def _is_letter(folded: str) -> bool:
    return len(folded) == 1 and folded.isalpha()


def _pieces(folded: str, literal: bool) -> list[tuple[str, bool, bool]]:
    """Cut a term into (text or pattern, whether it is a pattern, whether it is a run)."""
    found: list[str] = _PIECE.findall(folded)
    pieces: list[tuple[str, bool, bool]] = []
    for number, text in enumerate(found):
        model = None if literal else _MODEL.fullmatch(text)
        if model:
            pieces += [(model[1], False, True), (_LOOSE, True, False), (model[2], False, True)]
        elif text[0].isalnum():
            pieces.append((text, False, True))
        elif text == "-" and not literal and 0 < number < len(found) - 1:
            pieces.append((_LOOSE, True, False))
        else:
            pieces += _separators(text)
    return pieces


def _separators(text: str) -> list[tuple[str, bool, bool]]:
    """White space inside a term matches white space, hyphens and underscores; all else is itself."""
    parts = filter(None, re.split(r"(\s+)", text))
    return [(_APART, True, False) if part.isspace() else (part, False, False) for part in parts]


def _pairs(pieces: list[tuple[str, bool, bool]]) -> tuple[str, ...]:
    """Return the neighbouring characters, at least one a symbol, that every text with the term has."""
    stretches = "".join("\n" if is_pattern else text for text, is_pattern, _ in pieces).split("\n")
    pairs = {a + b for text in stretches for a, b in pairwise(text) if not (a.isalnum() and b.isalnum())}
    return tuple(sorted(pairs))


def _choices(pieces: list[tuple[str, bool, bool]]) -> tuple[tuple[str, ...], ...]:
    """Say which runs a text has, for every way to leave the loose joints open or closed."""
    loose = [number for number, piece in enumerate(pieces) if piece[0] == _LOOSE and piece[1]]
    ways = product((False, True), repeat=len(loose)) if len(loose) <= _MOST_JOINTS else [(False,) * len(loose)]
    choices = []
    for way in ways:
        closed = {number for number, shut in zip(loose, way, strict=True) if shut}
        joined = "".join(
            text if is_run else "" if number in closed else " " for number, (text, _, is_run) in enumerate(pieces)
        )
        choices.append(tuple(joined.split()))
    return tuple(dict.fromkeys(choices))


def _bounded(folded: str, pattern: str) -> str:
    left = r"(?<![a-z0-9])" if folded[0].isalnum() else ""
    right = r"(?![a-z0-9])" if folded[-1].isalnum() else ""
    if _is_letter(folded):
        right = f"(?![a-z0-9{_NO_LETTER_BEFORE}])"
    return left + pattern + right
