"""Serve a generated site with gunicorn and open it in a real Chromium; a page that complains fails its test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.sample_site import write_site
from tests.browser.watching import Site, Watch
from tests.chromium import PATIENCE_MS


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(site: Site, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for /readyz; fail with the server's log when it ends or three minutes pass."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if site.json("/readyz")["status"] == "ready":
                return
        except OSError:
            pass  # it does not listen yet, or answers 503
        time.sleep(0.1)
    pytest.fail(f"the site did not come up:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve the generated site from an index made beforehand."""
    folder = tmp_path_factory.mktemp("browser")
    write_site(folder / "content")
    settings = {
        "MATOME_CONTENT_DIR": str(folder / "content"),
        "MATOME_ASSETS_DIR": str(root / "assets"),
        "MATOME_DATA_DIR": str(folder / "data"),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATOME_")} | settings
    index = [sys.executable, "-m", "flask", "--app", "wsgi", "index"]
    subprocess.run(index, cwd=root, env=environment, check=True, capture_output=True, timeout=300)
    port, log = free_port(), folder / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4", "--no-control-socket"]
    with log.open("wb") as output:
        gunicorn = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "wsgi:app"],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=output,
        )
    site = Site(f"http://127.0.0.1:{port}")
    try:
        wait_until_ready(site, gunicorn, log)
        yield site
    finally:
        gunicorn.terminate()
        gunicorn.wait(timeout=30)


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    """Watch the pages of a test, and fail it when one of them complained."""
    watch = Watch(site.base)
    yield watch
    assert watch.problems() == []


@pytest.fixture
def open_page(chromium: Browser, site: Site, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Open a path in a fresh context; keyword arguments are the context's."""
    contexts: list[BrowserContext] = []

    def open_(path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=site.base, locale="ja-JP", **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        watch.attach(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def tour(chromium: Browser, site: Site) -> Iterator[Page]:
    """Give the tests of a file one page that goes everywhere, also where the site answers with an error."""
    watch = Watch(site.base)
    watch.expect("40[04]|413")  # the browser notes in its console that these are errors
    context = chromium.new_context(base_url=site.base, locale="ja-JP")
    context.set_default_timeout(PATIENCE_MS)
    watch.attach(context)
    yield context.new_page()
    context.close()
    assert watch.problems() == []
