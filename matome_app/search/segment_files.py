"""Where Whoosh's files lie, and how they are read: by position, never memory-mapped.

A mapped file that is cut short kills the process that reads it; one that is read only gives an error. Positions are
kept in this process, so that a fork that inherits open files does not move them under its parent.
"""

from __future__ import annotations

import io
import os
from typing import Any

from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import StructFile


class WordStorage(FileStorage):
    """Whoosh's storage in a folder, with files opened as this module says."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder, supports_mmap=False)  # type: ignore[no-untyped-call]

    def open_file(self, name: str, **options: Any) -> StructFile:
        """Open a file for reading; raises OSError."""
        raw = _PositionedFile(self._fpath(name))  # type: ignore[no-untyped-call]
        return StructFile(io.BufferedReader(raw, buffer_size=4096), name=name, **options)


class _PositionedFile(io.RawIOBase):
    """A file that is read with `pread` at a position of its own."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def fileno(self) -> int:
        """Return the descriptor: to be read from by position only."""
        return self._file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (os.fstat(self._file).st_size if base is None else base)
        return self._position

    def readinto(self, buffer: Any) -> int:
        read = os.preadv(self._file, [buffer], self._position)
        self._position += read
        return read

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._file)
