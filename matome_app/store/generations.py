"""Where store and index lie: one folder a generation, and a file that names the current one.

A small change goes into the current generation. A rebuild is made in a folder beside it; then the file `current` is
replaced in one step, and whoever reads goes over to the new folder. Only whoever holds the lock writes. Where the
settings name a database, the first generation has that very file and each later one a file beside it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matome_app.errors import DataFolderError
from matome_app.store.session import database_path, sqlite_url

PATIENCE: Final = 3.0
"""Seconds that requests have to finish with a generation that was replaced, before it is removed."""

_NAME = re.compile(r"g([0-9]{1,9})")
_PROBE = re.compile(r"\.write-([0-9]+)")
_PICTURE = re.compile(r"\..+\.([0-9]+)-[0-9]+")


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

    @property
    def database(self) -> Path:
        """Return the file of the store."""
        return database_path(self.database_url)


def current_generation(data: Path, database_url: str = "") -> Generation | None:
    """Return the generation to read from, or None when nothing was built yet."""
    try:
        name = (data / "current").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return _existing(data, name, database_url)


def all_generations(data: Path, database_url: str = "") -> list[Generation]:
    """Return the generations that have a store, the newest first."""
    found = sorted(_numbers(data), reverse=True)
    return [one for number in found if (one := _existing(data, f"g{number}", database_url)) is not None]


def _existing(data: Path, name: str, database_url: str) -> Generation | None:
    if not _NAME.fullmatch(name):
        return None
    generation = _generation(data, name, database_url)
    return generation if generation.database.is_file() else None


def new_generation(data: Path, database_url: str = "") -> Generation:
    """Make the folder of the next generation, beside all that there are; no database lies where it will write its."""
    generation = _generation(data, f"g{max(_numbers(data), default=0) + 1}", database_url)
    generation.words.mkdir(parents=True)
    _remove_database(generation.database)
    return generation


def _numbers(data: Path) -> list[int]:
    try:
        return [int(found[1]) for entry in data.iterdir() if (found := _NAME.fullmatch(entry.name))]
    except OSError:
        return []


def _generation(data: Path, name: str, database_url: str) -> Generation:
    folder = data / name
    if not database_url:
        return Generation(name, folder, sqlite_url(folder / "matome.sqlite3"))
    path = database_path(database_url)
    if name != "g1":
        path = path.with_name(f"{path.stem}.{name}{path.suffix}")
    return Generation(name, folder, sqlite_url(path))


def publish(data: Path, generation: Generation) -> None:
    """Make a generation the current one, in one step."""
    beside = data / "current.new"
    beside.write_text(generation.name + "\n", encoding="ascii")
    os.replace(beside, data / "current")


def remove_others(data: Path, *keep: Generation, database_url: str = "") -> None:
    """Remove all generations but some, each as soon as no request reads it, at the latest after `PATIENCE` seconds."""
    for number in _numbers(data):
        name = f"g{number}"
        if name not in [one.name for one in keep]:
            _wait_for_readers(data / name)
            _remove_database(_generation(data, name, database_url).database)
            shutil.rmtree(data / name, ignore_errors=True)


def _remove_database(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):  # a new file of the name must not meet the log of an old one
        with suppress(OSError):
            os.unlink(f"{path}{ending}")


def hold(generation: Generation) -> int | None:
    """Keep a generation from being removed for as long as the returned descriptor is open; None when it is gone."""
    try:
        descriptor = os.open(generation.folder, os.O_RDONLY)
    except OSError:
        return None
    with suppress(OSError):  # being removed, or a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return descriptor


def _wait_for_readers(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                return
    finally:
        os.close(descriptor)


def leftovers(data: Path, *keep: Generation) -> list[Path]:
    """Return what killed processes left: generations that nobody reads, half-written files, probes.

    Only whoever holds the lock may remove them: until then another process may be at work on them.
    """
    found = []
    with suppress(OSError):
        for entry in data.iterdir():
            probe = _PROBE.fullmatch(entry.name)
            if (
                entry.name.endswith(".new")
                or (probe and not _is_alive(int(probe[1])))
                or (_NAME.fullmatch(entry.name) and entry.name not in [one.name for one in keep])
            ):
                found.append(entry)
    with suppress(OSError):
        found += [
            entry
            for entry in (data / "images").iterdir()
            if (picture := _PICTURE.fullmatch(entry.name)) and not _is_alive(int(picture[1]))
        ]
    return found


def clean_up(data: Path, *keep: Generation, database_url: str = "") -> None:
    """Remove what killed processes left; only for whoever holds the lock."""
    for entry in leftovers(data, *keep):
        if not _NAME.fullmatch(entry.name):
            with suppress(OSError):
                entry.unlink()
    remove_others(data, *keep, database_url=database_url)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


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

    The system frees it when the process ends, however it ends. Raises OSError.
    """
    with open(data / "lock", "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def is_locked(data: Path) -> bool:
    """Tell whether a process holds the lock; looking takes it for an instant, so look seldom."""
    try:
        with open(data / "lock", "rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
