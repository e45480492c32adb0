"""Hold one state of the index, read from both stores at one moment; it is replaced as a whole when either changes."""

from __future__ import annotations

import threading
import unicodedata
import weakref
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from whoosh.reading import IndexReader

from matome_app.search.cache_use import USE
from matome_app.search.columns import Codes, Columns, Ints, Pairs
from matome_app.search.engine import SearchResult
from matome_app.search.frequent import Frequent
from matome_app.search.params import SearchParams
from matome_app.search.postings import (
    LATIN,
    TermFinder,
    deleted_documents,
    keys_by_segment,
    latin_lexicons,
    leaf_starts,
)
from matome_app.search.slot_sets import Floats, Tiers
from matome_app.search.terms import TermTable

CACHE_BYTES: Final = 64 * 1024 * 1024
RESULTS: Final = 512
"""So many answers are remembered whole: what many ask at once, the page a reader comes back to."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """What one term finds: slots in order, and for each its tier and its score.

    Tier 4 is a whole word, 3 a part of a compound or an exact phrase, 2 another spelling, 1 only these characters.
    """

    slots: Codes
    tier: Tiers
    score: Floats

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.slots.nbytes + self.tier.nbytes + self.score.nbytes + 200


class LeafCache:
    """Remembers what terms find, and the last answers as a whole; the least recently used are forgotten first."""

    def __init__(self, budget: int = CACHE_BYTES) -> None:
        self._budget = budget
        self._used = 0
        self._leaves: OrderedDict[tuple[str, bool, bool], Leaf] = OrderedDict()
        self._results: OrderedDict[SearchParams, SearchResult] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[str, bool, bool]) -> Leaf | None:
        """Return what is remembered."""
        with self._lock:
            leaf = self._leaves.get(key)
            USE["terms"][leaf is None] += 1
            if leaf is not None:
                self._leaves.move_to_end(key)
            return leaf

    def put(self, key: tuple[str, bool, bool], leaf: Leaf) -> None:
        """Remember a leaf, unless it is over a quarter of the budget."""
        if leaf.nbytes * 4 > self._budget:
            return
        with self._lock:
            if key not in self._leaves:
                self._used += leaf.nbytes
            self._leaves[key] = leaf
            while self._used > self._budget:
                self._used -= self._leaves.popitem(last=False)[1].nbytes

    def result(self, params: SearchParams) -> SearchResult | None:
        """Return the answer to a search that was asked lately."""
        with self._lock:
            result = self._results.get(params)
            USE["results"][result is None] += 1
            if result is not None:
                self._results.move_to_end(params)
            return result

    def keep_result(self, result: SearchResult) -> None:
        """Remember the answer to a search, unless something was left out of it for lack of time."""
        if result.late:
            return
        with self._lock:
            self._results[result.params] = result
            while len(self._results) > RESULTS:
                self._results.popitem(last=False)


class WordReader:
    """Reads words by slot from Whoosh, those of frequent terms from their file; without an index there are no words.

    Whoosh is asked by one thread at a time.
    """

    def __init__(
        self,
        reader: IndexReader | None,
        columns: Columns,
        frequent: Frequent | None,
        before: WordReader | None = None,
    ) -> None:
        self._reader = reader
        self._columns = columns
        self._frequent = frequent
        self._lock = threading.Lock()
        if reader is not None:
            weakref.finalize(self, reader.close)  # not before the last search that uses it is done
        # A segment never changes, so what was read of it by the reader before holds.
        self._lexicons: dict[str, dict[int, list[str]]] = dict(before._lexicons) if before is not None else {}
        known = before._keys if before is not None else {}
        self._keys: dict[str, Ints] = keys_by_segment(reader, known) if reader is not None else {}
        self._slot_of = np.concatenate([np.empty(0, np.int32), *map(columns.slots, self._keys.values())])
        self._slot_of[deleted_documents(reader) if reader is not None else []] = -1
        self._finder = TermFinder(reader) if reader is not None else None
        self._leaf_starts = leaf_starts(reader) if reader is not None else [0]
        self._newest: list[int] | None = None

    def postings(self, name: str, term: str) -> tuple[Codes, Floats]:
        """Return the slots of the comments that have a term, and how often."""
        if self._finder is None:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        listed = self._frequent.postings(name, term) if self._frequent else None
        if self._frequent is None or listed is None:
            return self._read(self._finder, name, term, 0)
        slots, weights = _alive(self._columns.slots(listed[0]), listed[1])
        new, new_weights = self._read(self._finder, name, term, self._frequent.last_key + 1)
        return (np.concatenate([slots, new]), np.concatenate([weights, new_weights])) if len(new) else (slots, weights)

    def _read(self, finder: TermFinder, name: str, term: str, first_key: int) -> tuple[Codes, Floats]:
        """Read the postings of comments from some key on."""
        least = int(np.searchsorted(self._columns.keys, first_key)) if first_key else 0
        with self._lock:
            documents, weights = finder.postings(name, term, self._leaves_with(least))
        slots = self._slot_of[documents]
        return _alive(np.where(slots >= least, slots, -1) if least else slots, weights)

    def _leaves_with(self, least: int) -> Collection[int] | None:
        """Return the places of the segments that hold slots from some slot on, None for all."""
        if not least:
            return None
        if self._newest is None:
            self._newest = [int(slots.max(initial=-1)) for slots in np.split(self._slot_of, self._leaf_starts[1:])]
        return [place for place, newest in enumerate(self._newest) if newest >= least]

    def frequency(self, name: str, term: str) -> int:
        """Return how many documents have a term, deleted ones included."""
        if self._finder is None:
            return 0
        with self._lock:
            return self._finder.frequency(name, term)

    def has_latin(self, word: str) -> bool:
        """Tell whether a comment has a folded Latin word."""
        return self.frequency(LATIN, word) > 0

    def latin_words(self, length: int) -> list[Sequence[str]]:
        """Return the Latin words of a length of every segment, in order; all are read at the first call."""
        with self._lock:
            lexicons = [] if self._reader is None else latin_lexicons(self._reader, self._lexicons)
        return [lexicon[length] for lexicon in lexicons if length in lexicon]


def _alive(slots: Codes, weights: Floats) -> tuple[Codes, Floats]:
    """Leave out the comments that are gone."""
    alive = slots >= 0
    return (slots, weights) if alive.all() else (slots[alive], weights[alive])


class Names:
    """Finds the values of filters as people write them; what is needed for that is made at the first question."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    @cached_property
    def _users(self) -> dict[str, set[int]]:
        users: dict[str, set[int]] = {}
        for number, user in enumerate(self._columns.users):
            users.setdefault(unicodedata.normalize("NFKC", user), set()).add(number)
        return users

    @cached_property
    def _tags(self) -> dict[str, set[int]]:
        return _by_spelling(self._columns.tags)

    @cached_property
    def _months(self) -> dict[str, set[int]]:
        return _by_spelling(self._columns.months)

    def users(self, name: str) -> set[int]:
        """Return the ordinals of the users of a name (case matters)."""
        return self._users.get(unicodedata.normalize("NFKC", name), set())

    def tags(self, name: str) -> set[int]:
        """Return the ordinals of the tags with a label (in any case) or slug."""
        return self._tags.get(unicodedata.normalize("NFKC", name).lower(), set())

    def months(self, name: str) -> set[int]:
        """Return the ordinals of a month."""
        return self._months.get(unicodedata.normalize("NFKC", name).lower(), set())


def _by_spelling(pairs: Pairs) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for number, spellings in enumerate(zip(pairs.names, pairs.slugs, strict=True)):
        for spelling in spellings:
            found.setdefault(unicodedata.normalize("NFKC", spelling).lower(), set()).add(number)
    return found


@dataclass(slots=True, eq=False)
class Snapshot:
    """One state of the index, and the term table it is asked with.

    `spellings` and `related` remember what was worked out from it: other spellings of words, posts like a post.
    `generation` counts changes of the tables, `words_generation` those of Whoosh.
    """

    generation: int
    words_generation: int
    columns: Columns
    words: WordReader
    frequent: Frequent | None
    names: Names
    terms: TermTable
    cache: LeafCache = field(default_factory=LeafCache)
    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    related: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
