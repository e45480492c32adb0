"""Every answer has all security headers: errors, redirects, 304, files, and what fails before it begins, too."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from matome_app.web.headers import DENIED, HEADERS, POLICY
from tests.app.sites import HTMX, TEAPOTS, Site, post_text, quote, write_sample
from tests.images.made import encoded, two_halves
from tests.security.hostile import EVERYTHING

PATHS = {
    "home": ("/", 200),
    "list": ("/posts/?tag=DOOM", 200),
    "post": (f"/{TEAPOTS}/", 200),
    "post without its slash": (f"/{TEAPOTS}", 301),
    "alias": ("/old/teapots/", 301),
    "fold": (f"/{TEAPOTS}/details/1", 200),
    "fold that is not there": (f"/{TEAPOTS}/details/99", 404),
    "picture": (f"/{TEAPOTS}/drawn.png", 200),
    "drawing": (f"/{TEAPOTS}/drawn.svg", 200),
    "search": ("/search?q=急須", 200),
    "nothing found": ("/search?q=zzzqqq", 200),
    "bad search": ("/search?page=x", 400),
    "long search": ("/search?q=" + "a" * 1001, 413),
    "tags": ("/tags/", 200),
    "tag": ("/tags/doom/", 200),
    "months": ("/months/", 200),
    "users": ("/users/", 200),
    "user": ("/users/gull/", 200),
    "JSON": ("/api/search", 200),
    "JSON of nothing": ("/api/posts/posts/none", 404),
    "feed": ("/index.xml", 200),
    "Atom": ("/search.atom?q=急須", 200),
    "sitemap": ("/sitemap.xml", 200),
    "robots": ("/robots.txt", 200),
    "manifest": ("/manifest.webmanifest", 200),
    "icon": ("/favicon.ico", 200),
    "style": ("/static/css/site.css", 200),
    "no style": ("/static/css/none.css", 404),
    "health": ("/healthz", 200),
    "readiness": ("/readyz", 200),
    "hints": ("/help/search", 200),
    "nowhere": ("/nowhere", 404),
    "folder of static": ("/static/", 404),
    "climbing": ("/static/%2e%2e/wsgi.py", 404),
    "not UTF-8": ("/%ff%fe", 404),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the sample site with two pictures, indexed."""
    made = Site(tmp_path_factory.mktemp("headers"))
    write_sample(made)
    made.write(f"{TEAPOTS}/drawn.png", encoded(two_halves(64, 48), "PNG"))
    made.write(f"{TEAPOTS}/drawn.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    made.index()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(site: Site) -> FlaskClient:
    """Give a client of the site."""
    return site.client()


def missing(headers: Any) -> list[str]:
    """Return the headers that an answer does not have, has twice, or has with a value that protects less."""
    get_all = headers.get_all if isinstance(headers, Message) else headers.getlist
    wrong = []
    for name, value in HEADERS.items():
        values = get_all(name) or []
        if name == "Content-Security-Policy" and values and "sandbox" in values[0]:
            assert "script-src" not in values[0]
            assert values[0].startswith("default-src 'none'")
        elif name == "Cross-Origin-Resource-Policy" and values == ["cross-origin"]:
            pass
        elif values != [value]:
            wrong.append(f"{name}: {values}")
    wrong += [f"{name}: {get_all(name)}" for name in ("Set-Cookie", "X-Powered-By", "Via") if get_all(name)]
    return wrong


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("name", PATHS)
def test_every_answer_has_them(client: FlaskClient, name: str, method: str) -> None:
    path, status = PATHS[name]
    answer = client.open(path, method=method)
    assert missing(answer.headers) == []
    assert "Server" not in answer.headers
    expected = {"GET": (status,), "HEAD": (status,), "OPTIONS": (200, 404, 301)}.get(method, (405, 404, 301))
    assert answer.status_code in expected


@pytest.mark.parametrize("name", PATHS)
def test_what_is_not_sent_again_has_them(client: FlaskClient, name: str) -> None:
    path, status = PATHS[name]
    first = client.get(path, headers=HTMX)
    assert missing(first.headers) == []
    if "ETag" in first.headers:
        again = client.get(path, headers={**HTMX, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, status) == (304, 200)
        assert missing(again.headers) == []


def test_a_part_of_a_picture_has_them_and_so_has_one_that_is_not_there(client: FlaskClient) -> None:
    for wanted, status in (("bytes=0-3", 206), ("bytes=999999-", 416)):
        answer = client.get(f"/{TEAPOTS}/drawn.png", headers={"Range": wanted})
        assert answer.status_code == status
        assert missing(answer.headers) == []


def test_a_fault_of_the_program_has_them(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    app = site.app()
    assert "api.healthz" in app.view_functions
    monkeypatch.setitem(app.view_functions, "api.healthz", lambda: 1 / 0)
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 500
    assert missing(answer.headers) == []


@pytest.mark.parametrize(
    "host", ["bad host", "a/b", "a@b", "[::1", "x" * 300, "", "ex\u00e4mple", "a:b:c", "a:99999999"]
)
def test_a_host_that_is_none_is_answered_with_them(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code < 500
    assert missing(answer.headers) == []


def test_a_site_without_content_and_one_that_cannot_be_read_have_them(site: Site, tmp_path: Path) -> None:
    empty = Site(tmp_path)
    try:
        for path in ("/", "/search", "/readyz", "/api/posts", "/index.xml"):
            answer = empty.client().get(path)
            assert answer.status_code in (200, 503)
            assert missing(answer.headers) == []
    finally:
        empty.close()


def test_what_fails_before_the_program_begins_has_them(site: Site) -> None:
    app = site.app()

    def fail() -> None:
        raise ZeroDivisionError

    app.before_request(fail)
    answer = app.test_client().get("/")
    assert answer.status_code == 500
    assert missing(answer.headers) == []


def test_the_policy_allows_nothing_inline_and_nobody_else(client: FlaskClient) -> None:
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert "*" not in POLICY
    assert "data:" not in POLICY
    policy = dict(part.split(" ", 1) for part in POLICY.split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert {policy[name] for name in policy if name.endswith("-src") and name != "default-src"} == {"'self'"}
    assert {"camera", "microphone", "geolocation", "usb", "payment"} <= set(DENIED)


def test_no_cookie_is_set_even_for_who_brings_one(client: FlaskClient) -> None:
    brought = {"Cookie": "session=eyJhIjoxfQ.x.y; theme=dark"}
    for path, status in PATHS.values():
        answer = client.get(path, headers=brought)
        assert answer.status_code == status
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_pictures_may_be_shown_by_readers_of_feeds_and_pages_may_not(client: FlaskClient) -> None:
    assert client.get(f"/{TEAPOTS}/drawn.png").headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert client.get(f"/{TEAPOTS}/").headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "header", ["HX-Current-URL", "HX-Source", "HX-Target", "Referer", "X-Request-ID", "Accept-Language"]
)
def test_nothing_of_a_request_gets_into_the_headers_of_its_answer(client: FlaskClient, header: str) -> None:
    for text in EVERYTHING[::5]:
        value = text.encode("utf-8", "replace").decode("latin-1").replace("\r", "").replace("\n", "").replace("\0", "")
        path = "/search" if header != "HX-Target" else "/users/gull/"
        brought = {**HTMX, "HX-Source": "form#search", header: value}
        answer = client.get(path, query_string={"q": text[:900], "user": text[:90]}, headers=brought)
        assert answer.status_code < 500
        assert missing(answer.headers) == []
        for name, said in answer.headers:
            assert is_plain(said), f"{name}: {said!r}"


def test_a_path_of_any_bytes_gets_into_no_header_as_it_is(client: FlaskClient) -> None:
    for text in EVERYTHING[::2]:
        for way in ("/users/{}/", "/posts/{}", "/tags/{}", "/{}", f"/{TEAPOTS}/{{}}/"):
            answer = client.get(way.format(percent(text[:200])), headers={**HTMX, "HX-Source": "form#search"})
            assert answer.status_code < 500, text
            for name, said in answer.headers:
                assert is_plain(said), f"{name}: {said!r}"
            assert not answer.headers.get("Location", "/x").startswith(("//", "/\\", "http:", "javascript:")), text


def is_plain(said: str) -> bool:
    """Tell whether a header's value is what one may hold."""
    return said.isascii() and said.isprintable()


def percent(text: str) -> str:
    """Return every byte of a text as an escape."""
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def test_the_server_of_flask_run_says_no_version(site: Site) -> None:
    app: Flask = site.app()
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert answer.read()
        assert answer.headers.get_all("Server") == ["matome"]
        assert missing(answer.headers) == []
        connection.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_links_to_other_hosts_carry_nothing_of_the_reader(site: Site) -> None:
    site.write("posts/links.md", post_text("外", "引用元：[x](https://example.org/)", quote("https://example.net/a")))
    site.index()
    page = site.client().get("/posts/links/").text
    assert page.count('rel="nofollow noopener noreferrer"') >= 2
