"""Keep the postings of the most frequent terms in a file, as bits and bytes: SQLite and Whoosh take long to list them.

They are those of some moment: keys above `last_key` came later and are looked up in the index, keys of comments that
went since are of no slot. A part that was overwritten is noticed by its checksum, and read from the index as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection
from whoosh.reading import IndexReader

from matome_app.search.analysis import analyzer_version
from matome_app.search.columns import Columns, Ints
from matome_app.search.postings import LATIN, WORDS, Floats, read_keys, read_postings
from matome_app.search.tables import GRAMS, frequent_grams, generation, gram_keys

NAME: Final = "frequent.bin"
FORMAT: Final = "1"
SHARE: Final = 30
"""A term that one comment in so many has is frequent …"""
LEAST: Final = 1000
"""… if it is in so many."""
_MOST_COUNTED: Final = 255

_TRAILER: Final = struct.Struct("<QI")
"""Ends the file: the length and the checksum of the table of contents before it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the postings of a term lie: their first byte, how many bytes, their checksum; whether the keys are bits.

    The last `counted` bytes are how often each comment has the term.
    """

    start: int
    length: int
    checksum: int
    bits: bool
    counted: int


class Frequent:
    """The postings of frequent terms. Threads may share it."""

    def __init__(self, file: int, contents: dict[str, Any]) -> None:
        self._file = file
        self._identity = _identity(file)
        self._made_of: tuple[str, int] = contents["epoch"], contents["generation"]
        self._first: int = contents["first_key"]
        self._span: int = contents["last_key"] - self._first + 1
        self.last_key: int = contents["last_key"]
        self._places = {field: {t: _Place(*p) for t, p in terms.items()} for field, terms in contents["terms"].items()}
        weakref.finalize(self, os.close, file)

    def is_that(self, file: int, epoch: str, generation: int) -> bool:
        """Tell whether an open file is this one, and can be used by who sees a generation of the tables."""
        return _identity(file) == self._identity and self._made_of[0] == epoch and self._made_of[1] <= generation

    def postings(self, field: str, term: str) -> tuple[Ints, Floats] | None:
        """Return the keys of the comments that have a term, and how often (grams are not counted: nothing).

        None for a term that is not frequent, and for one whose postings were damaged.
        """
        place = self._places[field].get(term)
        if place is None:
            return None
        data = os.pread(self._file, place.length, place.start)
        if len(data) != place.length or zlib.crc32(data) != place.checksum:
            return None
        there = np.frombuffer(data, np.uint8, place.length - place.counted)
        counts = np.frombuffer(data, np.uint8, offset=len(there)).astype(np.float32)
        if place.bits:
            return np.flatnonzero(np.unpackbits(there, count=self._span).view(bool)) + self._first, counts
        return there.view(np.uint32).astype(np.int64) + self._first, counts


def _identity(file: int) -> tuple[int, int, int]:
    status = os.fstat(file)
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_frequent(folder: Path, epoch: str, generation: int, before: Frequent | None = None) -> Frequent | None:
    """Open the file of a folder; None where there is none that can be used by who sees a generation of the tables.

    What is of a later one may lack comments that went between the two. `before` is what was read before: where the file
    is still the same it is returned.
    """
    try:
        file = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    if before is not None and before.is_that(file, epoch, generation):
        os.close(file)
        return before
    try:
        end = os.fstat(file).st_size - _TRAILER.size
        length, checksum = _TRAILER.unpack(os.pread(file, _TRAILER.size, max(end, 0)))
        text = os.pread(file, length, end - length) if length <= end else b""
        contents = json.loads(text) if zlib.crc32(text) == checksum else {}
        made_by = contents.get("made_by"), contents.get("epoch")
        if made_by == (_made_by(), epoch) and contents["generation"] <= generation:
            return Frequent(file, contents)
    except (OSError, ValueError, struct.error):
        pass  # cut short, or overwritten: the index has it all
    os.close(file)
    return None


def save_frequent(connection: Connection, columns: Columns, reader: IndexReader | None, folder: Path) -> None:
    """Write the postings of all terms that are frequent now, in place of what is there; raises OSError."""
    if not columns.size:
        return
    first, last = int(columns.keys[0]), int(columns.keys[-1])
    places: dict[str, dict[str, tuple[int, int, int, bool, int]]] = {GRAMS: {}, LATIN: {}, WORDS: {}}
    beside = folder / f"{NAME}.new"
    try:
        with beside.open("wb") as file:
            for field, term, keys, counts in _frequent(connection, reader, max(LEAST, columns.size // SHARE)):
                data, bits = _written(keys - first, last - first + 1)
                counted = np.minimum(counts, _MOST_COUNTED).astype(np.uint8).tobytes()
                data += counted
                places[field][term] = (file.tell(), len(data), zlib.crc32(data), bits, len(counted))
                file.write(data)
            contents = {
                "made_by": _made_by(),
                "epoch": columns.epoch,
                "generation": generation(connection),
                "first_key": first,
                "last_key": last,
                "terms": places,
            }
            text = json.dumps(contents, ensure_ascii=False).encode()
            file.write(text + _TRAILER.pack(len(text), zlib.crc32(text)))
        os.replace(beside, folder / NAME)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _written(keys: Ints, span: int) -> tuple[bytes, bool]:
    """Return keys as bits, or as numbers where that is shorter."""
    if len(keys) * 32 < span:
        return keys.astype(np.uint32).tobytes(), False
    there = np.zeros(span, bool)
    there[keys] = True
    return np.packbits(there).tobytes(), True


def _frequent(
    connection: Connection, reader: IndexReader | None, least: int
) -> Iterator[tuple[str, str, Ints, Floats]]:
    """Yield field, term, keys in order and counts of what at least so many comments have."""
    nothing = np.empty(0, np.float32)
    for gram in frequent_grams(connection, least):
        yield GRAMS, gram, gram_keys(connection, gram), nothing
    if reader is None:
        return
    key_of = read_keys(reader)
    for field in (LATIN, WORDS):
        for term in _frequent_words(reader, field, least):
            documents, counts = read_postings(reader, field, term)
            keys = key_of[documents]
            order = np.argsort(keys, kind="stable")
            order = order[keys[order] >= 0]
            yield field, term, keys[order], counts[order]


def _frequent_words(reader: IndexReader, field: str, least: int) -> list[str]:
    leaves = [leaf for leaf, _ in reader.leaf_readers()]
    found = {
        text
        for leaf in leaves
        for text, info in leaf.iter_field(field)
        if info.doc_frequency() * len(leaves) >= least  # as often in one of them, or it is not so frequent in all
    }
    terms = sorted(text.decode() if isinstance(text, bytes) else text for text in found)
    return [term for term in terms if reader.doc_frequency(field, term) >= least]


def _made_by() -> str:
    return f"{FORMAT} {analyzer_version()}"
