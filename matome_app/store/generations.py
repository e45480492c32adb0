"""Where store and index lie: one folder a generation, and a file that names the current one.

A small change goes into the current generation. A rebuild is made in a folder beside it; then the file `current` is
replaced in one step, and whoever reads goes over to the new folder. Only whoever holds the lock writes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matome_app.errors import DataFolderError
from matome_app.store.session import sqlite_url

_NAME = re.compile(r"g([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation: its name, its folder and the database in it (or the one that the settings name)."""

    name: str
    folder: Path
    database_url: str

    @property
    def words(self) -> Path:
        """Return the folder of the Whoosh index."""
        return self.folder / "words"


def current_generation(data: Path, database_url: str = "") -> Generation | None:
    """Return the generation to read from, or None when nothing was built yet."""
    try:
        name = (data / "current").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not _NAME.fullmatch(name):
        return None
    generation = _generation(data, name, database_url)
    return generation if database_url or (generation.folder / "matome.sqlite3").is_file() else None


def new_generation(data: Path, database_url: str = "") -> Generation:
    """Make the folder of the next generation, beside all that there are."""
    numbers = [int(found[1]) for entry in data.iterdir() if (found := _NAME.fullmatch(entry.name))]
    generation = _generation(data, f"g{max(numbers, default=0) + 1}", database_url)
    generation.words.mkdir(parents=True)
    return generation


def _generation(data: Path, name: str, database_url: str) -> Generation:
    folder = data / name
    return Generation(name, folder, database_url or sqlite_url(folder / "matome.sqlite3"))


def publish(data: Path, generation: Generation) -> None:
    """Make a generation the current one, in one step."""
    beside = data / "current.new"
    beside.write_text(generation.name + "\n", encoding="ascii")
    os.replace(beside, data / "current")


def remove_others(data: Path, keep: Generation) -> None:
    """Remove all generations but one; processes that still read one keep it until they close it."""
    for entry in data.iterdir():
        if _NAME.fullmatch(entry.name) and entry.name != keep.name:
            shutil.rmtree(entry, ignore_errors=True)


def prepare_folder(data: Path) -> None:
    """Make the data folder and make sure that it can be written; raises DataFolderError with one line."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = f"the data folder cannot be written ({error.strerror})"
        message = f"MATOME_DATA_DIR={str(data)!r}: {reason}; give this user access or name another"
        raise DataFolderError(message) from None


@contextmanager
def write_lock(data: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the lock on the data folder; yields False when another process has it and `wait` is false.

    The system frees it when the process ends, however it ends.
    """
    with open(data / "lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
