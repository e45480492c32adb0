"""Make docs/screenshot.png for the README: a search over the sample posts, and a post with an open fold on a phone.

Run in the checkout after `make setup-dev`: .venv/bin/python scripts/make_screenshot.py (CHROMIUM= names a browser).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from matome_app import create_app, ingest
from matome_app.config import read_settings

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs/screenshot.png"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
SEARCH = "/search?q=" + quote("バックアップ")
POST = "/posts/2026_05/2026_05_12_sqlite_in_production/details/1#fold-1"
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
            pictures = take_pictures(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
    join(*pictures).quantize(COLORS).save(OUT, optimize=True)
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes")


def take_pictures(base: str) -> tuple[Image.Image, Image.Image]:
    """Return a wide picture of a search and a narrow one, in dark, of a post."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        wide = take_picture(browser, base + SEARCH, WIDE, "light")
        narrow = take_picture(browser, base + POST, NARROW, "dark")
        browser.close()
    return wide, narrow


def take_picture(browser: Browser, url: str, width: int, scheme: Literal["light", "dark"]) -> Image.Image:
    """Return what a window of a width shows of an address, in the light or the dark scheme."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme=scheme,
        locale="ja-JP",
    )
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return picture


def join(wide: Image.Image, narrow: Image.Image) -> Image.Image:
    """Return the two pictures side by side."""
    whole = Image.new("RGB", (wide.width + GAP + narrow.width, HEIGHT), "white")
    whole.paste(wide, (0, 0))
    whole.paste(narrow, (wide.width + GAP, 0))
    return whole


if __name__ == "__main__":
    main()
