"""Measure the index and the pages on the content that the settings name: `make bench`, or `python -m benchmarks`.

Builds into a temporary data folder, then asks for pages in process, through WSGI, with a warm cache: the server's own
time, without a network. Times of a shared machine differ from run to run; compare them within one.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from matome_app import create_app, ingest
from matome_app.config import Settings
from matome_app.web.context import KEY

ROUNDS = 30
QUERIES = ("メモリ", "Rust", "型", "C++", "オープンソース ライセンス", "AI -Google", '"ガベージコレクション"', "の")


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"BUILD": False, "DATA_DIR": folder})
        settings: Settings = app.extensions[KEY].settings
        print(f"content: {settings.content_dir}")
        measure_index(settings)
        measure_start(app)
        measure_pages(app.test_client())
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(f"data folder: {size / 1e6:.0f} MB")


def measure_index(settings: Settings) -> None:
    """Build everything once."""
    report = ingest.run(settings)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    helper = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"index: {report.added} posts, {report.comments:,} comments in {report.seconds:.1f} s "
        f"({report.comments_a_second:,.0f} a second); peak memory {own:.0f} MB, helper process {helper:.0f} MB"
    )


def measure_start(app: Flask) -> None:
    """Time what a start with nothing changed does."""
    settings: Settings = app.extensions[KEY].settings
    started = time.perf_counter()
    current = ingest.is_up_to_date(settings)
    ms = (time.perf_counter() - started) * 1000
    print(f"unchanged start: {'nothing' if current else 'something'} to do, {ms:.0f} ms")


def measure_pages(client: FlaskClient) -> None:
    """Time pages and fragments, median of many requests after a first that is not counted."""
    posts = client.get("/api/posts").get_json()["posts"]
    pages = {"home": "/", "list": "/posts/?page=1", "tags": "/tags/", "post": posts[0]["url"]}
    for name, url in pages.items():
        print(f"{name}: {median_ms(client, url):.1f} ms")
    print(f"fold fragment: {median_ms(client, posts[0]['url'] + 'details/1', fragment=True):.1f} ms")
    times = {query: median_ms(client, "/search", query=query, fragment=True) for query in QUERIES}
    for query, ms in times.items():
        print(f"search fragment {query}: {ms:.1f} ms")
    print(f"search fragment, median of queries: {statistics.median(times.values()):.1f} ms")


def median_ms(client: FlaskClient, url: str, *, query: str = "", fragment: bool = False) -> float:
    """Return the median time of a request in milliseconds."""
    headers = {"HX-Request": "true"} if fragment else {}
    times = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        response = client.get(url, query_string={"q": query} if query else None, headers=headers)
        times.append((time.perf_counter() - started) * 1000)
        assert response.status_code in (200, 404), (url, response.status_code)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
