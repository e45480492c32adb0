"""What the browser tests hold on to: the running site, and what its pages complain of."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

from tests.browser.sample_site import LONG


class Site(NamedTuple):
    """A running site: its address."""

    base: str

    def json(self, path: str) -> Any:
        """Return what the JSON interface answers for a path."""
        with urllib.request.urlopen(self.base + path, timeout=30) as answer:
            return json.load(answer)

    def folded_comment(self, fold: int) -> str:
        """Return the id of the last comment in a fold of the long post."""
        comments = self.json(f"/api/{LONG}")["comments"]
        return str([comment["id"] for comment in comments if comment["details"] == fold][-1])


class Watch:
    """Note every error that a page reports, and every request that fails or leaves the site."""

    def __init__(self, base: str) -> None:
        self.host = urlsplit(base).netloc
        self.requests: list[str] = []
        self._problems: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        """Say that problems matching a pattern belong to the test."""
        self._expected.append(re.compile(pattern))

    def problems(self) -> list[str]:
        """Return the problems that nothing in the test expects."""
        return [one for one in self._problems if not any(pattern.search(one) for pattern in self._expected)]

    def asked(self, part: str) -> list[str]:
        """Return the addresses requested so far that hold a text."""
        return [url for url in self.requests if part in url]

    def attach(self, context: BrowserContext) -> None:
        """Listen to every page of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._problems.append(f"page error: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._problems.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        if urlsplit(request.url).netloc != self.host and not request.url.startswith("data:"):
            self._problems.append(f"request to another host: {request.url}")

    def _failed(self, request: Request) -> None:
        # The page itself gave an aborted one up: for a newer search, or for another page.
        if request.failure != "net::ERR_ABORTED":
            self._problems.append(f"request failed: {request.url} ({request.failure})")
