"""Keep the words of the comments in a Whoosh index: write them in this process or a helper's, read, delete and repair.

The index only ranks: what is missing here is still found by substring, and a document whose key the tables do not know
is ignored. So it may be behind or ahead of the database without harm, and `missing` says what to do about it.

A change is a small segment of its own; `merge_segments` is to be called afterwards, when nobody waits. Whoosh's commit
puts a new table of contents in place of the old one by renaming a file: whoever is killed leaves the old state or the
new, and what lies about then goes with the next commit or `tidy`. Readers keep the files they have open.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from whoosh.fields import Schema
from whoosh.index import EmptyIndexError, FileIndex, clean_files
from whoosh.reading import IndexReader

from matome_app.search.analysis import latin_words
from matome_app.search.grams import LONGEST_RUN
from matome_app.search.merging import merge
from matome_app.search.postings import Counted, CountWriter, Ints, leaf_keys, open_keys, read_keys, schema
from matome_app.search.segment_files import WordStorage
from matome_app.search.words import Words

Text = tuple[int, str]
"""The key of a comment and its folded text."""

_TOC: Final = re.compile(r"_MAIN_([0-9]+)\.toc")
_HALF_TOC: Final = re.compile(r"_MAIN_[0-9]+\.toc\..+")
_NAME: Final = "MAIN"


def open_index(folder: Path, create: bool = False) -> FileIndex | None:
    """Open the Whoosh index of a folder; None when there is none (or one of other fields) and none is to be created."""
    storage = WordStorage(str(folder))
    if words_generation(folder) >= 0:
        try:
            found = FileIndex(storage)
        except EmptyIndexError:
            found = None  # it went just now
        if found is not None and _names(found.schema) == _names(schema()):
            return found
    if not create:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return FileIndex.create(storage, schema())  # type: ignore[no-any-return]


def _names(fields: Schema) -> list[str]:
    return sorted(fields.names())


def open_reader(folder: Path) -> IndexReader | None:
    """Open what is committed; None when there is no index. A commit that removes files meanwhile means once more."""
    for attempts_left in (4, 3, 2, 1, 0):
        try:
            found = open_index(folder)
            return None if found is None else _whole_reader(found)
        except FileNotFoundError:
            if not attempts_left:
                raise
            time.sleep(0.01)
    return None


def _whole_reader(found: FileIndex) -> IndexReader:
    """Open all files, also those that Whoosh opens when they are asked for: a merge may have removed them by then."""
    toc = found._read_toc()
    reader: IndexReader = FileIndex._reader(found.storage, toc.schema, toc.segments, toc.generation)
    try:
        for leaf, _ in reader.leaf_readers() if toc.segments else ():
            open_keys(leaf)
    except BaseException:
        reader.close()
        raise
    return reader


def count_terms(words: Words, texts: Iterable[Text], counted: Counted) -> None:
    """Count the terms of folded texts."""
    for key, text in texts:
        counted.count(key, [run[:LONGEST_RUN] for run in latin_words(text)], words.terms(text))


def write(folder: Path, counted: Counted, removed: Collection[int] = ()) -> None:
    """Write documents as a segment and delete others, in one commit; the counted documents are used up."""
    found = open_index(folder, create=True)
    assert found is not None
    doomed = _places(found, removed) if removed else []
    if counted.keys or doomed:
        _commit(found, counted, doomed)


def _places(found: FileIndex, keys: Collection[int]) -> list[int]:
    """Return the numbers of the documents of some keys, without those that are deleted already."""
    wanted = np.fromiter(keys, np.int64, len(keys))
    least, most = wanted.min(), wanted.max()
    places = []
    with _whole_reader(found) as reader:
        for leaf, first in reader.leaf_readers() if reader.doc_count_all() else ():
            known = leaf_keys(leaf)
            near = np.flatnonzero((known >= least) & (known <= most))
            places += (near[np.isin(known[near], wanted)] + first).tolist()
    return places


def _commit(found: FileIndex, counted: Counted, doomed: Iterable[int]) -> None:
    writer: Any = CountWriter(found, counted)
    try:
        for number in doomed:
            writer.delete_document(number)
    except BaseException:
        writer.cancel()
        raise
    writer.commit(mergetype=_without_the_dead)


def _without_the_dead(_writer: Any, segments: list[Any]) -> list[Any]:
    """Drop segments that are all deleted (a Whoosh merge policy)."""
    return [segment for segment in segments if segment.doc_count_all() > segment.deleted_count()]


def merge_segments(folder: Path, most: int | None = None) -> int:
    """Merge segments until no tier is full, each time in a commit of its own; return how many merges that took.

    Merges of more than `most` documents are put off, though not for ever: 10,000 take about a second. Readers and what
    they find are not disturbed. Call it once the database has committed, where nobody waits; only one process may write
    meanwhile. Being killed in it is harmless.
    """
    merges = 0
    while (found := open_index(folder)) is not None and merge(found, most):
        merges += 1
    return merges


def tidy(folder: Path) -> None:
    """Remove what writers that were killed left in the folder; only for whoever alone may write."""
    found = open_index(folder)
    if found is None:
        return
    toc = found._read_toc()
    clean_files(found.storage, _NAME, toc.generation, toc.segments)
    for name in os.listdir(folder):
        if _HALF_TOC.fullmatch(name):
            (folder / name).unlink(missing_ok=True)
    leftover = folder / f"{_NAME}.tmp"
    if leftover.is_dir():
        for path in leftover.iterdir():
            path.unlink(missing_ok=True)
        leftover.rmdir()


def drop_all_but(folder: Path, known: Ints) -> None:
    """Delete the documents whose keys are not known, and all but the newest of those that share a key; tidy up."""
    found = open_index(folder)
    if found is None:
        return
    with _whole_reader(found) as reader:
        keys = read_keys(reader)
    newest = np.zeros(len(keys), bool)
    newest[len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]] = True
    stale = np.flatnonzero((keys >= 0) & ~(np.isin(keys, known) & newest))
    if len(stale):
        _commit(found, Counted(), stale.tolist())
    tidy(folder)


def missing(folder: Path, known: Ints) -> Ints:
    """Return the keys that have no document."""
    found = open_index(folder)
    if found is None:
        return known
    with _whole_reader(found) as reader:
        return np.setdiff1d(known, read_keys(reader))


def words_generation(folder: Path) -> int:
    """Return the number of the last commit, -1 when there is no index; reads only the names in the folder."""
    try:
        return max((int(found[1]) for name in os.listdir(folder) if (found := _TOC.fullmatch(name))), default=-1)
    except FileNotFoundError:
        return -1
