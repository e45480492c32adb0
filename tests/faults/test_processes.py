"""Run servers, builders and writers at once: one builds, the others serve whole states, and no reader meets a lock."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from matome_app import judging
from matome_app.config import ROOT
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.generations import current_generation, hold, new_generation, remove_others
from matome_app.web.context import engine, session
from tests.app.conftest import _no_settings as _no_settings
from tests.app.conftest import site as site
from tests.app.sites import Site, post_text, quote
from tests.faults.running import wait_until
from tests.faults.serving import SECONDS, Server, serving

FIRST = "building: there is no index yet"


def write_post(site: Site, name: str, word: str, comments: int = 3) -> None:
    """Write a post whose comments all hold a word."""
    site.write(
        f"posts/{name}.md", post_text(f"{name}の記事", *[quote(f"{word}の話 {n}", "otter") for n in range(comments)])
    )


def totals(server: Server, word: str) -> set[int]:
    """Return what the processes of a server find."""
    return {int(json.loads(server.get(f"/api/search?q={word}").body)["total"]) for _ in range(8)}


def is_ready(server: Server) -> bool:
    """Tell whether everything is indexed."""
    return server.get("/readyz").status == 200


def posts_on_page(client: FlaskClient) -> int:
    """Return how many posts the first page lists."""
    total: int = client.get("/api/posts").get_json()["total"]
    return total


def test_of_servers_and_builders_that_start_at_once_on_nothing_exactly_one_builds(site: Site, tmp_path: Path) -> None:
    for n in range(60):
        write_post(site, f"p{n:02d}", "灯台")
    reloading = [sys.executable, "-m", "flask", "--app", "wsgi", "run", "--debug", "--port", "{port}"]
    with contextlib.ExitStack() as stack:
        index = subprocess.Popen(
            site.command("index"), cwd=ROOT, env=site.environment(), stderr=subprocess.PIPE, text=True
        )
        servers = [
            stack.enter_context(serving(site, tmp_path / "gunicorn", workers=8)),
            stack.enter_context(serving(site, tmp_path / "flask", command=reloading)),
        ]
        _, said = index.communicate(timeout=120)
        assert index.returncode == 0, said
        for server in servers:
            assert wait_until(partial(is_ready, server), 2 * SECONDS), server.log.read_text()
            assert {server.get("/api/search?q=灯台").status for _ in range(8)} == {200}
            assert '"total":180' in server.get("/api/search?q=灯台").body.replace(" ", "")
            assert server.lines("Traceback|locked|ERROR") == []
        logs = said + "".join(server.log.read_text() for server in servers)
        assert logs.count(FIRST) == 1, logs
        assert [path.name for path in site.data.glob("g*")] == ["g1"]
        # A rebuild meanwhile: every process of every server goes over to it with its next request.
        write_post(site, "new", "桟橋")
        assert site.flask("index", "--rebuild").returncode == 0
        for server in servers:
            assert totals(server, "桟橋") == {3}
        assert judging.is_up_to_date(site.settings)


def test_only_one_of_the_two_processes_of_the_reloader_builds_and_warms_up(site: Site, tmp_path: Path) -> None:
    write_post(site, "a", "灯台")
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "run", "--debug", "--port", "{port}"]
    with serving(site, tmp_path / "log", command=command) as server:
        assert wait_until(lambda: server.get("/readyz").status == 200, SECONDS)
        assert len(server.lines(FIRST)) == 1
        holding = [pid for pid in server.pids() if str(site.data) in Path(f"/proc/{pid}/maps").read_text()]
        assert len(holding) == 1, "the process that only watches the other opens no store"


def test_a_first_build_that_came_to_nothing_is_begun_again_while_readers_wait(site: Site, tmp_path: Path) -> None:
    write_post(site, "a", "灯台")
    site.settings.data_dir.mkdir(parents=True, exist_ok=True)
    in_the_way = site.settings.data_dir / "lock"
    in_the_way.mkdir()  # so that the build that the server starts fails
    with serving(site, tmp_path / "log") as server:
        assert wait_until(lambda: server.lines("lock") != [] and not server.builders(), SECONDS), server.log.read_text()
        assert server.statuses(["/"]) == [503]
        in_the_way.rmdir()
        assert wait_until(lambda: server.statuses(["/"]) == [200], SECONDS), server.log.read_text()


def test_a_busy_writer_is_nothing_to_readers(site: Site) -> None:
    for n in range(30):
        write_post(site, f"p{n:02d}", "灯台")
    app = site.app()
    site.index()
    ended = threading.Event()
    met: Counter[int] = Counter()
    wrong: list[str] = []

    def read() -> None:
        client = app.test_client()
        while not ended.is_set():
            for path in ("/", "/search?q=灯台", "/posts/p03/", "/readyz", "/users/otter/"):
                answer = client.get(path)
                met[answer.status_code] += 1
                if answer.status_code != 200:
                    wrong.append(f"{path}: {answer.status}")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for n in range(6):
            write_post(site, f"p{n:02d}", "灯台", comments=4 + n)
            site.index()
        site.index(rebuild=True)
        generation = current_generation(site.data)
        assert generation is not None
        with contextlib.closing(sqlite3.connect(generation.database, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")  # somebody holds the write lock, and works for a while
            before = met[200]
            assert wait_until(lambda: met[200] > before + 15, SECONDS)
            writer.execute("ROLLBACK")
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert met[200] > 50


def test_a_request_sees_one_state_though_a_run_commits_in_the_middle_of_it(site: Site) -> None:
    write_post(site, "a", "灯台")
    app = site.app()
    site.index()
    with app.test_request_context("/"):
        before = queries.generation(session())
        write_post(site, "a", "桟橋", comments=5)
        write_post(site, "b", "灯台", comments=5)
        site.index()
        assert engine().search(SearchParams(q="灯台")).total == 3
        assert engine().search(SearchParams(q="桟橋")).total == 0
        assert queries.totals(session()) == (1, 3)
        assert queries.generation(session()) == before
    with app.test_request_context("/"):
        assert engine().search(SearchParams(q="灯台")).total == 5
        assert engine().search(SearchParams(q="桟橋")).total == 5
        assert queries.totals(session()) == (2, 10)
        assert queries.generation(session()) > before


def test_a_request_reads_its_generation_to_the_end_though_a_rebuild_swaps_it(site: Site) -> None:
    write_post(site, "a", "灯台")
    app = site.app()
    site.index()
    removed = threading.Event()

    def rebuild() -> None:
        site.index(rebuild=True)
        removed.set()

    with app.test_request_context("/"):
        assert queries.totals(session()) == (1, 3)
        old = current_generation(site.data)
        assert old is not None
        builder = threading.Thread(target=rebuild)
        builder.start()
        assert wait_until(lambda: current_generation(site.data) != old, SECONDS)
        assert engine().search(SearchParams(q="灯台")).total == 3
        assert old.words.is_dir()
    builder.join()
    assert not old.folder.exists()


def test_a_generation_that_is_held_for_ever_is_removed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matome_app.store.generations.PATIENCE", 0.2)
    old, new = new_generation(tmp_path), new_generation(tmp_path)
    held = hold(old)
    assert held is not None
    remove_others(tmp_path, new)
    os.close(held)
    assert not old.folder.exists()


def test_readers_cannot_write_into_the_store(site: Site) -> None:
    write_post(site, "a", "灯台")
    client = site.indexed()
    assert posts_on_page(client) == 1
    with client.application.test_request_context("/"):
        connection = session().connection()
        with pytest.raises(Exception, match="readonly"):
            connection.exec_driver_sql("DELETE FROM posts")
