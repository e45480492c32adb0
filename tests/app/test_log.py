"""Hold the log: one line an event as text, one JSON object a line for machines, from every process of a site."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matome_app import CANNOT_START
from matome_app.config import ROOT
from matome_app.log import LineFormatter, json_formatter, without_passwords
from tests.app.sites import Site, post_text, quote
from tests.app.test_cli import fetch, free_port, wait_for


def record(message: str, *args: object, error: BaseException | None = None, **fields: object) -> logging.LogRecord:
    """Return a record as `logger.warning(…, extra=fields)` makes it."""
    failure = (type(error), error, error.__traceback__) if error else None
    made = logging.getLogger("matome").makeRecord(
        "matome", logging.WARNING, __file__, 1, message, args, failure, extra=fields
    )
    assert isinstance(made, logging.LogRecord)
    return made


def as_text(one: logging.LogRecord) -> str:
    """Return the record as a person reads it."""
    return LineFormatter("%(levelname)s: %(message)s").format(one)


def as_json(one: logging.LogRecord) -> dict[str, Any]:
    """Return the record as a machine reads it, which is one line of ASCII."""
    line = json_formatter().format(one)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def failed() -> ValueError:
    """Return an error that was raised."""
    try:
        raise ValueError("bad\nvalue")
    except ValueError as error:
        return error


def test_text_is_level_and_sentence_on_one_line_whatever_stands_in_it() -> None:
    assert as_text(record("%s is read", "posts/a.md", event="read")) == "WARNING: posts/a.md is read"
    line = as_text(record("%s is read", "a\nERROR: forged\r\x1b[31m.md\x85\u2028\u202e"))
    assert line == "WARNING: a\\nERROR: forged\\x0d\\x1b[31m.md\\u0085\\u2028\\u202e is read"


def test_json_has_time_level_event_message_and_the_fields_that_were_given() -> None:
    found = as_json(record("記事を%s件\n読んだ", 3, event="run", posts=3, seconds=0.5, folder=Path("posts"), none=None))
    moment = datetime.fromisoformat(found.pop("time"))
    assert moment.utcoffset() == UTC.utcoffset(None)
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert found.pop("folder")
    assert found == {
        "level": "WARNING",
        "logger": "matome",
        "message": "記事を3件\n読んだ",
        "event": "run",
        "posts": 3,
        "seconds": 0.5,
        "none": None,
    }


def test_an_exception_is_one_field_of_the_json_and_follows_the_line_of_text() -> None:
    found = as_json(record("it failed", error=failed()))
    assert found["message"] == "it failed"
    assert found["exception"].startswith("Traceback")
    assert found["exception"].endswith("ValueError: bad\nvalue")
    assert as_text(record("it failed", error=failed())).splitlines()[:2] == [
        "WARNING: it failed",
        "Traceback (most recent call last):",
    ]


@pytest.mark.parametrize("odd", ["\ud800", "\x00\x1b[1m", "\u2028", "a\\n", '"}'], ids=ascii)
def test_no_text_breaks_the_json(odd: str) -> None:
    assert as_json(record("x", name_of_file=odd))["name_of_file"] == odd


def test_passwords_of_databases_are_hidden_wherever_they_stand() -> None:
    url = "postgresql+psycopg://site:s3cret%2F!@db.example:5432/matome"
    hidden = "postgresql+psycopg://site:***@db.example:5432/matome"
    try:
        raise RuntimeError(f"no answer from {url}")
    except RuntimeError as error:
        for line in (
            as_text(record("no answer from %s", url, error=error)),
            json.dumps(as_json(record("no answer from %s", url, error=error, where=url))),
        ):
            assert "s3cret" not in line
            assert hidden in line
    assert without_passwords("https://a.example/x:y@z 12:30@noon") == "https://a.example/x:y@z 12:30@noon"


def json_lines(text: str) -> list[dict[str, Any]]:
    """Return the objects of a log in which every line must be one."""
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(one, dict) and {"time", "level", "logger", "message"} <= set(one) for one in found), text
    return found


def test_gunicorn_its_workers_and_the_builder_write_json_only(site: Site) -> None:
    site.write("posts/a.md", post_text("よい記事", quote("よい発言")))
    site.write("posts/b.md", post_text("開いたまま", '{{< details summary="s" >}}'))
    base = f"http://127.0.0.1:{(port := free_port())}"
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"],
        cwd=ROOT,
        env=site.environment(LOG_FORMAT="json") | {"GUNICORN_BIND": f"127.0.0.1:{port}", "GUNICORN_WORKERS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        ready = json.loads(wait_for(f"{base}/readyz", server))
        deadline = time.monotonic() + 20
        while ready["progress"] and time.monotonic() < deadline:
            time.sleep(0.05)
            ready = json.loads(fetch(f"{base}/readyz")[1])
    finally:
        server.terminate()
        printed, said = server.communicate(timeout=30)
    assert printed == ""
    events = json_lines(said)
    assert {"gunicorn.error", "matome"} <= {one["logger"] for one in events}
    assert any("Listening at" in one["message"] for one in events)
    (fault,) = [one for one in events if one.get("event") == "fault"]
    assert (fault["level"], fault["path"], fault["code"]) == ("ERROR", "posts/b.md", "shortcode-unclosed")
    (run,) = [one for one in events if one.get("event") == "index"]
    assert (run["added"], run["faulty"], run["comments"]) == (1, 1, 1)


def test_the_development_server_writes_json_without_colours(site: Site) -> None:
    site.write("posts/a.md", post_text("よい記事", quote("よい発言")))
    site.index()
    base = f"http://127.0.0.1:{(port := free_port())}"
    server = subprocess.Popen(
        site.command("run", "--port", str(port)),
        cwd=ROOT,
        env=site.environment(LOG_FORMAT="json"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(f"{base}/readyz", server)
        fetch(f"{base}/none")
    finally:
        server.terminate()
        _, said = server.communicate(timeout=20)
    assert any(one["logger"] == "werkzeug" and '"GET /none HTTP/1.1" 404' in one["message"] for one in json_lines(said))
    assert "\\u001b" not in said


def test_a_start_that_a_setting_stops_says_so_in_the_form_that_was_asked_for(site: Site) -> None:
    ended = site.flask("index", LOG_FORMAT="json", LANGUAGE="fr")
    assert ended.returncode == CANNOT_START
    (event,) = json_lines(ended.stderr)
    assert (event["event"], event["level"]) == ("cannot-start", "CRITICAL")
    assert event["message"].startswith("MATOME_LANGUAGE='fr': ")
    assert site.flask("index", LOG_FORMAT="xml").stderr.startswith("matome: MATOME_LOG_FORMAT='xml': ")


def test_text_is_the_rule(site: Site) -> None:
    site.write("posts/b.md", post_text("開いたまま", '{{< details summary="s" >}}'))
    assert "MATOME_LOG_FORMAT" not in os.environ
    lines = site.flask("index").stderr.splitlines()
    assert any(line.startswith("ERROR: posts/b.md:6:1: shortcode-unclosed: ") for line in lines), lines
    assert lines[-1].startswith("index: 0 added, ")
