"""Read the content folder as a run would, without storing anything: what there is, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from matome_app.changes import find_changes
from matome_app.config import Settings
from matome_app.content import loader
from matome_app.content.permalinks import term_slug
from matome_app.content.publication import publication
from matome_app.content.scanning import SourceFile, scan
from matome_app.doctor.database import session_to_look
from matome_app.errors import ContentError, Fault

FEW: Final = 200
"""So many files are read at once (two seconds); of more, those the store has not read yet, unless all are asked for."""


@dataclass(slots=True)
class Content:
    """What the content folder holds; counts that were not made are missing, `changes` None where nothing compares."""

    exists: bool = False
    files: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] | None = None
    faults: dict[str, int] = field(default_factory=dict)
    faulty: int = 0
    unreadable: int = 0
    is_read: bool = False


def look_into(settings: Settings, database: Path | None, deep: bool) -> Content:
    """Look at the content folder, and at what of it the store has not read."""
    folder = settings.content_dir
    if not folder.is_dir():
        return Content()
    found = scan(folder)
    content = Content(exists=True, files=len(found.files))
    content.unreadable = sum(fault.code == "unreadable" for fault in found.faults)
    states, changed = _states(settings, database, content)
    content.is_read = deep or len(found.files) <= FEW
    wanted = (
        found.files
        if content.is_read
        else [file for file in found.files if states.get(file.relative) in ("faulty", None) or file.relative in changed]
    )
    if len(wanted) <= FEW or content.is_read:
        _read(folder, wanted, found.files, states, content)
    content.faults = dict(Counter(content.faults) + Counter(fault.code for fault in found.faults))
    return content


def _states(settings: Settings, database: Path | None, content: Content) -> tuple[dict[str, str], set[str]]:
    """Return what became of each file when the store read it, and the files that it has to read (again)."""
    if database is None:
        return {}, set()
    try:
        with session_to_look(database) as session:
            states = {str(path): str(state) for path, state in session.execute(text("SELECT path, state FROM sources"))}
            changes = find_changes(settings, session, datetime.now(UTC))
    except (SQLAlchemyError, OSError, ValueError):
        return {}, set()
    read = {file.relative for file in changes.read}
    new = len(read - states.keys())
    content.changes = {"new": new, "changed": len(read) - new, "gone": len(changes.gone)}
    return states, read


def _read(
    folder: Path, wanted: Iterable[SourceFile], files: list[SourceFile], states: dict[str, str], content: Content
) -> None:
    """Read files, and count what all of them hold: of those that are not read, what became of them before."""
    site = loader.Site.of(folder, files)
    present = {file.relative for file in files}
    known = {path: state for path, state in states.items() if path in present}
    faults: list[Fault] = []
    users: set[str] = set()
    tags: set[str] = set()
    claimed: set[str] = set()
    comments = 0
    now = datetime.now(UTC)
    for file in wanted:
        try:
            post, found = loader.load_post(folder, file, site)
        except ContentError as error:
            known[file.relative] = "faulty"
            faults += error.faults
            continue
        faults += found
        state = publication(post.front_matter, now)[0]
        known[file.relative] = "duplicate" if state == "live" and post.path in claimed else state
        if known[file.relative] == "live":
            claimed.add(post.path)
            comments += len(post.comments)
            users.update(comment.user for comment in post.comments if comment.user)
            tags.update(term_slug(tag) for tag in post.front_matter.tags)
    counted = Counter(known.values())
    content.counts = {state: counted[state] for state in ("live", "draft", "future", "expired", "faulty", "duplicate")}
    if content.is_read:
        content.counts |= {"comments": comments, "users": len(users), "tags": len(tags)}
    content.faulty = counted["faulty"]
    content.faults = dict(Counter(fault.code for fault in faults))
