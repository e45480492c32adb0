"""Measure the index and the pages of the site: building, starting, size on disk, and what readers ask for most."""

from __future__ import annotations

import resource
import shutil
import statistics
import time
from contextlib import closing
from pathlib import Path

from flask.testing import FlaskClient

from benchmarks.pages import Subjects
from benchmarks.results import Build, PageTime, Size
from benchmarks.rival import bytes_in
from benchmarks.texts import connect
from matome_app import ingest, judging
from matome_app.config import Settings
from matome_app.store.generations import Generation

ROUNDS = 30


def sample_content(content: Path, target: Path, posts: int) -> None:
    """Copy some posts of a content folder, evenly spread over it."""
    found = sorted(content.rglob("index.md"))
    for path in found[:: max(1, len(found) // posts)][:posts]:
        shutil.copytree(path.parent, target / path.parent.relative_to(content))


def measure_build(settings: Settings) -> Build:
    """Build everything once, then do what a start does with nothing changed."""
    report = ingest.run(settings)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    helper = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    started = time.perf_counter()
    if not judging.is_up_to_date(settings):
        raise RuntimeError("the index is not up to date right after it was built")
    unchanged = (time.perf_counter() - started) * 1000
    return Build(round(report.seconds, 2), report.added, report.comments, round(own), round(helper), round(unchanged))


def measure_size(settings: Settings, generation: Generation, database: Path) -> Size:
    """Add up the pages of every search table with its indexes (SQLite's dbstat), and the files."""
    with closing(connect(database)) as connection:
        rows = connection.execute(
            "SELECT m.tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master AS m USING (name)"
            " WHERE m.tbl_name LIKE 'search\\_%' ESCAPE '\\' GROUP BY m.tbl_name"
        ).fetchall()
    tables: dict[str, int] = {}
    for name, size in rows:
        # an FTS5 table lies in tables of its own: NAME_data, NAME_idx and so on
        owner = next((full for full in ("search_grams", "search_trigrams") if name.startswith(f"{full}_")), name)
        tables[owner] = tables.get(owner, 0) + size
    return Size(tables, bytes_in(generation.words), bytes_in(settings.data_dir))


def measure_pages(client: FlaskClient, chosen: Subjects) -> dict[str, PageTime]:
    """Time pages, each the median of many requests after a first that is not counted."""
    pages = {
        **chosen.named(),
        "second page": "/posts/?page=2",
        "tags": "/tags/",
        "months": "/months/",
        "commenters": "/users/",
        "feed": "/index.xml",
        "sitemap": "/sitemap.xml",
    }
    times = {name: _time(client, path) for name, path in pages.items()}
    times["results as a fragment"] = _time(client, chosen.results, {"HX-Request": "true"})
    times["a fold as a fragment"] = _time(client, chosen.post + "details/1", {"HX-Request": "true"})
    known = client.get(chosen.post).headers.get("ETag", "")
    times["a post that the reader has (304)"] = _time(client, chosen.post, {"If-None-Match": known})
    return times


def _time(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> PageTime:
    times, computing = [], []
    for _ in range(ROUNDS + 1):
        started, worked = time.perf_counter(), time.process_time()
        response = client.get(path, headers=headers)
        computing.append((time.process_time() - worked) * 1000)
        times.append((time.perf_counter() - started) * 1000)
        if response.status_code not in (200, 304, 404):  # a small site may have no second page
            raise RuntimeError(f"{response.status_code} for {path}")
    return PageTime(round(statistics.median(times[1:]), 2), round(statistics.median(computing[1:]), 2))
