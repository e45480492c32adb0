"""Hold the headers: a strict policy, caches that ask, static files kept for ever, proxies believed only when told."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.app.sites import HTMX, TEAPOTS, Site, page, post_text, quote

ANSWERS = (
    "/",
    "/search?q=急須",
    f"/{TEAPOTS}/",
    f"/{TEAPOTS}/details/1",
    "/api/search",
    "/index.xml",
    "/nowhere",
    "/search?page=x",
    "/static/css/site.css",
)


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_a_policy_without_inline_code_or_other_hosts(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["img-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" in headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/search?q=急須&sort=newest",
        f"/{TEAPOTS}/",
        f"/{TEAPOTS}/details/2",
        "/api/posts",
        "/index.xml",
        "/sitemap.xml",
    ],
)
def test_an_answer_that_has_not_changed_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    assert "no-cache" in first.headers["Cache-Control"]
    if "search" in path:
        return  # the page of a search names how long it took
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_page_and_fragment_have_tags_of_their_own(client: FlaskClient) -> None:
    assert client.get("/posts/").headers["ETag"] != client.get("/posts/", headers=HTMX).headers["ETag"]


def test_an_answer_that_changed_is_sent_again(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("一言")))
    client = site.indexed()
    tag = client.get("/posts/a/").headers["ETag"]
    site.write("posts/a.md", post_text("本", quote("別の一言")))
    site.index()
    assert client.get("/posts/a/", headers={"If-None-Match": tag}).status_code == 200


def test_errors_are_not_kept(client: FlaskClient) -> None:
    for path in ("/nowhere", "/search?page=x"):
        assert "ETag" not in client.get(path).headers


def test_static_files_are_asked_for_by_content_and_kept_for_ever(client: FlaskClient) -> None:
    whole = page(client, "/")
    addresses = [
        str(element.get("src") or element.get("href"))
        for element in whole.select("script, link[rel=stylesheet], link[rel=icon]")
    ]
    assert len(addresses) >= 4
    for address in addresses:
        assert re.fullmatch(r"/static/[\w./-]+\?v=[0-9a-f]{12}", address)
        response = client.get(address)
        assert response.status_code == 200
        cache = response.headers["Cache-Control"]
        assert "immutable" in cache
        assert "max-age=31536000" in cache
        assert "no-cache" not in cache


def test_a_static_file_without_its_version_is_asked_for_again(client: FlaskClient) -> None:
    first = client.get("/static/css/site.css")
    assert "immutable" not in first.headers["Cache-Control"]
    assert client.get("/static/css/site.css", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_no_cookie_is_ever_set(client: FlaskClient) -> None:
    assert not any("Set-Cookie" in client.get(path).headers for path in ANSWERS)


def test_headers_of_proxies_are_believed_only_as_often_as_the_settings_say(sample: Site) -> None:
    forwarded = {"X-Forwarded-Host": "matome.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    shown = 'href="https://matome.example/'
    assert shown not in sample.client().get(f"/{TEAPOTS}/", headers=forwarded).text
    assert shown in sample.client(TRUSTED_PROXIES="1").get(f"/{TEAPOTS}/", headers=forwarded).text
