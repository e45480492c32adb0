"""What a request reads from: store and search engine of one generation, at one moment."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from matome_app.search.opening import open_engine
from matome_app.store.generations import Generation
from matome_app.store.session import Store, Use

if TYPE_CHECKING:
    from matome_app.search.engine import SearchEngine
    from matome_app.search.terms import TermTable

FIRST_READ: Final = "SELECT 1 FROM meta LIMIT 1"
"""Only with its first read does a transaction stand at a moment."""


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
        """Give the connection back, and let the generation go."""
        with suppress(DBAPIError):
            self.connection.close()
        release(self._held)
        self._held = None


def open_reader(generation: Generation, terms: TermTable | None = None, use: Use = "write") -> Reader:
    """Open store and engine of a generation; `terms` is the table of names that searches use (None: our own)."""
    store = Store(generation.database_url, use)
    hash_ = hashlib.sha256(repr(terms.groups).encode()).hexdigest() if terms is not None else ""
    return Reader(generation, store, open_engine(store.engine, generation.words, terms), hash_)


def is_whole(reader: Reader) -> bool:
    """Tell whether a generation can be read and was once complete."""
    try:
        with reader.store.connect() as connection:
            rows = connection.exec_driver_sql("SELECT value FROM meta WHERE name = 'complete'").all()
    except DBAPIError:
        return False
    return [value for (value,) in rows] == ["yes"]


def pin(connection: Connection) -> None:
    """Begin a read transaction at this moment: the driver would begin none, and every statement see its own state."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN")
        driver.execute(FIRST_READ).close()
    except sqlite3.Error:
        connection.exec_driver_sql(FIRST_READ).close()  # what goes wrong is raised as SQLAlchemy raises it


def release(descriptor: int | None) -> None:
    """Let a generation go that `hold` has kept from being removed."""
    if descriptor is not None:
        os.close(descriptor)
