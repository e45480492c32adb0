"""Ask a server over HTTP, one connection, and note how long each answer takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from benchmarks.queries import Query


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, after how many milliseconds."""

    status: int
    body: bytes
    ms: float

    def json(self) -> dict[str, Any]:
        """Return what JSON it holds."""
        values: dict[str, Any] = json.loads(self.body)
        return values


class Client:
    """Asks a server on this machine; opens its connection again when it was closed."""

    def __init__(self, port: int, timeout: float = 120) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._connection.close()

    def get(self, address: str) -> Answer:
        """Ask for an address; raises OSError or HTTPException when there is no server."""
        try:
            return self._get(address)
        except (ConnectionError, HTTPException):
            self._connection.close()
            return self._get(address)

    def _get(self, address: str) -> Answer:
        started = time.perf_counter()
        self._connection.request("GET", address)
        response = self._connection.getresponse()
        body = response.read()
        return Answer(response.status, body, (time.perf_counter() - started) * 1000)

    def search(self, query: Query) -> Answer:
        """Ask `/api/search`: hits with snippets, totals and facets."""
        answer = self.get(f"/api/search?{urlencode(query.arguments)}")
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for {query}")
        return answer

    def total(self, query: Query) -> int:
        """Return how many comments a query finds."""
        return int(self.search(query).json()["total"])


def wait_for(port: int, address: str, is_there: Callable[[Answer], bool], seconds: float) -> float:
    """Ask until an answer is as it should be, and return how many seconds that took."""
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        with suppress(OSError, HTTPException), Client(port, timeout=seconds) as client:
            if is_there(client.get(address)):
                return time.perf_counter() - started
        time.sleep(0.005)
    raise RuntimeError(f"{address} was not as it should be for {seconds:.0f} s")


def ask(client: Client, queries: Iterable[Query]) -> dict[Query, float]:
    """Ask each query once, and return the milliseconds."""
    return {query: client.search(query).ms for query in queries}
