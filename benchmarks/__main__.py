"""Measure the site and its search beside other engines: `make bench`, or `python -m benchmarks --help`.

Builds into a temporary data folder. Times of a shared machine differ from run to run; compare them within one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from flask import Flask

from benchmarks import budget, growth, processes, static_site
from benchmarks.asked import QUERIES, query_log
from benchmarks.browsing import Missing, chromium
from benchmarks.contest import Contest, contenders, spread
from benchmarks.fuse import Fuse, write_posts
from benchmarks.loaded import read_loaded
from benchmarks.ours import Ours
from benchmarks.pages import QUICK, Pace, measure_browsing, subjects
from benchmarks.queries import kinds, mix, read_queries
from benchmarks.report import targets, write
from benchmarks.results import Machine, PageTime, Results, read_results
from benchmarks.rival import build_all, folder_of
from benchmarks.rivals import RIVALS
from benchmarks.scale import CORPUS, SIZES, comments_of, measure_site, prepare
from benchmarks.scaled import Scale, read_scale, write_scale
from benchmarks.serving import measure_memory, serve
from benchmarks.site import measure_build, measure_pages, measure_size, sample_content
from benchmarks.texts import read_texts, read_values
from benchmarks.visits import Browsing
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
        results = MEASURES[options.only](Path(folder), options)
        scale = read_scale(options.output) or read_scale(ROOT / "docs")
        if options.only in (None, "scale") and options.sizes:
            scale = measure_scale(options.keep or Path(folder), options)
    loaded = read_loaded(options.output) or read_loaded(ROOT / "docs")
    path = write(results, options.output, scale, loaded)
    print(path.read_text(encoding="utf-8"))
    judged = [
        *targets(results),
        *(budget.targets(results.browsing) if results.browsing else ()),
        *(growth.targets(scale) if scale else ()),
    ]
    missed = [target.what for target in judged if not target.is_met]
    print(f"{path}: {len(missed)} targets not met{': ' if missed else ''}{'; '.join(missed)}")
    if results.missing:
        print(f"The pages were not read in a browser: {results.missing}")


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
    parser.add_argument(
        "--only",
        choices=["pages", "scale", "report"],
        help="measure this alone (report: nothing, the report is written anew), the rest is of an earlier run",
    )
    parser.add_argument(
        "--sizes",
        help="comments of the made sites, such as 10k,100k,1M; corpus is the content itself, none is no site",
    )
    parser.add_argument("--keep", type=Path, help="a folder for the made sites, which are taken from there if they are")
    parser.add_argument("--index", type=Path, help="with --only, a data folder to serve instead of building one")
    parser.add_argument("--before", type=Path, help="benchmarks.json of an earlier run, for the ratio of the build")
    parser.add_argument("--output", type=Path, help="the folder for the report (docs)")
    options = parser.parse_args(arguments)
    given = SHARED / "queries" / "dev.jsonl"
    if options.queries is None and given.is_file() and options.content.resolve().is_relative_to(SHARED.resolve()):
        options.queries = given
    options.sizes = sizes_of(options)
    options.output = options.output or ROOT / ("build/benchmarks" if options.quick else "docs")
    return options


def measure(folder: Path, options: argparse.Namespace) -> Results:
    """Build everything below a folder and measure it."""
    content = options.content
    if options.quick:
        sample_content(content, folder / "content", QUICK_POSTS)
        content = folder / "content"
    app, settings = _application(folder / "data", content)
    _say("building the site")
    build = measure_build(settings)
    generation = app.extensions[KEY].reader().generation
    database = generation.folder / "matome.sqlite3"
    pages, browsing, missing = _measure_pages(app, settings, options)
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
        browsing=browsing,
        missing=missing,
        before_seconds=_build_seconds(options.before) if options.before else None,
    )


def measure_only_pages(folder: Path, options: argparse.Namespace) -> Results:
    """Measure the pages alone, and put them into the results of an earlier run."""
    earlier = read_earlier(folder, options)
    data: Path = options.index or folder / "data"
    app, settings = _application(data, options.content)
    if options.index is None:
        _say("building the site")
        measure_build(settings)
    pages, browsing, missing = _measure_pages(app, settings, options)
    return replace(earlier, pages=pages, browsing=browsing, missing=missing)


def read_earlier(_folder: Path, options: argparse.Namespace) -> Results:
    """Read the results of an earlier run."""
    earlier = next((path for path in (options.output, ROOT / "docs") if (path / "benchmarks.json").is_file()), None)
    if earlier is None:
        raise SystemExit("there are no results of an earlier run to put these into: run make bench without --only")
    return read_results(earlier / "benchmarks.json")


MEASURES = {None: measure, "pages": measure_only_pages, "scale": read_earlier, "report": read_earlier}


def sizes_of(options: argparse.Namespace) -> dict[str, int]:
    """Return the sizes to measure, comments by label; a corpus has 0."""
    shared = options.content.resolve().is_relative_to(SHARED.resolve())
    usual = "10k" if options.quick else ",".join([*(["corpus"] if shared else []), *SIZES])
    labels = [] if options.sizes == "none" else (options.sizes or usual).split(",")
    try:
        return {label: 0 if label == CORPUS else comments_of(label) for label in labels}
    except ValueError:
        raise SystemExit(f"--sizes {options.sizes}: numbers such as 5000, 10k and 1M, with commas between") from None


def measure_scale(folder: Path, options: argparse.Namespace) -> Scale | None:
    """Measure sites of all sizes; what is known is written after each, so that it is not lost with the next."""
    if not processes.is_possible():
        _say("sites of several sizes are not measured: this system has no /proc")
        return None
    log = query_log(QUICK_QUERIES if options.quick else QUERIES)
    scale = Scale(_machine(), kinds(log), round(os.getloadavg()[0], 1), [])
    for label, comments in options.sizes.items():
        _say(f"{label}: making the content")
        site = prepare(folder, label, comments, options.content if label == CORPUS else None)
        scale.sites.append(measure_site(site, label, log, _say))
        if len(scale.sites) == 1 and static_site.is_possible():
            _say(f"{label}: building the same as a static site")
            scale.static.update(static_site.measure(site.content, folder / "static"))
        write_scale(scale, options.output)
        shutil.rmtree(site.content.parent)
    return scale


def _application(data: Path, content: Path) -> tuple[Flask, Settings]:
    app = create_app({"BUILD": False, "DATA_DIR": str(data), "CONTENT_DIR": str(content)})
    settings: Settings = app.extensions[KEY].settings
    return app, settings


def _measure_pages(
    app: Flask, settings: Settings, options: argparse.Namespace
) -> tuple[dict[str, PageTime], Browsing | None, str]:
    """Time pages and read them in a browser; without one, the last value says what is missing."""
    chosen = subjects(app.extensions[KEY].reader().generation.folder / "matome.sqlite3")
    _say("asking for pages")
    pages = measure_pages(app.test_client(), chosen)
    _say("reading pages in a browser")
    try:
        with chromium() as browser, serve(settings) as (_, port):
            pace = QUICK if options.quick else Pace()
            browsing = measure_browsing(browser, f"http://127.0.0.1:{port}", chosen, pace)
    except Missing as missing:
        _say(f"pages are not read in a browser: {missing}")
        return pages, None, str(missing)
    return pages, browsing, ""


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
