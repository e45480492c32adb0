"""Say by which spelling a comment was found, and what is to be marked in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from sqlalchemy import Connection

from matome_app.search.clauses import Clause, clauses
from matome_app.search.leaves import SPELLING, find, name_term, variants, words_of_thread
from matome_app.search.query import Query, Term
from matome_app.search.snapshot import Snapshot
from matome_app.search.tables import iter_texts
from matome_app.search.titles import pattern_of
from matome_app.search.words import VARIANT, without_long_vowel

_SAMPLE: Final = 8
"""So many comments are read to learn how a word is spelled otherwise."""
_REMEMBERED: Final = 2000


@dataclass(frozen=True, slots=True)
class Explained:
    """Patterns over folded text for `snippets`, and for comments found by other spellings, these spellings."""

    highlights: tuple[str, ...]
    via: dict[int, tuple[str, ...]]


def highlights(connection: Connection, snapshot: Snapshot, query: Query) -> tuple[str, ...]:
    """Return what to mark for a query: its words, their names in the term table, and spellings met in comments."""
    found = _patterns(snapshot, query)
    for term in query.terms():
        found += [re.escape(spelling) for spelling in _spellings(connection, snapshot, term)]
    return tuple(dict.fromkeys(found))


def explain(connection: Connection, snapshot: Snapshot, query: Query, keys: Sequence[int]) -> Explained:
    """Explain the hits among which `keys` are those found by other spellings."""
    marked = _patterns(snapshot, query)
    via: dict[int, tuple[str, ...]] = {}
    sought = clauses(query, snapshot.terms) if keys else []
    for batch in iter_texts(connection, keys):
        for key, text in batch:
            found = tuple(dict.fromkeys(name for clause in sought for name in _via(snapshot, clause, text)))
            via[key] = found
            marked += [re.escape(name) for name in found if not name.isascii()]
    return Explained(tuple(dict.fromkeys(marked)), via)


def _patterns(snapshot: Snapshot, query: Query) -> list[str]:
    """Return the patterns of the words as typed and as the term table has them."""
    terms = list(query.terms())
    names = [name for term in terms for name in variants(snapshot, term)]
    names += [name_term(name) for clause in clauses(query, snapshot.terms) for name in clause.names]
    return [pattern_of(term) for term in dict.fromkeys([*terms, *names])]


def _via(snapshot: Snapshot, clause: Clause, text: str) -> Iterator[str]:
    """Yield the spellings by which a text matches a clause that it does not match as typed."""
    terms = [part for group in clause.groups for part in group.parts if isinstance(part, Term) and not part.excluded]
    holding = [term for term in terms if _holds(term, text) and not _only_shorter(term, text)]
    if len(holding) == len(terms) or (holding and len(clause.groups) == 1):
        return
    names = [name for term in terms for name in variants(snapshot, term)]
    for name in [*names, *map(name_term, clause.names)]:
        if _holds(name, text):
            yield name.shown
    for term in terms:
        if term not in holding:
            if _only_shorter(term, text):
                yield without_long_vowel(term.text)
            yield from _spelled(term, [text])


def _only_shorter(term: Term, text: str) -> bool:
    """Tell whether a text holds a word only without the long vowel at its end (サーバ for サーバー)."""
    shorter = term.text if term.quoted or term.text.isascii() else without_long_vowel(term.text)
    return shorter != term.text and term.text not in text and shorter in text


def _holds(term: Term, text: str) -> bool:
    return bool(_compiled(pattern_of(term)).search(text))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _spellings(connection: Connection, snapshot: Snapshot, term: Term) -> tuple[str, ...]:
    """Return how comments spell a word that they do not hold as typed; remembered with the snapshot."""
    if term.text.isascii() or term.quoted:
        return ()
    spellings = snapshot.spellings.get(term.text)
    if spellings is None:
        if len(snapshot.spellings) >= _REMEMBERED:
            snapshot.spellings.clear()
        leaf = find(connection, snapshot, term)
        slots = leaf.slots[np.flatnonzero(leaf.tier == SPELLING)[:_SAMPLE]]
        keys: list[int] = snapshot.columns.keys[slots].tolist()
        texts = [text for batch in iter_texts(connection, keys) for _, text in batch]
        spellings = snapshot.spellings[term.text] = tuple(dict.fromkeys(_spelled(term, texts)))
    return spellings


def _spelled(term: Term, texts: Iterable[str]) -> Iterator[str]:
    """Yield the words of texts that are other spellings of a word."""
    words = [word for _, word in words_of_thread().cut(term.text)]
    if term.quoted or len(words) != 1 or not words[0].normal:
        return
    normal = words[0].normal
    for text in texts:
        for _, word in words_of_thread().cut(text):
            if word.surface != term.text and (word.surface == normal or VARIANT + normal in word.terms):
                yield word.surface
