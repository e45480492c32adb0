"""What a running process reads from: store and search engine of the current generation, replaced when it changes."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matome_app.config import Settings
from matome_app.errors import IndexUnavailable, SettingError
from matome_app.progress import read_progress
from matome_app.search.engine import SearchEngine
from matome_app.search.terms import TermTable, load_terms
from matome_app.search.whoosh_engine import WhooshEngine
from matome_app.store.generations import Generation, current_generation
from matome_app.store.session import Store

logger = logging.getLogger("matome")


@dataclass(frozen=True, slots=True)
class Reader:
    """Store and engine of one generation; `terms_hash` tells apart the term tables that its searches may use."""

    generation: Generation
    store: Store
    engine: SearchEngine
    terms_hash: str = ""


def open_reader(generation: Generation, terms: TermTable | None = None) -> Reader:
    """Open store and engine of a generation; `terms` is the table of names that searches use (None: our own)."""
    store = Store(generation.database_url)
    hash_ = hashlib.sha256(repr(terms.groups).encode()).hexdigest() if terms is not None else ""
    return Reader(generation, store, WhooshEngine(store.engine, generation.words, terms), hash_)


class Runtime:
    """Settings, the current reader, and the progress of whoever builds; raises SettingError for a bad term table."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._terms_seen = self._identity_of_terms()
        self._terms = load_terms(settings.terms_file)
        self._reader: Reader | None = None
        self._seen: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    def reader(self) -> Reader:
        """Return the current reader; raises IndexUnavailable before the first generation exists."""
        self._look_at_terms()
        seen = _identity(self.settings.data_dir / "current")
        if self._reader is None or seen != self._seen:
            with self._lock:
                if self._reader is None or seen != self._seen:
                    self._open(seen)
        if self._reader is None:
            raise IndexUnavailable("nothing has been indexed yet")
        return self._reader

    def _open(self, seen: tuple[int, ...] | None) -> None:
        generation = current_generation(self.settings.data_dir, self.settings.database_url)
        if generation is None:
            # Deleted while serving: keep what is open, it still answers.
            return
        old, self._reader, self._seen = self._reader, open_reader(generation, self._terms), seen
        if old is not None:
            old.store.close()  # requests that still read it keep their connections until they are done

    def _look_at_terms(self) -> None:
        """Take the term table that the settings name anew when its file has changed; a wrong one changes nothing."""
        if self.settings.terms_file is None or (seen := self._identity_of_terms()) == self._terms_seen:
            return
        with self._lock:
            if seen == self._terms_seen:
                return
            self._terms_seen = seen
            load_terms.cache_clear()
            try:
                self._terms = load_terms(self.settings.terms_file)
            except SettingError as error:
                logger.warning("%s; searches go on with the table as it was", error)
                return
            logger.info("searches use %s as it is now", self.settings.terms_file)
            self._seen = None  # the reader is opened anew, with these terms

    def _identity_of_terms(self) -> tuple[int, ...] | None:
        return None if self.settings.terms_file is None else _identity(self.settings.terms_file)

    def close(self) -> None:
        """Close what is open; the next `reader` opens it again."""
        with self._lock:
            if self._reader is not None:
                self._reader.store.close()
            self._reader = self._seen = None

    def progress(self) -> dict[str, Any]:
        """Return how far a build under way has come: phase, done, total; empty when none is."""
        return read_progress(self.settings.data_dir)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
