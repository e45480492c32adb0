"""Serve the same comments with Datasette, a program many use for just this, set up as its documentation advises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import connect as connect_sqlite
from typing import Final
from urllib.parse import urlencode

from benchmarks.asking import wait_for
from benchmarks.processes import pss_mb, tree
from benchmarks.serving import free_port
from benchmarks.texts import connect

ROWS: Final = 21
"""Rows of a page, as many as ours has; by itself Datasette shows 100."""
SETTINGS: Final = {
    "suggest_facets": "off",
    "num_sql_threads": "3",
    "cache_size_kb": "64000",
    "default_cache_ttl": "0",
    # Facets that take longer are left out of the page; ours has them always.
    "facet_time_limit_ms": "10000",
    "sql_time_limit_ms": "20000",
}
AS_IT_COMES: Final = {"suggest_facets": "off"}
"""Its own settings, but for facets that nobody asked for."""
START_SECONDS: Final = 60
_FOUND: Final = re.compile(rb"([\d,]+) rows?\s+where search matches")


@dataclass(frozen=True, slots=True)
class Peer:
    """A running Datasette."""

    process: int
    port: int

    @property
    def base(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory_mb(self) -> float:
        """Megabytes that it holds."""
        return pss_mb(tree(self.process))


def search_path(query: str, rows: int | None = ROWS) -> str:
    """Return the address of the page with the comments found, and the facets of month and user; None: its own size."""
    arguments = [("_search", query), ("_facet", "month"), ("_facet", "user")]
    if rows is not None:
        arguments.append(("_size", str(rows)))
    return f"/comments/comments?{urlencode(arguments)}"


def build(database: Path, target: Path) -> Path:
    """Copy the comments of a site's database into one that Datasette serves, with a trigram index and its merging."""
    target.unlink(missing_ok=True)
    with closing(connect(database)) as source, closing(connect_sqlite(target)) as made:
        rows = source.execute(
            "SELECT comments.key, posts.title,"
            " coalesce((SELECT month FROM search_post_months WHERE post = posts.id), ''),"
            " user, comments.created_at, text"
            " FROM comments JOIN posts ON posts.id = post_id ORDER BY comments.key"
        )
        made.execute(
            "CREATE TABLE comments"
            " (id INTEGER PRIMARY KEY, post TEXT, month TEXT, user TEXT, created_at TEXT, text TEXT)"
        )
        made.executemany("INSERT INTO comments VALUES (?, ?, ?, ?, ?, ?)", rows)
        # Indexes of month and user would make searches with these facets slower: a tenth, measured. The names stand in
        # double quotes: by them Datasette knows whose index it is, and without it would list everything.
        made.execute(
            "CREATE VIRTUAL TABLE comments_fts"
            ' USING fts5(text, content="comments", content_rowid="id", tokenize="trigram")'
        )
        made.execute("INSERT INTO comments_fts (comments_fts) VALUES ('rebuild')")
        made.execute("INSERT INTO comments_fts (comments_fts) VALUES ('optimize')")
        made.commit()
        made.execute("ANALYZE")
        made.execute("VACUUM")
    return target


def total_of(page: bytes) -> int | None:
    """Read how many comments a page says were found; None when it is no page of a search."""
    found = _FOUND.search(page)
    return int(found[1].replace(b",", b"")) if found else None


@contextmanager
def serve(database: Path, settings: dict[str, str] = SETTINGS) -> Iterator[Peer]:
    """Serve a database; but as it comes, as one that does not change (`--immutable`, its counts looked up before)."""
    command = [sys.executable, "-m", "datasette"]
    served = [str(database)]
    if settings != AS_IT_COMES:
        counts = str(database.with_suffix(".inspect.json"))
        subprocess.run([*command, "inspect", str(database), "--inspect-file", counts], check=True, capture_output=True)
        served = ["--immutable", str(database), "--inspect-file", counts]
    port = free_port()
    options = [word for name, value in settings.items() for word in ("--setting", name, value)]
    with database.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port), *served, *options],
            cwd=database.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(port, "/-/versions.json", lambda answer: answer.status == 200, START_SECONDS)
        yield Peer(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
