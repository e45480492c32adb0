"""Write posts into the tables and the word index together, and repair the word index after a build that was cut off."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from matome_app.search.columns import Ints, parse_numbers
from matome_app.search.engine import PostDocument
from matome_app.search.helper import new_analyst
from matome_app.search.tables import add_posts, iter_texts, next_generation, optimize, remove_posts
from matome_app.search.word_index import drop_all_but, missing


class SearchWriter:
    """Adds and removes posts; see `engine.IndexWriter` for how it is used."""

    def __init__(self, connection: Connection, folder: Path, bulk: bool) -> None:
        self._connection = connection
        self._folder = folder
        self._bulk = bulk
        self._analyst = new_analyst(folder, bulk)
        self._removed: set[int] = set()
        self._done = False

    def add(self, posts: Iterable[PostDocument]) -> None:
        """Index posts that are not in the index."""
        texts = add_posts(self._connection, list(posts))
        self._analyst.feed(texts)
        next_generation(self._connection)

    def remove(self, keys: Iterable[int]) -> None:
        """Remove posts and their comments, by the posts' keys; unknown keys are ignored."""
        self._removed.update(remove_posts(self._connection, keys))
        next_generation(self._connection)

    def commit(self) -> None:
        """Write the words; call it right before the database commits. After a bulk build, tidy up as well."""
        self._done = True
        self._analyst.finish(self._removed)
        self._removed = set()
        if self._bulk:
            drop_all_but(self._folder, _known(self._connection))
            optimize(self._connection)
        next_generation(self._connection)

    def abort(self) -> None:
        """Give up the words that `commit` would have written; harmless after it."""
        if not self._done:
            self._done = True
            self._analyst.abort()

    def __enter__(self) -> SearchWriter:
        return self

    def __exit__(self, *failure: object) -> None:
        self.abort()


def _known(connection: Connection) -> Ints:
    """Return the keys of all comments in order."""
    query = "SELECT group_concat(key) FROM (SELECT key FROM search_comments ORDER BY key)"
    return parse_numbers(connection.exec_driver_sql(query).scalar())


def complete(connection: Connection, folder: Path) -> int:
    """Index the words of the comments that have none, drop documents of no comment; return how many posts it mended."""
    known = _known(connection)
    absent = missing(folder, known)
    if len(absent):
        analyst = new_analyst(folder, bulk=len(absent) > 5000)
        for texts in iter_texts(connection, absent.tolist()):
            analyst.feed(texts)
        analyst.finish(set())
    drop_all_but(folder, known)
    if not len(absent):
        return 0
    next_generation(connection)
    query = "SELECT group_concat(post) FROM (SELECT post FROM search_comments ORDER BY key)"
    posts = parse_numbers(connection.exec_driver_sql(query).scalar())
    return len(np.unique(posts[np.isin(known, absent)]))
