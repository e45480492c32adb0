"""Find what differs between the content folder and the store: files that changed, are gone, or whose time has come."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from matome_app.config import Settings
from matome_app.content.scanning import TOP, Scan, SourceFile, find, scan
from matome_app.store.known import due_sources, source_count, stored_stamps, untimely_sources

logger = logging.getLogger("matome")

MANY = 10
"""When all of so many posts are gone, and no other came, the folder is taken to be gone (not mounted)."""

PATIENCE = 2.0
"""Seconds for which a run waits for files that are being written."""


@dataclass(slots=True)
class Changes:
    """What differs between the content folder and the store: files to read, and files that are gone.

    `patience` is for how many seconds a run waits for files that are being written. `due` are files of which time alone
    changes what becomes of them.
    """

    scan: Scan
    read: list[SourceFile]
    gone: list[str]
    patience: float = PATIENCE
    due: Collection[str] = ()

    def __bool__(self) -> bool:
        return bool(self.read or self.gone)


def find_changes(settings: Settings, session: Session, now: datetime, paths: Collection[str] | None = None) -> Changes:
    """Compare stamps of files with those in the store; a file whose time has come counts as changed.

    With `paths` only these files are looked at, and those whose time has come: nothing else is read or asked for.
    """
    content = settings.content_dir
    due = {*due_sources(session, naive(now)), *untimely_sources(session, naive(now))}
    if paths is None:
        found, known = scan(content), stored_stamps(session)
    else:
        named = sorted({*paths, *due})
        found, known = find(content, named), stored_stamps(session, named)
    # Paths begin with dates: the newest posts appear first while a first build goes on.
    read = [file for file in reversed(found.files) if known.get(file.relative) != file[1:] or file.relative in due]
    present = {file.relative for file in found.files}
    # A folder that cannot be read, or that is not there at all, is no reason to drop its posts.
    unreadable = [fault.path for fault in found.faults if fault.code == "unreadable"]
    gone = [path for path in known if path not in present and not _lies_in(path, unreadable)]
    if len(gone) >= MANY and not found.files and len(gone) == source_count(session):
        logger.warning(
            "%s holds not one post by now: %d posts stay up; `flask index --rebuild` empties the site",
            content,
            len(gone),
        )
        gone = []
    return Changes(found, read, gone if (content / TOP).is_dir() else [], PATIENCE if paths is None else 0, due)


def _lies_in(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def naive(moment: datetime) -> datetime:
    """Return a moment as the store holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
