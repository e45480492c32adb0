"""Read the database of a generation as it lies there: nothing is written, no file is made, no lock is waited for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

STORE: Final = {
    "posts": "SELECT count(*) FROM posts",
    "kept": "SELECT count(*) FROM posts JOIN sources ON sources.path = posts.source WHERE sources.state = 'faulty'",
    "comments": "SELECT count(*) FROM comments",
    "listed": "SELECT coalesce(sum(comment_count), 0) FROM posts",
    "users": "SELECT count(*) FROM users",
    "tags": "SELECT count(*) FROM terms WHERE taxonomy = 'tags'",
    "files": "SELECT count(*) FROM sources",
}
INDEX: Final = {
    "posts": "SELECT count(*) FROM search_posts",
    "comments": "SELECT count(*) FROM search_comments",
    "texts": "SELECT count(*) FROM search_texts",
    "users": "SELECT count(DISTINCT user) FROM search_comments WHERE user <> ''",
    "tags": "SELECT count(DISTINCT slug) FROM search_post_tags",
}


@dataclass(slots=True)
class Database:
    """What a database says of itself; `error` is why it cannot be read, `checked` what SQLite's own check found."""

    error: str = ""
    behind: bool = False
    meta: dict[str, str] = field(default_factory=dict)
    search_meta: dict[str, str] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    store: dict[str, int] = field(default_factory=dict)
    index: dict[str, int] = field(default_factory=dict)
    checked: list[str] | None = None

    @property
    def is_complete(self) -> bool:
        """Tell whether a first build came to its end."""
        return self.meta.get("complete") == "yes" and self.meta.get("finished") == "yes"

    @property
    def generation(self) -> int:
        """Return the number of the state that readers see."""
        value = self.meta.get("generation", "")
        return int(value) if value.isdigit() else 0


def look_into(path: Path, deep: bool) -> Database:
    """Count what lies in a database, with `deep` let SQLite check it; never raises for what is wrong with the file."""
    found = Database()
    if not path.is_file():
        found.error = "the file is not there"
        return found
    try:
        with closing(open_to_look(path)) as connection:
            found.behind = _waits(path)
            found.meta = _pairs(connection, "SELECT name, value FROM meta")
            found.states = _pairs(connection, "SELECT state, count(*) FROM sources GROUP BY state")
            found.store = {name: _one(connection, query) for name, query in STORE.items()}
            found.search_meta = _pairs(connection, "SELECT name, value FROM search_meta")
            found.index = {name: _one(connection, query) for name, query in INDEX.items()}
            if deep:
                found.checked = [row[0] for row in connection.execute("PRAGMA quick_check(20)") if row[0] != "ok"]
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        found.error = str(error).partition("\n")[0]
    return found


def open_to_look(path: Path) -> sqlite3.Connection:
    """Open a database only to read; raises sqlite3.Error.

    While somebody has it open, what they wrote last is read along: the memory they share (`-shm`) is there, and is
    opened for reading alone. Otherwise the file is taken as it is, as one that does not change.
    """
    ways = ["mode=ro&readonly_shm=1"] if Path(f"{path}-shm").exists() else []
    for how in [*ways, "mode=ro&immutable=1"]:
        connection = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=5, check_same_thread=False)
        try:
            connection.execute("PRAGMA mmap_size = 0").close()
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").close()
            return connection
        except sqlite3.Error:
            connection.close()
            if how.endswith("immutable=1"):
                raise
    raise AssertionError("the last way returns or raises")


@contextmanager
def session_to_look(path: Path) -> Iterator[Session]:
    """Yield a session on a database that is only read."""
    engine = create_engine("sqlite://", creator=lambda: open_to_look(path), poolclass=NullPool)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def _waits(path: Path) -> bool:
    """Tell whether a write-ahead log waits that could not be read along."""
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0 and not Path(f"{path}-shm").exists()


def _pairs(connection: sqlite3.Connection, query: str) -> dict[str, Any]:
    return dict(connection.execute(query).fetchall())


def _one(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
