"""Torture a site for long and publish what came of it: `make torture`, or `python -m tests.faults.torture --help`.

Two hundred kills on the collection of real posts where it lies beside the checkout, else on made ones; then the checks
of the collection against a server on what is left, the extremes at full size, and the figures in docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from typing import Final

from matome_app.config import ROOT
from tests.app.sites import Site
from tests.faults import extremes, running, whole
from tests.faults.killing import Harness
from tests.faults.made_content import QUERIES, copy_content
from tests.faults.moments import Action, Measured, plan
from tests.faults.report import kills_table, table, victims_table, write_between

SHARED: Final = ROOT.parent / "shared"
MADE_COMMENTS: Final = 60_000
SHARES: Final[dict[Action, float]] = {
    "first": 0.06, "rebuild": 0.10, "update": 0.26, "merge": 0.20, "serve": 0.12, "watch": 0.13, "gunicorn": 0.13,
}  # fmt: skip
"""How often each action is killed, where there is time for all; whole builds are cut down where there is not."""

DEAR: Final[tuple[Action, ...]] = ("first", "rebuild")


@dataclass(slots=True)
class Run:
    """What a run found: tables by the name of their place in the document, and all that was wrong."""

    tables: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Torture, print, write the document; return 1 when anything was wrong."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    root = Path(tempfile.mkdtemp(prefix="matome-torture-", dir=options.folder))
    started = time.monotonic()

    def log(line: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {line}", flush=True)

    log(f"in {root}, seed {options.seed}")
    run = Run()
    if not options.only or options.only == "kills":
        _kills(root / "kills", options, run, log)
    if not options.only or options.only == "extremes":
        _extremes(root / "extremes", run, log)
    for name, text in run.tables.items():
        write_between(options.output, name, text)
    for fault in run.faults:
        log(f"FAULT: {fault}")
    if run.faults:
        log(f"{len(run.faults)} faults; what was left is in {root}")
        return 1
    shutil.rmtree(root)
    log("no faults")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="kills (default: 200)")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6, help="the seed of all that is drawn")
    parser.add_argument("--content", type=Path, help="content folder to copy (default: the real posts, else made ones)")
    parser.add_argument("--minutes", type=float, default=25, help="time for the kills (default: 25)")
    parser.add_argument("--compare", type=int, default=5, help="comparisons with a fresh build (default: 5)")
    parser.add_argument("--only", choices=("kills", "extremes"), help="do one part, and leave the figures of the other")
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/reliability.md", help="the document")
    return parser.parse_args(arguments)


# Kills


def _kills(root: Path, options: argparse.Namespace, run: Run, log: Callable[[str], None]) -> None:
    root.mkdir()
    original = options.content or _content(root, options.seed, log)
    copy_content(original, root / "content")
    assets = original.parent / "assets"
    config = {"ASSETS_DIR": str(assets)} if assets.is_dir() else {}
    harness = Harness(root, options.seed, log, config, _queries())
    begun = time.monotonic()
    harness.prepare()
    undisturbed = dict(harness.measured)
    counts = shares(options.rounds, harness.measured, options.minutes * 60, options.compare)
    log(f"kills: {counts}")
    kills = plan(options.seed, counts)
    step = max(1, len(kills) // options.compare)
    for kill in kills:
        harness.round(kill, compare=kill.number % step == 0 or kill.number == len(kills))
    seconds = time.monotonic() - begun
    run.faults += harness.finish()
    run.faults += [f"{one.kill}: {fault}" for one in harness.outcomes for fault in one.faults]
    copy_content(original, root / "content")
    extremes.index(harness.site)
    checked = _check(harness, original, run, log)
    compared = sum(outcome.compared for outcome in harness.outcomes)
    run.tables["kills"] = "\n\n".join(
        (
            f"Seed {options.seed}, {_machine()}: {len(kills)} kills in {seconds / 60:.0f} minutes on "
            f"{_extent(harness.site)}, {compared} times compared with a fresh build in full. Undisturbed, a first "
            f"build took {undisturbed['first'].seconds:.0f} s there, an update {undisturbed['update'].seconds:.1f} s.",
            kills_table(harness.outcomes, harness.fresh_bytes),
            victims_table(harness.outcomes),
            f"At the end the data folder had {harness.growth:.2f} times the size of a fresh build; left over: no "
            f"process, no temporary file. {checked}",
        )
    )


def shares(rounds: int, measured: dict[Action, Measured], seconds: float, compare: int) -> dict[Action, int]:
    """Return how often each action is killed, such that it should not take longer than so many seconds."""
    first, update = measured["first"].seconds, measured["update"].seconds
    cost: dict[Action, float] = {
        "first": 1.3 * first, "rebuild": 0.6 * first + update, "update": 2 * update, "merge": 3 * update,
        "serve": 3 * update + 0.3 * first, "watch": 4 * update, "gunicorn": 4 * update + 0.3 * first,
    }  # fmt: skip
    counts = {action: max(1, round(rounds * share)) for action, share in SHARES.items()}
    left = seconds - compare * 1.3 * first
    while sum(cost[action] * count for action, count in counts.items()) > left:
        dear = max((action for action in DEAR if counts[action] > 4), key=lambda one: cost[one], default=None)
        if dear is None:
            break
        counts[dear] -= 1
    counts["update"] += rounds - sum(counts.values())
    return counts


def _content(root: Path, seed: int, log: Callable[[str], None]) -> Path:
    """Return a content folder to copy from: the real posts where they are, else made ones."""
    if (SHARED / "corpus/content").is_dir():
        return SHARED / "corpus/content"
    from benchmarks import made  # here, since the real posts do without it

    log(f"no {SHARED.name}/corpus beside the checkout: making {MADE_COMMENTS:,} comments")
    original = root / "original/content"
    made.write(original, MADE_COMMENTS, seed=seed)
    return original


def _queries() -> tuple[str, ...]:
    """Return the searches that are compared: words of the real posts where they are, and those of made ones."""
    path = SHARED / "queries/dev.jsonl"
    if not path.is_file():
        return QUERIES
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    asked = [line["q"] for line in lines if not line.get("params")]
    return (*random.Random(0).sample(asked, min(40, len(asked))), *QUERIES)


def _check(harness: Harness, original: Path, run: Run, log: Callable[[str], None]) -> str:
    """Ask the checks that come with the real posts, of a server on the tortured data; return their figures in words."""
    oracle, tools = original.parent / "oracle.jsonl.gz", SHARED / "tools"
    extremes.index(harness.fresh, "--rebuild")
    queries = [*QUERIES, *harness.queries]
    got, want = (whole.content_of(data, queries) for data in (harness.site.data, harness.fresh.data))
    run.faults += [f"at the end: {line}" for line in whole.differences(got, want)]
    if not oracle.is_file() or not tools.is_dir():
        return "All of it was compared with a fresh build once more."
    search = ("check_search.py", str(oracle), str(SHARED / "queries/dev.jsonl"))
    said = []
    with _served(harness.site) as base:
        parity = _tool(tools, base, "check_parity.py", str(oracle))
        log(parity)
        said.append(_tool(tools, base, *search))
        log(said[-1])
    if not parity.endswith(" 0 differences"):
        run.faults.append(parity)
    with _served(harness.fresh) as base:
        said.append(_tool(tools, base, *search))
        log(said[-1])
    if said[0] != said[1]:
        run.faults.append(f"check_search: {said[0]}; of a fresh build {said[1]}")
    return f"The checks of the real posts on it: {parity}; {said[0]}, as on a fresh build."


def _tool(tools: Path, base: str, name: str, *words: str) -> str:
    """Run a check and return its last line, which has the figures."""
    command = [sys.executable, str(tools / name), base, *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return (ended.stdout.strip().splitlines() or [ended.stderr[-300:]])[-1]


@contextmanager
def _served(site: Site) -> Iterator[str]:
    """Serve a site with gunicorn; yields its address."""
    port = running.free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "wsgi:app"]
    environment = site.environment() | {"GUNICORN_BIND": f"127.0.0.1:{port}", "GUNICORN_WORKERS": "2"}
    server = running.start(command, environment, site.root / "served.log")
    try:
        assert running.wait_until(lambda: running.status(port, "/readyz") == 200, 120)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        running.wait_until(lambda: not running.members(server.pid), 20)
        running.kill_all(server)


def _extent(site: Site) -> str:
    with whole.opened(site.data) as reader:
        assert reader is not None
        with reader.store.engine.connect() as connection:
            posts, comments = (
                connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
                for table in ("posts", "comments")
            )
    return f"{posts:,} posts with {comments:,} comments"


def _machine() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}, {cpu_count()} cores, Python {platform.python_version()}"


# Extremes


def _extremes(root: Path, run: Run, log: Callable[[str], None]) -> None:
    faketime = extremes.faketime_command()
    tests: list[tuple[str, Callable[[Site], str]]] = [
        ("100 posts changed at once", lambda site: extremes.change_many(site, 100)),
        ("a post of 20,000 comments", lambda site: extremes.one_huge_post(site, 20_000)),
        ("5,000 tags in one post", lambda site: extremes.very_many_tags(site, 5_000)),
        ("30,000 posts of two comments", lambda site: extremes.very_many_posts(site, 30_000)),
        ("files with times of 1970 and 2100", extremes.odd_file_times),
        ("the content folder goes and comes back", extremes.content_goes_and_returns),
    ]
    if faketime:
        tests.append(("the clock jumps by years", lambda site: extremes.jumping_clock(site, faketime)))
    rows = []
    for number, (name, test) in enumerate(tests):
        site = Site(root / str(number))
        site.content.mkdir(parents=True)
        try:
            rows.append((name, test(site)))
        except AssertionError as fault:
            rows.append((name, "**fails**"))
            run.faults.append(f"{name}: {fault}")
        finally:
            site.close()
        log(": ".join(rows[-1]))
    run.tables["extremes"] = f"{_machine()}.\n\n{table(('what', 'what came of it'), rows)}"


if __name__ == "__main__":
    sys.exit(main())
