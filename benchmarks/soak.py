"""Visit the site for long while its content changes each second: `make soak`, or `python -m benchmarks.soak --help`.

Pages, folds, searches, JSON, feeds, pictures and what is not there, through nginx, with `MATOME_WATCH=1`. Counts every
answer, and notes memory, open files and the sizes of the data folder while it goes on.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.load import add_options, prepare, publish
from benchmarks.load_http import Tally
from benchmarks.load_mix import Mix
from benchmarks.load_report import soak_targets
from benchmarks.load_site import HOST, Place, Run, open_files
from benchmarks.load_visits import visited
from benchmarks.loaded import Loaded, Sample, Soak, read_loaded, write_loaded
from benchmarks.processes import pss_mb
from benchmarks.results import Spread
from benchmarks.scale import Post
from matome_app.config import ROOT
from tests.deploy.running import Running

MINUTES: Final = 10.0
VISITORS: Final = 6
PAUSE: Final = 0.08
UPDATE_SECONDS: Final = 1.0
SEEN_SECONDS: Final = 60.0
"""How long the last changes may take to be found."""
CHANGED_POSTS: Final = 20
SAMPLES: Final = 120
"""How often memory, files and sizes are noted, at the most; at the least every second."""
KINDS: Final = ("home", "post", "fragment", "search", "json", "list", "static")


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak the site, write the figures; return 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    add_options(parser)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long (%(default)s)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    loaded = read_loaded(options.output) or read_loaded(ROOT / "docs") or Loaded()
    with tempfile.TemporaryDirectory(prefix="matome-soak-") as folder:
        run = prepare(Path(folder), options, loaded)
        loaded.soak = soak(run, options.minutes * 60)
    write_loaded(loaded, options.output)
    publish(loaded, options.output)
    missed = [one for one in soak_targets(loaded.soak) if not one.is_met]
    for one in missed:
        print(f"NOT AS IT SHOULD BE: {one.what}: {one.measured:g}, at most {one.most:g} {one.unit}")
    print(
        f"{options.output}: {loaded.soak.asked:,} requests, {loaded.soak.failed} failed, {len(missed)} targets not met"
    )
    return 1 if missed else 0


def soak(run: Run, seconds: float) -> Soak:
    """Serve, visit and change the site for so many seconds."""
    assert run.loaded.machine is not None
    with run.serve({"MATOME_WATCH": "1"}) as site:
        mix = Mix(run.paths, site.port, HOST)
        begun = time.monotonic()
        streams = [mix.stream(number) for number in range(VISITORS)]
        with Writer(run.place) as writer, visited(site.port, streams, pause=PAUSE) as visits:
            samples = _samples(run, site, begun, seconds)
        ended = time.monotonic()
        sought, seen = writer.seen(site)
    return Soak(
        machine=run.loaded.machine,
        seconds=round(ended - begun, 1),
        updates=writer.updates,
        sought=sought,
        seen=seen,
        asked=visits.tally.asked,
        statuses=visits.tally.statuses,
        kinds=dict(sorted(_kinds(visits.tally).items())),
        failed=len(visits.tally.failures),
        failures=visits.tally.failures[:20],
        first_third=_spreads(visits.tally, begun + (ended - begun) * 0.1, begun + (ended - begun) * 0.4),
        last_third=_spreads(visits.tally, begun + (ended - begun) * 0.7, ended + 1),
        samples=samples,
        reopened=visits.tally.reopened,
        comments=run.loaded.comments,
    )


def _kinds(tally: Tally) -> Counter[str]:
    counts: Counter[str] = Counter()
    for (kind, _), count in tally.answers.items():
        counts[kind] += count
    return counts


def _spreads(tally: Tally, since: float, until: float) -> dict[str, Spread]:
    spreads = {kind: tally.spread(kind, since=since, until=until) for kind in KINDS}
    everything = {"everything": tally.spread(since=since, until=until)}
    return {kind: spread for kind, spread in (everything | spreads).items() if spread is not None}


def _samples(run: Run, site: Running, begun: float, seconds: float) -> list[Sample]:
    """Look again and again until the time is over."""
    samples: list[Sample] = []
    pause = max(1.0, seconds / SAMPLES)
    said = 0.0
    while (at := time.monotonic() - begun) < seconds:
        samples.append(look(site, at))
        if at - said >= 60:
            said = at
            run.say(f"soak: {samples[-1]}")
        time.sleep(min(pause, max(0.0, seconds - (time.monotonic() - begun))))
    samples.append(look(site, time.monotonic() - begun))
    return samples


def look(site: Running, at: float) -> Sample:
    """Return what the processes hold, and what the data folder takes."""
    app, nginx = site.app_processes(), site.nginx_processes()
    # A watch counts by itself: what it takes in comes and goes with the changes.
    servers = [pid for pid in app if not _is_watch(pid)]
    sizes = _sizes(site.data)
    return Sample(
        at=round(at, 1),
        nginx_mb=round(pss_mb(nginx), 1),
        gunicorn_mb=round(pss_mb(servers), 1),
        watch_mb=round(pss_mb(set(app) - set(servers)), 1),
        files=open_files(servers),
        data_bytes=sum(sizes.values()),
        wal_bytes=sum(size for path, size in sizes.items() if path.name.endswith("-wal")),
    )


def _is_watch(process: int) -> bool:
    """Tell whether a process is the watch, or a helper that it started."""
    try:
        return b"gunicorn" not in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return True


def _sizes(folder: Path) -> dict[Path, int]:
    sizes = {}
    for path in folder.rglob("*"):
        try:
            if path.is_file() and "images" not in path.parts:
                sizes[path] = path.stat().st_size
        except OSError:
            continue  # replaced meanwhile
    return sizes


class Writer:
    """Changes a post each second while the block runs, one after another, and puts them back at the end."""

    def __init__(self, place: Place) -> None:
        paths = sorted(path for path in place.content.glob("posts/**/*.md") if not path.name.startswith("_"))
        step = max(1, len(paths) // CHANGED_POSTS)
        self.posts = [Post(path) for path in paths[::step][:CHANGED_POSTS]]
        self.updates = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, name="writer", daemon=True)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._ended.wait(UPDATE_SECONDS):
            self.posts[self.updates % len(self.posts)].say(f"書き足した {word(self.updates)}")
            self.updates += 1

    def seen(self, site: Running) -> tuple[int, int]:
        """Return how many changes were replaced by no later one, and how many of these are found."""
        last = range(max(0, self.updates - len(self.posts)), self.updates)

        def is_found(number: int) -> bool:
            reader = f"10.253.{number // 250 % 250}.{number % 250}"
            answer = site.get(f"/api/search?q={word(number)}", X_Forwarded_For=reader)
            return answer.status == 200 and json.loads(answer.body)["total"] == 1

        lost = list(last)
        until = time.monotonic() + SEEN_SECONDS
        while (lost := [number for number in lost if not is_found(number)]) and time.monotonic() < until:
            time.sleep(0.2)
        return len(last), len(last) - len(lost)


def word(number: int) -> str:
    """Return the word that a change is found by."""
    return f"soaked{number}x"


if __name__ == "__main__":
    sys.exit(main())
