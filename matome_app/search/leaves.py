"""Find what one term finds: the comments, how well each holds it, and its score."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from matome_app.search.analysis import latin_runs
from matome_app.search.columns import Codes, Columns, parse_numbers
from matome_app.search.grams import match_gram, match_runs, match_substring
from matome_app.search.latin import LatinTerm, read_latin
from matome_app.search.postings import LATIN, WORDS
from matome_app.search.query import Term
from matome_app.search.snapshot import Floats, Leaf, Snapshot, Tiers
from matome_app.search.words import PART, VARIANT, Word, Words, normal_form

WHOLE, PHRASE, SPELLING, CHARACTERS = 4, 3, 2, 1
"""The tiers; what is below `SPELLING` is a partial hit."""
PART_WEIGHT, SPELLING_WEIGHT = 0.5, 0.3
RAREST = 3
K1, B = 1.2, 0.6
_NEVER_SHORT = frozenset(("インター", "ミスター"))
"""Without ー they begin many other words (インタビュー, ミスタイプ)."""

_local = threading.local()


def find(connection: Connection, snapshot: Snapshot, term: Term) -> Leaf:
    """Return what a term finds, from the cache when it was asked before."""
    key = (term.text, term.quoted, term.excluded)
    leaf = snapshot.cache.get(key)
    if leaf is None:
        leaf = _Finder(connection, snapshot).find(term)
        snapshot.cache.put(key, leaf)
    return leaf


class _Finder:
    """Looks up one term."""

    def __init__(self, connection: Connection, snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._columns = snapshot.columns

    def find(self, term: Term) -> Leaf:
        if not term.text.isascii():
            return self._japanese(term)
        if latin_runs(term.text):
            return self._latin(term)
        slots = self._substring(term.text)
        return _leaf(slots, PHRASE if term.quoted else CHARACTERS)

    def _latin(self, term: Term) -> Leaf:
        latin = read_latin(term.text, literal=term.quoted or term.excluded)
        slots = self._with_runs(latin)
        leaf = _leaf(slots, WHOLE)
        if not term.excluded:
            dense = np.zeros(self._columns.size, np.float32)
            for run in self._rarest(LATIN, sorted({run for runs in latin.choices for run in runs})):
                found, weights = self._snapshot.words.postings(LATIN, run)
                dense[found] += self._bm25(found, weights)
            leaf.score[:] = dense[slots]
        return leaf

    def _with_runs(self, latin: LatinTerm) -> Codes:
        """Return the comments a Latin term matches."""
        matching = " OR ".join(f"({match_runs(runs)})" for runs in latin.choices)
        if latin.exact:
            return self._ids("search_grams", matching)
        rows = self._connection.exec_driver_sql(
            "SELECT key, folded FROM search_texts"
            " WHERE key IN (SELECT rowid FROM search_grams WHERE search_grams MATCH ?) ORDER BY key",
            (matching,),
        )
        search = re.compile(latin.pattern).search
        return self._known(np.array([key for key, text in rows if search(text)], np.int64))

    def _substring(self, text: str) -> Codes:
        """Return the comments that hold these characters."""
        if len(text) < 3:
            return self._ids("search_grams", match_gram(text))
        return self._ids("search_trigrams", match_substring(text))

    def _ids(self, table: str, matching: str) -> Codes:
        query = f"SELECT group_concat(rowid) FROM {table} WHERE {table} MATCH ?"
        return self._known(parse_numbers(self._connection.exec_driver_sql(query, (matching,)).scalar()))

    def _known(self, keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Codes:
        slots = self._columns.slots(keys)
        return slots if not len(slots) or slots.min() >= 0 else slots[slots >= 0]

    def _japanese(self, term: Term) -> Leaf:
        literal = term.quoted or term.excluded
        slots = self._substring(term.text if literal else without_long_vowel(term.text))
        if term.excluded:
            return _leaf(slots, CHARACTERS)
        tier = np.zeros(self._columns.size, np.uint8)
        score = np.zeros(self._columns.size, np.float32)
        tier[slots] = CHARACTERS
        words = [word for _, word in words_of_thread().cut(term.text)]
        if len(words) == 1 and words[0].surface == term.text:
            self._one_word(words[0], term.quoted, tier, score)
        else:
            tier[slots] = PHRASE if term.quoted else CHARACTERS
            self._several_words([word.surface for word in words], tier, score)
        slots = np.flatnonzero(tier).astype(np.int32)
        return Leaf(slots, tier[slots], score[slots])

    def _one_word(self, word: Word, quoted: bool, tier: Tiers, score: Floats) -> None:
        """Raise what holds the word whole or in a compound, and add other spellings."""
        places = [(word.surface, WHOLE, 1.0), (PART + word.surface, PHRASE, PART_WEIGHT)]
        if word.normal and not quoted:
            places.append((VARIANT + word.normal, SPELLING, SPELLING_WEIGHT))
            if word.normal != word.surface:
                places.append((word.normal, SPELLING, SPELLING_WEIGHT))
        for stored, level, weight in places:
            slots, weights = self._snapshot.words.postings(WORDS, stored)
            if level != SPELLING:
                held = tier[slots] > 0
                slots, weights = slots[held], weights[held]
            score[slots] += self._bm25(slots, weights) * np.float32(weight)
            tier[slots] = np.maximum(tier[slots], level)

    def _several_words(self, surfaces: Sequence[str], tier: Tiers, score: Floats) -> None:
        """Raise what holds the characters and, whole, the rarest of the words (reading all would be slow)."""
        rarest = self._rarest(WORDS, sorted(set(surfaces)))
        count = np.zeros(self._columns.size, np.uint8)
        for surface in rarest:
            slots, weights = self._snapshot.words.postings(WORDS, surface)
            held = tier[slots] > 0
            slots, weights = slots[held], weights[held]
            count[slots] += 1
            score[slots] += self._bm25(slots, weights)
        if rarest:
            tier[(count == len(rarest)) & (tier > 0)] = WHOLE

    def _rarest(self, field: str, terms: Sequence[str]) -> list[str]:
        if len(terms) <= RAREST:
            return list(terms)
        return sorted(terms, key=lambda term: (self._snapshot.words.frequency(field, term), term))[:RAREST]

    def _bm25(self, slots: Codes, weights: Floats) -> Floats:
        return bm25(self._columns, slots, weights)


def bm25(columns: Columns, slots: Codes, weights: Floats) -> Floats:
    """Score occurrences of a term (Robertson and Zaragoza 2009, the form with a never negative idf)."""
    idf = math.log1p((columns.size - len(slots) + 0.5) / (len(slots) + 0.5))
    scores = idf * (K1 + 1) * weights / (weights + K1 * (1 - B + B * columns.norm[slots]))
    return scores.astype(np.float32)


def _leaf(slots: Codes, tier: int) -> Leaf:
    return Leaf(slots, np.full(len(slots), tier, np.uint8), np.zeros(len(slots), np.float32))


def words_of_thread() -> Words:
    """Return this thread's cutter of words."""
    if not hasattr(_local, "words"):
        _local.words = Words()
    words: Words = _local.words
    return words


def without_long_vowel(text: str) -> str:
    """Leave out the ー at the end of a word that is the same word without it (コンピューター, but not インター)."""
    if len(text) < 4 or not text.endswith("ー") or text in _NEVER_SHORT:
        return text
    return text[:-1] if normal_form(text) == normal_form(text[:-1]) else text
