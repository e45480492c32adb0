"""Fold text and cut it into Latin runs: what indexing and querying must do in exactly the same way."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Final

ANALYSIS: Final = "2"
"""Raise this when anything in analysis, grams or words changes what is stored for a text."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_RUN = re.compile(r"[a-z0-9]+")
_URL = re.compile(r"(?:https?://|(?<![a-z0-9])www\.)[!-~]*")


@cache
def analyzer_version() -> str:
    """Return what the index depends on: our version and those of Sudachi and its dictionary; loads neither."""
    return f"{ANALYSIS} sudachipy {version('sudachipy')} sudachidict {version('sudachidict-core')}"


def searchable_text(body: str) -> str:
    """Return what is searched of a comment's body as written: `<br>` as a newline, entities decoded, no loss."""
    return _UNSTORABLE.sub("\ufffd", html.unescape(_BREAK.sub("\n", body)))


def fold(text: str) -> str:
    """Make texts comparable: compatible characters are one (NFKC), letters have no case."""
    return unicodedata.normalize("NFKC", text).casefold()


def latin_runs(folded: str) -> list[str]:
    """Return the runs of ASCII letters and digits of a folded text, in order."""
    return _RUN.findall(folded)


def latin_words(folded: str) -> list[str]:
    """Return the runs that are words: those that are not a part of an address."""
    return latin_runs(_URL.sub(" ", folded))


def fold_with_map(text: str) -> tuple[str, Sequence[int]]:
    """Fold cluster by cluster (a character with the marks that join it) and say where each folded character came from.

    Returns the folded text and a sequence one longer than it: the folded characters i to j were made from
    `text[map[i]:map[j]]` when both ends are cluster borders; inside a cluster every character maps to its beginning.
    """
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    folded = text.translate(_FOLDED)
    if len(folded) == len(text):
        return folded, range(len(text) + 1)  # one for one, as nearly all texts are
    pieces: list[str] = []
    origin: list[int] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _joins(text[end]):
            continue
        piece = fold(text[start:end])
        pieces.append(piece)
        origin.extend([start] * len(piece))
        start = end
    origin.append(len(text))
    return "".join(pieces), origin


class _FoldedCharacters(dict[int, str]):
    """What each character folds to by itself; for one that may join the character before something too long.

    Nothing folds to less than one character: a text of which all stays as long was folded one for one.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = folded = character * 2 if _joins(character) else fold(character) or character * 2
        return folded


_FOLDED: Final = _FoldedCharacters()


@cache
def _joins(character: str) -> bool:
    """Tell whether NFKC can merge a character into the one before: marks, half-width voicing, Hangul."""
    return (
        character in "\uff9e\uff9f\u309b\u309c"
        or unicodedata.combining(character) != 0
        or unicodedata.category(character) in ("Mn", "Mc")
        or 0x1160 <= ord(character) <= 0x11FF
    )
