"""Answer searches from SQLite (what is found), Whoosh (how good it is) and NumPy (order, filters, facets)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from matome_app.errors import BadSearch, IndexUnavailable, MatomeError
from matome_app.search import tables
from matome_app.search.analysis import analyzer_version
from matome_app.search.chips import make_chips
from matome_app.search.columns import Columns, Ints, load_columns
from matome_app.search.engine import Hit, PostHit, SearchResult
from matome_app.search.facets import count_facets, count_months, post_counts
from matome_app.search.leaves import SPELLING, find
from matome_app.search.matching import Matches, is_sought, match, param_flags
from matome_app.search.params import Scope, SearchParams, Sort
from matome_app.search.query import MAX_TERMS, Group, Query, Term, parse
from matome_app.search.ranking import all_slots, page_count, page_slots
from matome_app.search.related import related_posts, similar_comments
from matome_app.search.snapshot import Names, Snapshot, WordReader
from matome_app.search.suggest import suggest
from matome_app.search.titles import pattern_of, posts_with
from matome_app.search.word_index import open_reader, words_generation
from matome_app.search.writer import SearchWriter, complete

MOST_POSTS: Final = 5
logger = logging.getLogger("matome")


class WhooshEngine:
    """A search engine over tables of its own (`search_…`) in a SQLite database and a Whoosh index in a folder.

    Threads may share it. Nothing is opened before it is needed.
    """

    def __init__(self, database: Engine, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._snapshot: Snapshot | None = None
        self._damaged: int | None = None
        self._refreshing = threading.Lock()

    def create_tables(self, connection: Connection) -> None:
        """Create the engine's own tables where they are missing."""
        tables.create_tables(connection)

    def is_current(self, connection: Connection) -> bool:
        """Tell whether what is indexed was made by today's analyzer, and whether its words can be opened."""
        if not tables.tables_exist(connection) or tables.get_meta(connection, "analyzer") != analyzer_version():
            return False
        try:
            reader = open_reader(self._folder)
        except Exception as error:
            logger.warning("the words of the index are damaged (%s: %s)", type(error).__name__, error)
            return False
        if reader is not None:
            reader.close()
        return True

    def clear(self, connection: Connection) -> None:
        """Forget everything indexed; the words go with the next commit of a bulk writer."""
        tables.clear_tables(connection)

    def writer(self, connection: Connection, bulk: bool = False) -> SearchWriter:
        """Return a writer that works inside the transaction of `connection`; `bulk` for a first build."""
        return SearchWriter(connection, self._folder, bulk)

    def complete(self, connection: Connection) -> int:
        """Index the words that an interrupted build left out; return how many posts that were."""
        return complete(connection, self._folder)

    def highlights(self, q: str) -> tuple[str, ...]:
        """Return what `snippets` marks for a query, without searching."""
        return tuple(dict.fromkeys(pattern_of(term) for term in parse(q).terms()))

    def search(self, params: SearchParams) -> SearchResult:
        """Answer a search; raises IndexUnavailable without tables, BadSearch for too many words or a page too far."""
        started = time.perf_counter()
        query = _read(params)
        marks = self.highlights(params.q)
        with self._open() as (connection, snapshot):
            try:
                return _Search(connection, snapshot, params, query, started).answer(marks)
            except (MatomeError, DBAPIError):
                raise
            except Exception as error:  # whatever damaged files make Whoosh raise
                if self._damaged == snapshot.words_generation:
                    raise
                self._give_up_words(snapshot.words_generation, error)
                return _Search(connection, self._current(connection), params, query, started).answer(marks)

    def all_keys(self, params: SearchParams) -> list[int]:
        """Return the keys of all comments a search finds, in order, whatever the page."""
        query = _read(params)
        with self._open() as (connection, snapshot):
            found = match(connection, snapshot, query, params)
            slots = all_slots(snapshot.columns, found, _order(params, query))
            keys: list[int] = snapshot.columns.keys[slots].tolist()
        return keys

    def top_posts(self, params: SearchParams, limit: int) -> tuple[PostHit, ...]:
        """Return the posts with the most comments found, most first."""
        query = _read(params)
        with self._open() as (connection, snapshot):
            counts = post_counts(snapshot.columns, match(connection, snapshot, query, params))
            return _posts_by_hits(snapshot.columns, np.flatnonzero(counts).tolist(), counts)[:limit]

    def similar_comments(self, key: int, limit: int) -> tuple[int, ...]:
        """Return the keys of the comments most like one, best first, never itself nor a copy of it."""
        with self._open() as (connection, snapshot):
            return similar_comments(connection, snapshot, key, limit)

    def related_posts(self, key: int, limit: int) -> tuple[int, ...]:
        """Return the keys of the posts most like one by tags and text, best first."""
        with self._open() as (connection, snapshot):
            return related_posts(connection, snapshot, key, limit)

    @contextmanager
    def _open(self) -> Iterator[tuple[Connection, Snapshot]]:
        """Open a connection that sees one state of the database, and the snapshot of that state."""
        with self._database.connect() as connection:
            if not tables.tables_exist(connection):
                raise IndexUnavailable("the search index is not built yet")
            _begin(connection)
            yield connection, self._current(connection)

    def _current(self, connection: Connection) -> Snapshot:
        """Return the snapshot of what the connection sees, made anew when something changed."""
        snapshot = self._snapshot
        if snapshot is None or not self._is_fresh(snapshot, connection):
            with self._refreshing:
                snapshot = self._snapshot
                if snapshot is None or not self._is_fresh(snapshot, connection):
                    self._snapshot = snapshot = self._take(connection, snapshot)
        return snapshot

    def _is_fresh(self, snapshot: Snapshot, connection: Connection) -> bool:
        return snapshot.generation == tables.generation(connection) and snapshot.words_generation == words_generation(
            self._folder
        )

    def _take(self, connection: Connection, old: Snapshot | None) -> Snapshot:
        generation = tables.generation(connection)
        same = old is not None and old.generation == generation
        columns = old.columns if old is not None and same else load_columns(connection)
        names = old.names if old is not None and same else Names(columns)
        words = words_generation(self._folder)
        if words != self._damaged:
            try:
                reader = open_reader(self._folder)
                words = -1 if reader is None else int(reader.generation() or 0)
                return Snapshot(generation, words, columns, WordReader(reader, columns), names)
            except Exception as error:
                self._give_up_words(words, error)
        return Snapshot(generation, words, columns, WordReader(None, columns), names)

    def _give_up_words(self, words: int, error: Exception) -> None:
        """Go on without the words of a damaged index: everything is still found, as partial hits."""
        logger.error(
            "the words of the index cannot be read (%s: %s); search goes on without them, start again to rebuild",
            type(error).__name__,
            error,
        )
        self._damaged, self._snapshot = words, None


def _read(params: SearchParams) -> Query:
    """Parse the query; raises BadSearch when it has too many words."""
    query = parse(params.q)
    if query.dropped:
        raise BadSearch(f"q={params.q[:20]}…: 検索語は{MAX_TERMS}個までです。{query.dropped}個減らしてください。")
    return query


def _order(params: SearchParams, query: Query) -> Sort:
    """Return the order: without words nothing is more relevant, so the newest come first."""
    if params.sort == "relevance" and not any(map(is_sought, query.groups)):
        return "newest"
    return params.sort


def _begin(connection: Connection) -> None:
    """Start a read transaction where the driver would start none, so that all reads see one state."""
    raw = connection.connection.driver_connection
    if raw is not None and not raw.in_transaction:
        connection.exec_driver_sql("BEGIN")


class _Search:
    """Answers one search from one snapshot."""

    def __init__(
        self, connection: Connection, snapshot: Snapshot, params: SearchParams, query: Query, started: float
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._params = params
        self._query = query
        self._started = started

    def answer(self, highlights: tuple[str, ...]) -> SearchResult:
        """Search, count and cut out the page."""
        params, query, columns = self._params, self._query, self._snapshot.columns
        found = match(self._connection, self._snapshot, query, params)
        slots = page_slots(columns, found, _order(params, query), params.page)
        total = found.total
        return SearchResult(
            params=params,
            total=total,
            page=params.page,
            pages=page_count(total),
            hits=self._hits(found, slots),
            facets=count_facets(self._snapshot, params, found),
            posts=self._posts(found),
            suggestions=() if total else suggest(params, query, self._snapshot.words, self._count),
            chips=make_chips(params, query, self._holding),
            highlights=highlights,
            totals=self._totals(total),
            months=count_months(self._snapshot, params, self._in_all_months(found)),
            took_ms=(time.perf_counter() - self._started) * 1000,
        )

    def _hits(self, found: Matches, slots: Ints) -> tuple[Hit, ...]:
        keys: list[int] = self._snapshot.columns.keys[slots].tolist()
        marks = ", ".join("?" * len(keys))
        query = f"SELECT key, id FROM search_comments WHERE key IN ({marks})"
        ids = {int(key): str(id_) for key, id_ in self._connection.exec_driver_sql(query, tuple(keys))} if keys else {}
        tiers = found.tier[slots].tolist()
        return tuple(
            Hit(key, ids[key], "word" if tier >= SPELLING else "partial") for key, tier in zip(keys, tiers, strict=True)
        )

    def _posts(self, found: Matches) -> tuple[PostHit, ...]:
        """Return the posts whose title or tags match every word, those with the most hits first."""
        columns = self._snapshot.columns
        sought = [group for group in self._query.groups if any(_is_positive(part) for part in group.parts)]
        if not sought:
            return ()
        flags = np.logical_and.reduce([posts_with(columns, group) for group in sought])
        narrowed = param_flags(self._snapshot, SearchParams(tags=self._params.tags, month=self._params.month))
        for allowed in narrowed:
            flags &= np.bincount(columns.post[allowed], minlength=len(columns.posts)) > 0
        return _posts_by_hits(columns, np.flatnonzero(flags).tolist(), post_counts(columns, found))[:MOST_POSTS]

    def _totals(self, total: int) -> dict[Scope, int]:
        """Return what each scope finds; with one word they find the same."""
        if sum(map(is_sought, self._query.groups)) < 2:
            return {"comment": total, "post": total}
        other: Scope = "comment" if self._params.scope == "post" else "post"
        return {self._params.scope: total, other: self._count(self._params.replace(scope=other))}

    def _in_all_months(self, found: Matches) -> Matches:
        """Return what would be found if no month were chosen in the URL."""
        if not self._params.month:
            return found
        return match(self._connection, self._snapshot, self._query, self._params.replace(month=""))

    def _count(self, params: SearchParams) -> int:
        """Return the total of another search."""
        return match(self._connection, self._snapshot, parse(params.q), params).total

    def _holding(self, group: Group) -> int:
        """Return how many comments hold one of the words of a group (for an exclusion: the excluded word)."""
        terms = [part for part in group.parts if isinstance(part, Term)]
        leaves = [find(self._connection, self._snapshot, term).slots for term in terms]
        return len(leaves[0]) if len(leaves) == 1 else len(np.unique(np.concatenate(leaves)))


def _posts_by_hits(columns: Columns, numbers: list[int], counts: Ints) -> tuple[PostHit, ...]:
    """Return posts by their ordinals, those with the most hits first, then the newest."""
    best = sorted(numbers, key=lambda n: (-counts[n], -columns.posts[n].date, columns.posts[n].path))
    posts = [(columns.posts[number], int(counts[number])) for number in best]
    return tuple(PostHit(post.key, post.path, post.url, post.title, hits) for post, hits in posts)


def _is_positive(part: object) -> bool:
    return isinstance(part, Term) and not part.excluded
