"""Files in which the workers of a server count, so that whichever of them is asked for figures knows those of all.

Their format is prometheus-client's: a file a worker and kind, mapped into memory, in the folder that gunicorn's
configuration names (deploy/gunicorn.conf.py). What is added here: their place on the disk is taken when they are made,
since a mapped file that finds no place kills its process; and what workers counted that have ended is gathered in one
file, so that neither figures nor files depend on how often workers were started anew.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger("matome")

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
KINDS: Final = ("counter", "histogram")
SIZE: Final = 1 << 20
"""Bytes of a file: four times what all routes, statuses and buckets take."""

GATHERED: Final = 0
"""Stands where the others have the id of their process."""


def prepare() -> Path | None:
    """Return the folder to count in, None to count for this process alone.

    To be called before prometheus_client is imported, which looks at the variable once.
    """
    if not os.environ.get(VARIABLE):
        return None
    folder = Path(os.environ[VARIABLE])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reserve(folder)
    except OSError as error:
        logger.warning(
            "%s cannot hold the figures of all workers (%s); each counts for itself",
            folder,
            error.strerror,
            extra={"event": "metrics"},
        )
        del os.environ[VARIABLE]
        return None
    return folder


def reserve(folder: Path) -> None:
    """Take the place for this process's files; raises OSError where there is none."""
    for kind in KINDS:
        _make(_file(folder, kind, os.getpid()))


def workers(folder: Path) -> list[int]:
    """Return the ids of the processes that count here and live."""
    return sorted(pid for pid in _counting(folder) if _lives(pid))


@contextmanager
def gathered(folder: Path) -> Iterator[None]:
    """Gather what ended processes counted, and let nobody else do so until the figures are read."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        ended = [pid for pid in _counting(folder) if not _lives(pid)]
        for kind in KINDS if ended else ():
            _gather(folder, kind, ended)
        yield
    finally:
        os.close(descriptor)


def _gather(folder: Path, kind: str, ended: list[int]) -> None:
    from prometheus_client import mmap_dict  # here, since whoever imports it decides how all is counted

    file_type: Any = mmap_dict.MmapedDict
    old = [path for pid in (GATHERED, *ended) if (path := _file(folder, kind, pid)).exists()]
    sums: dict[str, float] = {}
    for path in old:
        for key, value, _time, _place in file_type.read_all_values_from_file(str(path)):
            sums[key] = sums.get(key, 0.0) + value
    beside = folder / f"{kind}.new"
    beside.unlink(missing_ok=True)
    _make(beside)
    file = file_type(str(beside))
    for key, value in sums.items():
        file.write_value(key, value, 0.0)
    file.close()
    os.replace(beside, _file(folder, kind, GATHERED))
    for path in old:
        if path != _file(folder, kind, GATHERED):
            path.unlink()


def _file(folder: Path, kind: str, pid: int) -> Path:
    return folder / f"{kind}_{pid}.db"


def _counting(folder: Path) -> set[int]:
    """Return the ids of the processes that have files here, ended ones included."""
    ends = (path.stem.rpartition("_")[2] for path in folder.glob("*.db"))
    return {int(end) for end in ends if end.isdecimal()} - {GATHERED}


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another's: the number was given anew
        return False
    return True


def _make(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, SIZE)
    finally:
        os.close(descriptor)
