"""Keep what was made: a folder of files that are written beside and renamed, a bound on work, and a bound on size."""

from __future__ import annotations

import fcntl
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

SLOTS: Final = max(1, (os.cpu_count() or 1) // 2)
"""So many files are made at once by all processes together: a crawler leaves half the machine to readers."""

WAITING: Final = 1
"""So many threads of a process wait for a slot; others are told at once that it is busy, and go on to serve pages."""

PATIENCE: Final = 2.0
"""Seconds that one of them waits."""

MOST_BYTES: Final = 256_000_000
"""The folder's bound: beyond it, the files that were not asked for the longest time are removed."""

SWEEP_EVERY: Final = 64
"""So many files a process writes before it looks at the folder's size (and once at its first)."""

A_DAY: Final = 86_400
AN_HOUR: Final = 3_600

_written = itertools.count()
_waiting = threading.BoundedSemaphore(WAITING)


class CannotMake(Exception):
    """A file is not there and cannot be made now: too much is being made, the folder is full, the source is damaged."""


def cached(folder: Path, name: str, make: Callable[[], bytes]) -> Path:
    """Return the file of this name, made when it is not there yet, by whichever process asks. Raises CannotMake."""
    path = folder / name
    if _is_there(path):
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _slot(folder):
            if not _is_there(path):  # another one made it while this one waited
                _write(path, make())
    except CannotMake:
        raise
    except Exception as error:  # what decoders raise for a damaged file has no common class
        raise CannotMake(f"{name}: {error}") from error
    return path


def _is_there(path: Path) -> bool:
    """Tell whether a file is there, and note once a day that it is still asked for."""
    try:
        if time.time() - path.stat().st_mtime > A_DAY:
            os.utime(path)
    except OSError:
        return path.exists()
    return True


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    if next(_written) % SWEEP_EVERY == 0:
        sweep(path.parent)


@contextmanager
def _slot(folder: Path) -> Iterator[None]:
    """Hold one of the slots; raises CannotMake when none is free in time. The end of a process frees it."""
    handle = _free_slot(folder)
    if handle is None:
        if not _waiting.acquire(blocking=False):
            raise CannotMake("busy")
        try:
            handle = _wait_for_slot(folder)
        finally:
            _waiting.release()
    try:
        yield
    finally:
        os.close(handle)


def _wait_for_slot(folder: Path) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        time.sleep(0.03)
        if (handle := _free_slot(folder)) is not None:
            return handle
    raise CannotMake("busy")


def _free_slot(folder: Path) -> int | None:
    for n in range(SLOTS):
        handle = os.open(folder / f".slot-{n}", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
        else:
            return handle
    return None


def sweep(folder: Path, most: int = MOST_BYTES) -> None:
    """Remove what a crash left half written, and until the folder is below its bound what was longest not asked for."""
    files = []
    for entry in os.scandir(folder):
        with suppress(OSError):  # another process sweeps as well
            found = entry.stat(follow_symlinks=False)
            if not entry.name.startswith("."):
                # nginx reads files without asking this program: the system notes it, mostly once a day.
                files.append((max(found.st_mtime, found.st_atime), found.st_size, entry.path))
            elif not entry.name.startswith(".slot-") and time.time() - found.st_mtime > AN_HOUR:
                os.unlink(entry.path)
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most:
            break
        with suppress(OSError):
            os.unlink(path)
        total -= size
