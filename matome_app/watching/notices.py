"""Hear what changes in the content folder: from the system, or by comparing where the system cannot tell."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Final

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from matome_app.content.scanning import TOP, scan

logger = logging.getLogger("matome")

STEP_MS: Final = 25
"""Changes that follow each other so closely are told together."""

DEBOUNCE_MS: Final = 100
"""However long they go on, what is known after so many milliseconds is told."""

POLL: Final = 0.5
"""Seconds between two comparisons where the system does not tell; on a large site, where one takes long, more."""


class Notices:
    """Tells the names, relative to the content folder, of files and folders that changed since the last time."""

    def __init__(self, content: Path) -> None:
        self._content = os.fspath(content)
        self._notify: RustNotify | None = None
        self._stamps: dict[str, tuple[int, int, int]] = {}
        self._looked = 0.0
        self._pause = POLL
        self._has_said = False

    def open(self) -> None:
        """Begin to listen, anew if need be; a folder that is not there is not listened to until it is."""
        self.close()
        if _wants_polling():
            self._poll("WATCHFILES_FORCE_POLLING is set")
            return
        try:
            self._notify = RustNotify(self._roots(), False, False, 0, True, True)
        except FileNotFoundError:
            self._poll("")
        except (OSError, WatchfilesRustInternalError) as error:
            self._poll(str(error))

    def open_again(self) -> None:
        """Try to listen where that was not possible before."""
        if self._notify is None:
            self.open()

    def close(self) -> None:
        """Listen no more."""
        if self._notify is not None:
            self._notify.close()
            self._notify = None

    def wait(self, seconds: float) -> set[str] | None:
        """Return what changed, after so many seconds at the latest; None when changes may have been missed."""
        if self._notify is None:
            return self._compared(seconds)
        try:
            told = self._notify.watch(DEBOUNCE_MS, STEP_MS, max(int(seconds * 1000), 1), None)
        except (OSError, RuntimeError) as error:  # no more inotify watches, or its queue ran over
            self.close()
            self._poll(str(error))
            return None
        if isinstance(told, str):  # a timeout, or a signal that Python handles next
            return set()
        return {name for _, path in told if (name := self._name(path))}

    def _roots(self) -> list[str]:
        """Return the folders to listen to: that of the posts may be a link to somewhere else."""
        posts = os.path.realpath(f"{self._content}/{TOP}")
        is_outside = os.path.isdir(posts) and not posts.startswith(f"{os.path.realpath(self._content)}/")
        return [self._content, posts] if is_outside else [self._content]

    def _name(self, path: str) -> str:
        for root, prefix in ((f"{self._content}/{TOP}", TOP), (os.path.realpath(f"{self._content}/{TOP}"), TOP)):
            if path == root or path.startswith(f"{root}/"):
                return prefix + path.removeprefix(root)
        return path.removeprefix(self._content).strip("/")

    def _poll(self, reason: str) -> None:
        self._stamps = self._look()
        if reason and not self._has_said:
            self._has_said = True
            logger.warning(
                "the system does not tell of changes in %s (%s); comparing every %.1f s instead",
                self._content,
                reason,
                self._pause,
                extra={"event": "watch-polling"},
            )

    def _look(self) -> dict[str, tuple[int, int, int]]:
        begins = time.monotonic()
        found = scan(Path(self._content))
        self._looked = time.monotonic()
        self._pause = max(POLL, 10 * (self._looked - begins))
        return {file.relative: file.stamp for file in found.files}

    def _compared(self, seconds: float) -> set[str]:
        left = self._looked + self._pause - time.monotonic()
        time.sleep(max(min(seconds, left), 0))
        if seconds < left:
            return set()
        before, self._stamps = self._stamps, self._look()
        return {name for name in before.keys() | self._stamps.keys() if before.get(name) != self._stamps.get(name)}


def _wants_polling() -> bool:
    """Tell what watchfiles' own setting says, for folders that other machines write into (NFS, SMB)."""
    value = os.environ.get("WATCHFILES_FORCE_POLLING", "").lower()
    return bool(value) and value not in ("false", "disable", "disabled")
