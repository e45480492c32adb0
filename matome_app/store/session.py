"""Open the store: an engine with the pragmas the site relies on, and sessions on it.

Nothing is memory-mapped but what SQLite must (`-shm`): a mapped file that is cut short kills the process. Whoever only
reads never creates a file, never writes into one, and finds a way where the folder cannot be written.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote

from sqlalchemy import Connection, QueuePool, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_MS: Final = 10_000
KEPT: Final = 8
"""Connections that stay open between requests; more are opened when needed."""

PATIENCE: Final = 2.0
"""Seconds to wait for one of the open connections when the file they read is gone."""

Use = Literal["create", "write", "read"]
_MODE: Final[dict[Use, str]] = {"create": "rwc", "write": "rw", "read": "rw"}
_PRAGMAS: Final = (
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "cache_size = -32000",
    "mmap_size = 0",
    "temp_store = MEMORY",
)
# Readers go on while the index is written (WAL); a writer waits for its turn instead of failing at once.
_WRITING: Final = ("journal_mode = WAL", "synchronous = NORMAL")
_CREATING: Final = ("auto_vacuum = INCREMENTAL",)
"""Pages that are free can be given back later, a few at a time; it has to be said before anything is in the file."""
_READING: Final = ("query_only = ON",)
_CANNOT_WRITE: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


class Store:
    """The database of one generation: an engine, and sessions for whoever asks.

    Only with `use="create"` a missing file is made; with `"read"` nothing can be written.
    """

    def __init__(self, url: str, use: Use = "write") -> None:
        self.path = database_path(url)
        self.immutable = False
        self._use: Use = use
        self.engine = create_engine(
            url, creator=self._open, poolclass=QueuePool, pool_size=KEPT, max_overflow=-1, pool_use_lifo=True
        )
        self.sessions: sessionmaker[Session] = sessionmaker(self.engine, expire_on_commit=False)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self.engine.dispose()

    def connect(self) -> Connection:
        """Return a connection; where the file is gone, one of those that still read it, as soon as one is free."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self.engine.connect()
            except DBAPIError:
                pool = self.engine.pool
                in_use = pool.checkedout() if isinstance(pool, QueuePool) else 0
                if self.path.exists() or not in_use or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _open(self) -> sqlite3.Connection:
        if self._use != "read":
            pragmas = _PRAGMAS + (() if _size(str(self.path)) else _CREATING) + _WRITING
            return _connect(self.path, f"mode={_MODE[self._use]}", pragmas)
        try:
            return _connect(self.path, "mode=rw", _PRAGMAS + _READING)
        except sqlite3.OperationalError as error:
            if not _cannot_write(error) or not self.path.is_file():
                raise
        with suppress(sqlite3.OperationalError):
            return _connect(self.path, "mode=ro", _PRAGMAS + _READING)
        # Without a write-ahead log, and where nobody could write one, the file alone is the whole database.
        if _size(f"{self.path}-wal"):
            raise sqlite3.OperationalError("the store needs its write-ahead log, and the folder cannot be written")
        self.immutable = True
        return _connect(self.path, "mode=ro&immutable=1", _PRAGMAS + _READING)


def _connect(path: Path, how: str, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
    )
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").close()  # nothing is opened before it is read
    except BaseException:
        connection.close()
        raise
    return connection


def _cannot_write(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _CANNOT_WRITE


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def sqlite_url(path: Path) -> str:
    """Return the SQLAlchemy URL of a SQLite file."""
    return f"sqlite:///{path}"


def database_path(url: str) -> Path:
    """Return the file that a SQLite URL names."""
    return Path((make_url(url).database or "").removeprefix("file:"))


def bring_in_log(path: Path, attempts: int = 20) -> bool:
    """Bring the write-ahead log into the database file and empty it; tell whether that could be done.

    Readers are waited for in small portions, so that none of them has to wait for us.
    """
    with closing(_connect(path, "mode=rw", (*_PRAGMAS, "busy_timeout = 100"))) as connection:
        for _ in range(attempts):
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            time.sleep(0.05)
    return False


def is_damage(error: DBAPIError) -> bool:
    """Tell whether an error says that the store is damaged or gone, rather than busy or full."""
    reason: Any = error.orig
    code = getattr(reason, "sqlite_errorcode", None)
    if code is None:
        return "decode" in str(reason)
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return True
    return str(reason).startswith(("no such table", "no such column", "malformed"))
