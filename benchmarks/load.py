"""Measure the site under load, as deploy/ sets it up: `make loadtest`, or `python -m benchmarks.load --help`.

Real nginx and gunicorn on loopback; Datasette with the same comments beside them. What each part found is kept in
docs/load.json as soon as it is known, and docs/benchmarks.md is written anew from it.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks import load_changes, load_overload, load_slow, load_throughput, load_versus, made
from benchmarks.load_paths import Paths, draw
from benchmarks.load_report import targets
from benchmarks.load_site import Place, Run
from benchmarks.load_wrk import Missing
from benchmarks.loaded import Loaded, read_loaded, write_loaded
from benchmarks.processes import is_possible
from benchmarks.report import write
from benchmarks.results import Machine, read_results
from benchmarks.scaled import read_scale
from matome_app.config import ROOT

CORPUS: Final = ROOT.parent / "shared" / "corpus" / "content"
MADE_COMMENTS: Final = 60_000
PACKAGES: Final = ("gunicorn", "Flask", "datasette")


PARTS: Final[dict[str, Callable[[Run], None]]] = {
    "throughput": load_throughput.measure,
    "versus": load_versus.measure,
    "changes": load_changes.measure,
    "overload": load_overload.measure,
    "slow": load_slow.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write; return 1 when a part could not be measured or a target was missed."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    loaded = read_loaded(options.output) or read_loaded(ROOT / "docs") or Loaded()
    faults: list[str] = []
    chosen = options.only.split(",") if options.only else list(PARTS)
    if chosen != ["report"]:
        with tempfile.TemporaryDirectory(prefix="matome-load-") as folder:
            run = prepare(Path(folder), options, loaded)
            for name in chosen:
                _measure(run, name)
                write_loaded(loaded, options.output)
            faults = run.faults
    write_loaded(loaded, options.output)
    publish(loaded, options.output)
    missed = [
        f"{one.what} ({one.measured:g}, at most {one.most:g} {one.unit})" for one in targets(loaded) if not one.is_met
    ]
    for line in [*faults, *missed]:
        print(f"NOT AS IT SHOULD BE: {line}")
    print(f"{options.output}: {len(faults)} parts failed, {len(missed)} targets not met")
    return 1 if faults or missed else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make loadtest", description=__doc__)
    add_options(parser)
    parser.add_argument("--only", help=f"measure some parts alone, with commas between: {', '.join(PARTS)}, report")
    parser.add_argument("--seconds", type=float, default=6, help="of each single measurement (%(default)s)")
    options = parser.parse_args(arguments)
    for name in (options.only or "report").split(","):
        if name not in (*PARTS, "report"):
            parser.error(f"--only {name}: there are {', '.join(PARTS)}, report")
    return options


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that a soak has, too."""
    default = CORPUS if CORPUS.is_dir() else None
    parser.add_argument(
        "--content", type=Path, default=default, help="the content (default: the real posts, else made ones)"
    )
    parser.add_argument("--index", type=Path, help="a data folder to begin with a copy of, instead of building one")
    parser.add_argument("--comments", type=int, default=MADE_COMMENTS, help="comments of made content (%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs", help="the folder for the figures (docs)")


def prepare(folder: Path, options: argparse.Namespace, loaded: Loaded) -> Run:
    """Make content and data folder, and draw what is asked for."""
    if not is_possible():
        raise SystemExit("this system does not say what its processes hold (no /proc)")
    run = Run(
        folder,
        Place(folder / "content", folder / "data"),
        Paths([], [], [], [], []),
        getattr(options, "seconds", 8),
        loaded,
    )
    source: Path = options.content or folder / "made" / "content"
    if options.content is None:
        run.say(f"making {options.comments:,} comments")
        made.write(source, options.comments)
    run.say(f"building the site of {'made posts' if options.content is None else 'the posts'}")
    run.place.fill(source, options.index)
    database = run.place.database()
    run.paths = draw(database)
    loaded.machine = machine()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        (loaded.comments,) = connection.execute("SELECT count(*) FROM comments").fetchone()
        (loaded.posts,) = connection.execute("SELECT count(*) FROM posts").fetchone()
    connection.close()
    return run


def machine() -> Machine:
    """Return what is measured on."""
    versions = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    said = subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=False).stderr
    versions["nginx"] = said.strip().rpartition("/")[2] or "none"
    versions.update({name: version(name) for name in PACKAGES})
    system = f"{platform.system()} on {platform.machine()}"
    return Machine(f"{datetime.now(UTC):%Y-%m-%d}", os.cpu_count() or 1, system, versions)


def _measure(run: Run, name: str) -> None:
    """Measure a part; what goes wrong is said and does not stop the others."""
    started = time.monotonic()
    try:
        PARTS[name](run)
        run.loaded.dates[name] = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    except Missing as missing:
        run.faults.append(f"{name}: {missing}")
    except Exception:
        run.faults.append(f"{name}: {traceback.format_exc().strip().splitlines()[-1]}")
        traceback.print_exc()
    run.say(f"{name}: {time.monotonic() - started:.0f} s")


def publish(loaded: Loaded, folder: Path) -> None:
    """Write benchmarks.md anew with these figures, from the results of earlier runs of the rest."""
    source = folder if (folder / "benchmarks.json").is_file() else ROOT / "docs"
    write(read_results(source / "benchmarks.json"), folder, read_scale(source), loaded)


if __name__ == "__main__":
    sys.exit(main())
