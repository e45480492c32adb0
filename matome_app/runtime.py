"""What a running process reads from: store and search engine of the current generation, replaced when it changes.

A request reads one state of one generation from its first statement to its last (`begin`). Files that are missing,
damaged or changed by somebody else are met here: they are reported once, and whoever can have them mended is told.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from matome_app import state
from matome_app.config import Settings
from matome_app.errors import IndexUnavailable, SettingError
from matome_app.progress import read_progress
from matome_app.search.engine import SearchEngine
from matome_app.search.opening import open_engine
from matome_app.search.terms import TermTable, load_terms
from matome_app.store.generations import Generation, all_generations, current_generation, hold, is_locked
from matome_app.store.session import Store, Use, is_damage

logger = logging.getLogger("matome")

LOOK_AGAIN: Final = 0.5
"""Seconds between two looks at a new generation that is not whole yet, while the one before can still be read."""

NAMELESS: Final = "the file that names the current generation, or the store that it names, is missing or damaged"

FIRST_READ: Final = "SELECT 1 FROM meta LIMIT 1"
"""Only with its first read does a transaction stand at a moment."""

CUT_OFF: Final = 5.0
"""Seconds between two looks for a builder, where the files say that one is at work."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Store and engine of one generation; `terms_hash` tells apart the term tables that its searches may use."""

    generation: Generation
    store: Store
    engine: SearchEngine
    terms_hash: str = ""


@dataclass(slots=True)
class Moment:
    """What a request reads: one state of one generation."""

    reader: Reader
    connection: Connection
    _held: int | None = None

    def close(self) -> None:
        """Give the connection back."""
        with suppress(DBAPIError):
            self.connection.close()
        if self._held is not None:
            os.close(self._held)
            self._held = None


def open_reader(generation: Generation, terms: TermTable | None = None, use: Use = "write") -> Reader:
    """Open store and engine of a generation; `terms` is the table of names that searches use (None: our own)."""
    store = Store(generation.database_url, use)
    hash_ = hashlib.sha256(repr(terms.groups).encode()).hexdigest() if terms is not None else ""
    return Reader(generation, store, open_engine(store.engine, generation.words, terms), hash_)


@dataclass(slots=True)
class _Files:
    """What is known of the files of the store that is open."""

    opened: tuple[int | None, ...] | None = None  # inodes of database, log and shared memory since it is read
    approved: list[int] | None = None  # size and mtime of the database as a run left it
    suspect: bool = False  # changed by somebody else
    broken: bool = False  # SQLite said so
    looked: float = field(default_factory=time.monotonic)


class Runtime:
    """Settings, the current reader, and the progress of whoever builds; raises SettingError for a bad term table.

    `repair` is called when a builder is needed; None where this process starts none.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.repair: Callable[[], None] | None = None
        self._terms_seen = self._identity_of_terms()
        self._terms = load_terms(settings.terms_file)
        self._reader: Reader | None = None
        self._seen: tuple[int, ...] | None = None
        self._files = _Files()
        self._look_again = 0.0
        self._nameless = False
        self._reported: set[str] = set()
        self._lock = threading.Lock()
        self._sealed: tuple[tuple[int, ...] | None, dict[str, Any] | None] = (None, None)
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
                _release(held)
                # Replaced and removed between two looks: the next one sees what took its place.
                if attempt < 4 and reader is not self._reader_of_now():
                    continue
                raise
            if held is not None and reader is not self._reader_of_now():
                connection.close()
                _release(held)
                continue
            try:
                _pin(connection)
            except BaseException:
                connection.close()
                _release(held)
                raise
            self._note_opened(reader)
            return Moment(reader, connection, held)
        raise IndexUnavailable("generations come and go faster than they can be opened")

    def reader(self) -> Reader:
        """Return the current reader; raises IndexUnavailable before the first generation exists."""
        reader = self._reader_of_now()
        if reader is None:
            if all_generations(self.settings.data_dir, self.settings.database_url):
                self.report(NAMELESS)
            raise IndexUnavailable("nothing has been indexed yet")
        if self._nameless:
            self.report(NAMELESS)
        self._look_at_files(reader)
        return reader

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
        self._files, self._lock = _Files(), threading.Lock()

    def progress(self) -> dict[str, Any]:
        """Return how far a build under way has come: phase, done, total; empty when none is."""
        return read_progress(self.settings.data_dir)

    def _reader_of_now(self) -> Reader | None:
        self._look_at_terms()
        seen = _identity(self.settings.data_dir / "current")
        if seen == self._seen:
            self._nameless = False
        elif time.monotonic() >= self._look_again:
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
        new = open_reader(generation, self._terms, "read")
        trusted = not (self._files.suspect or self._files.broken)
        if old is not None and trusted and not _is_whole(new) and _is_whole(old):
            new.store.close()  # built again from nothing: what is open has more to tell until that is done
            self._look_again = time.monotonic() + LOOK_AGAIN
            return
        self._reader, self._seen, self._files, self._look_again = new, seen, _Files(), 0.0
        self._nameless = False
        self._reported.clear()
        if old is not None:
            old.store.close()  # requests that still read it keep their connections until they are done

    def _look_at_files(self, reader: Reader) -> None:
        """Notice what happened to the files of the store; raises IndexUnavailable when they cannot be trusted."""
        files, path = self._files, reader.store.path
        try:
            status = os.stat(path)
        except OSError:
            self.report("the file of the store is missing")
            return  # connections that are open still read it
        if files.opened is not None and files.opened != _inodes(path):
            # Connections of before would not see what others write from now on.
            files.opened = None
            reader.store.close()
        stamp = [status.st_size, status.st_mtime_ns]
        if stamp == files.approved:
            files.suspect = False
            return
        self._compare(reader, stamp)
        if files.suspect and self.repair is not None:
            raise IndexUnavailable("the files of the index were changed from outside")

    def _compare(self, reader: Reader, stamp: list[int]) -> None:
        """Compare the database with how the last run left it: while one is at work there is nothing to compare."""
        files, seal = self._files, self._read_seal()
        if seal is None or seal.get("generation") != reader.generation.name:
            self._look_for_builder()
            return
        if state.stamp_of(reader.store.path) != stamp:
            return  # being written
        if seal.get("files", {}).get("database") == stamp:
            files.approved, files.suspect = stamp, False
        elif files.approved is None:
            files.approved = stamp  # so it was when this process came: the start looks into it
        else:
            files.suspect = True
            reader.store.close()
            self.report("the file of the store was changed from outside")

    def _look_for_builder(self) -> None:
        """Have a run finished that was killed."""
        if self.repair is None or time.monotonic() - self._files.looked < CUT_OFF:
            return
        self._files.looked = time.monotonic()
        if not is_locked(self.settings.data_dir):
            self.repair()

    def _read_seal(self) -> dict[str, Any] | None:
        seen, known = _identity(self.settings.data_dir / state.FILE), self._sealed
        if seen is None or seen != known[0]:
            known = self._sealed = seen, state.read_state(self.settings.data_dir).get("seal")
        return known[1]

    def _note_opened(self, reader: Reader) -> None:
        if self._files.opened is None and reader is self._reader:
            self._files.opened = _inodes(reader.store.path)

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
                logger.warning("%s; searches go on with the table as it was", error, extra={"event": "terms"})
                return
            logger.info("searches use %s as it is now", self.settings.terms_file, extra={"event": "terms"})
            if self._reader is not None:
                self._reader, old = open_reader(self._reader.generation, self._terms, "read"), self._reader
                self._files = _Files()
                old.store.close()

    def _identity_of_terms(self) -> tuple[int, ...] | None:
        return None if self.settings.terms_file is None else _identity(self.settings.terms_file)


def _release(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _pin(connection: Connection) -> None:
    """Begin a read transaction at this moment: the driver would begin none, and every statement see its own state."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN")
        driver.execute(FIRST_READ).close()
    except sqlite3.Error:
        connection.exec_driver_sql(FIRST_READ).close()  # what goes wrong is raised as SQLAlchemy raises it


def _is_whole(reader: Reader) -> bool:
    """Tell whether a generation can be read and was once complete."""
    try:
        with reader.store.connect() as connection:
            rows = connection.exec_driver_sql("SELECT value FROM meta WHERE name = 'complete'").all()
    except DBAPIError:
        return False
    return [value for (value,) in rows] == ["yes"]


def _inodes(path: Path) -> tuple[int | None, ...]:
    """Return which files lie where database, log and shared memory are."""
    return tuple(found[0] if (found := _identity(Path(f"{path}{end}"))) else None for end in ("", "-wal", "-shm"))


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
