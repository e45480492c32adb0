"""Look up terms in the segments of Whoosh's index: two short reads a segment, where Whoosh needs a dozen."""

from __future__ import annotations

import os
from typing import Any, Final

from whoosh.codec.whoosh3 import W3TermInfo
from whoosh.filedb.filetables import _lengths, _pointer

_FEW: Final = 4
"""So many places of a hash table are read at once: mostly the first is the right one, or empty."""
_DATA: Final = 128
"""So many bytes are read behind a term at once; what is known of it takes a third of that."""

Hashes = dict[int, int]


class TermFile:
    """The file of terms of one segment; it must stay open as long as this is used."""

    def __init__(self, leaf: Any) -> None:
        self._terms = leaf._terms
        table = self._terms._tindex
        self._file: int = table.dbfile.file.raw.fileno()
        self._hash, self._hash_type, self._tables = table.hashfn, table.hashtype, table.tables

    def find(self, field: str, text: bytes, hashes: Hashes) -> Any:
        """Return what is known of a term (Whoosh's term info), None where the segment has none; raises OSError.

        `hashes` remembers the hash of this term from one segment to the next.
        """
        key = self._terms._keycoder(field, text)
        hash_ = hashes.get(self._hash_type)
        if hash_ is None:
            hash_ = hashes[self._hash_type] = self._hash(key)
        start, size = self._tables[hash_ & 255]
        place = (hash_ >> 8) % size if size else 0
        looked = 0
        while looked < size:
            count = min(_FEW, size - place)
            data = os.pread(self._file, count * _pointer.size, start + place * _pointer.size)
            for at, position in _pointer.iter_unpack(data):
                if not position:
                    return None
                if at == hash_ and (found := self._at(position, key)) is not None:
                    return W3TermInfo.from_bytes(found)
            looked += count
            place = (place + count) % size
        return None

    def _at(self, position: int, key: bytes) -> bytes | None:
        """Return the data at a place if it is that of a key."""
        head = _lengths.size + len(key)
        data = os.pread(self._file, head + _DATA, position)
        key_length, length = _lengths.unpack_from(data)
        if key_length != len(key) or data[_lengths.size : head] != key:
            return None
        if length > _DATA:
            return os.pread(self._file, length, position + head)
        return data[head : head + length]
