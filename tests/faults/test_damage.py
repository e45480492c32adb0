"""Damage the files of the data folder under a running server: pages go on, one line says it, the next run mends it."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from flask.testing import FlaskClient

from matome_app import ingest, judging, state, store_files
from matome_app.errors import IndexUnavailable
from matome_app.readers import open_reader
from matome_app.runtime import Runtime
from matome_app.store.generations import current_generation, new_generation, publish, remove_others, write_lock
from matome_app.store.writing import set_meta
from tests.app.conftest import _no_settings as _no_settings
from tests.app.sites import Site, post_text, quote
from tests.faults.running import wait_until
from tests.faults.serving import SECONDS, Server, serving

SEED: Final = 20260
PAGES: Final = ("/", "/posts/p007/", "/search?q=灯台", "/users/keeper3/", "/tags/", "/api/search?q=13番目の")
LONG: Final = "あの灯台の灯りは、霧の夜にも消えたことがない。" * 60
"""So long that SQLite keeps it on pages of its own."""


def _half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _zeros(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)


KINDS: Final[dict[str, Callable[[Path], None]]] = {
    "cut to half": _half,
    "cut to nothing": _empty,
    "filled with zeros": _zeros,
    "deleted": Path.unlink,
}


def write_posts(site: Site, number: int = 40) -> None:
    """Write posts that fill some hundred pages of a database."""
    for n in range(number):
        comments = [quote(f"{n}番目の灯台の話 {m} {LONG if m == 0 else ''}", f"keeper{m}") for m in range(5)]
        site.write(f"posts/p{n:03d}.md", post_text(f"灯台{n}", *comments, tags=["灯台", f"海{n % 7}"]))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site as a run leaves it; tests take copies."""
    made = Site(tmp_path_factory.mktemp("whole"))
    made.content.mkdir()
    write_posts(made)
    made.index()
    yield made
    made.close()


@pytest.fixture
def site(whole: Site, tmp_path: Path) -> Iterator[Site]:
    """Give a copy of the site that may be damaged."""
    made = Site(tmp_path)
    shutil.copytree(whole.root, made.root, dirs_exist_ok=True)  # with the times of the files: the seal holds
    yield made
    made.close()


def facts(client: FlaskClient) -> list[object]:
    """Return what a site says, without what differs from answer to answer."""
    said: list[object] = []
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200, path
        found = answer.get_json()
        said.append(
            (found["total"], [hit["id"] for hit in found["hits"]])
            if found
            else re.sub(r"[\d.]+ ?(?:ms|ミリ秒|秒)", "", answer.get_data(as_text=True))
        )
    return said


def store_of(site: Site) -> Path:
    """Return the file of the current store."""
    generation = current_generation(site.data)
    assert generation is not None
    return generation.database


def is_mended(server: Server, times: int) -> bool:
    """Tell whether the store was built again so many times by now, and is whole."""
    again = len(server.lines("^WARNING: building again"))
    return again == times and is_back(server) and not server.builders()


def is_back(server: Server) -> bool:
    """Tell whether every page comes, and the build is whole."""
    return set(server.statuses((*PAGES, "/readyz"))) == {200}


def test_a_store_that_is_damaged_under_a_server_is_built_again_beside_it_while_it_lives_on(
    site: Site, tmp_path: Path
) -> None:
    before = facts(site.client())
    kinds = list(KINDS)
    random.Random(SEED).shuffle(kinds)
    with serving(site, tmp_path / "log", workers=1) as server:
        processes = server.pids()
        for number, kind in enumerate(kinds, 1):
            assert set(server.statuses(PAGES)) == {200}
            server.get("/search?q=灯台")  # once more, so that some of it is in memory
            KINDS[kind](store_of(site))
            server.statuses(PAGES)
            assert wait_until(partial(is_mended, server, number), 2 * SECONDS), server.log.read_text()
            assert len(server.lines("^ERROR")) == number, server.log.read_text()
            assert processes <= server.pids(), f"{kind}: the process died"
            assert wait_until(lambda: server.pids() == processes, SECONDS), "the builder did not end"
            assert server.lines("Traceback") == []
            assert judging.is_up_to_date(site.settings)
        assert facts(site.client()) == before


def test_whatever_other_file_is_damaged_pages_go_on_and_the_next_run_mends_it(site: Site, tmp_path: Path) -> None:
    before = facts(site.client())
    choice = random.Random(SEED)
    with serving(site, tmp_path / "log") as server:
        processes = server.pids()
        names = [
            path.relative_to(site.data)
            for path in sorted(site.data.rglob("*"))
            # SQLite's shared memory is mapped, by SQLite itself: who cuts it kills whoever reads it.
            if path.is_file() and not path.name.endswith((".sqlite3", "-shm"))
        ]
        assert len(names) >= 8
        for name in names:
            assert set(server.statuses(PAGES)) == {200}
            path = site.data / name
            if not path.exists():  # the words have other names after a rebuild: any other file of the kind
                path = next((one for one in site.data.rglob(f"*{path.suffix}") if one.is_file()), path)
            kind = choice.choice(list(KINDS))
            if path.exists():
                KINDS[kind](path)
            server.statuses(PAGES)
            ingest.run(site.settings)
            assert wait_until(lambda: is_back(server), SECONDS), (name, kind, server.log.read_text())
            assert judging.is_up_to_date(site.settings), (name, kind)
            assert server.pids() == processes, (name, kind)
        assert server.lines("Traceback") == []
    assert facts(site.client()) == before


def test_a_page_that_a_damaged_file_would_fill_with_zeros_is_not_shown(site: Site) -> None:
    path = store_of(site)
    content = path.read_bytes()
    at = content.find("霧の夜".encode(), len(content) // 3)
    assert at > 0
    with path.open("r+b") as file:  # a text of many pages: the structure stays sound
        file.seek(at)
        file.write(b"\0" * 30)
    report = site.index()
    assert report.added == 40
    rows = site.rows("SELECT count(*) AS n FROM comments WHERE instr(CAST(text AS BLOB), x'00')")
    assert rows[0].n == 0


def test_only_the_shared_memory_of_sqlite_is_mapped(site: Site, tmp_path: Path) -> None:
    with serving(site, tmp_path / "log") as server:
        assert set(server.statuses(PAGES)) == {200}
        for process in server.pids():
            mapped = {line.split()[-1] for line in Path(f"/proc/{process}/maps").read_text().splitlines()}
            ours = {name for name in mapped if name.startswith(str(site.data))}
            assert {name for name in ours if not name.endswith("-shm")} == set()


def test_a_missing_store_is_never_made_by_opening_it(site: Site) -> None:
    client = site.client()
    assert client.get("/").status_code == 200
    path = store_of(site)
    path.unlink()
    for page in PAGES:
        assert client.get(page).status_code in (200, 503)
    assert not path.exists()
    assert site.client().get("/").status_code == 503


def test_a_touched_file_is_looked_through_and_not_built_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    name = store_of(site).parent.name
    os.utime(store_of(site))
    assert not judging.is_up_to_date(site.settings)
    site.index()
    assert judging.is_up_to_date(site.settings)
    assert store_of(site).parent.name == name
    assert "changed from outside" in caplog.text
    assert "building again" not in caplog.text


def test_a_lost_name_of_the_current_generation_is_written_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    name = (site.data / "current").read_text()
    (site.data / "current").unlink()
    report = site.index()
    assert (site.data / "current").read_text() == name
    assert report.added == 0
    assert judging.is_up_to_date(site.settings)
    assert "was lost" in caplog.text


def test_damage_is_said_once_whatever_the_number_of_requests(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    client = site.client()
    assert client.get("/").status_code == 200
    _zeros(store_of(site))
    for _ in range(5):
        for page in PAGES:
            assert client.get(page).status_code in (200, 503)
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    assert state.noted_damage(site.data)
    site.index()
    assert not state.noted_damage(site.data)
    assert client.get("/posts/p007/").status_code == 200


def test_what_was_built_beside_is_opened_at_once_when_the_generation_before_is_gone(site: Site) -> None:
    runtime: Runtime = site.app().extensions["matome"]
    old = runtime.reader().generation
    new = new_generation(site.data)
    shutil.copytree(old.folder, new.folder, dirs_exist_ok=True)
    reader = open_reader(new)
    with reader.store.sessions() as session:
        set_meta(session, "complete", "")
        session.commit()
        publish(site.data, new)
        assert runtime.reader().generation == old, "not whole yet, and a moment passes before the next look"
        set_meta(session, "complete", "yes")
        session.commit()
    reader.store.close()
    remove_others(site.data, new)
    assert runtime.reader().generation == new
    assert not state.noted_damage(site.data), "a generation that was replaced is no damage"


def test_a_first_build_is_no_damage_though_no_file_names_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_files, "CUT_OFF", 0.0)
    first = Site(tmp_path)
    first.content.mkdir()
    runtime: Runtime = first.app().extensions["matome"]
    first.data.mkdir()
    with write_lock(first.data, wait=True):
        new_generation(first.data).database.touch()
        with pytest.raises(IndexUnavailable):
            runtime.reader()
        assert not state.noted_damage(first.data)
    with pytest.raises(IndexUnavailable):
        runtime.reader()
    assert state.noted_damage(first.data), "nobody is at work on it any more"
    first.close()
