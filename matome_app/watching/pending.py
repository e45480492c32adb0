"""Hold changed files back until they keep still: who writes or copies does more than one thing to a file."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matome_app.content.scanning import BUNDLE, MARKDOWN, TOP, can_be_post, can_hold_posts, scan_part
from matome_app.content.settling import is_being_written

SETTLE: Final = 0.2
"""Seconds for which a file must not change before it is read, or must be gone before its post goes."""

Stamp = tuple[int, int, int, int] | None


@dataclass(slots=True)
class _Change:
    stamp: Stamp
    since: float


class Pending:
    """Files that changed and do not keep still yet. Time is that of a clock that nobody sets."""

    def __init__(self, content: Path) -> None:
        self._content = os.fspath(content)
        self._changes: dict[str, _Change] = {}

    def add(self, names: Iterable[str]) -> None:
        """Note that files changed just now."""
        now = time.monotonic()
        for name in names:
            self._changes[name] = _Change(self._stamp(name), now)

    def clear(self) -> None:
        """Forget everything."""
        self._changes.clear()

    def take(self) -> list[str]:
        """Return the files that have kept still, and forget them."""
        now = time.monotonic()
        still = []
        for name, change in list(self._changes.items()):
            stamp = self._stamp(name)
            if stamp != change.stamp:
                self._changes[name] = _Change(stamp, now)
            elif now - change.since < SETTLE:
                continue
            elif stamp is not None and is_being_written(f"{self._content}/{name}"):
                change.since = now
            else:
                still.append(name)
                del self._changes[name]
        return still

    def due_in(self) -> float | None:
        """Return in how many seconds it makes sense to look again; None when nothing is pending."""
        if not self._changes:
            return None
        first = min(change.since for change in self._changes.values())
        return max(first + SETTLE - time.monotonic(), 0.01)

    def _stamp(self, name: str) -> Stamp:
        try:
            status = os.stat(f"{self._content}/{name}")
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def posts_meant(content: Path, name: str, known_below: Callable[[str], Iterable[str]]) -> set[str]:
    """Return the content files that a change of a file or folder may concern.

    `known_below` gives those in a folder that are in the store: of a folder that is gone nobody else can tell.
    """
    if can_be_post(name):
        folder, _, own = name.rpartition("/")
        # Whether there is an index.md decides what all files beside it are.
        return {name} | (_beside(content, folder, known_below) if own in BUNDLE and folder != TOP else set())
    if not can_hold_posts(name):
        return set()
    try:
        mode = os.lstat(content / name).st_mode
    except OSError:
        mode = 0
    if stat.S_ISREG(mode):
        return set()
    return set(known_below(name)) | {file.relative for file in scan_part(content, name).files}


def _beside(content: Path, folder: str, known_below: Callable[[str], Iterable[str]]) -> set[str]:
    try:
        names = [name for name in os.listdir(content / folder) if name.endswith(MARKDOWN)]
    except OSError:
        names = []
    known = {path for path in known_below(folder) if path.rpartition("/")[0] == folder}
    return known | {f"{folder}/{name}" for name in names}
