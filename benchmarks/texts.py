"""Read the comments out of a built index, as matome folds them, and cut them into words once for all engines."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from matome_app.search.words import Words

CHUNK = 2000
_RUN = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Texts:
    """The comments, one value each in every list: key, post, folded text, and its words with spaces between.

    The words are Sudachi's (the dictionary's longest) and the Latin runs, in the order of the text: what a word index
    of Japanese text holds that knows nothing of parts of words and of spelling variants.
    """

    keys: list[int]
    posts: list[int]
    folded: list[str]
    words: list[str]

    @property
    def characters(self) -> int:
        """Characters of text in all."""
        return sum(map(len, self.folded))


@dataclass(frozen=True, slots=True)
class Values:
    """Values to filter by, the most frequent first."""

    tags: list[str]
    months: list[str]
    users: list[str]


def tokens(words: Words, folded: str) -> list[str]:
    """Cut a folded text into Sudachi's words and Latin runs, in order."""
    found = [(match.start(), match[0]) for match in _RUN.finditer(folded)]
    if not folded.isascii():
        found += [(position, word.surface) for position, word in words.cut(folded)]
    return [token for _, token in sorted(found)]


def connect(database: Path) -> sqlite3.Connection:
    """Open an SQLite file to read."""
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)


def read_texts(database: Path, processes: int = 2) -> Texts:
    """Read all comments of an index and cut them, several processes at a time."""
    with closing(connect(database)) as connection:
        rows = connection.execute(
            "SELECT key, post, folded FROM search_texts JOIN search_comments USING (key) ORDER BY key"
        ).fetchall()
    folded = [text for _, _, text in rows]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        words = [joined for chunk in pool.map(_cut, _chunks(folded)) for joined in chunk]
    return Texts([key for key, _, _ in rows], [post for _, post, _ in rows], folded, words)


def _chunks(texts: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), CHUNK):
        yield texts[start : start + CHUNK]


def _cut(texts: Iterable[str]) -> list[str]:
    words = Words()
    return [" ".join(tokens(words, text)) for text in texts]


def read_values(database: Path, most: int = 30) -> Values:
    """Read the tags and months of the most posts, and the users of the most comments."""
    with closing(connect(database)) as connection:
        return Values(
            tags=_most(connection, "SELECT label FROM search_post_tags", most),
            months=_most(connection, "SELECT month FROM search_post_months", most),
            users=_most(connection, "SELECT user FROM search_comments WHERE user <> ''", most),
        )


def _most(connection: sqlite3.Connection, query: str, most: int) -> list[str]:
    column = query.split()[1]
    rows = connection.execute(f"{query} GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT ?", (most,))
    return [value for (value,) in rows]
