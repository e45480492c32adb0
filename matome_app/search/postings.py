"""Write and read Whoosh's files by whole posting lists: the only module that touches Whoosh's private members.

Whoosh's own ways give one posting at a time through several Python calls; NumPy arrays of whole blocks are 15 to 35
times faster. A test compares `read_postings` with the public way, so a Whoosh that changed would be noticed.
"""

from __future__ import annotations

import zlib
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import repeat
from pickle import loads
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import NumericColumn
from whoosh.fields import COLUMN, ID, Schema
from whoosh.index import FileIndex
from whoosh.reading import IndexReader, TermNotFound
from whoosh.writing import SegmentWriter

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

KEY: Final = "key"
LATIN: Final = "latin"
WORDS: Final = "words"


def schema() -> Schema:
    """Return the fields: Latin runs and Japanese words (no positions, weight is the count), and the comment's key."""
    return Schema(latin=ID(), words=ID(), key=COLUMN(NumericColumn("q", default=-1)))


def codec() -> W3Codec:
    """Return Whoosh's codec with large, lightly packed blocks: half the time to read a frequent word."""
    return W3Codec(blocklimit=8192, compression=1)


class _Field:
    """The postings of a field as three long arrays in order of arrival: appending to millions of small ones is slow."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = defaultdict(lambda: len(self._numbers))
        self._terms, self._documents, self._weights = array("I"), array("I"), array("f")

    def count(self, document: int, counts: Mapping[str, int]) -> None:
        self._terms.extend(map(self._numbers.__getitem__, counts))
        self._documents.extend(repeat(document, len(counts)))
        self._weights.extend(counts.values())

    def add(self, document: int, term: str, weight: float) -> None:
        self._terms.append(self._numbers[term])
        self._documents.append(document)
        self._weights.append(weight)

    def lists(self) -> Iterator[tuple[str, list[int], list[float]]]:
        """Yield each term with its documents and weights, terms in order."""
        terms = np.array(self._terms, np.uint32)
        ends = np.cumsum(np.bincount(terms, minlength=len(self._numbers))).tolist()
        by_term = np.argsort(terms, kind="stable").astype(np.uint32)
        del terms
        documents = np.array(self._documents, np.uint32)[by_term]
        weights = np.array(self._weights, np.float32)[by_term]
        del by_term
        for term in sorted(self._numbers):  # code points sort as their UTF-8 bytes do
            number = self._numbers[term]
            there = slice(ends[number - 1] if number else 0, ends[number])
            yield term, documents[there].tolist(), weights[there].tolist()


class Counted:
    """Documents to write: their keys, and their postings, sorted once at the end instead of as tuples on disk.

    It takes the place of a Whoosh writer's pool of postings, so that merging segments adds to it, too.
    """

    def __init__(self) -> None:
        self.keys: list[int] = []
        self._fields = {LATIN: _Field(), WORDS: _Field()}

    def count(self, key: int, latin: Mapping[str, int], words: Mapping[str, int]) -> None:
        """Take in a document: the key of a comment and how often each of its terms occurs."""
        document = len(self.keys)
        self.keys.append(key)
        self._fields[LATIN].count(document, latin)
        self._fields[WORDS].count(document, words)

    def add(self, posting: tuple[str, bytes, int, float, bytes]) -> None:
        """Take in a posting of a segment that is merged."""
        field, term, document, weight, _ = posting
        self._fields[field].add(document, term.decode(), weight)

    def iter_postings(self) -> Iterator[tuple[str, bytes, int, float, bytes]]:
        """Yield (field, term, document, weight, "") in the order Whoosh writes them."""
        for field in sorted(self._fields):
            for term, documents, weights in self._fields[field].lists():
                text = term.encode()
                for document, weight in zip(documents, weights, strict=True):
                    yield field, text, document, weight, b""

    def cleanup(self) -> None:
        """Forget everything."""
        self.keys = []
        self._fields = {LATIN: _Field(), WORDS: _Field()}


class CountWriter(SegmentWriter):
    """A Whoosh writer that is given counted documents; the rest (segments, merging, deletions, lock) is Whoosh's."""

    def __init__(self, index: FileIndex, counted: Counted, timeout: float = 30.0) -> None:
        super().__init__(index, timeout=timeout, codec=codec(), compound=False)  # type: ignore[no-untyped-call]
        self.pool.cleanup()
        self.pool: Any = counted
        column = self.schema[KEY].column_type
        for document, key in enumerate(counted.keys):
            self.perdocwriter.start_doc(document)
            self.perdocwriter.add_column_value(KEY, column, key)
            self.perdocwriter.finish_doc()
        self.docnum = len(counted.keys)
        self._added = self.docnum > 0


def _leaves(reader: IndexReader) -> Iterator[tuple[Any, int]]:
    """Yield the readers of the segments with the number of their first document; an empty index has none."""
    if reader.doc_count_all():
        yield from reader.leaf_readers()


def read_keys(reader: IndexReader) -> Ints:
    """Return the comment key of every document by document number; -1 where the document is deleted."""
    parts = [np.empty(0, np.int64)]
    for leaf, _ in _leaves(reader):
        keys = np.full(leaf.doc_count_all(), -1, np.int64)
        column = leaf.column_reader(KEY, translate=False)
        stored = np.frombuffer(column._dbfile.get(column._basepos, column._count * 8), ">i8")
        keys[: len(stored)] = stored
        deleted = list(leaf.segment().deleted_docs()) if leaf.has_deletions() else []
        keys[deleted] = -1
        parts.append(keys)
    return np.concatenate(parts)


def read_postings(reader: IndexReader, field: str, term: str) -> tuple[Ints, Floats]:
    """Return the document numbers and weights of a term, deleted documents included."""
    ids = [np.empty(0, np.int64)]
    weights = [np.empty(0, np.float32)]
    for leaf, offset in _leaves(reader):
        try:
            matcher = leaf._terms.matcher(field, term.encode(), leaf.schema[field].format)
        except (TermNotFound, KeyError):
            continue
        for block_ids, block_weights in _blocks(matcher):
            ids.append(block_ids + offset)
            weights.append(block_weights)
    return np.concatenate(ids), np.concatenate(weights)


def _blocks(matcher: Any) -> Iterator[tuple[Ints, Floats]]:
    """Yield the blocks of a posting list: ids as differences, weights as None (all 1), one number or many."""
    while not matcher._atend:
        data = matcher._postfile.get(matcher._dataoffset, matcher._nextoffset - matcher._dataoffset)
        differences, weights, _ = _unpack(data, matcher._compression)
        ids = np.cumsum(_numbers(differences))
        if not isinstance(weights, tuple):
            weights = 1.0 if weights is None else weights
            yield ids, np.full(len(ids), weights, np.float32)
        else:
            yield ids, np.array(weights, np.float32)
        matcher._next_block()


def _numbers(differences: list[int]) -> Ints:
    """Return numbers as an array; by way of bytes, as the small ones of frequent words, in a third of the time."""
    try:
        return np.frombuffer(bytes(differences), np.uint8).astype(np.int64)
    except ValueError:
        return np.array(differences, np.int64)


def _unpack(data: bytes, compression: int) -> Any:
    return loads(zlib.decompress(data) if compression else data)
