"""Take the disk away: full, read-only, forbidden. Readers go on, one line says what happened, the next run mends it."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matome_app import create_app, judging, state
from matome_app.config import ROOT
from matome_app.errors import DataFolderError
from matome_app.store.generations import current_generation
from tests.app.conftest import _no_settings as _no_settings
from tests.app.conftest import site as site
from tests.app.sites import Site, post_text, quote
from tests.faults.serving import serving

PAGES = ("/", "/posts/p001/", "/search?q=灯台", "/tags/", "/users/keeper1/")
CAP_DAC_OVERRIDE = 1
PR_CAPBSET_DROP = 24


def write_posts(site: Site, first: int, number: int) -> None:
    """Write posts of some kB each."""
    for n in range(first, first + number):
        comments = [quote(f"{n}番目の灯台の話 {m}。{'海は広く、灯りは遠い。' * 40}", f"keeper{m}") for m in range(5)]
        site.write(f"posts/p{n:03d}.md", post_text(f"灯台{n}", *comments, tags=["灯台"]))


def small_disk(size: int) -> Callable[[], None]:
    """Return what makes every file that a process writes end at so many bytes, as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def obey_permissions() -> None:
    """Let this process, should it be root's, obey permissions as everybody else does."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def run_index(site: Site, before: Callable[[], None], *words: str) -> subprocess.CompletedProcess[str]:
    """Run `flask index` under a condition."""
    return subprocess.run(
        site.command("index", *words),
        cwd=ROOT,
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=before,
    )


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the permission to write from a folder and all that is in it."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize(("words", "number"), [((), 50), (("--rebuild",), 200)], ids=["an update", "a rebuild"])
def test_a_full_disk_ends_a_run_with_one_line_and_what_was_served_stays(
    site: Site, words: tuple[str, ...], number: int
) -> None:
    write_posts(site, 0, 10)
    client = site.indexed()
    write_posts(site, 10, number)
    store = current_generation(site.data)
    assert store is not None
    ended = run_index(site, small_disk(store.database.stat().st_size + 200_000), *words)
    assert ended.returncode != 0
    lines = [line for line in ended.stderr.splitlines() if not line.startswith(("INFO", "WARNING", "indexing"))]
    assert len(lines) == 1, ended.stderr
    assert "could not be written" in lines[0]
    assert str(site.data) in lines[0]
    for page in PAGES:
        assert client.get(page).status_code == 200
    assert client.get("/api/search?q=9番目の灯台").get_json()["total"] >= 5
    error = state.read_state(site.data)["error"]
    assert error is None or "could not be written" in error["message"]
    site.index()
    assert judging.is_up_to_date(site.settings)
    assert state.read_state(site.data)["error"] is None
    assert client.get("/readyz").get_json()["posts"] == 10 + number
    assert [path.name for path in site.data.glob("g*")] == [(site.data / "current").read_text().strip()]


def test_a_first_build_on_a_full_disk_is_finished_by_the_next_run(site: Site) -> None:
    write_posts(site, 0, 210)
    ended = run_index(site, small_disk(900_000))
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    site.index()
    assert judging.is_up_to_date(site.settings)
    assert site.rows("SELECT count(*) AS n FROM posts")[0].n == 210
    assert site.client().get("/api/search?q=灯台").get_json()["total"] == 1050


def test_a_data_folder_that_cannot_be_written_is_served_and_one_line_says_so(site: Site, tmp_path: Path) -> None:
    write_posts(site, 0, 5)
    site.index()
    with read_only(site.data):
        process = subprocess.run(
            site.command("index"),
            cwd=ROOT,
            env=site.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=obey_permissions,
        )
        assert process.returncode == 1
        assert "cannot be written (Permission denied)" in process.stderr
        with serving(site, tmp_path / "log", before=obey_permissions) as server:
            for _ in range(3):
                assert set(server.statuses((*PAGES, "/readyz"))) == {200}
            assert len(server.lines("cannot be written")) == 1, server.log.read_text()
            assert server.lines("Traceback|ERROR") == []


def test_permission_lost_and_given_back_while_serving_is_nothing_to_readers(site: Site, tmp_path: Path) -> None:
    write_posts(site, 0, 5)
    site.index()
    with serving(site, tmp_path / "log", before=obey_permissions) as server:
        assert set(server.statuses(PAGES)) == {200}
        with read_only(site.data):
            for _ in range(3):
                assert set(server.statuses(PAGES)) == {200}
        site.data.chmod(0)
        try:
            for _ in range(3):
                server.statuses(PAGES)
        finally:
            site.data.chmod(0o755)
        assert set(server.statuses(PAGES)) == {200}
        write_posts(site, 5, 1)
        site.index()
        assert server.get("/posts/p005/").status == 200
        assert server.lines("Traceback") == []


def test_without_anything_to_serve_a_folder_that_cannot_be_written_ends_the_start(site: Site) -> None:
    write_posts(site, 0, 1)
    site.data.mkdir()
    (site.root / "file").touch()
    with pytest.raises(DataFolderError):
        create_app({**site.values, "DATA_DIR": str(site.root / "file/data"), "TESTING": True})
