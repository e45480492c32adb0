"""Keep the words of the comments in a Whoosh index: write them in this process or a helper's, read, delete and repair.

The index only ranks: what is missing here is still found by substring, and a document whose key the tables do not know
is ignored. So it may be behind or ahead of the database without harm, and `missing` says what to do about it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh import index as whoosh_index
from whoosh.fields import Schema
from whoosh.index import FileIndex
from whoosh.reading import IndexReader

from matome_app.search.analysis import latin_words
from matome_app.search.grams import LONGEST_RUN
from matome_app.search.postings import Counted, CountWriter, Ints, read_keys, schema
from matome_app.search.words import Words

Text = tuple[int, str]
"""The key of a comment and its folded text."""
Flags = npt.NDArray[np.bool_]

_TOC = re.compile(r"_MAIN_([0-9]+)\.toc")

SMALL = 4000
MANY = 8
"""When a change leaves more than this many segments of fewer than `SMALL` documents, they are merged into one."""


def open_index(folder: Path, create: bool = False) -> FileIndex | None:
    """Open the Whoosh index of a folder; None when there is none (or one of other fields) and none is to be created."""
    if whoosh_index.exists_in(str(folder)):
        found = whoosh_index.open_dir(str(folder))
        if _names(found.schema) == _names(schema()):
            return found
    if not create:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return whoosh_index.create_in(str(folder), schema())


def _names(fields: Schema) -> list[str]:
    return sorted(fields.names())


def open_reader(folder: Path) -> IndexReader | None:
    """Open what is committed; None when there is no index. A commit that removes files meanwhile means once more."""
    for attempts_left in (2, 1, 0):
        try:
            found = open_index(folder)
            return found.reader() if found else None
        except OSError:
            if not attempts_left:
                raise
    return None


def count_terms(words: Words, texts: Iterable[Text], counted: Counted) -> None:
    """Count the terms of folded texts."""
    for key, text in texts:
        counted.count(key, Counter(run[:LONGEST_RUN] for run in latin_words(text)), words.count(text))


def write(folder: Path, counted: Counted, removed: Collection[int] = ()) -> None:
    """Write documents and delete others, in one commit; the counted documents are used up."""
    found = open_index(folder, create=True)
    assert found is not None
    doomed = np.isin(_keys(found), np.fromiter(removed, np.int64, len(removed))) if removed else np.empty(0, bool)
    if counted.keys or doomed.any():
        _commit(found, counted, doomed)


def _commit(found: FileIndex, counted: Counted, doomed: Flags) -> None:
    writer: Any = CountWriter(found, counted)
    try:
        for number in np.flatnonzero(doomed):
            writer.delete_document(int(number))
    except BaseException:
        writer.cancel()
        raise
    writer.commit(mergetype=_merge_small)


def _keys(found: FileIndex) -> Ints:
    """Return the comment keys by document number."""
    with found.reader() as reader:
        return read_keys(reader)


def _merge_small(writer: Any, segments: list[Any]) -> list[Any]:
    """Drop segments that are all deleted, and merge the small ones when there are many (a Whoosh merge policy)."""
    alive = [segment for segment in segments if segment.doc_count_all() > segment.deleted_count()]
    small = [segment for segment in alive if segment.doc_count() < SMALL]
    if len(small) <= MANY:
        return alive
    for segment in small:
        with _segment_reader(writer, segment) as reader:
            writer.add_reader(reader)
    return [segment for segment in alive if segment not in small]


def _segment_reader(writer: Any, segment: Any) -> IndexReader:
    from whoosh.reading import SegmentReader

    return SegmentReader(writer.storage, writer.schema, segment)


def drop_all_but(folder: Path, known: Ints) -> None:
    """Delete the documents whose keys are not known, and all but the newest of those that share a key."""
    found = open_index(folder)
    if found is None:
        return
    keys = _keys(found)
    newest = np.zeros(len(keys), bool)
    newest[len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]] = True
    stale = (keys >= 0) & ~(np.isin(keys, known) & newest)
    if stale.any():
        _commit(found, Counted(), stale)


def missing(folder: Path, known: Ints) -> Ints:
    """Return the keys that have no document."""
    found = open_index(folder)
    return known if found is None else np.setdiff1d(known, _keys(found))


def words_generation(folder: Path) -> int:
    """Return the number of the last commit, -1 when there is no index; reads only the names in the folder."""
    try:
        return max((int(found[1]) for name in os.listdir(folder) if (found := _TOC.fullmatch(name))), default=-1)
    except FileNotFoundError:
        return -1
