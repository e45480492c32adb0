"""Write segments of Whoosh's files and read their postings by whole lists: NumPy arrays instead of one at a time.

This module, `posting_lists`, `term_lookup`, `merging` and `word_index` alone touch Whoosh's private members. A test
compares `read_postings` with the public way, so a Whoosh that changed would be noticed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Protocol

import numpy as np
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import NumericColumn
from whoosh.fields import COLUMN, ID, Schema
from whoosh.index import FileIndex
from whoosh.reading import IndexReader
from whoosh.writing import SegmentWriter

from matome_app.search.counting import FIELDS, LATIN, WORDS, Counted
from matome_app.search.posting_lists import Floats, Ints, List, list_bytes, read_list, write_field
from matome_app.search.term_lookup import Hashes, TermFile

__all__ = [
    "KEY",
    "LATIN",
    "WORDS",
    "CountWriter",
    "Counted",
    "Floats",
    "Ints",
    "TermFinder",
    "deleted_documents",
    "keys_by_segment",
    "leaf_keys",
    "leaf_starts",
    "open_keys",
    "read_keys",
    "read_postings",
    "schema",
]

KEY: Final = "key"
_REMEMBERED: Final = 1000
"""So many terms are remembered by who looks them up."""


def schema() -> Schema:
    """Return the fields: Latin runs and Japanese words (no positions, weight is the count), and the comment's key."""
    return Schema(latin=ID(), words=ID(), key=COLUMN(NumericColumn("q", default=-1)))


def codec() -> W3Codec:
    """Return Whoosh's codec with large, lightly packed blocks: half the time to read a frequent word."""
    return W3Codec(blocklimit=8192, compression=1)


class Documents(Protocol):
    """What a segment is made of: the keys of the documents in order, and the posting lists of each field."""

    keys: list[int]

    def lists(self, field: str) -> Iterator[List]:
        """Yield the posting lists of a field, terms in order."""


class CountWriter(SegmentWriter):
    """A Whoosh writer of documents that are counted already; segments, deletions and lock are Whoosh's own."""

    def __init__(self, index: FileIndex, documents: Documents, timeout: float = 30.0) -> None:
        super().__init__(index, timeout=timeout, codec=codec(), compound=False)  # type: ignore[no-untyped-call]
        self._documents = documents
        column = self.schema[KEY].column_type
        for number, key in enumerate(documents.keys):
            self.perdocwriter.start_doc(number)
            self.perdocwriter.add_column_value(KEY, column, key)
            self.perdocwriter.finish_doc()
        self.docnum = len(documents.keys)
        self._added = self.docnum > 0

    def _flush_segment(self) -> None:
        """Write the lists whole, where Whoosh would sort and add one posting after another."""
        self.perdocwriter.close()
        for field in FIELDS:
            write_field(self.fieldwriter, field, self.schema[field], self._documents.lists(field))
        self.fieldwriter.close()


def _leaves(reader: IndexReader) -> Iterator[tuple[Any, int]]:
    """Yield the readers of the segments with the number of their first document; an empty index has none."""
    if reader.doc_count_all():
        yield from reader.leaf_readers()


def latin_lexicons(reader: IndexReader, known: dict[str, dict[int, list[str]]]) -> list[dict[int, list[str]]]:
    """Return the Latin words of every segment by their length.

    `known` are those of segments by their names; it is brought up to date.
    """
    now: dict[str, dict[int, list[str]]] = {}
    for leaf, _ in _leaves(reader):
        name = str(leaf.segment().segment_id())
        lexicon = known.get(name)
        if lexicon is None:
            lexicon = {}
            for term in leaf.lexicon(LATIN):
                lexicon.setdefault(len(term), []).append(term.decode())
        now[name] = lexicon
    known.clear()
    known.update(now)
    return list(now.values())


def leaf_starts(reader: IndexReader) -> list[int]:
    """Return the number of the first document of every segment; [0] for an empty index."""
    return [start for _, start in _leaves(reader)] or [0]


def read_keys(reader: IndexReader) -> Ints:
    """Return the comment key of every document by document number; -1 where the document is deleted."""
    return np.concatenate([np.empty(0, np.int64), *(leaf_keys(leaf) for leaf, _ in _leaves(reader))])


def keys_by_segment(reader: IndexReader, known: Mapping[str, Ints]) -> dict[str, Ints]:
    """Return the comment keys of every segment by its name, in order, deleted documents included.

    `known` are those of segments that were read before: they do not change.
    """
    names = ((str(leaf.segment().segment_id()), leaf) for leaf, _ in _leaves(reader))
    return {name: known[name] if name in known else _stored_keys(leaf) for name, leaf in names}


def deleted_documents(reader: IndexReader) -> list[int]:
    """Return the numbers of the deleted documents."""
    return [first + number for leaf, first in _leaves(reader) for number in leaf.segment().deleted_docs()]


def open_keys(leaf: Any) -> Any:
    """Open the column of keys of a segment; it stays open, whatever becomes of the file."""
    return leaf._perdoc.column_reader(KEY, leaf.schema[KEY].column_type)


def leaf_keys(leaf: Any) -> Ints:
    """Return the comment keys of one segment; -1 where the document is deleted."""
    keys = _stored_keys(leaf)
    keys[list(leaf.segment().deleted_docs())] = -1
    return keys


def _stored_keys(leaf: Any) -> Ints:
    keys = np.full(leaf.doc_count_all(), -1, np.int64)
    column = open_keys(leaf)
    stored = np.frombuffer(column._dbfile.get(column._basepos, column._count * 8), ">i8")
    keys[: len(stored)] = stored
    return keys


class TermFinder:
    """Finds terms in all segments of a reader, which must stay open; the last ones found are remembered.

    To be asked by one thread at a time. Raises ValueError and much else where files are damaged.
    """

    def __init__(self, reader: IndexReader) -> None:
        self._leaves = [(TermFile(leaf), leaf._terms._postfile, offset) for leaf, offset in _leaves(reader)]
        self._known: dict[tuple[str, str], list[Any]] = {}

    def _infos(self, field: str, term: str) -> list[Any]:
        """Return what each segment knows of a term, None where it has none."""
        infos = self._known.get((field, term))
        if infos is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            text, hashes = term.encode(), Hashes()
            infos = self._known[field, term] = [file.find(field, text, hashes) for file, _, _ in self._leaves]
        return infos

    def frequency(self, field: str, term: str) -> int:
        """Return how many documents have a term, deleted ones included."""
        return sum(int(info.doc_frequency()) for info in self._infos(field, term) if info is not None)

    def postings(self, field: str, term: str, leaves: Collection[int] | None = None) -> tuple[Ints, Floats]:
        """Return document numbers and weights of a term, deleted documents included.

        `leaves` are the places of the segments to look into, None for all.
        """
        ids = [np.empty(0, np.int64)]
        weights = [np.empty(0, np.float32)]
        for place, info in enumerate(self._infos(field, term)):
            if info is None or (leaves is not None and place not in leaves):
                continue
            _, lists, offset = self._leaves[place]
            documents, counts = read_list(list_bytes(lists, info))
            ids.append(documents + offset)
            weights.append(counts)
        return (ids[1], weights[1]) if len(ids) == 2 else (np.concatenate(ids), np.concatenate(weights))


def read_postings(reader: IndexReader, field: str, term: str) -> tuple[Ints, Floats]:
    """Return the document numbers and weights of a term, as a `TermFinder` does."""
    return TermFinder(reader).postings(field, term)
