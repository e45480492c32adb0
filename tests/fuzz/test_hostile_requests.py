"""Send the site thousands of requests that nobody would send in earnest: each is answered, soon, and without a 5xx."""

from __future__ import annotations

import os
import time

import pytest
from flask import Flask

from tests.app.sites import Site
from tests.fuzz.asking import Tally, ask, ask_many
from tests.fuzz.hostile_requests import Hostile, Known, Request

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "10000"))
SEED = os.environ.get("FUZZ_SEED", "20260401")


@pytest.fixture(scope="module")
def tally(app: Flask) -> Tally:
    """Give what came of all requests."""
    return ask_many(app, REQUESTS, SEED)


def test_no_request_gets_a_5xx_an_exception_or_takes_a_second(tally: Tally) -> None:
    assert not tally.faults, "\n".join(map(str, tally.faults[:10]))
    assert tally.statuses.total() == REQUESTS
    print(*tally.worst(5), sep="\n")


def test_the_requests_reach_every_route_and_most_kinds_of_answers(app: Flask, tally: Tally) -> None:
    off = {"/metrics"}  # a setting away
    assert {rule.rule for rule in app.url_map.iter_rules()} - set(tally.found) <= off
    assert {200, 302, 304, 400, 404, 405, 413, 416} <= set(tally.statuses)
    assert 0.3 < tally.statuses[200] / REQUESTS < 0.7


def test_a_request_is_known_by_its_number(app: Flask) -> None:
    known = Known.of(app.test_client())
    one, other = Hostile(app, known, SEED), Hostile(app, known, SEED)
    assert [one.request(number) for number in range(100, 200)] == [other.request(number) for number in range(100, 200)]
    assert one.request(100) != Hostile(app, known, "another").request(100)


def test_an_answer_that_fails_lasts_or_tells_too_much_would_be_noticed(sample_posts: Site) -> None:
    app = sample_posts.app()

    @app.get("/fails")
    def fails() -> str:
        return str(1 / int("0"))

    @app.get("/lasts")
    def lasts() -> str:
        end = time.process_time() + 1.05
        while time.process_time() < end:
            pass
        return ""

    @app.get("/tells")
    def tells() -> str:
        return "Traceback (most recent call last):"

    def fault(path: str) -> str:
        return ask(app, 0, Request(path, "GET", path, "")).fault

    assert fault("/") == ""
    assert fault("/fails") == "answers 500"
    assert "s of the processor" in fault("/lasts")
    assert fault("/tells") == "shows a traceback"
