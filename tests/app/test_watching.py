"""Hold the watch: each kind of change is on the site soon after the file changed, whole, with nobody starting anything.

Real processes on real files. Every measured time is printed (`pytest -s`); the bound leaves room for a busy machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from sqlalchemy import Engine, event

from matome_app.config import ROOT
from matome_app.status import watcher
from tests.app.sites import Site, post_text, quote
from tests.app.test_cli import fetch, free_port

BOUND = 3.0
"""Seconds from the change of a file until the site says so: one is the aim, the rest is for a busy machine."""

START = 60.0
"""Seconds that a server may take to answer for the first time."""

LONGEST = 20.0
"""Seconds after which a change counts as never seen."""


@dataclass(slots=True)
class Live:
    """A site that is served by two workers, one of which watches."""

    site: Site
    port: int
    server: subprocess.Popen[str]
    measured: dict[str, float] = field(default_factory=dict)

    @property
    def content(self) -> Path:
        return self.site.content

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of a page."""
        return fetch(f"http://127.0.0.1:{self.port}{path}")

    def shows(self, path: str, text: str = "") -> bool:
        """Tell whether a page is there and says something."""
        status, page = self.get(path)
        return status == 200 and text in page

    def lacks(self, path: str) -> bool:
        """Tell whether there is no such page."""
        return self.get(path)[0] == 404

    def soon(self, what: str, holds: Callable[[], bool], since: float, bound: float = BOUND) -> None:
        """Wait until something holds, print how long after `since` it did, and hold that this was in time."""
        took = seconds_until(holds, since, max(bound, LONGEST))
        self.measured[what] = took
        print(f"{what}: {took:.2f} s")
        assert took <= bound, f"{what}: {took:.2f} s"


def seconds_until(holds: Callable[[], bool], since: float, longest: float = LONGEST) -> float:
    """Wait until something holds and return how long that was after a moment (`time.monotonic`)."""
    while not holds():
        assert time.monotonic() - since < longest, "never"
        time.sleep(0.03)
    return time.monotonic() - since


def children(parent: int) -> list[int]:
    """Return the processes that a process started."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            # Such as `12 (name) S 1 …`: the name may hold anything.
            if int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
    return found


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    site = Site(tmp_path_factory.mktemp("live"))
    site.write("posts/first.md", post_text("最初", quote("最初の発言")))
    site.index()
    port = free_port()
    options = ["--no-control-socket", "--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", *options, "wsgi:app"]
    log = (site.root / "log").open("w+")
    server = subprocess.Popen(
        command, cwd=ROOT, env=site.environment(WATCH="1"), stderr=log, stdout=log, text=True, start_new_session=True
    )
    found = Live(site, port, server)
    try:
        seconds_until(lambda: found.shows("/posts/first/"), time.monotonic(), START)
        # The watch is ready when it has brought in a first change.
        site.write("posts/ready.md", post_text("用意", quote("用意できた")))
        seconds_until(lambda: found.shows("/posts/ready/"), time.monotonic(), START)
        yield found
    finally:
        server.terminate()
        server.wait(20)
        log.seek(0)
        said = log.read()
        log.close()
        site.close()
    assert "Traceback" not in said, said


def test_an_added_a_changed_and_a_removed_post_are_seen(live: Live) -> None:
    path = live.site.write("posts/s/plain/index.md", post_text("題", quote("一つ目の文")))
    live.soon("added", lambda: live.shows("/posts/s/plain/", "一つ目の文"), time.monotonic())
    path.write_text(post_text("題", quote("二つ目の文")), encoding="utf-8")
    live.soon("changed", lambda: live.shows("/posts/s/plain/", "二つ目の文"), time.monotonic())
    assert live.shows(f"/search?q={quote_plus('二つ目の文')}", "/posts/s/plain/"), "what is shown is found"
    path.unlink()
    live.soon("removed", lambda: live.lacks("/posts/s/plain/"), time.monotonic())
    assert not live.shows(f"/search?q={quote_plus('二つ目の文')}", "/posts/s/plain/")


def test_a_renamed_folder_of_posts_is_seen_and_so_is_what_happens_in_it_afterwards(live: Live) -> None:
    for n in range(5):
        live.site.write(f"posts/old/p{n}/index.md", post_text(f"束{n}", quote(f"束の中{n}")))
    live.soon(
        "folder of 5 posts added", lambda: all(live.shows(f"/posts/old/p{n}/") for n in range(5)), time.monotonic()
    )
    (live.content / "posts/old").rename(live.content / "posts/new")
    began = time.monotonic()
    live.soon(
        "folder renamed",
        lambda: live.lacks("/posts/old/p0/") and all(live.shows(f"/posts/new/p{n}/") for n in range(5)),
        began,
    )
    live.site.write("posts/new/p0/index.md", post_text("束0", quote("改名の後")))
    live.soon("changed in a renamed folder", lambda: live.shows("/posts/new/p0/", "改名の後"), time.monotonic())
    shutil.rmtree(live.content / "posts/new")
    live.soon("folder removed", lambda: all(live.lacks(f"/posts/new/p{n}/") for n in range(5)), time.monotonic())


def test_a_folder_moved_in_and_out_of_the_content_is_seen(live: Live, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/index.md").write_text(post_text("外", quote("外から来た")), encoding="utf-8")
    outside.rename(live.content / "posts/inside")
    live.soon("folder moved in", lambda: live.shows("/posts/inside/deep/"), time.monotonic())
    (live.content / "posts/inside").rename(outside)
    live.soon("folder moved out", lambda: live.lacks("/posts/inside/deep/"), time.monotonic())


def test_a_post_becomes_a_draft_and_is_published_again(live: Live) -> None:
    path = live.site.write("posts/draft.md", post_text("下書き", quote("まだ秘密")))
    live.soon("added", lambda: live.shows("/posts/draft/"), time.monotonic())
    path.write_text(post_text("下書き", quote("まだ秘密"), draft=True), encoding="utf-8")
    live.soon("drafted", lambda: live.lacks("/posts/draft/"), time.monotonic())
    path.write_text(post_text("下書き", quote("もう秘密でない")), encoding="utf-8")
    live.soon("undrafted", lambda: live.shows("/posts/draft/", "もう秘密でない"), time.monotonic())


def test_a_post_is_published_and_expires_when_its_time_comes(live: Live) -> None:
    comes = datetime.now(UTC) + timedelta(seconds=2.5)
    goes = comes + timedelta(seconds=2.5)
    text = post_text("時限", quote("二秒半だけ"), date=comes.isoformat(), expiryDate=goes.isoformat())
    live.site.write("posts/timed.md", text)
    at = time.monotonic() + (comes - datetime.now(UTC)).total_seconds()
    while time.monotonic() < at - 0.1:
        assert live.lacks("/posts/timed/")
        time.sleep(0.1)
    live.soon("published by time", lambda: live.shows("/posts/timed/"), at)
    live.soon("expired by time", lambda: live.lacks("/posts/timed/"), at + 2.5)


def test_a_file_moved_over_another_is_seen_though_it_is_as_large_and_as_old(live: Live, tmp_path: Path) -> None:
    path = live.site.write("posts/same.md", post_text("同じ", quote("朝です")))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    live.soon("added with an old time", lambda: live.shows("/posts/same/", "朝です"), time.monotonic())
    other = path.with_name(".same.md.x7Fq")  # as rsync does it
    other.write_text(post_text("同じ", quote("夜です")), encoding="utf-8")
    os.utime(other, (1_600_000_000, 1_600_000_000))
    other.replace(path)
    live.soon("moved over", lambda: live.shows("/posts/same/", "夜です"), time.monotonic())
    path.write_text(post_text("同じ", quote("昼です")), encoding="utf-8")
    os.utime(path, (1_600_000_000, 1_600_000_000))
    live.soon("same size and time", lambda: live.shows("/posts/same/", "昼です"), time.monotonic())


def test_a_file_that_somebody_keeps_open_is_not_read_before_it_is_closed(live: Live) -> None:
    path = live.site.write("posts/slow.md", post_text("遅い", quote("前の版")))
    live.soon("added", lambda: live.shows("/posts/slow/", "前の版"), time.monotonic())
    whole = post_text("遅い", *(quote(f"新しい版{n}") for n in range(40)))
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, len(whole), len(whole) // 3 + 1):
            file.write(whole[start : start + len(whole) // 3 + 1])
            file.flush()
            for _ in range(8):  # longer than a file has to keep still, if nobody has it open
                assert live.shows("/posts/slow/", "前の版"), "half a file was read"
                time.sleep(0.06)
    live.soon("closed at last", lambda: live.shows("/posts/slow/", "新しい版39"), time.monotonic())


def test_a_file_that_is_written_in_several_goes_is_read_after_the_last(live: Live) -> None:
    path = live.site.write("posts/goes.md", post_text("何度も", quote("前の版")))
    live.soon("added", lambda: live.shows("/posts/goes/", "前の版"), time.monotonic())
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(live.get("/posts/goes/")[1])

    reader = threading.Thread(target=look)
    reader.start()
    try:
        path.write_text(post_text("何度も"), encoding="utf-8")
        for n in range(30):
            with path.open("a", encoding="utf-8") as file:
                file.write(f"\n{quote(f'新しい版{n}')}\n")
            time.sleep(0.02)
        began = time.monotonic()
        live.soon("last of many goes", lambda: live.shows("/posts/goes/", "新しい版29"), began)
    finally:
        done.set()
        reader.join()
    assert all("前の版" in page or "新しい版29" in page for page in seen)


def test_a_post_that_is_a_link_follows_what_it_points_to(live: Live) -> None:
    target = live.content / "shared/elsewhere.md"
    target.parent.mkdir()
    target.write_text(post_text("よそ", quote("よその一つ目")), encoding="utf-8")
    (live.content / "posts/linked.md").symlink_to(target)
    live.soon("link added", lambda: live.shows("/posts/linked/", "よその一つ目"), time.monotonic())
    target.write_text(post_text("よそ", quote("よその二つ目")), encoding="utf-8")
    live.soon("target of a link changed", lambda: live.shows("/posts/linked/", "よその二つ目"), time.monotonic())


def test_an_index_file_makes_the_files_beside_it_attachments_and_gives_them_back(live: Live) -> None:
    live.site.write("posts/pair/one.md", post_text("片方", quote("片方の話")))
    live.soon("added", lambda: live.shows("/posts/pair/one/"), time.monotonic())
    index = live.site.write("posts/pair/index.md", post_text("束", quote("束の話")))
    live.soon("bundled", lambda: live.shows("/posts/pair/") and live.lacks("/posts/pair/one/"), time.monotonic())
    index.unlink()
    live.soon("unbundled", lambda: live.shows("/posts/pair/one/"), time.monotonic())


def test_a_link_leads_to_a_post_as_soon_as_there_is_one(live: Live) -> None:
    live.site.write("posts/from.md", post_text("元", '[先へ]({{% ref "/posts/target" %}})'))
    live.soon("added", lambda: live.shows("/posts/from/", "先へ"), time.monotonic())
    assert 'href="/posts/target/"' not in live.get("/posts/from/")[1]
    target = live.site.write("posts/target.md", post_text("先", quote("先の話")))
    live.soon("link led", lambda: live.shows("/posts/from/", 'href="/posts/target/"'), time.monotonic())
    target.unlink()
    live.soon("link led away", lambda: 'href="/posts/target/"' not in live.get("/posts/from/")[1], time.monotonic())


def test_a_hundred_posts_changed_at_once_are_all_seen(live: Live) -> None:
    for n in range(100):
        live.site.write(f"posts/many/p{n}.md", post_text(f"多数{n}", *(quote(f"多数{n}の{m}") for m in range(3))))
    began = time.monotonic()
    shown = lambda: all(live.shows(f"/posts/many/p{n}/") for n in range(0, 100, 9))  # noqa: E731
    live.soon("100 posts at once", shown, began, bound=15)
    shutil.rmtree(live.content / "posts/many")
    live.soon("100 posts removed", lambda: live.lacks("/posts/many/p0/"), time.monotonic())


def test_a_content_folder_that_is_away_for_a_moment_takes_no_post_away(live: Live) -> None:
    away = live.content.with_name("away")
    live.content.rename(away)
    gone = time.monotonic()
    while time.monotonic() < gone + 1.5:
        assert live.shows("/posts/first/")
        time.sleep(0.05)
    away.rename(live.content)
    live.site.write("posts/back.md", post_text("帰り", quote("帰ってきた")))
    live.soon("changed after the folder came back", lambda: live.shows("/posts/back/"), time.monotonic())
    other = live.content.with_name("other")
    shutil.copytree(live.content, other)
    (other / "posts/back.md").unlink()
    (other / "posts/swapped.md").write_text(post_text("交換", quote("交換された")), encoding="utf-8")
    live.content.rename(away)
    other.rename(live.content)
    began = time.monotonic()
    live.soon("folder replaced", lambda: live.shows("/posts/swapped/") and live.lacks("/posts/back/"), began)
    shutil.rmtree(away)


def test_another_worker_takes_over_when_the_one_that_watches_is_killed(live: Live) -> None:
    holder = watcher(live.site.data)
    assert holder is not None
    child = children(holder)
    assert len(child) == 1
    os.kill(holder, signal.SIGKILL)
    began = time.monotonic()
    print(f"lock taken over: {seconds_until(lambda: watcher(live.site.data) not in (None, holder), began):.2f} s")
    assert seconds_until(lambda: not is_alive(child[0]), began) < BOUND, "the watch outlived its server"
    live.site.write("posts/after.md", post_text("後", quote("引き継いだ")))
    live.soon("changed after a kill", lambda: live.shows("/posts/after/"), began, bound=START)
    live.site.write("posts/later.md", post_text("後", quote("また普通に")))
    live.soon("changed once another watches", lambda: live.shows("/posts/later/"), time.monotonic())


@contextlib.contextmanager
def watching(site: Site, **settings: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run `flask index --watch` on a site; gives the process and the file with what it says."""
    log = site.root / "watch.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            site.command("index", "--watch"), cwd=ROOT, env=site.environment(**settings), stderr=file, text=True
        )
        try:
            seconds_until(lambda: "watching " in log.read_text(encoding="utf-8"), time.monotonic(), START)
            yield process, log
        finally:
            process.terminate()
            process.wait(20)


def stored(site: Site, title: str) -> bool:
    """Tell whether a post of a title is in the store."""
    return bool(site.rows("SELECT 1 FROM posts WHERE title = :title", title=title))


def test_the_watch_in_a_terminal_says_what_it_does_and_is_the_only_one(site: Site) -> None:
    site.write("posts/a.md", post_text("一"))
    with watching(site) as (_, log):
        site.write("posts/b.md", post_text("二"))
        seconds_until(lambda: stored(site, "二"), time.monotonic())
        seconds_until(lambda: log.read_text(encoding="utf-8").count("index: 1 added") == 2, time.monotonic())
        other = subprocess.Popen(
            site.command("index", "--watch"), cwd=ROOT, env=site.environment(), stderr=subprocess.PIPE, text=True
        )
        try:
            assert other.stderr is not None
            assert "another process is watching" in other.stderr.readline()
        finally:
            other.terminate()
            other.communicate(timeout=20)


def test_a_fault_in_a_run_is_said_in_one_line_and_the_watch_goes_on(site: Site) -> None:
    site.write("posts/a.md", post_text("一"))
    with watching(site) as (process, log):
        site.write("posts/b.md", post_text("二"))
        seconds_until(lambda: stored(site, "二"), time.monotonic())
        (site.data / "lock").unlink()
        (site.data / "lock").mkdir()  # nobody can take it
        site.write("posts/c.md", post_text("三"))
        seconds_until(lambda: "trying again" in log.read_text(encoding="utf-8"), time.monotonic())
        (site.data / "lock").rmdir()
        seconds_until(lambda: stored(site, "三"), time.monotonic())
        assert process.poll() is None
    said = log.read_text(encoding="utf-8")
    assert "Traceback" not in said
    assert "ERROR: indexing failed: " in said


def test_the_watch_compares_by_itself_where_the_system_does_not_tell(site: Site) -> None:
    site.write("posts/a.md", post_text("一"))
    environment = {"WATCHFILES_FORCE_POLLING": "1"}
    process = subprocess.Popen(
        site.command("index", "--watch"),
        cwd=ROOT,
        env=site.environment() | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        while "comparing every" not in (line := process.stderr.readline()):
            assert line, "it ended"
        site.write("posts/b.md", post_text("二"))
        print(f"added, by comparing: {seconds_until(lambda: stored(site, '二'), time.monotonic()):.2f} s")
        (site.content / "posts/a.md").unlink()
        seconds_until(lambda: not stored(site, "一"), time.monotonic())
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_watch_of_a_server_that_is_killed_ends_with_it(site: Site) -> None:
    site.write("posts/a.md", post_text("一"))
    site.index()
    port = free_port()
    server = subprocess.Popen(
        site.command("run", "--port", str(port)), cwd=ROOT, env=site.environment(WATCH="1"), stderr=subprocess.DEVNULL
    )
    try:
        seconds_until(lambda: fetch(f"http://127.0.0.1:{port}/posts/a/")[0] == 200, time.monotonic())
        seconds_until(lambda: bool(children(server.pid)), time.monotonic(), START)
        (child,) = children(server.pid)
    finally:
        server.kill()
        server.wait()
    print(f"the watch ended {seconds_until(lambda: not is_alive(child), time.monotonic()):.2f} s after its server")
    assert watcher(site.data) is None


def test_a_run_waits_a_while_for_a_file_that_is_being_written_and_leaves_it_to_the_next(site: Site) -> None:
    path = site.write("posts/a.md", post_text("前の版"))
    site.write("posts/b.md", post_text("他の記事"))
    site.index()
    with path.open("w", encoding="utf-8") as file:
        file.write(post_text("半分")[:20])
        file.flush()
        site.write("posts/b.md", post_text("他の記事の新しい版"))
        began = time.monotonic()
        report = site.index()
        assert 1.5 < time.monotonic() - began < 10
        assert (report.changed, report.faulty, report.unsettled) == (1, 0, ["posts/a.md"])
        assert stored(site, "前の版")
        assert stored(site, "他の記事の新しい版")
        file.seek(0)
        file.write(post_text("次の版"))
    report = site.index()
    assert (report.changed, report.unsettled) == (1, [])
    assert stored(site, "次の版")


def test_a_touched_file_and_one_that_is_being_written_change_nothing_that_readers_see(site: Site) -> None:
    path = site.write("posts/a.md", post_text("記事"))
    site.index()
    number = site.rows("SELECT value FROM meta WHERE name = 'generation'")
    os.utime(path)
    assert not site.index()
    with path.open("a"):
        os.utime(path)
        assert site.index(paths=["posts/a.md"]).unsettled == ["posts/a.md"]
    assert site.rows("SELECT value FROM meta WHERE name = 'generation'") == number


def test_a_run_waits_just_long_enough_for_a_file_that_is_closed_meanwhile(site: Site) -> None:
    path = site.content / "posts/a.md"
    path.parent.mkdir()
    file = path.open("w", encoding="utf-8")

    def end() -> None:
        file.write(post_text("間に合った"))
        file.close()

    timer = threading.Timer(0.5, end)
    timer.start()
    report = site.index()
    timer.join()
    assert (report.added, report.unsettled) == (1, [])


def test_posts_stay_when_all_of_them_are_gone_at_once(site: Site) -> None:
    for n in range(12):
        site.write(f"posts/p{n}.md", post_text(f"記事{n}"))
    site.index()
    shutil.rmtree(site.content / "posts")
    assert site.index().removed == 0, "the folder itself is gone"
    (site.content / "posts").mkdir()
    assert site.index().removed == 0, "an empty folder is what an unmounted one looks like"
    assert site.index(paths=[f"posts/p{n}.md" for n in range(12)]).removed == 0
    site.write("posts/p0.md", post_text("記事0"))
    assert site.index().removed == 11, "one post shows that the folder is there"
    (site.content / "posts/p0.md").unlink()
    assert site.index().removed == 1, "the last post of a small site can be removed"


def test_posts_go_when_others_take_the_place_of_all_of_them(site: Site) -> None:
    for n in range(12):
        site.write(f"posts/old/p{n}.md", post_text(f"記事{n}"))
    site.index()
    (site.content / "posts/old").rename(site.content / "posts/new")
    report = site.index()
    assert (report.added, report.removed) == (12, 12)


def test_a_post_that_moves_is_never_missing_and_never_there_twice(site: Site) -> None:
    for n in range(3):
        site.write(f"posts/old/p{n}.md", post_text(f"動く{n}", quote(f"動く発言{n}")))
    site.index()
    seen = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            rows = site.rows("SELECT title FROM posts ORDER BY title")
            seen.add(tuple(row.title for row in rows))

    reader = threading.Thread(target=look)
    reader.start()
    try:
        (site.content / "posts/old").rename(site.content / "posts/new")
        report = site.index()
    finally:
        stop.set()
        reader.join()
    assert (report.added, report.removed) == (3, 3)
    assert seen == {("動く0", "動く1", "動く2")}
    site.content.joinpath("posts/new/p0").mkdir()
    site.content.joinpath("posts/new/p0.md").rename(site.content / "posts/new/p0/index.md")
    report = site.index()
    assert (report.added, report.removed, report.faulty) == (1, 1, 0), "the URL is the same, and free"


class Work:
    """Counts what a run asks of the system and of the database."""

    def __init__(self) -> None:
        self.statements = 0
        self.steps = 0
        self.opened = 0
        self.listed = 0

    def __enter__(self) -> Work:
        event.listen(Engine, "before_cursor_execute", self._execute)
        event.listen(Engine, "connect", self._connect)
        _COUNTING.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._execute)
        event.remove(Engine, "connect", self._connect)
        _COUNTING.remove(self)

    def _execute(self, *_: Any) -> None:
        self.statements += 1

    def _connect(self, connection: sqlite3.Connection, _record: Any) -> None:
        def step() -> int:
            self.steps += 1
            return 0

        connection.set_progress_handler(step, 10)


_COUNTING: list[Work] = []


def _hear(name: str, arguments: tuple[Any, ...]) -> None:
    for work in _COUNTING:
        if name == "open" and str(arguments[0]).endswith(".md"):
            work.opened += 1
        elif name in ("os.scandir", "os.listdir"):
            work.listed += 1


sys.addaudithook(_hear)


def work_of_an_update(site: Site, posts: int) -> Work:
    """Return what it takes to bring one changed post into a site of so many."""
    for n in range(posts):
        text = post_text(
            f"記事{n}", *(quote(f"発言{n}の{m}", f"user{n % 50}") for m in range(3)), tags=[f"tag{n % 30}"]
        )
        site.write(f"posts/s{n % 20}/p{n}.md", text)
    site.index()
    time.sleep(0.06)  # a file that changed just now is not read yet
    path = site.write("posts/s3/p3.md", post_text("変わった", quote("変わった発言", "user3"), tags=["tag3"]))
    seconds_until(lambda: time.time() - path.stat().st_ctime > 0.06, time.monotonic())
    with Work() as work:
        assert site.index(paths=["posts/s3/p3.md"]).changed == 1
    return work


def test_the_work_of_an_update_does_not_grow_with_the_site(site: Site, tmp_path: Path) -> None:
    small = work_of_an_update(site, 20)
    large = work_of_an_update(Site(tmp_path / "large"), 400)
    print(f"statements {small.statements} and {large.statements}, steps of SQLite {small.steps}0 and {large.steps}0")
    assert large.statements <= small.statements + 5
    assert large.steps <= small.steps * 1.5 + 30
    assert large.opened == small.opened == 1, "no post but the changed one is opened"
    assert large.listed <= small.listed + 3, "no folder of the content is listed"
