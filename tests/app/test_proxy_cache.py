"""What a proxy that keeps pages for many readers is told; browsers and other proxies are told nothing of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PROXY = {"Surrogate-Capability": "nginx"}


def seconds(answer: TestResponse) -> int:
    """Return how long a proxy may keep an answer."""
    names = [name for name, _ in answer.headers]
    if "Cache-Control" in names:  # old nginx heeds only what comes first
        assert names.index("X-Accel-Expires") < names.index("Cache-Control")
    return int(answer.headers["X-Accel-Expires"])


@pytest.mark.parametrize("path", ["/", "/posts/", "/tags/", "/search?q=a", "/index.xml", "/sitemap.xml", "/api/posts"])
def test_what_follows_from_the_state_may_be_kept_for_a_moment(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=PROXY)
    assert answer.status_code == 200
    assert seconds(answer) > 0
    assert answer.headers["Cache-Control"].startswith("no-cache, stale-while-revalidate=")
    unchanged = client.get(path, headers=PROXY | {"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304
    assert seconds(unchanged) == seconds(answer)
    assert unchanged.headers["Cache-Control"] == answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/nothing", "/search?page=none", "/readyz", "/static/css/site.css", "/favicon.ico"])
def test_nothing_else_may_be_kept(client: FlaskClient, path: str) -> None:
    assert seconds(client.get(path, headers=PROXY)) == 0
    assert seconds(client.post(path, headers=PROXY)) == 0


def test_what_is_gone_takes_the_place_of_what_was_kept(client: FlaskClient) -> None:
    known = PROXY | {"If-None-Match": 'W/"of-a-page-that-was-here"'}
    gone = client.get("/posts/gone/", headers=known)
    assert gone.status_code == 404
    assert seconds(gone) > 0
    assert seconds(client.get("/search?page=none", headers=known)) == 0


def test_whoever_does_not_ask_is_told_nothing(client: FlaskClient) -> None:
    for path in ("/", "/nothing", "/static/css/site.css"):
        answer = client.get(path)
        assert "X-Accel-Expires" not in answer.headers
        assert "stale" not in answer.headers.get("Cache-Control", "")
