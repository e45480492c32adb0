"""Files outside content and assets are out of reach, by any address and any link; an SVG by itself runs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Dialog, Request

from matome_app.config import ROOT
from tests.app.sites import Site, post_text, quote
from tests.browser.conftest import free_port, wait_until_ready
from tests.browser.watching import Site as Served
from tests.images.made import encoded, two_halves

SECRET: Final = "zqsecretzq"
"""Stands in every file that is not to be served."""

UP: Final = (
    *(
        "..",
        "%2e%2e",
        ".%2e",
        "%2e.",
        "%252e%252e",
        "%25252e%25252e",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "%u002e%u002e",
    ),
    *("....", "..;", "..%00", "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e", "..%20", "%09..", "..\\", "..%5c", ".%00."),
)
SLASHES: Final = ("/", "%2f", "%252f", "%5c", "\\", "//", "%c0%af", "%e0%80%af", "%ef%bc%8f", "/./", "/%2f")
FOLDERS: Final = (
    "/posts/a",
    "/posts/a/sub",
    "/assets",
    "/assets/thumbnails",
    "/static",
    "/static/css",
    "/images/0123456789abcdef/320/assets",
    "",
)
OUTSIDE: Final = (
    "secret.png",
    "data/matome.png",
    "content/posts/draft/pic.png",
    "etc/passwd",
    "wsgi.py",
    "templates/base.html",
)

DRAWING: Final = """<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='ran'" width="40" height="40">
<style>rect { fill: rgb(1, 2, 3); background: url(http://elsewhere.test/a) } @import 'http://elsewhere.test/b.css';</style>
<rect width="40" height="40"/><script>document.title = 'ran'; fetch('/healthz'); alert(1)</script>
<image href="http://elsewhere.test/c.png" width="4" height="4"/>
<foreignObject width="9" height="9"><iframe xmlns="http://www.w3.org/1999/xhtml" src="/"></iframe>
<form xmlns="http://www.w3.org/1999/xhtml" action="/search"><input name="q" value="x"/></form></foreignObject>
<a href="javascript:document.title='ran'"><text id="link" x="2" y="20">press</text></a>
<animate attributeName="x" onbegin="document.title='ran'" dur="1s"/></svg>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site with files and links that must not be served beside some that are."""
    made = Site(tmp_path_factory.mktemp("outside"))
    picture = encoded(two_halves(64, 48), "PNG")
    made.write("posts/a/index.md", post_text("本", quote("一言"), "![](pic.png) ![](drawn.svg)"))
    made.write("posts/a/pic.png", picture)
    made.write("posts/a/drawn.svg", DRAWING)
    made.write("posts/draft/index.md", post_text("下書き", SECRET, draft=True))
    made.write("../assets/thumbnails/x.png", picture)
    for name in ("secret.png", "data/secret.png", "content/posts/draft/pic.png", "content/posts/a/.hidden.png"):
        made.write(f"../{name}", SECRET.encode())
    for name in ("content/loose.png", "content/posts/loose.png", "content/.git/config.png", "assets/.hidden/x.png"):
        made.write(f"../{name}", SECRET.encode())
    for name in (
        "page.html",
        "run.js",
        "data.json",
        "notes.txt",
        "x.svgz",
        "x.png.php",
        "noext",
        "index.html",
        "a.xhtml",
    ):
        made.write(f"posts/a/{name}", SECRET)
    link(made, "posts/a/file.png", made.root / "secret.png")
    link(made, "posts/a/draft.png", made.content / "posts/draft/pic.png")
    link(made, "posts/a/text.png", made.content / "posts/a/index.md")
    link(made, "posts/a/hidden.png", made.content / "posts/a/.hidden.png")
    link(made, "posts/a/relative.png", Path("../../../secret.png"))
    link(made, "posts/a/folder", made.root)
    link(made, "posts/a/root", Path("/"))
    link(made, "posts/a/chain.png", made.content / "posts/a/file.png")
    link(made, "../assets/file.png", made.root / "secret.png")
    link(made, "../assets/folder", made.root)
    made.write("../secret.md", post_text("外の秘密", quote(SECRET)))
    made.write(".git/secret.md", post_text("隠れた秘密", quote(SECRET)))
    link(made, "posts/linked.md", made.root / "secret.md")
    link(made, "posts/bundle/index.md", made.root / "secret.md")
    link(made, "posts/git.md", made.content / ".git/secret.md")
    link(made, "posts/passwd.md", Path("/etc/passwd"))
    link(made, "posts/below", made.root)
    made.index()
    yield made
    made.close()


def link(site: Site, name: str, target: Path) -> None:
    """Make a link below the content folder."""
    path = site.content / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.fixture(scope="module")
def client(site: Site) -> FlaskClient:
    """Give a client of the site."""
    return site.client()


def test_what_may_be_served_is(client: FlaskClient) -> None:
    for path in ("/posts/a/pic.png", "/assets/thumbnails/x.png", "/posts/a/drawn.svg"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert SECRET.encode() not in answer.data
        assert answer.mimetype in ("image/png", "image/svg+xml")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def climbing() -> Iterator[str]:
    """Yield addresses that climb out of folders."""
    for n, (folder, up) in enumerate((folder, up) for folder in FOLDERS for up in UP):
        for slash in (SLASHES[n % len(SLASHES)], "/"):
            for depth in (1 + n % 2, 5):
                yield f"{folder}/{slash.join([up] * depth)}{slash}{OUTSIDE[n % len(OUTSIDE)]}"
    for absolute in (
        "/etc/passwd",
        "//etc/passwd",
        "%2fetc%2fpasswd",
        "file:///etc/passwd",
        "C:%5csecret.png",
        "\\\\h\\s",
    ):
        yield from (f"{folder}/{absolute}" for folder in FOLDERS)
    for name in (
        "pic.png%00.svg",
        "pic.png/",
        "pic.png/.",
        "./pic.png/../../../../secret.png",
        "%00",
        "a" * 5000,
        "~",
        "..%01",
    ):
        yield from (f"{folder}/{name}" for folder in FOLDERS)


def test_no_spelling_of_an_address_climbs_out(client: FlaskClient) -> None:
    count = 0
    for path in climbing():
        answer = client.get(path)
        count += 1
        assert answer.status_code < 500, path
        assert SECRET.encode() not in answer.data, path
        assert b"root:x:0" not in answer.data, path
        assert b"create_app" not in answer.data, path
    assert count > 600


LINKED: Final = (
    "file",
    "draft",
    "text",
    "hidden",
    "relative",
    "chain",
    "folder/secret",
    "folder/data/secret",
    "root/etc/x",
)


@pytest.mark.parametrize("name", LINKED)
def test_no_link_in_a_bundle_leads_out_of_it(client: FlaskClient, name: str) -> None:
    assert client.get(f"/posts/a/{name}.png").status_code == 404
    assert client.get(f"/images/{'0' * 16}/320/posts/a/{name}.png.webp").status_code == 404


@pytest.mark.parametrize("name", ["file.png", "folder/secret.png", ".hidden/x.png"])
def test_no_link_in_the_assets_leads_out_of_them(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


NOT_SERVED: Final = (
    "page.html",
    "run.js",
    "data.json",
    "notes.txt",
    "x.svgz",
    "x.png.php",
    "noext",
    "index.html",
    "a.xhtml",
)


@pytest.mark.parametrize(
    "name", [*NOT_SERVED, "index.md", ".hidden.png", "%2ehidden.png", "pic.png%20", "PIC.PNG.", "pic.png::$DATA"]
)
def test_nothing_but_pictures_is_served_from_a_bundle(client: FlaskClient, name: str) -> None:
    assert client.get(f"/posts/a/{name}").status_code == 404


def test_a_post_that_is_a_link_out_of_the_content_is_refused_and_reported(site: Site, client: FlaskClient) -> None:
    for path in ("linked", "bundle", "git", "passwd", "below/secret", "below/content/posts/a"):
        assert client.get(f"/posts/{path}/").status_code == 404
    answer = client.get(f"/api/search?q={SECRET}").json
    assert answer is not None
    assert answer["total"] == 0
    checked = site.flask("check")
    assert checked.returncode == 1
    for name in ("linked.md", "bundle/index.md", "git.md", "passwd.md"):
        assert (
            f"posts/{name}:1:1: unreadable: the file cannot be looked at (it is a link that leads out" in checked.stdout
        )


def test_a_post_that_is_a_link_within_the_content_is_served(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("shared/text.md", post_text("共有", quote("共有の言葉")))
    link(site, "posts/linked.md", site.content / "shared/text.md")
    try:
        assert "共有の言葉" in site.indexed().get("/posts/linked/").text
    finally:
        site.close()


@pytest.mark.browser
def test_a_drawing_that_is_opened_by_itself_runs_nothing_and_asks_for_nothing(site: Site, chromium: Browser) -> None:
    port, log = free_port(), site.root / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "2", "--no-control-socket"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "wsgi:app"],
            cwd=ROOT,
            env=site.environment() | {"PATH": os.environ["PATH"]},
            stdout=output,
            stderr=output,
        )
    base = f"http://127.0.0.1:{port}"
    context = chromium.new_context(base_url=base)
    asked: list[str] = []
    dialogs: list[str] = []
    try:
        wait_until_ready(Served(base), server, log)
        page = context.new_page()

        def note(request: Request) -> None:
            asked.append(request.url)

        def dismiss(dialog: Dialog) -> None:
            dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("request", note)
        page.on("dialog", dismiss)
        page.goto("/posts/a/drawn.svg")
        assert page.locator("rect").evaluate("(one) => getComputedStyle(one).fill") == "rgb(1, 2, 3)"
        page.locator("#link").click(force=True)
        page.wait_for_timeout(300)
        assert page.evaluate("document.title") != "ran"
        assert page.evaluate("origin") == "null"
        assert [url for url in asked if url != f"{base}/posts/a/drawn.svg" and "elsewhere" not in url] == []
        assert dialogs == []
        page.goto("/posts/a/")
        assert page.locator("main img").count() >= 2
        assert page.title().startswith("本")
    finally:
        context.close()
        server.terminate()
        server.wait(timeout=30)
