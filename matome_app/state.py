"""What is known of the data folder from one run to the next: the last run, the last error, and the seal of the files.

`state.json` is written by whoever holds the lock. Its seal says how the files of a generation were left; it is broken
before the first write of a run, so files that differ from a seal were changed by somebody else. A serving process that
meets damage leaves a note of its own, `damaged`, until a run has seen to it.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

FILE: Final = "state.json"
NOTE: Final = "damaged"

Seal = dict[str, Any]
"""`generation` and `files`: size and mtime in nanoseconds of the `database` and of whatever is in the folder."""


class Note(str):
    """What is damaged, "" for nothing; `certain` tells whether it is known to be so or somebody must look."""

    certain: bool

    def __new__(cls, reason: str = "", certain: bool = False) -> Note:
        """Make a note."""
        note = super().__new__(cls, reason)
        note.certain = certain
        return note


def read_state(data: Path) -> dict[str, Any]:
    """Return what was written last, or nothing.

    `run`: start, end, seconds, added, changed, removed, faulty, comments; `error`: message and at; `rebuild`: reason
    and at; `seal`; `number`: the last generation number. Times are ISO 8601 in UTC; each may be missing or None.
    """
    try:
        state = json.loads((data / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(state) if isinstance(state, dict) else {}


def write_state(data: Path, **facts: Any) -> None:
    """Replace some facts and keep the others; readers see whole files only. Raises OSError."""
    beside = data / f"{FILE}.new"
    with beside.open("w", encoding="utf-8") as file:
        json.dump(read_state(data) | facts, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())  # a broken seal must not come after what it was broken for
    os.replace(beside, data / FILE)


def now() -> str:
    """Return this moment as the state holds it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def seal_of(name: str, folder: Path, database: Path) -> Seal | None:
    """Return how the files of a generation are left; None while a write-ahead log waits to be brought in."""
    files: dict[str, list[int]] = {}
    try:
        log = f"{database}-wal"
        if os.path.exists(log) and stamp_of(log)[0]:
            return None
        files["database"] = stamp_of(database)
        for path in sorted(folder.rglob("*")):
            if not path.name.startswith(database.name) and not path.name.endswith(("LOCK", ".new")) and path.is_file():
                files[path.relative_to(folder).as_posix()] = stamp_of(path)
    except OSError:
        return None
    return {"generation": name, "files": files}


def stamp_of(path: str | Path) -> list[int]:
    """Return size and mtime of a file; raises OSError."""
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def note_damage(data: Path, reason: str, *, certain: bool) -> bool:
    """Leave a note that something is damaged, or that somebody must look whether it is.

    Returns False when there is a note already. Raises OSError.
    """
    try:
        with (data / NOTE).open("x", encoding="utf-8") as file:
            json.dump({"reason": reason, "certain": certain}, file, ensure_ascii=False)
    except FileExistsError:
        return False
    return True


def noted_damage(data: Path) -> Note:
    """Return what a serving process noted."""
    try:
        note = json.loads((data / NOTE).read_text(encoding="utf-8"))
        return Note(str(note["reason"]), bool(note["certain"]))
    except FileNotFoundError:
        return Note()
    except (OSError, ValueError, KeyError, TypeError):
        return Note("a note that cannot be read")


def forget_damage(data: Path) -> None:
    """Take the note away: a run has seen to it."""
    (data / NOTE).unlink(missing_ok=True)
