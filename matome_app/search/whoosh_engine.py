"""Answer searches from SQLite (what is found), Whoosh (how good it is) and NumPy (order, filters, facets)."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from matome_app.errors import BadSearch, IndexUnavailable, MatomeError, Message
from matome_app.search import tables
from matome_app.search.analysis import ANALYSIS, analyzer_version
from matome_app.search.answer import Answer, order_of, posts_by_hits
from matome_app.search.column_file import read_columns
from matome_app.search.column_loading import load_columns
from matome_app.search.column_renewal import renew_columns
from matome_app.search.columns import Columns
from matome_app.search.engine import PostHit, SearchResult
from matome_app.search.explain import highlights
from matome_app.search.frequent import read_frequent
from matome_app.search.matching import match
from matome_app.search.params import SearchParams
from matome_app.search.query import MAX_TERMS, Query, parse
from matome_app.search.ranking import all_slots
from matome_app.search.related import related_posts, similar_comments
from matome_app.search.snapshot import Names, Snapshot, WordReader
from matome_app.search.terms import TermTable, load_terms
from matome_app.search.verifying import verify
from matome_app.search.word_index import open_reader, words_generation
from matome_app.search.writer import SearchWriter, complete, renew_words

FACET_BUDGET: Final = 0.2
KEPT: Final = 2.0
"""Seconds that the state before the newest is kept for those who began in it."""
logger = logging.getLogger("matome")
T = TypeVar("T")


class WhooshEngine:
    """A search engine over tables of its own (`search_…`) in a SQLite database and a Whoosh index in a folder.

    Threads may share it. Nothing is opened before it is needed. `terms` is the term table (None: our own); a facet that
    is not counted `facet_budget` seconds after counting began is left out.
    """

    def __init__(
        self, database: Engine, folder: Path, terms: TermTable | None = None, facet_budget: float = FACET_BUDGET
    ) -> None:
        self._database = database
        self._folder = folder
        self._terms = load_terms() if terms is None else terms
        self._facet_budget = facet_budget
        self._snapshots: tuple[Snapshot, ...] = ()
        self._renewed = 0.0
        self._damaged: int | None = None
        self._refreshing = threading.Lock()
        self._given = threading.local()

    def create_tables(self, connection: Connection) -> None:
        """Create the engine's own tables where they are missing."""
        tables.create_tables(connection)

    def is_current(self, connection: Connection) -> bool:
        """Tell whether the tables are there and hold what today's analysis stores."""
        return tables.tables_exist(connection) and tables.get_meta(connection, "analyzer").split(" ")[0] == ANALYSIS

    def words_are_current(self, connection: Connection) -> bool:
        """Tell whether the words were cut with today's dictionary, and can be opened."""
        if tables.get_meta(connection, "analyzer") != analyzer_version():
            return False
        try:
            reader = open_reader(self._folder)
        except Exception as error:
            logger.warning("the words of the index are damaged (%s: %s)", type(error).__name__, error)
            return False
        if reader is not None:
            reader.close()
        return True

    def renew_words(self, connection: Connection) -> None:
        """Cut and write the words of all comments anew; searches go on meanwhile, with those of before."""
        renew_words(connection, self._folder)

    def clear(self, connection: Connection) -> None:
        """Forget everything indexed; the words go with the next commit of a bulk writer."""
        tables.clear_tables(connection)

    def writer(self, connection: Connection, bulk: bool = False) -> SearchWriter:
        """Return a writer that works inside the transaction of `connection`; `bulk` for a first build."""
        return SearchWriter(connection, self._folder, bulk)

    def complete(self, connection: Connection) -> int:
        """Index the words that an interrupted build left out; return how many posts that were."""
        return complete(connection, self._folder)

    def verify(self, connection: Connection) -> list[str]:
        """Look through everything indexed; return what is wrong with it, a line each."""
        return verify(connection, self._folder)

    def read_from(self, connection: Connection | None) -> None:
        """Answer this thread from the state that a connection sees; None: from the newest state at each question."""
        self._given.connection = connection

    def renew(self) -> None:
        """Read what changed, and forget what came before it when nobody can need it any more."""
        if time.monotonic() > self._renewed + KEPT:
            with self._refreshing:
                self._snapshots = self._snapshots[:1]
        with self._open():
            pass

    def highlights(self, q: str) -> tuple[str, ...]:
        """Return what `snippets` marks for a query, without searching: its words and their other spellings."""
        query = parse(q)
        return self._ask(lambda connection, snapshot: highlights(connection, snapshot, query))

    def search(self, params: SearchParams) -> SearchResult:
        """Answer a search; raises IndexUnavailable without tables, BadSearch for too many words or a page too far."""
        started = time.perf_counter()
        query = _read(params)
        return self._ask(lambda connection, snapshot: self._answer(connection, snapshot, params, query, started))

    def _answer(
        self, connection: Connection, snapshot: Snapshot, params: SearchParams, query: Query, started: float
    ) -> SearchResult:
        known = snapshot.cache.result(params)
        if known is not None:
            return dataclasses.replace(known, took_ms=(time.perf_counter() - started) * 1000)
        result = Answer(connection, snapshot, params, query, started, self._facet_budget).result()
        snapshot.cache.keep_result(result)
        return result

    def all_keys(self, params: SearchParams) -> list[int]:
        """Return the keys of all comments a search finds, in order, whatever the page."""
        query = _read(params)

        def keys(connection: Connection, snapshot: Snapshot) -> list[int]:
            found = match(connection, snapshot, query, params)
            slots = all_slots(snapshot.columns, found, order_of(params, query))
            return list(snapshot.columns.keys[slots].tolist())

        return self._ask(keys)

    def top_posts(self, params: SearchParams, limit: int) -> tuple[PostHit, ...]:
        """Return the posts with the most comments found, most first."""
        query = _read(params)

        def posts(connection: Connection, snapshot: Snapshot) -> tuple[PostHit, ...]:
            counts = snapshot.columns.hits_of_posts(match(connection, snapshot, query, params).slots)
            return posts_by_hits(snapshot.columns, np.flatnonzero(counts), counts, limit)

        return self._ask(posts)

    def similar_comments(self, key: int, limit: int) -> tuple[int, ...]:
        """Return the keys of the comments most like one, best first, never itself nor a copy of it."""
        return self._ask(lambda connection, snapshot: similar_comments(connection, snapshot, key, limit))

    def related_posts(self, key: int, limit: int) -> tuple[int, ...]:
        """Return the keys of the posts most like one by tags and text, best first."""
        return self._ask(lambda connection, snapshot: related_posts(connection, snapshot, key, limit))

    def _ask(self, question: Callable[[Connection, Snapshot], T]) -> T:
        """Answer from the state of now; where its words turn out to be damaged, once more without them."""
        with self._open() as (connection, snapshot):
            try:
                return question(connection, snapshot)
            except (MatomeError, DBAPIError):
                raise
            except Exception as error:  # whatever damaged files make Whoosh raise
                if self._damaged == snapshot.words_generation:
                    raise
                self._give_up_words(snapshot.words_generation, error)
                return question(connection, self._current(connection))

    @contextmanager
    def _open(self) -> Iterator[tuple[Connection, Snapshot]]:
        """Return a connection that sees one state of the database, and the snapshot of that state."""
        given: Connection | None = getattr(self._given, "connection", None)
        with self._database.connect() if given is None else nullcontext(given) as connection:
            if not self._snapshots and not tables.tables_exist(connection):
                raise IndexUnavailable("the search index is not built yet")
            _begin(connection)
            yield connection, self._current(connection)

    def _current(self, connection: Connection) -> Snapshot:
        """Return the snapshot of what the connection sees, made anew when something changed."""
        state = tables.generation(connection), words_generation(self._folder)
        snapshot = self._held(state)
        if snapshot is None:
            with self._refreshing:
                snapshot = self._held(state)
                if snapshot is None:
                    snapshot = self._take(connection, state[0])
                    self._keep(snapshot)
        return snapshot

    def _held(self, state: tuple[int, int]) -> Snapshot | None:
        return next((one for one in self._snapshots if (one.generation, one.words_generation) == state), None)

    def _keep(self, snapshot: Snapshot) -> None:
        """Hold the newest snapshot, and the one before: who began before a change reads on in the state of then."""
        several = sorted((snapshot, *self._snapshots), key=lambda one: (one.generation, one.words_generation))
        newest = {one.generation: one for one in several}  # of one generation that with the newest words
        self._snapshots = tuple(newest[generation] for generation in sorted(newest)[:-3:-1])
        self._renewed = time.monotonic()

    def _take(self, connection: Connection, generation: int) -> Snapshot:
        """Make the snapshot of what the connection sees, out of what is known of it and of the state before."""
        held = self._snapshots
        old = next((one for one in held if one.generation == generation), held[0] if held else None)
        same = old is not None and old.generation == generation
        columns = old.columns if old is not None and same else self._columns(connection, old)
        names = old.names if old is not None and same else Names(columns)
        frequent = read_frequent(
            self._folder.parent, columns.epoch, generation, before=old.frequent if old is not None else None
        )
        words = words_generation(self._folder)
        if words != self._damaged:
            try:
                reader = open_reader(self._folder)
                words = -1 if reader is None else int(reader.generation() or 0)
                read = WordReader(reader, columns, frequent, before=old.words if old is not None else None)
                return Snapshot(generation, words, columns, read, frequent, names, self._terms)
            except Exception as error:
                self._give_up_words(words, error)
        return Snapshot(generation, words, columns, WordReader(None, columns, None), frequent, names, self._terms)

    def _columns(self, connection: Connection, old: Snapshot | None) -> Columns:
        """Return the columns of now, by way of those of before, or those that were saved."""
        known = old.columns if old is not None else read_columns(self._folder.parent)
        return load_columns(connection) if known is None else renew_columns(connection, known)

    def _give_up_words(self, words: int, error: Exception) -> None:
        """Go on without the words of a damaged index: everything is still found, as partial hits."""
        logger.error(
            "the words of the index cannot be read (%s); search goes on without them, start again to rebuild",
            type(error).__name__,  # what it says may be a word of the search
        )
        self._damaged, self._snapshots = words, ()


def _read(params: SearchParams) -> Query:
    """Parse the query; raises BadSearch when it has too many words."""
    query = parse(params.q)
    if query.dropped:
        raise BadSearch(
            Message(
                "q=%(q)s…: 検索語は%(most)s個までです。%(dropped)s個減らしてください。",
                q=params.q[:20],
                most=MAX_TERMS,
                dropped=query.dropped,
            )
        )
    return query


def _begin(connection: Connection) -> None:
    """Start a read transaction where the driver would start none, so that all reads see one state."""
    raw = connection.connection.driver_connection
    if raw is not None and not raw.in_transaction:
        tables.fetch(connection, "BEGIN")
