"""Follow the term table that the settings name: taken anew when its file changes, kept as it was when that is wrong."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from matome_app.errors import SettingError
from matome_app.search.terms import TermTable, load_terms
from matome_app.store_files import identity

logger = logging.getLogger("matome")


class TermFile:
    """The table of names that searches use; raises SettingError when it is wrong from the beginning."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen = self._identity()
        self.table: TermTable = load_terms(path)

    def renew(self) -> bool:
        """Read the table again if its file has changed; tell whether searches have another table now."""
        if self._path is None or self._identity() == self._seen:
            return False
        with self._lock:
            if (seen := self._identity()) == self._seen:
                return False
            self._seen = seen
            load_terms.cache_clear()
            try:
                self.table = load_terms(self._path)
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
