"""Follow the term table that the settings name: taken anew when its file changes, kept as it was when that is wrong."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from matome_app.errors import SettingError
from matome_app.store_files import identity

if TYPE_CHECKING:
    from matome_app.search.terms import TermTable

logger = logging.getLogger("matome")


class TermFile:
    """The table of names that searches use, None: our own, which the first search reads.

    Raises SettingError when the file is wrong from the beginning.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen = self._identity()
        self.table: TermTable | None = None if path is None else _load(path)

    def renew(self) -> bool:
        """Read the table again if its file has changed; tell whether searches have another table now."""
        if self._path is None or self._identity() == self._seen:
            return False
        with self._lock:
            if (seen := self._identity()) == self._seen:
                return False
            self._seen = seen
            try:
                self.table = _load(self._path)
            except SettingError as error:
                logger.warning("%s; searches go on with the table as it was", error, extra={"event": "terms"})
                return False
            logger.info("searches use %s as it is now", self._path, extra={"event": "terms"})
            return True

    def forked(self) -> None:
        """Go on in a process that was forked while another thread may have held the lock."""
        self._lock = threading.Lock()

    def _identity(self) -> tuple[int, ...] | None:
        return None if self._path is None else identity(self._path)


def _load(path: Path) -> TermTable:
    from matome_app.search.terms import load_terms  # here, since a start with our own table needs none of it

    load_terms.cache_clear()
    return load_terms(path)
