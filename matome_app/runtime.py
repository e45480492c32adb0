"""What a running process reads from: store and search engine of the current generation, replaced when it changes.

A request reads one state of one generation from its first statement to its last (`begin`). Files that are missing,
damaged or changed by somebody else are met here: they are reported once, and whoever can have them mended is told.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from matome_app import state
from matome_app.config import Settings
from matome_app.errors import IndexUnavailable
from matome_app.progress import read_progress
from matome_app.readers import Moment, Reader, is_whole, open_reader, pin, release
from matome_app.store.generations import all_generations, current_generation, hold
from matome_app.store.session import is_damage
from matome_app.store_files import Seals, StoreFiles, identity
from matome_app.term_file import TermFile

logger = logging.getLogger("matome")

LOOK_AGAIN: Final = 0.5
"""Seconds between two looks at a new generation that is not whole yet, while the one before can still be read."""

NAMELESS: Final = "the file that names the current generation, or the store that it names, is missing or damaged"


class Runtime:
    """Settings, the current reader, and the progress of whoever builds; raises SettingError for a bad term table.

    `repair` is called when a builder is needed; None where this process starts none.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.repair: Callable[[], None] | None = None
        self._current = settings.data_dir / "current"
        self._terms = TermFile(settings.terms_file)
        self._reader: Reader | None = None
        self._seen: tuple[int, ...] | None = None
        self._seals = Seals(settings.data_dir)
        self._files = StoreFiles(self._seals)
        self._look_again = 0.0
        self._nameless = False
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        self._inherited: Reader | None = None
        forget = weakref.WeakMethod(self._forget)
        os.register_at_fork(after_in_child=lambda: method() if (method := forget()) else None)

    def begin(self) -> Moment:
        """Return one state to read from; raises IndexUnavailable when there is none, DBAPIError when it is damaged."""
        for attempt in range(5):
            reader = self.reader()
            held = hold(reader.generation)
            try:
                connection = reader.store.connect()
            except DBAPIError:
                release(held)
                # Replaced and removed between two looks: the next one sees what took its place.
                if attempt < 4 and reader is not self._reader_of_now():
                    continue
                raise
            if held is not None and reader is not self._reader_of_now():
                connection.close()
                release(held)
                continue
            try:
                pin(connection)
            except BaseException:
                connection.close()
                release(held)
                raise
            if reader is self._reader:
                self._files.opened(reader)
            return Moment(reader, connection, held)
        raise IndexUnavailable("generations come and go faster than they can be opened")

    def reader(self) -> Reader:
        """Return the current reader; raises IndexUnavailable before the first generation exists."""
        reader = self._reader_of_now()
        if reader is None:
            if self._files.was_cut_off():  # a first build has a generation, too, before it is named
                if all_generations(self.settings.data_dir, self.settings.database_url):
                    self.report(NAMELESS)
                elif self.repair is not None:
                    self.repair()
            raise IndexUnavailable("nothing has been indexed yet")
        if self._nameless:
            self.report(NAMELESS)
        self._look_at_files(reader)
        return reader

    def renew(self) -> None:
        """Read what changed, so that few requests wait for that; what is damaged is met and reported by requests."""
        reader = self._reader_of_now()
        if reader is not None:
            reader.engine.renew()

    def is_suspect(self) -> bool:
        """Tell whether the files were changed by somebody else, so that nothing read from them can be trusted."""
        reader = self._reader
        if reader is not None and not self._files.suspect:
            with suppress(IndexUnavailable):
                self._look_at_files(reader)
        return self._files.suspect

    def report(self, reason: str, *, certain: bool = False) -> None:
        """Say once, whatever the number of requests and of processes, that something is damaged; have it mended."""
        with self._lock:
            if reason not in self._reported:
                self._reported.add(reason)
                self._say(reason, certain)
        if self.repair is not None:
            self.repair()

    def _say(self, reason: str, certain: bool) -> None:
        try:
            first = state.note_damage(self.settings.data_dir, reason, certain=certain)
        except OSError as error:
            logger.error("%s; nobody can mend it (%s)", reason, error.strerror, extra={"event": "damage"})
            return
        if first:
            end = "a run is started to mend it" if self.repair else "run `flask index` to mend it"
            logger.error("%s; %s", reason, end, extra={"event": "damage"})

    def report_error(self, error: DBAPIError) -> bool:
        """Report an error of the store if it says that the store is damaged; tell whether it does."""
        reader = self._reader
        if not is_damage(error) or (reader is not None and reader.store.immutable):
            return False
        self._files.broken = True
        self.report(f"the store cannot be read ({str(error.orig).partition(chr(10))[0]})", certain=True)
        return True

    def close(self) -> None:
        """Close what is open; the next `reader` opens it again."""
        with self._lock:
            if self._reader is not None:
                self._reader.store.close()
            self._reader = self._seen = None

    def _forget(self) -> None:
        """Open everything anew in a process that was forked: connections of SQLite must not be used in two."""
        self._inherited, self._reader, self._seen = self._reader, None, None
        self._files, self._lock = StoreFiles(self._seals), threading.Lock()
        self._terms.forked()

    def progress(self) -> dict[str, Any]:
        """Return how far a build under way has come: phase, done, total; empty when none is."""
        return read_progress(self.settings.data_dir)

    def _reader_of_now(self) -> Reader | None:
        self._look_at_terms()
        seen = identity(self._current)
        if seen == self._seen:
            self._nameless = False
        elif time.monotonic() >= self._look_again or self._is_gone():
            with self._lock:
                if seen != self._seen or self._reader is None:
                    self._open(seen)
        return self._reader

    def _open(self, seen: tuple[int, ...] | None) -> None:
        generation = current_generation(self.settings.data_dir, self.settings.database_url)
        old = self._reader
        if generation is None:
            self._nameless = True  # deleted while serving: keep what is open, it still answers
            return
        new = open_reader(generation, self._terms.table, "read")
        trusted = not (self._files.suspect or self._files.broken or self._is_gone())
        if old is not None and trusted and not is_whole(new) and is_whole(old):
            new.store.close()  # built again from nothing: what is open has more to tell until that is done
            self._look_again = time.monotonic() + LOOK_AGAIN
            return
        self._reader, self._seen, self._files, self._look_again = new, seen, StoreFiles(self._seals), 0.0
        self._nameless = False
        self._reported.clear()
        if old is not None:
            old.store.close()  # requests that still read it keep their connections until they are done

    def _is_gone(self) -> bool:
        """Tell whether the generation that is open was removed, as one that was replaced is."""
        return self._reader is not None and not self._reader.store.path.exists()

    def _look_at_files(self, reader: Reader) -> None:
        """Notice what happened to the files of the store; raises IndexUnavailable when they cannot be trusted."""
        found = self._files.look(reader)
        if found.fault and reader is self._reader_of_now():  # and was not replaced and removed just now
            self.report(found.fault)
        if found.unfinished and self.repair is not None:
            self.repair()
        if self._files.suspect and self.repair is not None:
            raise IndexUnavailable("the files of the index were changed from outside")

    def _look_at_terms(self) -> None:
        """Search with the term table as its file is now."""
        if not self._terms.renew():
            return
        with self._lock:
            if self._reader is not None:
                self._reader, old = open_reader(self._reader.generation, self._terms.table, "read"), self._reader
                self._files = StoreFiles(self._seals)
                old.store.close()
