"""Find the indexed Latin words that a misspelled word is nearest to."""

from __future__ import annotations

from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from matome_app.search.postings import LATIN
from matome_app.search.snapshot import WordReader

SHORTEST: Final = 3
LONGEST: Final = 30
_LONG: Final = 6
"""From so many letters on, a word may be two edits away."""
_COMPARED: Final = 200
_MOST: Final = 2


def nearest_words(word: str, words: WordReader) -> list[str]:
    """Return the words nearest to a folded one that no comment holds, the most frequent of the nearest first.

    One edit (a letter too many, too few, wrong, or two swapped) is looked for, in long words two. Words of other
    scripts, and those that occur, have no neighbours.
    """
    if not (SHORTEST <= len(word) <= LONGEST and word.isascii() and word.isalnum() and not word.isdigit()):
        return []
    if words.has_latin(word):
        return []
    most = 2 if len(word) >= _LONG else 1
    near = {
        (distance, other)
        for length in range(len(word) - most, len(word) + most + 1)
        for written in words.latin_words(length)
        for other, distance, _ in process.extract(
            word, written, scorer=OSA.distance, score_cutoff=most, limit=_COMPARED
        )
    }
    ranked = sorted((distance, -words.frequency(LATIN, other), other) for distance, other in near)
    return [other for distance, _, other in ranked if distance == ranked[0][0]][:_MOST]
