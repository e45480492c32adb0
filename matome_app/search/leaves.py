"""Find what one term finds: the comments, how well each holds it, and its score."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from matome_app.search.analysis import fold, latin_runs
from matome_app.search.columns import Codes, Ints
from matome_app.search.grams import gram_word, match_gram, match_runs, match_substring, run_word
from matome_app.search.latin import LatinTerm, read_latin
from matome_app.search.postings import LATIN, WORDS
from matome_app.search.query import Term
from matome_app.search.scoring import bm25f
from matome_app.search.snapshot import Floats, Leaf, Snapshot, Tiers
from matome_app.search.tables import GRAMS, TRIGRAMS, fetch, gram_keys, parse_numbers
from matome_app.search.titles import Places, title_weights
from matome_app.search.words import PART, VARIANT, Word, Words, without_long_vowel

WHOLE, PHRASE, SPELLING, CHARACTERS = 4, 3, 2, 1
"""The tiers; what is below `SPELLING` is a partial hit."""
PART_WEIGHT, SPELLING_WEIGHT = 0.5, 0.3
RAREST, VERY_FREQUENT = 3, 10_000
LONG = 60
"""A text of more characters is looked for by its beginning first."""

_local = threading.local()


def find(connection: Connection, snapshot: Snapshot, term: Term) -> Leaf:
    """Return what a term finds, under its other names in the term table, too; from the cache when asked before."""
    key = (term.text, term.quoted, term.excluded)
    leaf = snapshot.cache.get(key)
    if leaf is None:
        finder = _Finder(connection, snapshot)
        leaf = finder.with_names(finder.find(term), variants(snapshot, term))
        snapshot.cache.put(key, leaf)
    return leaf


def find_characters(connection: Connection, snapshot: Snapshot, texts: Sequence[str]) -> Codes:
    """Return the slots of the comments that hold one of some texts, character by character."""
    return _Finder(connection, snapshot).characters(texts)


def variants(snapshot: Snapshot, term: Term) -> tuple[Term, ...]:
    """Return the other names that the term table has for a term, to be taken literally; none for what is quoted."""
    if term.quoted or term.excluded:
        return ()
    return tuple(name_term(name) for name in snapshot.terms.others(term.text))


def name_term(name: str) -> Term:
    """Return a name of the term table as a term."""
    return Term(name, fold(name), quoted=True)


class _Finder:
    """Looks up one term."""

    def __init__(self, connection: Connection, snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._columns = snapshot.columns

    def find(self, term: Term) -> Leaf:
        tier = np.zeros(self._columns.size, np.uint8)
        if term.excluded:
            tier[self._literal(term)] = CHARACTERS
            return self._leaf(term, tier, None)
        frequency = np.zeros(self._columns.size, np.float32)
        if term.text.isascii() and latin_runs(term.text):
            self._latin(term, tier, frequency)
        elif term.text.isascii():
            tier[self.substring(term.text)] = PHRASE if term.quoted else CHARACTERS
        else:
            self._japanese(term, tier, frequency)
        return self._leaf(term, tier, frequency)

    def with_names(self, leaf: Leaf, names: Sequence[Term]) -> Leaf:
        """Add what a term finds under other names, as other spellings."""
        if not names:
            return leaf
        tier = np.zeros(self._columns.size, np.uint8)
        score = np.zeros(self._columns.size, np.float32)
        tier[leaf.slots], score[leaf.slots] = leaf.tier, leaf.score
        for name in names:
            other = find(self._connection, self._snapshot, name)
            tier[other.slots] = np.maximum(tier[other.slots], SPELLING)
            score[other.slots] += other.score * np.float32(SPELLING_WEIGHT)
        slots = np.flatnonzero(tier != 0).astype(np.int32)  # of bytes it would take ten times as long
        return Leaf(slots, tier[slots], score[slots])

    def _leaf(self, term: Term, tier: Tiers, frequency: Floats | None) -> Leaf:
        slots = np.flatnonzero(tier != 0).astype(np.int32)  # of bytes it would take ten times as long
        if frequency is None:
            return Leaf(slots, tier[slots], np.zeros(len(slots), np.float32))
        columns = self._columns
        score = bm25f(columns, slots, frequency[slots], title_weights(columns, term)[columns.post[slots]])
        return Leaf(slots, tier[slots], score)

    def _literal(self, term: Term) -> Codes:
        if term.text.isascii() and latin_runs(term.text):
            return self._with_runs(read_latin(term.text, literal=True))
        return self.substring(term.text)

    def _latin(self, term: Term, tier: Tiers, frequency: Floats) -> None:
        latin = read_latin(term.text, literal=term.quoted)
        slots = self._with_runs(latin)
        for runs in latin.choices:
            frequency[slots] = np.maximum(frequency[slots], self._least(LATIN, runs)[slots])
        tier[slots] = np.where(frequency[slots] > 0, WHOLE, CHARACTERS)  # inside addresses only: a partial hit

    def _with_runs(self, latin: LatinTerm) -> Codes:
        """Return the comments a Latin term matches."""
        matching = " OR ".join(f"({match_runs(runs)})" for runs in latin.choices)
        if latin.pairs:
            matching = " AND ".join([*map(match_gram, latin.pairs), f"({matching})"])
        if latin.exact and len(latin.choices) == len(latin.choices[0]) == 1 and not latin.pairs:
            return self._gram(run_word(latin.choices[0][0]))
        if latin.exact:
            return self._ids(GRAMS, matching)
        rows = fetch(
            self._connection,
            "SELECT key, folded FROM search_texts"
            " WHERE key IN (SELECT rowid FROM search_grams WHERE search_grams MATCH ?) ORDER BY key",
            (matching,),
        )
        holds = Places(latin.inner, latin.pattern).any
        return self._known(np.array([key for key, text in rows if holds(text)], np.int64))

    def substring(self, text: str) -> Codes:
        """Return the comments that hold these characters."""
        return self.characters([text]) if len(text) <= LONG else self._long(text)

    def characters(self, texts: Sequence[str]) -> Codes:
        """Return the comments that hold the characters of one of the texts."""
        if len(texts) == 1 and len(texts[0]) < 3:
            return self._gram(gram_word(texts[0]))
        short = " OR ".join(match_gram(text) for text in texts if len(text) < 3)
        long = " OR ".join(match_substring(text) for text in texts if len(text) >= 3)
        found = [self._ids(table, matching) for table, matching in ((GRAMS, short), (TRIGRAMS, long)) if matching]
        return found[0] if len(found) == 1 else self._columns.united(found)

    def _gram(self, word: str) -> Codes:
        """Return the comments that have a word of the grams table."""
        frequent = self._snapshot.frequent
        listed = frequent.postings(GRAMS, word) if frequent else None
        if frequent is None or listed is None:
            return self._known(gram_keys(self._connection, word))
        return self._known(np.concatenate([listed[0], gram_keys(self._connection, word, above=frequent.last_key)]))

    def _long(self, text: str) -> Codes:
        """Return the comments that hold a long text: one trigram after another would take a time of its square."""
        query = """
            SELECT group_concat(key) FROM search_texts WHERE instr(folded, ?) > 0
            AND key IN (SELECT rowid FROM search_trigrams WHERE search_trigrams MATCH ?)
        """
        parameters = (text, match_substring(text[:LONG]))
        return self._known(parse_numbers(fetch(self._connection, query, parameters)[0][0]))

    def _ids(self, table: str, matching: str) -> Codes:
        query = f"SELECT group_concat(rowid) FROM {table} WHERE {table} MATCH ?"
        return self._known(parse_numbers(fetch(self._connection, query, (matching,))[0][0]))

    def _known(self, keys: Ints) -> Codes:
        slots = self._columns.slots(keys)
        return slots if not len(slots) or slots.min() >= 0 else slots[slots >= 0]

    def _japanese(self, term: Term, tier: Tiers, frequency: Floats) -> None:
        tier[self.substring(term.text if term.quoted else without_long_vowel(term.text))] = CHARACTERS
        words = [word for _, word in words_of_thread().cut(term.text)]
        if len(words) == 1 and words[0].surface == term.text:
            self._one_word(words[0], term.quoted, tier, frequency)
        else:
            if term.quoted:
                tier[tier > 0] = PHRASE
            self._several_words(tuple(word.surface for word in words), tier, frequency)

    def _one_word(self, word: Word, quoted: bool, tier: Tiers, frequency: Floats) -> None:
        """Raise what holds the word whole or in a compound, and add other spellings."""
        places = []
        if word.normal and not quoted:
            places.append((VARIANT + word.normal, SPELLING, SPELLING_WEIGHT))
            if word.normal != word.surface:
                places.append((word.normal, SPELLING, SPELLING_WEIGHT))
        places += [(PART + word.surface, PHRASE, PART_WEIGHT), (word.surface, WHOLE, 1.0)]
        literal = tier > 0
        for stored, level, weight in places:  # from the lowest level to the highest
            slots, weights = self._snapshot.words.postings(WORDS, stored)
            if level != SPELLING and not (held := literal[slots]).all():
                slots, weights = slots[held], weights[held]
            frequency[slots] += weights * np.float32(weight)
            tier[slots] = level

    def _several_words(self, surfaces: Sequence[str], tier: Tiers, frequency: Floats) -> None:
        """Raise what holds the characters and, whole, the rarest of the words (reading all would be slow)."""
        if surfaces:
            least = self._least(WORDS, surfaces)
            held = (least > 0) & (tier > 0)
            tier[held] = WHOLE
            frequency[held] = least[held]

    def _least(self, field: str, terms: Sequence[str]) -> Floats:
        """Return how often every comment has the one of some terms it has least.

        Of many terms the rarest count, of these no very frequent one beside a rarer: it tells little and costs most.
        """
        least: Floats | None = None
        for term in self._rarest(field, sorted(set(terms))):
            slots, weights = self._snapshot.words.postings(field, term)
            dense = np.zeros(self._columns.size, np.float32)
            dense[slots] = weights
            least = dense if least is None else np.minimum(least, dense, out=least)
        return np.zeros(self._columns.size, np.float32) if least is None else least

    def _rarest(self, field: str, terms: Sequence[str]) -> list[str]:
        if len(terms) < 2:
            return list(terms)
        frequency = self._snapshot.words.frequency
        ranked = sorted((frequency(field, term), term) for term in terms)
        return [term for place, (count, term) in enumerate(ranked[:RAREST]) if not place or count <= VERY_FREQUENT]


def words_of_thread() -> Words:
    """Return this thread's cutter of words."""
    if not hasattr(_local, "words"):
        _local.words = Words()
    words: Words = _local.words
    return words
