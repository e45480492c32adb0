"""Keep what is searched in SQLite tables of our own, written inside the caller's transaction: texts, grams, columns.

`search_grams` finds one and two characters and Latin words, `search_trigrams` everything longer, both exactly; they
hold no text (contentless), so that taking a comment out needs its folded text, which `search_texts` keeps.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from matome_app.search.analysis import analyzer_version, fold
from matome_app.search.engine import PostDocument
from matome_app.search.grams import gram_words

NO_TIME: Final = -(2**62)
"""Stands for a missing time in whole seconds since 1970, UTC; it is before all others."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS search_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS search_posts
    (key INTEGER PRIMARY KEY, path TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, date INTEGER NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS search_post_tags (post INTEGER NOT NULL, slug TEXT NOT NULL, label TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS search_post_months (post INTEGER NOT NULL, month TEXT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS search_comments
    (key INTEGER PRIMARY KEY, post INTEGER NOT NULL, ordinal INTEGER NOT NULL, id TEXT NOT NULL, user TEXT NOT NULL,
    created INTEGER NOT NULL, color TEXT NOT NULL, length INTEGER NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS search_texts (key INTEGER PRIMARY KEY, folded TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS search_comments_post ON search_comments (post)",
    "CREATE INDEX IF NOT EXISTS search_post_tags_post ON search_post_tags (post)",
    "CREATE INDEX IF NOT EXISTS search_post_months_post ON search_post_months (post)",
)
GRAMS: Final = "search_grams"
TRIGRAMS: Final = "search_trigrams"
FULL_TEXT: Final = {
    GRAMS: "words, content='', detail=none, columnsize=0, tokenize='ascii'",
    TRIGRAMS: "folded, content='', columnsize=0, tokenize='trigram case_sensitive 1'",
}
_ROWS: Final = ("search_posts", "search_post_tags", "search_post_months", "search_comments", "search_texts")
CHANGED: Final = "changed_posts"
"""Counts posts that came or went."""
_HASH_SIZE: Final = 16 * 1024 * 1024
"""Bytes SQLite gathers before it writes a piece of a full-text index (its own is 1 MB): a third off the build."""


def create_tables(connection: Connection) -> None:
    """Create what is missing of the tables."""
    for statement in _TABLES:
        connection.exec_driver_sql(statement)
    for name, definition in FULL_TEXT.items():
        if not _exists(connection, name):
            connection.exec_driver_sql(f"CREATE VIRTUAL TABLE {name} USING fts5({definition})")
            connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('hashsize', {_HASH_SIZE})")
    if not get_meta(connection, "analyzer"):
        _begin_epoch(connection)


def tables_exist(connection: Connection) -> bool:
    """Tell whether `create_tables` ran on this database."""
    return _exists(connection, "search_meta")


def _exists(connection: Connection, name: str) -> bool:
    return bool(connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).first())


def clear_tables(connection: Connection) -> None:
    """Forget all posts; the index is today's analyzer's from then on."""
    for name in _ROWS:
        connection.exec_driver_sql(f"DELETE FROM {name}")
    for name in FULL_TEXT:
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}) VALUES ('delete-all')")
    _begin_epoch(connection)
    next_generation(connection)


def _begin_epoch(connection: Connection) -> None:
    set_meta(connection, "analyzer", analyzer_version())
    set_meta(connection, "epoch", secrets.token_hex(8))


def epoch(connection: Connection) -> str:
    """Return what is the same as long as no key can have been used twice: since the tables were made or cleared."""
    return get_meta(connection, "epoch")


def fetch(connection: Connection, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query, asked of the driver: for small ones SQLAlchemy takes longer than SQLite.

    What goes wrong is raised as SQLAlchemy raises it.
    """
    driver: Any = connection.connection.driver_connection
    try:
        rows: list[tuple[Any, ...]] = driver.execute(query, parameters).fetchall()
    except sqlite3.Error:
        return [tuple(row) for row in connection.exec_driver_sql(query, parameters)]
    return rows


def get_meta(connection: Connection, name: str) -> str:
    """Return a fact about the index, "" when it is not known."""
    rows = fetch(connection, "SELECT value FROM search_meta WHERE name = ?", (name,))
    return str(rows[0][0]) if rows else ""


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Keep a fact about the index."""
    connection.exec_driver_sql("INSERT OR REPLACE INTO search_meta (name, value) VALUES (?, ?)", (name, value))


def generation(connection: Connection) -> int:
    """Return a number that changes with every change of the tables."""
    return int(get_meta(connection, "generation") or 0)


def next_generation(connection: Connection) -> None:
    """Let every process know that the tables changed."""
    set_meta(connection, "generation", str(generation(connection) + 1))


def _count_changed(connection: Connection, posts: int) -> None:
    set_meta(connection, CHANGED, str(int(get_meta(connection, CHANGED) or 0) + posts))


def seconds(moment: datetime | None) -> int:
    """Return whole seconds since 1970 of an aware time (a naive one is taken as UTC)."""
    if moment is None:
        return NO_TIME
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def add_posts(connection: Connection, posts: Sequence[PostDocument]) -> list[tuple[int, str]]:
    """Insert posts with their comments; return the (key, folded text) pairs of the comments."""
    texts = [(comment.key, fold(comment.text).replace("\0", "\ufffd")) for post in posts for comment in post.comments]
    length = {key: len(text) for key, text in texts}
    _insert(connection, "search_posts", [(p.key, p.path, p.url, p.title, seconds(p.date)) for p in posts])
    _insert(connection, "search_post_tags", [(p.key, slug, label) for p in posts for slug, label in p.tags])
    _insert(connection, "search_post_months", [(p.key, month) for p in posts for month in p.months])
    _insert(
        connection,
        "search_comments",
        [
            (c.key, p.key, c.ordinal, c.id, c.user, seconds(c.created_at), c.color.lower(), length[c.key])
            for p in posts
            for c in p.comments
        ],
    )
    _insert(connection, "search_texts", texts)
    _insert(connection, "search_grams (rowid, words)", [(key, gram_words(text)) for key, text in texts])
    _insert(connection, "search_trigrams (rowid, folded)", texts)
    _count_changed(connection, len(posts))
    return texts


def _insert(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", list(rows))


def remove_posts(connection: Connection, keys: Iterable[int]) -> list[int]:
    """Delete posts with their comments; return the keys of the comments."""
    removed: list[int] = []
    gone = 0
    for key in keys:
        texts = connection.exec_driver_sql(
            "SELECT key, folded FROM search_comments JOIN search_texts USING (key) WHERE post = ?", (key,)
        ).all()
        comments = [int(row[0]) for row in texts]
        _delete_full_text(connection, [(int(row[0]), str(row[1])) for row in texts])
        connection.exec_driver_sql(
            "DELETE FROM search_texts WHERE key IN (SELECT key FROM search_comments WHERE post = ?)", (key,)
        )
        for table in ("search_comments", "search_post_tags", "search_post_months"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE post = ?", (key,))
        connection.exec_driver_sql("DELETE FROM search_posts WHERE key = ?", (key,))
        removed += comments
        gone += 1
    _count_changed(connection, gone)
    return removed


def _delete_full_text(connection: Connection, texts: Sequence[tuple[int, str]]) -> None:
    """Take comments out of the contentless tables, which must be told what they held."""
    delete = "INSERT INTO {0} ({0}, rowid, {1}) VALUES ('delete', ?, ?)"
    grams = [(key, gram_words(text)) for key, text in texts]
    for table, column, rows in (("search_grams", "words", grams), ("search_trigrams", "folded", list(texts))):
        if rows:
            connection.exec_driver_sql(delete.format(table, column), rows)


def frequent_grams(connection: Connection, least: int) -> list[str]:
    """Return the words of the grams table that at least so many comments have."""
    connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.gram_counts USING fts5vocab(main, {GRAMS}, row)")
    try:
        rows = connection.exec_driver_sql("SELECT term FROM temp.gram_counts WHERE doc >= ?", (least,)).all()
    finally:
        connection.exec_driver_sql("DROP TABLE temp.gram_counts")
    return [str(row[0]) for row in rows]


def gram_keys(connection: Connection, word: str, above: int = 0) -> npt.NDArray[np.int64]:
    """Return the keys of the comments that have a word of the grams table, those above some key, in order."""
    query = f"SELECT group_concat(rowid) FROM {GRAMS} WHERE {GRAMS} MATCH ? AND rowid > ?"
    return parse_numbers(fetch(connection, query, (f'"{word}"', above))[0][0])


def parse_numbers(joined: str | None) -> npt.NDArray[np.int64]:
    """Read the numbers that SQLite's group_concat joined: three times faster than rows."""
    return np.fromstring(joined, np.int64, sep=",") if joined else np.empty(0, np.int64)


def check_full_text(connection: Connection) -> list[str]:
    """Return what SQLite finds wrong inside the full-text indexes, a line each."""
    faults = []
    for name in FULL_TEXT:
        try:
            connection.exec_driver_sql(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
        except DBAPIError as error:
            faults.append(f"{name} is damaged ({error.orig})")
    return faults


def iter_texts(connection: Connection, keys: Iterable[int], size: int = 500) -> Iterator[list[tuple[int, str]]]:
    """Yield batches of (key, folded text) of comments."""
    wanted = list(keys)
    for start in range(0, len(wanted), size):
        batch = wanted[start : start + size]
        marks = ", ".join("?" * len(batch))
        rows = connection.exec_driver_sql(f"SELECT key, folded FROM search_texts WHERE key IN ({marks})", tuple(batch))
        yield [(int(row[0]), str(row[1])) for row in rows]
