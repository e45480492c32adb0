"""Measure the site and its search beside other engines: `make bench`, or `python -m benchmarks --help`.

Builds into a temporary data folder. Times of a shared machine differ from run to run; compare them within one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.contest import Contest, contenders, spread
from benchmarks.fuse import Fuse, write_posts
from benchmarks.ours import Ours
from benchmarks.queries import kinds, mix, read_queries
from benchmarks.report import targets, write
from benchmarks.results import Machine, Results
from benchmarks.rival import build_all, folder_of
from benchmarks.rivals import RIVALS
from benchmarks.serving import measure_memory
from benchmarks.site import measure_build, measure_pages, measure_size, sample_content
from benchmarks.texts import read_texts, read_values
from matome_app import create_app
from matome_app.config import ROOT, Settings
from matome_app.web.context import KEY

SHARED = ROOT.parent / "shared"
QUICK_POSTS, QUICK_QUERIES = 60, 80
PACKAGES = ("whoosh3", "numpy", "sudachipy", "sudachidict-core", "tantivy")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the report and write it."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="matome-bench-") as folder:
        results = measure(Path(folder), options)
    path = write(results, options.output)
    print(path.read_text(encoding="utf-8"))
    missed = [target.what for target in targets(results) if not target.is_met]
    print(f"{path}: {len(missed)} targets not met{': ' if missed else ''}{'; '.join(missed)}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    shared = SHARED / "corpus" / "content"
    default = os.environ.get("MATOME_CONTENT_DIR") or (shared if shared.is_dir() else ROOT / "content")
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--content", type=Path, default=Path(default), help="the content folder (%(default)s)")
    parser.add_argument("--queries", type=Path, help="a file of queries to ask besides those drawn from the texts")
    parser.add_argument("--rounds", type=int, default=3, help="how often every query is asked (%(default)s)")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_POSTS} posts, {QUICK_QUERIES} queries, and no page in docs/"
    )
    parser.add_argument("--before", type=Path, help="benchmarks.json of an earlier run, for the ratio of the build")
    parser.add_argument("--output", type=Path, help="the folder for the report (docs)")
    options = parser.parse_args(arguments)
    given = SHARED / "queries" / "dev.jsonl"
    if options.queries is None and given.is_file() and options.content.resolve().is_relative_to(SHARED.resolve()):
        options.queries = given
    options.output = options.output or ROOT / ("build/benchmarks" if options.quick else "docs")
    return options


def measure(folder: Path, options: argparse.Namespace) -> Results:
    """Build everything below a folder and measure it."""
    content = options.content
    if options.quick:
        sample_content(content, folder / "content", QUICK_POSTS)
        content = folder / "content"
    app = create_app({"BUILD": False, "DATA_DIR": str(folder / "data"), "CONTENT_DIR": str(content)})
    settings: Settings = app.extensions[KEY].settings
    _say("building the site")
    build = measure_build(settings)
    generation = app.extensions[KEY].reader().generation
    database = generation.folder / "matome.sqlite3"
    pages = measure_pages(app.test_client())
    size = measure_size(settings, generation, database)

    _say("cutting the texts into words")
    started = datetime.now(UTC)
    texts = read_texts(database)
    word_seconds = (datetime.now(UTC) - started).total_seconds()
    given = read_queries(options.queries) if options.queries else []
    values = read_values(database)
    if options.quick:
        queries = mix(given[: QUICK_QUERIES // 2], texts, values, QUICK_QUERIES, QUICK_QUERIES // 2)
    else:
        queries = mix(given, texts, values)
    _say("serving")
    memory = measure_memory(settings, queries)
    _say(f"building {len(RIVALS)} other engines")
    took = build_all(RIVALS, folder, texts)
    write_posts(database, texts, folder / "posts.json")

    _say(f"asking {len(queries)} queries")
    ours = Ours(app)
    rivals = [kind(folder_of(folder, kind), texts) for kind in RIVALS]
    for rival in rivals:
        rival.open()
    with Fuse(folder / "posts.json") as fuse:
        contest = Contest(ours, rivals, fuse)
        contest.run(queries, options.rounds)
    _say("comparing what was found")
    rows = contenders(contest, queries, texts, took, (build.seconds, size.index))
    for rival in rivals:
        rival.close()
    return Results(
        machine=_machine(),
        comments=build.comments,
        posts=build.posts,
        characters=texts.characters,
        queries=kinds(queries),
        rounds=options.rounds,
        build=build,
        size=size,
        ours={name: found for name, times in ours.times.items() if (found := spread(times)) is not None},
        contenders=rows,
        word_seconds=round(word_seconds, 1),
        memory=memory,
        pages=pages,
        before_seconds=_build_seconds(options.before) if options.before else None,
    )


def _build_seconds(path: Path) -> float:
    return float(json.loads(path.read_text(encoding="utf-8"))["build"]["seconds"])


def _machine() -> Machine:
    versions = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    versions.update({name: version(name) for name in PACKAGES})
    return Machine(f"{datetime.now(UTC):%Y-%m-%d}", os.cpu_count() or 1, _system(), versions)


def _system() -> str:
    return f"{platform.system()} on {platform.machine()}"


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)


if __name__ == "__main__":
    main()
