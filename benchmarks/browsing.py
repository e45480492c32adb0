"""Open pages in a real Chromium, its processor slowed down, and note what they weigh and how they behave."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.visits import DOCUMENT, IMAGE, OTHER, OWN_SCRIPT, SCRIPT, STYLE, Bytes, Observed, Weight

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Locator, Page, Request, Response

OBSERVE = Path(__file__).with_name("observe.js")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
GZIP_LEVEL = 5
GZIP_LEAST = 1000
"""As deploy/nginx/site.conf.j2 has them."""
PATIENCE_MS = 60_000
START_MS = 100
"""Within this time a page asks for what it was told to fetch."""
REST_MS = 600
"""How long a page is watched after what it was asked for is there."""
SLOW_NETWORK_MS = 800
"""Longer than the half second in which a browser puts a movement down to the click before it."""
ICONS = "[...document.querySelectorAll('link[rel~=icon]')].map((icon) => icon.href)"
TYPES = {"document": DOCUMENT, "stylesheet": STYLE, "image": IMAGE}


class Missing(Exception):
    """What a browser needs is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: CSS pixels, device pixels to each, and whether it is touched."""

    name: str
    width: int
    height: int
    scale: float = 1
    is_mobile: bool = False

    def __str__(self) -> str:
        """Say how large it is."""
        return f"{self.name}, {self.width} × {self.height} at {self.scale:g}"


PHONE = Screen("phone", 360, 740, 3, is_mobile=True)
DESKTOP = Screen("desktop", 1440, 900)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; raise Missing where it or its driver is not there."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("playwright is not installed: `make bench` does that (requirements-bench.txt)") from None
    if not os.access(CHROMIUM, os.X_OK):
        raise Missing(f"no Chromium at {CHROMIUM}: apt-get install chromium, or CHROMIUM= names another")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def visitor(
    browser: Browser, base: str, screen: Screen = PHONE, *, slow_down: float = 1, stored: dict[str, str] | None = None
) -> Iterator[Visitor]:
    """Give a reader who was never here: nothing cached; `stored` is what local storage holds all the same."""
    context = browser.new_context(
        base_url=base,
        locale="ja-JP",
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.scale,
        is_mobile=screen.is_mobile,
        has_touch=screen.is_mobile,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(OBSERVE.read_text(encoding="utf-8"))
    for name, value in (stored or {}).items():
        context.add_init_script(f"try {{ localStorage.setItem({name!r}, {value!r}) }} catch {{}}")
    try:
        yield Visitor(base, context.new_page(), slow_down)
    finally:
        context.close()


class Visitor:
    """A reader with one page: opens addresses, and tells what was seen since the last time it was asked."""

    def __init__(self, base: str, page: Page, slow_down: float) -> None:
        self.base = base
        self.page = page
        self.responses: list[Response] = []
        self._slow_down = slow_down
        self._cdp = self._slowed(page)
        self._asked: set[Request] = set()
        context = page.context
        context.on("response", lambda response: self.responses.append(response))
        context.on("request", lambda request: self._asked.add(request))
        context.on("requestfinished", lambda request: self._asked.discard(request))
        context.on("requestfailed", lambda request: self._asked.discard(request))

    def _slowed(self, page: Page) -> CDPSession:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": self._slow_down})
        return session

    def open(self, path: str) -> None:
        """Go to a path, and wait until the page is at rest."""
        self.page.goto(path, wait_until="load")
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is asked of the server any more, and then for what the page does with the last answer."""
        until = time.monotonic() + PATIENCE_MS / 1000
        self.page.wait_for_timeout(START_MS)
        while self._asked and time.monotonic() < until:
            self.page.wait_for_timeout(START_MS)
        self.page.wait_for_timeout(REST_MS)

    def tap(self, what: Locator) -> None:
        """Bring something on the screen, touch it, and wait for what comes of it."""
        what.scroll_into_view_if_needed()
        what.tap()
        self.rest()

    def observed(self) -> Observed:
        """Return what the page did since it was opened or since this was last asked."""
        self.page.wait_for_timeout(50)  # observers are told after the frame
        seen: dict[str, Any] = self.page.evaluate(
            "() => { const { paint, painted, shifts, tasks, frames } = observed;"
            " Object.assign(observed, { shifts: [], tasks: [], frames: [] });"
            " return { paint, painted, shifts, tasks, frames }; }"
        )
        shifts = seen["shifts"]
        return Observed(
            paint=seen["paint"],
            painted=seen["painted"],
            shift=sum(shift["value"] for shift in shifts if not shift["asked"]),
            asked=sum(shift["value"] for shift in shifts if shift["asked"]),
            moved=tuple(sorted({name for shift in shifts if not shift["asked"] for name in shift["moved"]})),
            tasks=tuple(seen["tasks"]),
            frames=tuple(seen["frames"]),
        )

    def delay(self, milliseconds: int = SLOW_NETWORK_MS) -> None:
        """Make every answer from now on come late."""
        self._cdp.send("Network.enable")
        throughput = {"downloadThroughput": -1, "uploadThroughput": -1}
        self._cdp.send("Network.emulateNetworkConditions", {"offline": False, "latency": milliseconds, **throughput})

    def scroll(self, distance: int, speed: int) -> None:
        """Drag the page up by a finger, some CSS pixels a second, and time the frames meanwhile."""
        size = self.page.viewport_size or {"width": 0, "height": 0}
        where = {"x": size["width"] // 2, "y": size["height"] // 2}
        self.page.evaluate("observed.watchFrames()")
        self._cdp.send("Input.synthesizeScrollGesture", {**where, "yDistance": -distance, "speed": speed})
        self.page.evaluate("observed.watchFrames()")

    def weight(self) -> Weight:
        """Add up what was fetched so far, the icon included if the browser left it out."""
        kinds: dict[str, Bytes] = {}
        for response in self.responses:
            size = sent(response.body(), response.headers.get("content-type", ""))
            kind = kind_of(response.request.resource_type, urlsplit(response.url).path)
            kinds[kind] = kinds.get(kind, Bytes()) + size
        addresses = [response.url for response in self.responses]
        hosts = {urlsplit(address).netloc for address in addresses} - {urlsplit(self.base).netloc}
        icons: list[str] = self.page.evaluate(
            "[...document.querySelectorAll('link[rel~=icon]')].map((icon) => icon.href)"
        )
        left_out = bool(icons) and not set(icons) & set(addresses)
        return Weight(len(addresses) + left_out, tuple(sorted(hosts)), kinds)


def kind_of(resource_type: str, path: str) -> str:
    """Return what a file counts as."""
    if resource_type == "script":
        return OWN_SCRIPT if path.startswith("/static/js/") else SCRIPT
    return TYPES.get(resource_type, OTHER)


def sent(body: bytes, content_type: str) -> Bytes:
    """Return the size of a file as it is and as nginx of deploy/ sends it: pictures and what is tiny unpacked."""
    is_packed = content_type.startswith("image/") and "svg" not in content_type
    if is_packed or len(body) < GZIP_LEAST:
        return Bytes(len(body), len(body))
    return Bytes(len(body), len(gzip.compress(body, GZIP_LEVEL)))


def again(browser: Browser, base: str, path: str) -> list[tuple[str, int, int]]:
    """Visit a page twice, in two tabs; return what went over the wire the second time: path, status, bytes."""
    with visitor(browser, base, DESKTOP) as reader:
        reader.open(path)
        page = reader.page.context.new_page()
        wire = _Wire(page.context.new_cdp_session(page))
        page.goto(path, wait_until="networkidle")
        page.wait_for_timeout(100)
        return wire.rows()


class _Wire:
    """Listen to what a page gets from the network itself, not from its cache."""

    def __init__(self, session: CDPSession) -> None:
        self._paths: dict[str, str] = {}
        self._statuses: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        session.on("Network.requestWillBeSent", lambda event: self._requested(event))
        session.on("Network.responseReceivedExtraInfo", lambda event: self._received(event))
        session.on("Network.loadingFinished", lambda event: self._finished(event))
        session.send("Network.enable")

    def _requested(self, event: dict[str, Any]) -> None:
        self._paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _received(self, event: dict[str, Any]) -> None:
        # Comes for what was on the wire only, with the status that was there: of a 304 the page itself sees a 200.
        self._statuses[event["requestId"]] = event["statusCode"]

    def _finished(self, event: dict[str, Any]) -> None:
        self._sizes[event["requestId"]] = int(event["encodedDataLength"])

    def rows(self) -> list[tuple[str, int, int]]:
        """Return path, status and bytes of every answer."""
        return [(self._paths.get(key, ""), status, self._sizes.get(key, 0)) for key, status in self._statuses.items()]
