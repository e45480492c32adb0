"""Ask the whole application in process, through WSGI, with caches empty or full: the server's time, no network."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from typing import cast

from flask import Flask

from benchmarks.queries import Query
from benchmarks.rival import HITS
from matome_app.runtime import Runtime
from matome_app.search.engine import SearchEngine
from matome_app.search.matching import match
from matome_app.search.opening import opened
from matome_app.search.params import SearchParams
from matome_app.search.query import parse
from matome_app.search.ranking import page_slots
from matome_app.search.snapshot import LeafCache
from matome_app.web.context import KEY

RESOURCES = 8
"""Functions that remember no more than this keep what the process needs (term tables), not queries."""

JSON, FRAGMENT = "/api/search", "/search"
COLD, ENGINE_COLD, WARM, ENGINE_WARM = "JSON, cold", "took_ms, cold", "JSON, warm", "took_ms, warm"
FRAGMENT_COLD, FRAGMENT_WARM = "fragment, cold", "fragment, warm"
BEST_COLD, BEST_WARM = "20 best, cold", "20 best, warm"
REQUESTS = (COLD, ENGINE_COLD, FRAGMENT_COLD, BEST_COLD, WARM, ENGINE_WARM, FRAGMENT_WARM, BEST_WARM)


@dataclass
class Ours:
    """The application with an index; `times` are of each kind of request, by query, one value a round, in ms."""

    app: Flask
    times: dict[str, dict[Query, list[float]]] = field(default_factory=lambda: {name: {} for name in REQUESTS})

    def __post_init__(self) -> None:
        self._client = self.app.test_client()
        self._memories = list(memories())

    @property
    def engine(self) -> SearchEngine:
        """The search engine that the application reads from."""
        return cast(Runtime, self.app.extensions[KEY]).reader().engine

    def cold(self, query: Query) -> None:
        """Time a query of which nothing is remembered: the index is open, its caches are empty."""
        self._ask(query, COLD, ENGINE_COLD, FRAGMENT_COLD, is_cold=True)

    def warm(self, query: Query) -> None:
        """Time a query with whatever those before have left in the caches."""
        self._ask(query, WARM, ENGINE_WARM, FRAGMENT_WARM, is_cold=False)

    def best(self, query: Query, *, is_cold: bool) -> None:
        """Time the work that other engines do for a query."""
        self._note(BEST_COLD if is_cold else BEST_WARM, query, self._best(query, is_cold))

    def _ask(self, query: Query, whole: str, engine: str, fragment: str, *, is_cold: bool) -> None:
        ms, took = self.request(query, is_cold=is_cold)
        self._note(whole, query, ms)
        self._note(engine, query, took)
        self._note(fragment, query, self.request(query, is_cold=is_cold, fragment=True)[0])

    def _note(self, name: str, query: Query, ms: float) -> None:
        self.times[name].setdefault(query, []).append(ms)

    def request(self, query: Query, *, is_cold: bool = False, fragment: bool = False) -> tuple[float, float]:
        """Ask for JSON or the fragment; return the milliseconds of the request and, of JSON, those of the engine."""
        if is_cold:
            self._forget()
        headers = {"HX-Request": "true"} if fragment else {}
        started = time.perf_counter()
        response = self._client.get(FRAGMENT if fragment else JSON, query_string=query.arguments, headers=headers)
        ms = (time.perf_counter() - started) * 1000
        if response.status_code != 200:
            raise RuntimeError(f"{response.status_code} for {query}")
        return ms, 0.0 if fragment else float(response.get_json()["took_ms"])

    def _best(self, query: Query, is_cold: bool) -> float:
        """Time what the other engines do: parse, find, count, and the ids of the 20 best; nothing for the page."""
        engine = opened(self.engine)
        if is_cold:
            self._forget()
        params = SearchParams.from_args(query.arguments)
        started = time.perf_counter()
        with engine._open() as (connection, snapshot):
            found = match(connection, snapshot, parse(params.q), params)
            snapshot.columns.keys[page_slots(snapshot.columns, found, params.sort, 1)[:HITS]].tolist()
        return (time.perf_counter() - started) * 1000

    def _forget(self) -> None:
        """Empty the cache of what terms find, and what functions remember of the queries before."""
        engine = opened(self.engine)
        if engine._snapshots:
            engine._snapshots[0].cache = LeafCache()
        for clear in self._memories:
            clear()

    def every(self, q: str) -> set[int]:
        """Return the keys of all comments that a query without filters finds."""
        return set(self.engine.all_keys(SearchParams(q=q)))


def memories() -> Iterator[Callable[[], None]]:
    """Yield what empties each bounded `lru_cache` of matome's modules; an unbounded one holds what never changes."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("matome_app.")]
    values = {id(value): value for module in modules for value in vars(module).values()}
    for function in values.values():
        if isinstance(function, _lru_cache_wrapper) and (function.cache_parameters()["maxsize"] or 0) > RESOURCES:
            yield function.cache_clear
