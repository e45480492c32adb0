"""Count the terms of documents before they are written: a posting is eight bytes until then."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from matome_app.search.posting_lists import List

LATIN: Final = "latin"
WORDS: Final = "words"
FIELDS: Final = (LATIN, WORDS)
"""Latin runs and Japanese words, in the order in which they are written."""

MOST: Final = 4_000_000
"""So many postings are held before they should be written: 32 MB, and twice that while they are sorted."""

_BITS: Final = 24
_COUNT_BITS: Final = 16
_MASK: Final = (1 << _BITS) - 1
_MOST_COUNTED: Final = (1 << _COUNT_BITS) - 1
_CHUNK: Final = 200_000


class _Field:
    """The postings of a field. What comes in is only noted; whenever there is enough of it, it is counted and packed.

    A packed posting is a number: the term's, the document's, and how often (or 65,535 times), the highest bits first.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = defaultdict(lambda: len(self._numbers))
        self._number_of: Callable[[str], int] = self._numbers.__getitem__
        self._terms, self._documents, self._lengths = array("I"), array("I"), array("I")
        self._packed: list[npt.NDArray[np.uint64]] = []
        self._size = 0

    @property
    def size(self) -> int:
        return self._size + len(self._terms)

    def add(self, document: int, terms: Sequence[str]) -> None:
        self._terms.extend(map(self._number_of, terms))
        self._documents.append(document)
        self._lengths.append(len(terms))
        if len(self._terms) >= _CHUNK:
            self._pack()

    def _pack(self) -> None:
        documents = np.repeat(np.array(self._documents, np.uint64), np.array(self._lengths, np.int64))
        pairs, counts = np.unique(np.array(self._terms, np.uint64) << _BITS | documents, return_counts=True)
        self._packed.append(pairs << _COUNT_BITS | np.minimum(counts, _MOST_COUNTED).astype(np.uint64))
        self._size += len(pairs)
        self._terms, self._documents, self._lengths = array("I"), array("I"), array("I")

    def lists(self) -> Iterator[List]:
        """Yield the list of each term, terms in order; the postings are used up."""
        self._pack()
        postings = np.concatenate(self._packed)
        self._packed, self._size = [], 0
        postings.sort()
        borders = np.arange(1, len(self._numbers) + 1, dtype=np.uint64) << (_BITS + _COUNT_BITS)
        ends = np.searchsorted(postings, borders).tolist()
        documents, weights = np.empty(len(postings), np.uint32), np.empty(len(postings), np.float32)
        for start in range(0, len(postings), _CHUNK):  # piece by piece: the memory is needed only once
            some = postings[start : start + _CHUNK]
            documents[start : start + _CHUNK] = some >> _COUNT_BITS & _MASK
            weights[start : start + _CHUNK] = some & _MOST_COUNTED
        del postings
        for term in sorted(self._numbers):  # code points sort as their UTF-8 bytes do
            number = self._numbers[term]
            there = slice(ends[number - 1] if number else 0, ends[number])
            yield term, documents[there].tolist(), weights[there].tolist()


class Counted:
    """Documents to write: the keys of comments, and how often each term occurs in which."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self._fields = {field: _Field() for field in FIELDS}

    def count(self, key: int, latin: Sequence[str], words: Sequence[str]) -> None:
        """Take in a document: the key of a comment and its terms, each as often as it occurs."""
        document = len(self.keys)
        self.keys.append(key)
        self._fields[LATIN].add(document, latin)
        self._fields[WORDS].add(document, words)

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to write: memory is to stay bounded, whatever the number of documents."""
        return sum(field.size for field in self._fields.values()) >= MOST or len(self.keys) > _MASK // 2

    def lists(self, field: str) -> Iterator[List]:
        """Yield the posting lists of a field in the order in which they are written; they are used up."""
        return self._fields[field].lists()
