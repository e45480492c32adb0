"""Make the pictures of the documentation from the sample posts.

For the README: docs/screenshot.png, home and a post with an open fold on a phone; docs/search.png, a search, and on a
phone a thread with its matches. docs/design.png: home in light, a post in dark with the panel for theme and text size,
and the map of keys, all on a phone.

Run in the checkout after `make setup-dev`: .venv/bin/python scripts/make_screenshot.py (CHROMIUM= names a browser).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from matome_app import create_app, ingest
from matome_app.config import read_settings

ROOT = Path(__file__).resolve().parent.parent
README, FOUND, DESIGN = ROOT / "docs/screenshot.png", ROOT / "docs/search.png", ROOT / "docs/design.png"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
SEARCH = "/search?q=" + quote("バックアップ")
POST = "/posts/2026_05/2026_05_12_sqlite_in_production/"
FOLD = POST + "details/1#fold-1"
MARKED = POST + "?view=thread&q=" + quote("バックアップ") + "#views"
HEIGHT, WIDE, NARROW, GAP = 800, 1040, 360, 40
COLORS = 160


def main() -> None:
    """Build an index of the sample posts in a folder of its own, serve it, and take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"CONTENT_DIR": str(ROOT / "content"), "ASSETS_DIR": str(ROOT / "assets"), "DATA_DIR": folder}
        ingest.run(read_settings(config))
        server = make_server("127.0.0.1", 0, create_app({**config, "BUILD": False}), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            take_pictures(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def take_pictures(base: str) -> None:
    """Write the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        home = take_picture(browser, base + "/", WIDE, "light")
        save(README, home, take_picture(browser, base + FOLD, NARROW, "dark"))
        search = take_picture(browser, base + SEARCH, WIDE, "dark")
        save(FOUND, search, take_picture(browser, base + MARKED, NARROW, "light"))
        home = take_picture(browser, base + "/", NARROW, "light")
        panel = take_picture(browser, base + FOLD, NARROW, "dark", open_panel)
        save(DESIGN, home, panel, take_picture(browser, base + "/help/keys", NARROW, "light"))
        browser.close()


def open_panel(page: Page) -> None:
    """Open the panel for theme and text size."""
    page.locator(".to-settings").click()


def take_picture(
    browser: Browser, url: str, width: int, scheme: Literal["light", "dark"], act: Callable[[Page], None] | None = None
) -> Image.Image:
    """Return what a window of a width shows of an address, in light or dark, after an act on the page."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme=scheme,
        locale="ja-JP",
    )
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    if act:
        act(page)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return picture


def save(path: Path, *pictures: Image.Image) -> None:
    """Write pictures side by side into one file."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    whole = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width + GAP
    whole.quantize(COLORS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
