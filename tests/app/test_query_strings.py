"""Hold that a query string may hold any bytes: not everybody percent-encodes, and not every server asks for it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

PATHS = ("/", "/search", "/api/search", "/users/gull/", "/posts/2024_03/2024_03_05_teapots/", "/none", "/search.atom")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", [b"q=\xff", b"\xe3\x81=\xed\xa0\x80", b"q=\xe7\x81&page=x\xff", b"x=\x80" * 2000])
def test_bytes_that_are_no_text_are_answered(client: FlaskClient, path: str, query: bytes) -> None:
    answer = client.get(path, environ_overrides={"QUERY_STRING": query.decode("latin-1")})
    assert answer.status_code in (200, 302, 400, 404)


def test_words_that_are_not_percent_encoded_are_found_all_the_same(client: FlaskClient) -> None:
    raw = "q=灯台".encode().decode("latin-1")
    found = client.get("/api/search", environ_overrides={"QUERY_STRING": raw}).get_json()
    assert (found["query"], found["total"]) == ("灯台", 1)
