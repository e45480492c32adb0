"""Hold that every request has an id, which its log lines, its answer and the page of an error carry, and is timed."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from matome_app.log import LOGGER
from tests.app.logs import written
from tests.app.sites import HTMX, Site, soup

GIVEN = "0af7651916cd43dd8448eb211c80319c"
MALFORMED = [
    "",
    "short",
    "x" * 65,
    "with space in it",
    "line\nbreak-in-it",
    '"quoted-value"',
    "<b>bold-value</b>",
    "番号番号番号番号",
]


@pytest.fixture(scope="module")
def failing(sample: Site) -> FlaskClient:
    """Give a client of an app in which something fails that nobody foresaw."""
    app = sample.app(TESTING=False, TRUSTED_PROXIES="1")

    def fail() -> str:
        raise LookupError("nobody foresaw this")

    app.add_url_rule("/fails", view_func=fail)
    app.add_url_rule("/api/fails", "api-fails", fail)
    return app.test_client()


@pytest.fixture(scope="module")
def behind_a_proxy(sample: Site) -> FlaskClient:
    """Give a client of an app that trusts one proxy."""
    return sample.client(TRUSTED_PROXIES="1")


def test_every_answer_has_an_id_of_its_own(client: FlaskClient) -> None:
    ids = [client.get(url).headers.getlist("X-Request-ID") for url in ("/", "/", "/search?q=急須", "/none", "/healthz")]
    assert all(len(one) == 1 and re.fullmatch("[0-9a-f]{32}", one[0]) for one in ids)
    assert len({one[0] for one in ids}) == len(ids)


def test_an_answer_without_a_body_has_one_too(client: FlaskClient) -> None:
    tag = client.get("/").headers["ETag"]
    answer = client.get("/", headers={"If-None-Match": tag})
    assert answer.status_code == 304
    assert answer.headers["X-Request-ID"]


def test_a_client_cannot_choose_the_id(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": GIVEN}).headers["X-Request-ID"] != GIVEN


def test_a_trusted_proxy_sets_the_id(behind_a_proxy: FlaskClient) -> None:
    assert behind_a_proxy.get("/healthz", headers={"X-Request-ID": GIVEN}).headers["X-Request-ID"] == GIVEN


@pytest.mark.parametrize("given", MALFORMED)
def test_what_is_no_id_is_not_taken_for_one(behind_a_proxy: FlaskClient, given: str) -> None:
    environ = {"HTTP_X_REQUEST_ID": given.encode().decode("latin-1")}
    answer = behind_a_proxy.get("/healthz", environ_overrides=environ)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_it_stands_in_every_line_that_is_logged_meanwhile(failing: FlaskClient) -> None:
    with written() as log:
        failing.get("/fails", headers={"X-Request-ID": GIVEN})
        LOGGER.warning("afterwards")
    first, *traceback, last = log.text.splitlines()
    assert first == f"ERROR: unexpected error at /fails [{GIVEN}]"
    assert traceback[-1] == "LookupError: nobody foresaw this"
    assert last == "WARNING: afterwards"
    inside, outside = log.events
    assert (inside["request_id"], inside["event"]) == (GIVEN, "unexpected")
    assert "request_id" not in outside


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_reader_can_quote_it_from_the_page_of_an_error(failing: FlaskClient, headers: dict[str, str]) -> None:
    answer = failing.get("/fails", headers=headers)
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in soup(answer.data).select_one(".error").get_text()  # type: ignore[union-attr]


def test_a_machine_finds_it_in_the_error(failing: FlaskClient) -> None:
    answer = failing.get("/api/fails")
    assert answer.get_json()["error"]["request_id"] == answer.headers["X-Request-ID"]


def test_what_is_no_fault_of_ours_needs_no_number(failing: FlaskClient) -> None:
    answer = failing.get("/none")
    assert answer.status_code == 404
    assert answer.headers["X-Request-ID"] not in answer.text


def test_a_slow_request_is_named_by_its_kind_and_time(sample: Site) -> None:
    client = sample.client(SLOW_REQUEST="0.001")
    with written() as log:
        client.get("/search?q=ひみつのことば", headers={"Referer": "/search?q=さらにひみつ"})
    (event,) = [one for one in log.events if one.get("event") == "slow"]
    assert (event["level"], event["route"], event["status"]) == ("WARNING", "/search", 200)
    assert event["seconds"] >= 0.001
    assert re.search(r"^WARNING: slow: /search took [0-9.]+ s \(200\) \[[0-9a-f]{32}\]$", log.text, re.MULTILINE)
    assert "ひみつ" not in log.text


def test_a_slow_request_to_nowhere_has_no_route(sample: Site) -> None:
    client = sample.client(SLOW_REQUEST="0.001")
    with written() as log:
        client.get("/nowhere/ひみつ")
    assert [one["route"] for one in log.events if one.get("event") == "slow"] == ["unknown"]


@pytest.mark.parametrize("limit", ["0", "600"])
def test_no_request_is_slow_where_none_should_be(sample: Site, limit: str) -> None:
    client = sample.client(SLOW_REQUEST=limit)
    with written() as log:
        assert client.get("/search?q=急須").status_code == 200
    assert "slow" not in log.text
