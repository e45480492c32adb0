"""Make the mixed traffic of a site: what readers, htmx, feed readers, programs and lost visitors ask for."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from itertools import count
from typing import Final
from urllib.parse import quote, urlencode

from benchmarks.load_http import FINE, Ask
from benchmarks.load_paths import Paths, search_path

HTMX: Final = {"HX-Request": "true"}
LOST: Final = frozenset({404})
SHARES: Final = {
    "post": 26, "home": 10, "fragment": 12, "search": 20, "typing": 6, "json": 8, "feed": 5, "list": 5, "static": 4,
    "image": 2, "lost": 2,
}  # fmt: skip
"""Of a hundred: pages, folds that open, searches and those while one types, programs, files, what is not there."""
FEEDS: Final = ("/index.xml", "/index.atom", "/sitemap.xml", "/robots.txt", "/opensearch.xml")
LISTS: Final = ("/tags/", "/months/", "/users/", "/posts/?page=2", "/?order=discussed", "/search")
STATIC, IMAGE = (
    re.compile(r'(?:href|src)="(/static/[^"]+)"'),
    re.compile(r'(?:src|srcset)="(/(?:images|assets)/[^" ]+)'),
)


class Mix:
    """Draws what to ask for next; each visitor has a stream of its own, and no search comes twice."""

    def __init__(self, paths: Paths, port: int, host: str = "localhost", seed: int = 1) -> None:
        self._paths = paths
        self._number = count(seed * 3001)
        self._files = files_of(port, host)
        self.shares = {kind: share for kind, share in SHARES.items() if kind not in self._files or self._files[kind]}
        self.shares = {kind: share for kind, share in self.shares.items() if kind != "fragment" or paths.folds}

    def stream(self, number: int) -> Iterator[Ask]:
        """Yield what one visitor asks for, without end."""
        chance = random.Random(number)
        kinds, weights = list(self.shares), list(self.shares.values())
        while True:
            yield self._ask(chance.choices(kinds, weights)[0], chance)

    def _ask(self, kind: str, chance: random.Random) -> Ask:
        drawn: dict[str, Callable[[], str]] = {
            "post": lambda: chance.choice(self._paths.posts),
            "home": lambda: "/",
            "fragment": lambda: chance.choice(self._paths.folds),
            "search": lambda: search_path(self._search()),
            "typing": lambda: search_path(self._search()[:4]),
            "json": lambda: self._json(chance),
            "feed": lambda: chance.choice(FEEDS),
            "list": lambda: chance.choice(LISTS),
            "static": lambda: chance.choice(self._files["static"]),
            "image": lambda: chance.choice(self._files["image"]),
            "lost": lambda: f"/posts/2031_01/never-{chance.randrange(10**6)}/",
        }
        path = quote(drawn[kind](), safe="/?=&%+:#,;@~")
        headers = HTMX if kind in ("fragment", "typing") else {}
        return Ask(kind, path, headers, LOST if kind == "lost" else FINE)

    def _json(self, chance: random.Random) -> str:
        if chance.random() < 0.5:
            return f"/api/search?{urlencode({'q': self._search()})}"
        return f"/api{chance.choice(self._paths.posts).rstrip('/')}"

    def _search(self) -> str:
        searches = self._paths.any_searches
        return searches[next(self._number) % len(searches)]


def files_of(port: int, host: str = "localhost") -> dict[str, list[str]]:
    """Return the addresses of files that the home page names: `static` ones and pictures (`image`)."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/", headers={"Host": host})
        page = connection.getresponse().read().decode()
    return {"static": sorted(set(STATIC.findall(page))), "image": sorted(set(IMAGE.findall(page)))[:6]}
