"""Hold what a reader sees of a real first build that is stopped twice on its way: nothing, a list, then all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.sites import post_text, quote
from tests.browser.conftest import free_port
from tests.browser.watching import Site, Watch

POSTS = 400
SHIFTS = """
shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => shifts.push(entry.value)))
  .observe({ type: 'layout-shift', buffered: true });
"""


class Built(NamedTuple):
    """A site whose first build waits for `go_on`."""

    site: Site
    data: Path
    server: subprocess.Popen[bytes]

    @property
    def builder(self) -> int:
        """Return the process that builds."""
        return int(json.loads((self.data / "progress.json").read_text(encoding="utf-8"))["pid"])

    def stop(self, posts: int) -> None:
        """Stop the build as soon as so many posts can be read."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.server.poll() is None
            if (self.data / "progress.json").exists() and (not posts or (self.ready()["posts"] or 0) >= posts):
                os.kill(self.builder, signal.SIGSTOP)
                return
            time.sleep(0.01)
        pytest.fail("the build never came so far")

    def go_on(self) -> None:
        """Let the build go on."""
        os.kill(self.builder, signal.SIGCONT)

    def ready(self) -> dict[str, Any]:
        """Return /readyz."""
        try:
            with urllib.request.urlopen(f"{self.site.base}/readyz", timeout=30) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                found = json.load(error)
        except OSError:
            return {"posts": 0}  # it does not listen yet
        assert isinstance(found, dict)
        return found


@pytest.fixture
def built(root: Path, tmp_path: Path) -> Iterator[Built]:
    """Serve a folder of posts that was never indexed, and stop the build before there is anything to see."""
    for n in range(POSTS):
        path = tmp_path / f"content/posts/p{n:03d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = post_text(f"記事{n}", *(quote(f"発言{n}の{m}番目") for m in range(12)), tags=[f"札{n % 7}"])
        path.write_text(text, encoding="utf-8")
    port = free_port()
    settings = {"MATOME_CONTENT_DIR": str(tmp_path / "content"), "MATOME_DATA_DIR": str(tmp_path / "data")}
    server = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "run", "--port", str(port)],
        cwd=root,
        env={name: value for name, value in os.environ.items() if not name.startswith("MATOME_")} | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    made = Built(Site(f"http://127.0.0.1:{port}"), tmp_path / "data", server)
    try:
        made.stop(0)
        yield made
    finally:
        if (made.data / "progress.json").exists():
            made.go_on()
        server.terminate()
        server.wait(timeout=30)


def test_a_first_build_turns_into_the_site_by_itself_and_moves_nothing_that_is_read(
    built: Built, chromium: Browser
) -> None:
    watch = Watch(built.site.base)
    watch.expect("503")  # the browser notes that there is nothing yet
    context = chromium.new_context(base_url=built.site.base, locale="ja-JP", viewport={"width": 360, "height": 740})
    watch.attach(context)
    context.add_init_script(SHIFTS)
    page = context.new_page()
    try:
        _open(page, built)
        expect(page.locator("#progress progress")).to_be_visible()
        expect(page.locator("#main .item")).to_have_count(0)

        built.go_on()
        built.stop(30)
        expect(page.locator("#main .item")).to_have_count(21, timeout=30_000)
        expect(page.locator("#progress")).to_contain_text(f"/ {POSTS}件")
        page.evaluate("document.querySelector('.item h2').kept = true; shifts.length = 0")  # before, nothing was read
        page.mouse.wheel(0, 300)

        built.go_on()
        expect(page.locator("#progress[data-done]")).to_contain_text(f"記事{POSTS}件", timeout=60_000)
        expect(page.locator("#main .count")).to_contain_text(f"記事{POSTS}件")
        expect(page.locator("#main .item")).to_have_count(21)
        assert page.evaluate("document.querySelector('.item h2').kept"), "the row is the same: nothing was loaded anew"
        assert page.evaluate("shifts") == []
    finally:
        context.close()
    assert watch.problems() == []


def _open(page: Page, built: Built) -> None:
    """Open home as soon as the server answers."""
    deadline = time.monotonic() + 60
    while not built.ready().get("state"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    page.goto("/")
