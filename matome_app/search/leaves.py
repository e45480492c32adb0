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
from matome_app.search.matches import Matches
from matome_app.search.postings import LATIN, WORDS
from matome_app.search.query import Term
from matome_app.search.scoring import bm25f
from matome_app.search.slot_sets import Floats, Slots, Tiers, in_order, spread_out
from matome_app.search.snapshot import Leaf, Snapshot
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
        if term.excluded:
            slots = self._literal(term)
            return Leaf(slots, np.full(len(slots), CHARACTERS, np.uint8), np.zeros(len(slots), np.float32))
        if term.text.isascii() and latin_runs(term.text):
            return self._leaf(term, *self._latin(term))
        if term.text.isascii():
            slots = self.substring(term.text)
            tier = np.full(len(slots), PHRASE if term.quoted else CHARACTERS, np.uint8)
            return self._leaf(term, slots, tier, np.zeros(len(slots), np.float32))
        return self._leaf(term, *self._japanese(term))

    def with_names(self, leaf: Leaf, names: Sequence[Term]) -> Leaf:
        """Add what a term finds under other names, as other spellings."""
        found = self._matches(leaf.slots, leaf.tier, leaf.score)
        for name in names:
            other = find(self._connection, self._snapshot, name)
            tier = np.full(len(other.slots), SPELLING, np.uint8)
            found = found.either(self._matches(other.slots, tier, other.score * np.float32(SPELLING_WEIGHT)))
        return Leaf(found.slots.astype(np.int32), found.tier, found.score) if names else leaf

    def _matches(self, slots: Codes, tier: Tiers, score: Floats) -> Matches:
        return Matches.of(self._columns.size, slots, tier, score)

    def _leaf(self, term: Term, slots: Slots, tier: Tiers, frequency: Floats) -> Leaf:
        columns = self._columns
        in_posts = title_weights(columns, term)
        boost = None if in_posts is None else in_posts.take(columns.post.take(slots))
        return Leaf(slots.astype(np.int32, copy=False), tier, bm25f(columns, slots, frequency, boost))

    def _literal(self, term: Term) -> Codes:
        if term.text.isascii() and latin_runs(term.text):
            return self._with_runs(read_latin(term.text, literal=True))
        return self.substring(term.text)

    def _latin(self, term: Term) -> tuple[Ints, Tiers, Floats]:
        latin = read_latin(term.text, literal=term.quoted)
        slots = self._with_runs(latin).astype(np.int64)
        frequency = np.zeros(len(slots), np.float32)
        for runs in latin.choices:
            np.maximum(frequency, self._least(LATIN, runs, slots), out=frequency)
        tier = np.where(frequency > 0, WHOLE, CHARACTERS)  # inside addresses only: a partial hit
        return slots, tier.astype(np.uint8), frequency

    def _with_runs(self, latin: LatinTerm) -> Codes:
        """Return the comments a Latin term matches."""
        matching = " OR ".join(f"({match_runs(runs)})" for runs in latin.choices)
        if latin.pairs:
            matching = " AND ".join([*map(match_gram, latin.pairs), f"({matching})"])
        if not latin.exact:
            return self._read_through(latin, matching, hold=True)
        if len(latin.choices) > 1 or latin.pairs:
            return self._ids(GRAMS, matching)
        slots = self._gram(run_word(latin.choices[0][0]))
        if not latin.doubtful:
            return slots
        doubtful = " OR ".join(map(match_gram, latin.doubtful))
        return np.setdiff1d(
            slots, self._read_through(latin, f"{matching} AND ({doubtful})", hold=False), assume_unique=True
        )

    def _read_through(self, latin: LatinTerm, matching: str, hold: bool) -> Codes:
        """Return those comments of a match whose text holds the term, or those whose text does not."""
        rows = fetch(
            self._connection,
            "SELECT key, folded FROM search_texts"
            " WHERE key IN (SELECT rowid FROM search_grams WHERE search_grams MATCH ?) ORDER BY key",
            (matching,),
        )
        holds = Places(latin.inner, latin.pattern).any
        return self._known(np.array([key for key, text in rows if holds(text) is hold], np.int64))

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

    def _japanese(self, term: Term) -> tuple[Ints, Tiers, Floats]:
        slots = self.substring(term.text if term.quoted else without_long_vowel(term.text)).astype(np.int64)
        words = [word for _, word in words_of_thread().cut(term.text)]
        if len(words) == 1 and words[0].surface == term.text:
            return self._one_word(words[0], term.quoted, slots)
        least = self._least(WORDS, [word.surface for word in words], slots)
        return slots, np.where(least > 0, WHOLE, PHRASE if term.quoted else CHARACTERS).astype(np.uint8), least

    def _one_word(self, word: Word, quoted: bool, literal: Ints) -> tuple[Ints, Tiers, Floats]:
        """Tell what holds the word whole or in a compound from what only has its characters; add other spellings."""
        tier = np.zeros(self._columns.size, np.uint8)
        tier[literal] = CHARACTERS
        spelled = dict.fromkeys([VARIANT + word.normal, word.normal]) if word.normal and not quoted else {}
        spelled.pop(word.surface, None)
        places = [(*self._postings(stored), SPELLING, SPELLING_WEIGHT) for stored in spelled]
        for stored, level, weight in ((PART + word.surface, PHRASE, PART_WEIGHT), (word.surface, WHOLE, 1.0)):
            slots, weights = self._postings(stored)
            held = tier.take(slots) != 0
            places.append((*((slots, weights) if held.all() else (slots[held], weights[held])), level, weight))
        pieces = [literal]
        for slots, _, level, _ in places:  # from the lowest level to the highest
            if level == SPELLING:
                pieces.append(slots[tier.take(slots) == 0])
            tier[slots] = level
        found = in_order(tier, pieces)
        frequency = spread_out(found, np.zeros(len(found), np.float32), self._columns.size)
        for slots, weights, _, weight in places:
            frequency[slots] += weights * np.float32(weight)
        return found, tier.take(found), frequency.take(found)

    def _postings(self, stored: str) -> tuple[Ints, Floats]:
        slots, weights = self._snapshot.words.postings(WORDS, stored)
        return slots.astype(np.int64), weights

    def _least(self, field: str, terms: Sequence[str], among: Ints) -> Floats:
        """Return how often each of some comments has the one of some terms it has least.

        Of many terms the rarest count, of these no very frequent one beside a rarer: it tells little and costs most.
        """
        least: Floats | None = None
        nothing = np.zeros(len(among), np.float32)
        for term in self._rarest(field, sorted(set(terms))) if len(among) else ():
            slots, weights = self._snapshot.words.postings(field, term)
            spread = spread_out(among, nothing, self._columns.size)
            spread[slots.astype(np.int64)] = weights
            counts = spread.take(among)
            least = counts if least is None else np.minimum(least, counts, out=least)
        return nothing if least is None else least

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
