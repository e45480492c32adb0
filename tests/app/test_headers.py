"""Hold the headers: a strict policy, caches that ask, static files kept for ever, proxies believed only when told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from flask.testing import FlaskClient

from matome_app.store.generations import current_generation
from matome_app.store.session import Store
from matome_app.store.writing import set_meta
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


def test_a_tag_is_of_one_address_one_language_and_one_host(sample: Site) -> None:
    client = sample.client()
    tag = client.get("/posts/").headers["ETag"]
    for other in ("/posts/?page=1", "/"):
        assert client.get(other, headers={"If-None-Match": tag}).status_code == 200
    assert client.get("/posts/", headers={"If-None-Match": tag, "Host": "other.example"}).status_code == 200
    english = sample.client(LANGUAGE="en")
    assert english.get("/posts/", headers={"If-None-Match": tag}).status_code == 200
    assert sample.client().get("/posts/", headers={"If-None-Match": tag}).status_code == 304


def test_a_page_says_when_the_content_last_changed(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("一言")))
    client = site.indexed()
    young = client.get("/posts/a/")
    assert "Last-Modified" not in young.headers  # another change may come within the same second
    age_the_store(site, "2026-01-02T03:04:05.600000+00:00")
    shown = client.get("/posts/a/")
    changed = parsedate_to_datetime(shown.headers["Last-Modified"])
    assert changed >= datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    since = {"If-Modified-Since": shown.headers["Last-Modified"]}
    assert client.get("/posts/a/", headers=since).status_code == 304
    before = {"If-Modified-Since": format_datetime(changed - timedelta(seconds=1), usegmt=True)}
    assert client.get("/posts/a/", headers=before).status_code == 200


def test_any_tag_at_all_is_no_reason_to_hide_that_a_page_is_missing(client: FlaskClient) -> None:
    assert client.get("/posts/nowhere/", headers={"If-None-Match": "*"}).status_code == 404
    assert client.get("/search?page=x", headers={"If-None-Match": "*"}).status_code == 400
    assert client.get("/posts/", headers={"If-None-Match": "*"}).status_code == 304


def age_the_store(site: Site, moment: str) -> None:
    """Let the content have changed last at another time."""
    generation = current_generation(site.data)
    assert generation is not None
    store = Store(generation.database_url)
    with store.sessions.begin() as session:
        set_meta(session, "changed", moment)
    store.close()


def test_errors_are_not_kept(client: FlaskClient) -> None:
    for path in ("/nowhere", "/search?page=x"):
        assert "ETag" not in client.get(path).headers


def test_static_files_are_asked_for_by_content_and_kept_for_ever(client: FlaskClient) -> None:
    whole = page(client, "/")
    addresses = [
        str(element.get("src") or element.get("href"))
        for element in whole.select("script[src], link[rel=stylesheet], link[rel=icon]")
    ]
    assert len(addresses) >= 4
    for address in addresses:
        assert re.fullmatch(r"/static/[\w/-]+(\.min)?\.[0-9a-f]{12}\.\w+", address)
        response = client.get(address)
        assert response.status_code == 200
        cache = response.headers["Cache-Control"]
        assert "immutable" in cache
        assert "max-age=31536000" in cache
        assert "no-cache" not in cache


def test_an_address_of_before_an_upgrade_still_gets_the_file_but_does_not_keep_it(client: FlaskClient) -> None:
    response = client.get("/static/css/site.0123456789ab.css")
    assert response.status_code == 200
    assert "immutable" not in response.headers["Cache-Control"]
    assert client.get("/static/css/none.0123456789ab.css").status_code == 404


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
