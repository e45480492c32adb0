"""Measure made sites of 10,000 to 1,000,000 comments by the commands and over HTTP, as an operator and a reader do."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import made
from benchmarks.asking import Answer, Client, ask, wait_for
from benchmarks.processes import Ran, cpu_seconds, flask, run, started_process, tree
from benchmarks.queries import Query
from benchmarks.results import Spread
from benchmarks.rival import bytes_in
from benchmarks.scaled import Beside, Scaled, Updates
from benchmarks.serving import free_port, measure_memory, serve
from matome_app.config import Settings, read_settings

SIZES: Final = ("10k", "100k", "1M")
CORPUS: Final = "corpus"
STARTS, UPDATES, PAGE_ROUNDS = 5, 9, 12
BESIDE: Final = 120
"""Queries that are asked while something else goes on."""
BUILDING_SECONDS = 40
LARGE: Final = 300_000
"""Of a site of more comments no second whole build is made, beside a server: it takes many minutes."""
MANY_POSTS = 100
PATIENCE: Final = 1200.0
SEARCH: Final = "/api/search?q=%E6%A4%9C%E7%B4%A2+search"
UPDATING, MERGING, REBUILDING = (
    "one post after another is changed",
    f"{MANY_POSTS} posts are changed at once, segments merge",
    "a rebuild goes on",
)

_POST = re.compile(r'href="(/posts/\d{4}_\d\d/[^"/]+/)"')
_LAST = re.compile(r"\n\n\{\{<\s*matomeQuote [^\n]*")


@dataclass
class Site:
    """A content folder that may be written into, and its data folder."""

    content: Path
    data: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = read_settings({"CONTENT_DIR": str(self.content), "DATA_DIR": str(self.data)})
        self.environment = self.settings.as_environment()
        self.posts = sorted(self.content.glob("posts/*/*/index.md"), reverse=True)
        self.comments = sum(path.read_bytes().count(b"matomeQuote body=") for path in self.posts)

    def index(self, *options: str) -> Ran:
        """Run `flask index` and return what it took."""
        return run(flask("index", *options), self.environment)

    @contextmanager
    def flask_run(self) -> Iterator[tuple[int, int, float]]:
        """Start `flask run`; give its process, its port and when it was started."""
        port, started = free_port(), time.perf_counter()
        with started_process(flask("run", "--no-reload", "--port", str(port)), self.environment) as process:
            yield process.pid, port, started

    @contextmanager
    def served(self, log: Iterable[Query] = ()) -> Iterator[tuple[Client, int]]:
        """Start one worker of gunicorn, warmed up by some queries; give a client and the worker's process."""
        with serve(self.settings, workers=1) as (process, port), Client(port) as client:
            client.get(SEARCH)
            client.get("/")
            ask(client, log)
            yield client, process.pid


@dataclass
class Post:
    """A post that is changed, and put back as it was."""

    path: Path

    def __post_init__(self) -> None:
        self.before = self.path.read_text(encoding="utf-8")

    def say(self, text: str) -> None:
        """Put a comment below the last one, or replace the one put there, as editors save: whole."""
        quote = f'\n\n{{{{<matomeQuote body="{text}" userName="editor" createdAt="2025-09-01T00:00:00" color="">}}}}'
        place = max((found.end() for found in _LAST.finditer(self.before)), default=len(self.before))
        self._write(self.before[:place] + quote + self.before[place:])

    def restore(self) -> None:
        """Write what was there before."""
        self._write(self.before)

    def _write(self, text: str) -> None:
        new = self.path.with_name(f".{self.path.name}.new")
        new.write_text(text, encoding="utf-8", newline="\n")
        os.replace(new, self.path)


def comments_of(label: str) -> int:
    """Read how many comments a label such as 10k or 1M means; raises ValueError."""
    unit = {"k": 1000, "m": 1_000_000}.get(label[-1:].lower())
    return int(label[:-1]) * unit if unit else int(label)


def prepare(folder: Path, label: str, comments: int, corpus: Path | None = None) -> Site:
    """Make a site's content below a folder, unless it is there from an earlier run; what is measured changes a copy."""
    name = label.lower()
    source = corpus or folder / f"c{name}" / "content"
    if not (source / "posts").is_dir():
        made.write(source, comments)
    work = folder / f"work-{name}"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work / "content", copy_function=_link)
    return Site(work / "content", work / "data")


def _link(source: str, target: str) -> None:
    """Copy a file by a second name where the file system can: it is replaced, never written into."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def measure_site(site: Site, label: str, log: Sequence[Query], say: Callable[[str], None]) -> Scaled:
    """Measure everything about a site; its data folder is left complete."""
    say(f"{label}: the first page of an empty data folder, and pages while building")
    first_page, building = measure_first_page(site)
    say(f"{label}: building all with flask index")
    shutil.rmtree(site.data, ignore_errors=True)
    build = site.index()
    data_bytes = bytes_in(site.data)
    say(f"{label}: starting with nothing changed")
    unchanged = site.index()
    starts = [measure_start(site) for _ in range(STARTS)]
    say(f"{label}: asking {len(log)} queries, twice")
    some = log[:BESIDE]
    with site.served() as (client, _):
        client.total(Query("", "all"))
        taken = {query: client.search(query) for query in log}
        again = ask(client, log)
        addresses = pages_of(client)
    first = {query: answer.ms for query, answer in taken.items()}
    say(f"{label}: memory of a server's workers")
    memory = measure_memory(site.settings, log, pages=addresses.values())
    say(f"{label}: changing one post after another")
    updates = measure_updates(site)
    once = measure_once(site)
    beside, pages = {}, {}
    pauses = {UPDATING: 0.1, MERGING: 0.0, REBUILDING: build.seconds / len(some)}
    activities = [(UPDATING, changing), (MERGING, changing_many), (REBUILDING, rebuilding)]
    for what, begin in activities if site.comments <= LARGE else activities[:-1]:
        say(f"{label}: asking while {what}, and in the same rhythm while nothing does")
        with site.served() as (client, _):
            idle, idle_pages = ask_all(client, some, addresses, lambda: False, pauses[what])
        with site.served() as (client, _), begin(site) as is_over:
            busy, busy_pages = ask_all(client, some, addresses, is_over, pauses[what])
        beside[what] = Beside.of(idle, busy)
        pages[what] = Beside.of_lists(idle_pages, busy_pages)
    return Scaled(
        label=label,
        posts=len(site.posts),
        comments=site.comments,
        content_bytes=bytes_in(site.content),
        data_bytes=data_bytes,
        build=build,
        first_page=first_page,
        building=building,
        start=round(median(page for page, _ in starts), 3),
        start_search=round(median(search for _, search in starts), 3),
        memory=memory,
        first=Spread.of(list(first.values())),
        again=Spread.of(list(again.values())),
        engine=Spread.of([answer.json()["took_ms"] for answer in taken.values()]),
        kinds=_by_kind(first),
        slowest=[(query.q, round(first[query], 1)) for query in sorted(first, key=lambda one: -first[one])[:10]],
        beside=beside,
        pages=pages,
        updates=updates,
        once=once,
        unchanged=unchanged,
    )


def _by_kind(times: dict[Query, float]) -> dict[str, tuple[float, float]]:
    kinds: dict[str, list[float]] = {}
    for query, ms in times.items():
        kinds.setdefault(query.kind, []).append(ms)
    spreads = {kind: Spread.of(values) for kind, values in sorted(kinds.items())}
    return {kind: (spread.p50, spread.p95) for kind, spread in spreads.items()}


def has_posts(answer: Answer) -> bool:
    """Tell whether a page shows posts."""
    return answer.status == 200 and _POST.search(answer.body.decode()) is not None


def measure_first_page(site: Site) -> tuple[float, dict[str, Beside]]:
    """Time the first page with posts after `flask run` on nothing, and pages while it goes on building.

    The build is ended then, and the same pages are asked of the same posts.
    """
    shutil.rmtree(site.data, ignore_errors=True)
    with site.flask_run() as (process, port, started):
        wait_for(port, "/", has_posts, PATIENCE)
        first_page = time.perf_counter() - started
        with Client(port) as client:
            until = time.perf_counter() + BUILDING_SECONDS
            is_over = _any_of(lambda: time.perf_counter() > until, lambda: len(tree(process)) == 1)
            addresses = pages_of(client)
            busy = _rounds(client, addresses, is_over)
            for child in tree(process)[1:]:
                with suppress(ProcessLookupError):
                    os.kill(child, 15)
            _wait(lambda: len(tree(process)) == 1)
            idle = _rounds(client, addresses, _after(PAGE_ROUNDS * len(addresses)))
    return round(first_page, 2), {
        name: Beside(len(busy[name]), Spread.of(idle[name]), Spread.of(busy[name])) for name in busy if busy[name]
    }


def pages_of(client: Client) -> dict[str, str]:
    """Return the addresses of a few pages by name."""
    found = _POST.search(client.get("/").body.decode())
    pages = {"home": "/", "results": "/search?q=%E3%83%87%E3%83%BC%E3%82%BF", "tags": "/tags/"}
    return {**pages, "post": found[1]} if found else pages


def _rounds(client: Client, addresses: dict[str, str], is_over: Callable[[], bool]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in addresses}
    for name, address in cycle(addresses.items()):
        if is_over():
            return times
        answer = client.get(address)
        if answer.status == 200:
            times[name].append(answer.ms)
        time.sleep(0.05)
    return times


def ask_all(
    client: Client,
    log: Sequence[Query],
    addresses: dict[str, str],
    is_over: Callable[[], bool],
    pause: float = 0.0,
) -> tuple[dict[Query, float], list[float]]:
    """Ask queries and pages in turn until something is over; return the milliseconds of both.

    Whoever pauses finds processor and caches asleep: only what was asked with the same pauses can be compared.
    """
    queries: dict[Query, float] = {}
    pages: list[float] = []
    for query, address in zip(log, cycle(addresses.values()), strict=False):
        if is_over():
            break
        queries[query] = client.search(query).ms
        pages.append(client.get(address).ms)
        time.sleep(pause)
    return queries, pages


def measure_start(site: Site) -> tuple[float, float]:
    """Return seconds from starting `flask run` to the first page, and from there to the first answer of a search."""
    with site.flask_run() as (_, port, started):
        wait_for(port, "/", has_posts, PATIENCE)
        page = time.perf_counter() - started
        return page, wait_for(port, SEARCH, lambda answer: answer.status == 200, PATIENCE)


def measure_updates(site: Site) -> Updates:
    """Change one post after another, and wait each time until a search finds it."""
    rows = []
    with site.served() as (client, server), watching(site) as watcher:
        for number, path in enumerate(_spread(site.posts, UPDATES + 1)):
            post, word = Post(path), f"nowfound{number}x"
            before = cpu_seconds(tree(watcher)), cpu_seconds(tree(server))
            started = time.perf_counter()
            post.say(f"新しく書いた {word}")
            seconds = _until_found(client, word, started)
            # What follows the commit is work for the change, too.
            time.sleep(0.5)
            after = cpu_seconds(tree(watcher)), cpu_seconds(tree(server))
            rows.append((seconds, after[0] - before[0], after[1] - before[1]))
            post.restore()
            _until_lost(client, word)
    return Updates.of(rows[1:])  # the first one finds caches of the watch empty


def _until_found(client: Client, word: str, started: float) -> float:
    _wait(lambda: client.total(Query(word, "new")) > 0)
    return time.perf_counter() - started


def _until_lost(client: Client, word: str) -> None:
    _wait(lambda: client.total(Query(word, "new")) == 0)
    time.sleep(0.5)


def measure_once(site: Site) -> Ran:
    """Run `flask index` with one post changed."""
    post = Post(site.posts[len(site.posts) // 3])
    post.say("一度だけ書いた")
    ran = site.index()
    post.restore()
    site.index()
    return ran


@contextmanager
def watching(site: Site) -> Iterator[int]:
    """Run `flask index --watch`; give its process."""
    with started_process(flask("index", "--watch"), site.environment) as process:
        post = Post(site.posts[-1])
        post.say("見ているか startedwatch")
        with site.served() as (client, _):
            _until_found(client, "startedwatch", time.perf_counter())
            post.restore()
            _until_lost(client, "startedwatch")
        yield process.pid


@contextmanager
def changing(site: Site) -> Iterator[Callable[[], bool]]:
    """Change a post every half second while something watches; it is never over by itself."""
    stop = threading.Event()
    posts = [Post(path) for path in _spread(site.posts, 20)]

    def work() -> None:
        for number, post in enumerate(cycle(posts)):
            post.say(f"書き換え {number}")
            if stop.wait(0.5):
                return

    with watching(site):
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield lambda: False
        finally:
            stop.set()
            thread.join()
            for post in posts:
                post.restore()
    site.index()


@contextmanager
def changing_many(site: Site) -> Iterator[Callable[[], bool]]:
    """Change many posts and index them."""
    posts = [Post(path) for path in _spread(site.posts, MANY_POSTS)]
    for post in posts:
        post.say("一斉に書き換え")
    with started_process(flask("index"), site.environment) as process:
        yield lambda: process.poll() is not None
        process.wait()
    for post in posts:
        post.restore()
    site.index()


@contextmanager
def rebuilding(site: Site) -> Iterator[Callable[[], bool]]:
    """Build everything anew beside what is served, and wait until that is done."""
    with started_process(flask("index", "--rebuild"), site.environment) as process:
        yield lambda: process.poll() is not None
        process.wait()


def _spread(paths: Sequence[Path], count: int) -> list[Path]:
    return list(paths[:: max(1, len(paths) // count)][:count])


def _after(times: int) -> Callable[[], bool]:
    """Return what is over after it was asked so many times."""
    asked = iter(range(times))
    return lambda: next(asked, None) is None


def _any_of(*conditions: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: any(condition() for condition in conditions)


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise RuntimeError(f"this did not come true within {PATIENCE:.0f} s: {is_so}")
        time.sleep(0.03)
