"""Serve the hostile site with gunicorn, and open it in a Chromium that forbids nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import free_port, wait_until_ready
from tests.browser.watching import Site as Served
from tests.security.hostile import HostilePost, write_site
from tests.security.looking import Lookout


@dataclass(frozen=True, slots=True)
class HostileSite:
    """The hostile site as it is served: its address, its posts, its folders, and where everything said is kept."""

    base: str
    posts: list[HostilePost]
    environment: dict[str, str]
    log: Path
    indexing: str

    def flask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `flask …` on the site."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="session")
def hostile(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileSite]:
    """Serve the hostile site."""
    folder = tmp_path_factory.mktemp("hostile")
    posts = write_site(folder / "content")
    settings = {
        "MATOME_CONTENT_DIR": str(folder / "content"),
        "MATOME_ASSETS_DIR": str(root / "assets"),
        "MATOME_DATA_DIR": str(folder / "data"),
        "FLASK_APP": "wsgi",
        "PYTHONPATH": str(root),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATOME_")} | settings
    index = subprocess.run(
        [sys.executable, "-m", "flask", "index"],
        env=environment,
        cwd=root,
        capture_output=True,
        timeout=300,
        check=True,
    )
    port, log = free_port(), folder / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4", "--no-control-socket"]
    with log.open("wb") as output:
        gunicorn = subprocess.Popen(
            [*command, "--access-logfile", "-", "--bind", f"127.0.0.1:{port}", "wsgi:app"],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=output,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(Served(base), gunicorn, log)
        yield HostileSite(base, posts, environment, log, (index.stdout + index.stderr).decode())
    finally:
        gunicorn.terminate()
        gunicorn.wait(timeout=30)


@pytest.fixture(scope="session")
def lookout(chromium: Browser, hostile: HostileSite) -> Iterator[Lookout]:
    """Open a browser on the hostile site."""
    made = Lookout(chromium, hostile.base)
    made.page.goto("/posts/calm/")
    yield made
    made.close()
