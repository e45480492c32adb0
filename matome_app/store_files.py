"""Notice what happens to the files of a store that is being read: missing, put back, or changed by somebody else.

The seal (matome_app.state) says how the last run left the database; while a run is at work there is none.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from matome_app import state
from matome_app.readers import Reader
from matome_app.store.generations import is_locked

CUT_OFF: Final = 5.0
"""Seconds between two looks for a builder, where the files say that one is at work."""


class Finding(NamedTuple):
    """What a look at the files found: a fault to report, or that a run was cut off and has to be finished."""

    fault: str = ""
    unfinished: bool = False


NOTHING: Final = Finding()


class Seals:
    """The seal of the last run in a data folder, read again only when its file changes."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._known: tuple[tuple[int, ...] | None, dict[str, Any] | None] = (None, None)

    def read(self) -> dict[str, Any] | None:
        """Return the seal; None while a run is at work, or after one that was cut off."""
        seen, known = identity(self.data / state.FILE), self._known
        if seen is None or seen != known[0]:
            known = self._known = seen, state.read_state(self.data).get("seal")
        return known[1]


@dataclass(slots=True)
class StoreFiles:
    """What is known of the files of the store that is open; `suspect` when somebody else changed them."""

    seals: Seals
    suspect: bool = False
    broken: bool = False  # SQLite said so
    _opened: tuple[int | None, ...] | None = None  # inodes of database, log and shared memory since it is read
    _approved: list[int] | None = None  # size and mtime of the database as a run left it
    _looked: float = field(default_factory=time.monotonic)

    def opened(self, reader: Reader) -> None:
        """Remember which files the first connection of a reader has opened."""
        if self._opened is None:
            self._opened = _inodes(reader.store.path)

    def look(self, reader: Reader) -> Finding:
        """Compare the files with what is known of them; `suspect` is right afterwards."""
        path = reader.store.path
        try:
            status = os.stat(path)
        except OSError:
            return Finding("the file of the store is missing")  # connections that are open still read it
        if self._opened is not None and self._opened != _inodes(path):
            # Connections of before would not see what others write from now on.
            self._opened = None
            reader.store.close()
        stamp = [status.st_size, status.st_mtime_ns]
        if stamp == self._approved:
            self.suspect = False
            return NOTHING
        return self._compare(reader, stamp)

    def _compare(self, reader: Reader, stamp: list[int]) -> Finding:
        seal = self.seals.read()
        if seal is None or seal.get("generation") != reader.generation.name:
            return Finding(unfinished=self.was_cut_off())
        if state.stamp_of(reader.store.path) != stamp:
            return NOTHING  # being written
        if seal.get("files", {}).get("database") == stamp:
            self._approved, self.suspect = stamp, False
        elif self._approved is None:
            self._approved = stamp  # so it was when this process came: the start looks into it
        else:
            self.suspect = True
            reader.store.close()
            return Finding("the file of the store was changed from outside")
        return NOTHING

    def was_cut_off(self) -> bool:
        """Tell, five seconds apart, whether nobody is at work on what is not done: a run was killed, or failed."""
        if time.monotonic() - self._looked < CUT_OFF:
            return False
        self._looked = time.monotonic()
        return not is_locked(self.seals.data)


def identity(path: Path | str) -> tuple[int, ...] | None:
    """Return what tells a file, and a state of it, from another: inode, size and mtime; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _inodes(path: Path) -> tuple[int | None, ...]:
    """Return which files lie where database, log and shared memory are."""
    return tuple(found[0] if (found := identity(f"{path}{end}")) else None for end in ("", "-wal", "-shm"))
