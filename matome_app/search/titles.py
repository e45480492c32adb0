"""Match words against the titles and tags of posts, which are few enough to be read through."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from matome_app.search.analysis import latin_runs
from matome_app.search.columns import Columns, Flags, Ints
from matome_app.search.latin import read_latin
from matome_app.search.query import Term
from matome_app.search.words import without_long_vowel

_REMEMBERED: Final = 2000
TITLE_WEIGHT: Final = 0.8
TAG_WEIGHT: Final = 0.5


def pattern_of(term: Term) -> str:
    """Return the regular expression that finds a term in folded text, as the index does."""
    literal = term.quoted or term.excluded
    if term.text.isascii() and latin_runs(term.text):
        return read_latin(term.text, literal).pattern
    stem = term.text if literal else without_long_vowel(term.text)
    return re.escape(stem) + ("ー?" if stem != term.text else "")


class Places:
    """Finds where a pattern matches, by way of a part of it that is quick to find."""

    def __init__(self, inner: str, pattern: str) -> None:
        self._candidates = re.compile(inner).finditer
        self._match = re.compile(pattern).match
        self._is_all = inner == pattern

    def any(self, text: str) -> bool:
        """Tell whether the pattern matches somewhere."""
        return any(self._match(text, found.start()) for found in self._candidates(text))

    def all(self, text: str) -> list[int]:
        """Return where the pattern matches."""
        if self._is_all:
            return [found.start() for found in self._candidates(text)]
        return [found.start() for found in self._candidates(text) if self._match(text, found.start())]


@lru_cache(maxsize=256)
def _places_of(term: Term) -> Places:
    if term.text.isascii() and latin_runs(term.text):
        latin = read_latin(term.text, term.quoted or term.excluded)
        return Places(latin.inner, latin.pattern)
    pattern = pattern_of(term)
    return Places(pattern, pattern)


def posts_with(columns: Columns, terms: Iterable[Term]) -> Flags:
    """Tell of every post whether its title or a tag holds one of the terms."""
    flags = np.zeros(len(columns.posts), bool)
    for term in terms:
        flags[_places(columns, term)[0]] = True
    return flags


def title_weights(columns: Columns, term: Term) -> npt.NDArray[np.float32] | None:
    """Return what a term in title and tags of every post counts for, as occurrences in a body of mean length.

    None where no post has it there.
    """
    numbers, in_title = _places(columns, term)
    if not len(numbers):
        return None
    weights = np.zeros(len(columns.posts), np.float32)
    weights[numbers[~in_title]] = TAG_WEIGHT
    weights[numbers[in_title]] = TITLE_WEIGHT
    return weights


def _places(columns: Columns, term: Term) -> tuple[Ints, Flags]:
    """Return the ordinals of the posts where a term occurs, and whether that is in the title.

    One pass over all titles: no pattern matches NUL, so none reaches from one post into the next.
    """
    known = columns.title_places.get(term)
    if known is None:
        if len(columns.title_places) >= _REMEMBERED:
            columns.title_places.clear()
        found = np.array(_places_of(term).all(columns.titles), np.int64)
        numbers = np.searchsorted(columns.title_starts, found, side="right") - 1
        known = columns.title_places[term] = numbers, found < columns.tag_starts[numbers]
    return known
