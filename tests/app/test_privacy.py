"""Hold that no log says who asked or what was searched for: ours, Flask's, `flask run`'s, and what gunicorn writes."""

from __future__ import annotations

import logging
import subprocess
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from sqlalchemy.exc import OperationalError

from matome_app import privacy
from matome_app.config import ROOT
from tests.app.logs import written
from tests.app.sites import Site
from tests.app.test_cli import fetch, free_port, wait_for

SECRET = "himitsunokotoba"
ADDRESS = "198.51.100.77"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/search?q=x", "/search?…"),
        ("/search?q=a?b&tag=c", "/search?…"),
        ("/posts/a/", "/posts/a/"),
        ("GET /search?q=x HTTP/1.1", "GET /search?… HTTP/1.1"),
        ("GET /search?q=x HTTP/1.1 y HTTP/1.1", "GET /search?… HTTP/1.1"),
        ("GET /search?q=x\ny HTTP/1.1\x1b[0m", "GET /search?… HTTP/1.1\x1b[0m"),
        ("Bad request syntax ('GET /search?q=x y')", "Bad request syntax ('GET /search?…"),
    ],
)
def test_of_an_address_only_the_path_is_left(text: str, left: str) -> None:
    assert privacy.without_query(text) == left


@pytest.fixture(scope="module")
def failing(sample: Site) -> Flask:
    """Give an app in which searches fail in ways that nobody foresaw."""
    app = sample.app(TESTING=False)

    def fail() -> str:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"cannot read query {SECRET!r}") from error

    def fail_in_store() -> str:
        raise OperationalError("SELECT", {"q": SECRET}, Exception(f'fts5: syntax error near "{SECRET}"'))

    app.add_url_rule("/fails", view_func=fail)
    app.add_url_rule("/fails-in-store", view_func=fail_in_store)
    return app


def test_an_error_of_a_search_is_logged_without_what_it_says(failing: Flask) -> None:
    with written() as log:
        failing.test_client().get(f"/fails?q={SECRET}", environ_base={"REMOTE_ADDR": ADDRESS})
    lines = log.text.splitlines()
    assert lines[0].startswith("ERROR: unexpected error at /fails [")
    assert "KeyError: …" in lines
    assert lines[-1] == "ValueError: …"
    assert any("test_privacy.py" in line and ", in fail" in line for line in lines)
    for said in (log.text, str(log.events)):
        assert SECRET not in said
        assert ADDRESS not in said


def test_an_error_of_a_page_without_a_query_says_all(failing: Flask) -> None:
    with written() as log:
        failing.test_client().get("/fails")
    assert log.text.splitlines()[-1] == f"ValueError: cannot read query '{SECRET}'"


def test_an_error_of_the_store_is_logged_without_a_piece_of_the_query(failing: Flask) -> None:
    with written() as log:
        assert failing.test_client().get(f"/fails-in-store?q={SECRET}").status_code == 503
    assert log.text.startswith("ERROR: the store cannot be read: fts5: … [")
    assert SECRET not in log.text


def test_an_error_that_meets_no_handler_is_hidden_too(failing: Flask) -> None:
    with written(failing.logger) as log, failing.test_request_context(f"/search?q={SECRET}"):
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            failing.log_exception((type(error), error, error.__traceback__))  # type: ignore[arg-type]
    assert "ValueError: …" in log.text
    assert SECRET not in log.text


def test_causes_that_go_in_a_ring_come_to_an_end() -> None:
    one, other = ValueError("a"), KeyError("b")
    one.__cause__, other.__context__ = other, one
    assert str(privacy.without_message(one)) == privacy.LEFT_OUT


def test_searches_that_fail_for_the_reader_are_not_logged(client: FlaskClient) -> None:
    with written() as log:
        for query in (f"q={SECRET * 100}", f"q={SECRET}&page=abc", f"q={SECRET}&page=99999", f'q="{SECRET}+OR+-(+'):
            client.get(f"/search?{query}", headers={"Referer": f"/search?q={SECRET}"})
    assert log.text == ""


def test_the_development_server_says_neither_address_nor_query(sample: Site) -> None:
    base = f"http://127.0.0.1:{(port := free_port())}"
    server = subprocess.Popen(
        sample.command("run", "--port", str(port)),
        cwd=ROOT,
        env=sample.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(f"{base}/readyz", server)
        for path in (f"/search?q={SECRET}", f"/api/search?q={SECRET}", f"/none?q={SECRET}", "/healthz"):
            fetch(base + path)
    finally:
        server.terminate()
        said, _ = server.communicate(timeout=20)
    assert '"GET /search?… HTTP/1.1" 200' in said
    assert '"GET /healthz HTTP/1.1" 200' in said
    assert "GET /none?… HTTP/1.1" in said
    assert SECRET not in said
    requests = [line for line in said.splitlines() if "HTTP/1.1" in line]
    assert all(line.startswith("- - - [") for line in requests)


COMBINED = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(q)s %(U)s %(L)s'
EVERYTHING = "%({referer}i)s %({x-forwarded-for}i)s %({location}o)s %({query_string}e)s %({remote_addr}e)s"


def access_line(form: str, path: str = "/search") -> tuple[str, dict[str, Any]]:
    """Return the line that gunicorn's own logger writes for a search, and its figures as JSON."""
    privacy.protect()
    config = Config()
    config.set("accesslog", "-")
    config.set("access_log_format", form)
    logger = Logger(config)
    environ = {
        "REMOTE_ADDR": ADDRESS,
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/search?q={SECRET}",
        "PATH_INFO": path,
        "QUERY_STRING": f"q={SECRET}",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": f"https://matome.example/search?q={SECRET}",
        "HTTP_USER_AGENT": "Mosaic/1.0",
    }
    asked = {"Referer": environ["HTTP_REFERER"], "X-Forwarded-For": ADDRESS}
    answer = SimpleNamespace(
        status="200 OK", sent=512, headers=[("Location", f"/search?q={SECRET}"), ("X-Request-ID", "0af76519")]
    )
    with written(logging.getLogger("gunicorn.access")) as log:
        logger.access(answer, SimpleNamespace(headers=asked.items()), environ, timedelta(seconds=1, milliseconds=250))
    (event,) = log.events
    return log.text.removeprefix("INFO: ").rstrip("\n"), event


@pytest.mark.parametrize("form", [COMBINED, EVERYTHING])
def test_gunicorns_access_log_says_neither_address_nor_query_whatever_it_is_asked_for(form: str) -> None:
    line, event = access_line(form)
    for said in (line, str(event)):
        assert SECRET not in said
        assert ADDRESS not in said


def test_gunicorns_access_log_says_what_was_asked_and_how_long_it_took() -> None:
    line, event = access_line("%(m)s %(U)s %(s)s %(B)s %(L)s [%({x-request-id}o)s] %(r)s %(f)s")
    assert line == ("GET /search 200 512 1.250000 [0af76519] GET /search?… HTTP/1.1 https://matome.example/search?…")
    wanted = {"event": "request", "method": "GET", "path": "/search", "status": 200, "bytes": 512, "seconds": 1.25}
    assert event.items() >= wanted.items() | {("request_id", "0af76519")}


def test_a_path_makes_no_line_of_its_own_in_gunicorns_access_log() -> None:
    line, event = access_line("%(U)s", "/茶\nGET /forged 200\x1b[31m".encode().decode("latin-1"))
    assert line == event["path"] == "/茶\\nGET /forged 200\\x1b[31m"


@pytest.mark.parametrize(
    ("message", "arguments", "left"),
    [
        (
            f"Invalid request from ip={ADDRESS}: Invalid HTTP request line: 'GET /search?q={SECRET} x'",
            (),
            "Invalid request: Invalid HTTP request line",
        ),
        ("Error handling request %s %s", ("GET", f"/search?q={SECRET}"), "Error handling request GET /search?…"),
        ("Booting worker with pid: %s", (7,), "Booting worker with pid: 7"),
    ],
)
def test_gunicorns_own_lines_say_neither(message: str, arguments: tuple[object, ...], left: str) -> None:
    privacy.protect()
    logger = logging.getLogger("gunicorn.error")
    with written(logger) as log:
        try:
            raise ValueError(SECRET)
        except ValueError:
            logger.error(message, *arguments, exc_info="Error" in message)
    assert log.text.splitlines()[0] == f"ERROR: {left}"
    assert SECRET not in log.text
    assert ("ValueError: …" in log.text) is ("Error" in message)
