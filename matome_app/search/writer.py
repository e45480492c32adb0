"""Write posts into the tables and the word index together, and repair the word index after a build that was cut off."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection

from matome_app.search.analysis import analyzer_version
from matome_app.search.column_file import NAME, read_columns, save_columns
from matome_app.search.column_loading import load_columns
from matome_app.search.column_renewal import renew_columns
from matome_app.search.columns import Ints
from matome_app.search.compaction import compact, merge_as_written
from matome_app.search.engine import PostDocument
from matome_app.search.frequent import NAME as FREQUENT
from matome_app.search.frequent import save_frequent
from matome_app.search.helper import new_analyst
from matome_app.search.tables import (
    CHANGED,
    add_posts,
    get_meta,
    iter_texts,
    next_generation,
    parse_numbers,
    remove_posts,
    set_meta,
)
from matome_app.search.word_index import drop_all_but, merge_segments, missing, open_reader, words_generation

logger = logging.getLogger("matome")

MANY: Final = 5000
"""The words of more comments than these are written with a helper."""
STALE: Final = 500
"""When so many posts have come and gone since the columns were saved, they are saved again."""
SHORT: Final = 4000
"""Merges of so many documents take less than half a second: the next change hardly waits for one."""
SAVED: Final = "columns_saved"
"""What `tables.CHANGED` was when the columns were saved."""


class SearchWriter:
    """Adds and removes posts; see `engine.IndexWriter` for how it is used.

    From its start until `confirm` a file beside the words says that they and the database may not agree.
    """

    def __init__(self, connection: Connection, folder: Path, bulk: bool) -> None:
        self._connection = connection
        self._folder = folder
        self._bulk = bulk
        self._removed: set[int] = set()
        self._done = False
        self._was_pending = _pending(folder).exists()
        _pending(folder).touch()
        self._analyst = new_analyst(folder, bulk)
        if bulk:
            merge_as_written(connection, yes=False)

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
        """Write the words; call it right before the database commits."""
        self._done = True
        self._analyst.finish(self._removed)
        self._removed = set()
        if self._bulk:
            drop_all_but(self._folder, known_keys(self._connection))
            merge_as_written(self._connection, yes=True)
        next_generation(self._connection)

    def confirm(self) -> None:
        """Note that the database has committed, and tidy up what only makes reading faster; readers notice nothing."""
        if self._done and (self._bulk or not self._was_pending):
            _pending(self._folder).unlink(missing_ok=True)
        with self._connection.engine.connect() as connection:
            compact(connection, whole=self._bulk)
            _save(connection, self._folder.parent, self._folder)
        try:
            merge_segments(self._folder, None if self._bulk else SHORT)
        except OSError as error:
            logger.warning("the pieces of the word index could not be merged (%s); the next change tries again", error)

    def abort(self) -> None:
        """Give up the words that `commit` would have written; harmless after it."""
        if not self._done:
            self._done = True
            self._analyst.abort()
            if not self._bulk and not self._was_pending:
                _pending(self._folder).unlink(missing_ok=True)

    def __enter__(self) -> SearchWriter:
        return self

    def __exit__(self, *failure: object) -> None:
        self.abort()


def _pending(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.with_name(f"{folder.name}.pending")


def _save(connection: Connection, folder: Path, words: Path) -> None:
    """Save columns and frequent postings when many posts came or went since then; without them all is only slower."""
    changed = int(get_meta(connection, CHANGED) or 0)
    if (folder / NAME).exists() and changed - int(get_meta(connection, SAVED) or 0) < STALE:
        return
    old = read_columns(folder)
    columns = load_columns(connection) if old is None else renew_columns(connection, old)
    try:
        save_columns(columns, folder)
        with open_reader(words) or nullcontext() as reader:
            save_frequent(connection, columns, reader, folder)
    except OSError as error:
        logger.warning("what makes searches quick could not be saved (%s); they are slower without it", error)
        return
    set_meta(connection, SAVED, str(changed))
    connection.commit()


def known_keys(connection: Connection) -> Ints:
    """Return the keys of all comments in order."""
    query = "SELECT group_concat(key) FROM (SELECT key FROM search_comments ORDER BY key)"
    return parse_numbers(connection.exec_driver_sql(query).scalar())


def renew_words(connection: Connection, folder: Path) -> None:
    """Write the words of all comments anew, beside those there are: a search ranks by either until these go at the end.

    Where they cannot be read at all they go first. Being killed in it leaves it to be done.
    """
    _pending(folder).touch()
    try:
        with open_reader(folder) or nullcontext():
            pass
    except Exception:  # whatever damaged files make Whoosh raise
        shutil.rmtree(folder, ignore_errors=True)
    known = known_keys(connection)
    analyst = new_analyst(folder, bulk=len(known) > MANY)
    for texts in iter_texts(connection, known.tolist()):
        analyst.feed(texts)
    analyst.finish(set())
    drop_all_but(folder, known)
    for name in (NAME, FREQUENT):
        (folder.parent / name).unlink(missing_ok=True)  # made with the words of before
    set_meta(connection, "analyzer", analyzer_version())
    next_generation(connection)


def complete(connection: Connection, folder: Path) -> int:
    """Index the words of the comments that have none, drop documents of no comment; return how many posts it mended.

    It is quick when the last writer was confirmed.
    """
    if not _pending(folder).exists() and words_generation(folder) >= 0:
        return 0
    merge_as_written(connection, yes=True)
    known = known_keys(connection)
    try:
        absent = missing(folder, known)
    except Exception as error:  # whatever damaged files make Whoosh raise
        logger.warning("the words of the index cannot be read (%s); they are written anew", type(error).__name__)
        shutil.rmtree(folder, ignore_errors=True)
        absent = known
    if len(absent):
        analyst = new_analyst(folder, bulk=len(absent) > MANY)
        for texts in iter_texts(connection, absent.tolist()):
            analyst.feed(texts)
        analyst.finish(set())
    drop_all_but(folder, known)
    _pending(folder).unlink(missing_ok=True)
    if not len(absent):
        return 0
    next_generation(connection)
    query = "SELECT group_concat(post) FROM (SELECT post FROM search_comments ORDER BY key)"
    posts = parse_numbers(connection.exec_driver_sql(query).scalar())
    return len(np.unique(posts[np.isin(known, absent)]))
