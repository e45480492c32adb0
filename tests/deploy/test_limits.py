"""What nobody may take from the others: slow and broken requests, floods and overload are bounded, pages go on."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.deploy.running import Answer, Running, running

SEARCHES = 8
HEADER_TIMEOUT = 10.0
"""Seconds (client_header_timeout) that nginx waits for the rest of a request."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the sample posts with a short queue, and few searches an address."""
    folder = tmp_path_factory.mktemp("limits") / "site"
    limits: dict[str, Any] = {"queue": 3, "search_rate": 1, "search_burst": SEARCHES, "connections_per_address": 40}
    with running(folder, workers=1, threads=2, **limits) as site:
        yield site


def many(site: Running, paths: list[str], at_once: int, **headers: Any) -> list[Answer]:
    """Ask for many paths, so many of them at once."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda path: site.get(path, **headers), paths))


def is_readable(answer: Answer) -> bool:
    """Tell whether an answer is a page for people, in both languages, that says when to come again."""
    heading = re.search(r"<h1>[^<]+</h1>", answer.text)
    return bool(heading and 'lang="en"' in answer.text and int(answer.headers["Retry-After"]) > 0)


def test_a_flood_of_searches_is_told_to_wait_while_pages_go_on(site: Running) -> None:
    assert site.get("/search?q=a").status == 200  # from now on nginx answers at once, so that a flood is one
    answers = [site.get("/search?q=a") for _ in range(3 * SEARCHES)]
    statuses = Counter(answer.status for answer in answers)
    assert statuses[200] >= SEARCHES - 1
    assert statuses[429] > 0
    assert set(statuses) == {200, 429}
    assert all(is_readable(answer) for answer in answers if answer.status == 429)
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers if answer.status == 429)
    assert site.get("/posts/").status == 200
    part = next(one for _ in range(200) if (one := site.get("/search?q=a", HX_Request="true")).status == 429)
    assert not part.text.startswith("<!doctype")
    assert "Retry-After" in part.headers
    json = next(one for _ in range(200) if (one := site.get("/api/search?q=a")).status == 429)
    assert json.headers.get_content_type() == "application/json"
    thread = next(one for _ in range(200) if (one := site.get("/posts/?q=a")).status == 429)
    assert is_readable(thread)


def test_more_than_the_application_can_do_is_refused_quickly_and_the_rest_goes_on(site: Running) -> None:
    static = re.search(r"/static/css/site\.[0-9a-f]{12}\.css", site.get("/posts/").text)
    assert static
    kept = site.get("/months/")
    # Each an address of its own, so that nothing is kept of it.
    paths = [f"/users/?page=1&n={n}" for n in range(120)]
    with ThreadPoolExecutor(1) as beside:
        flood = beside.submit(many, site, paths, 30)
        answers = {"static": site.get(static[0]), "page": site.get("/months/")}
        flooded = flood.result()
    statuses = Counter(answer.status for answer in flooded)
    assert set(statuses) == {200, 503}
    assert all(is_readable(answer) for answer in flooded if answer.status == 503)
    assert answers["static"].status == answers["page"].status == 200
    assert answers["page"].body == kept.body
    recovered = time.monotonic()
    while site.get(f"/users/?page=1&again={time.monotonic()}").status != 200:
        assert time.monotonic() - recovered < 30
    assert site.get("/readyz").status == 200


def test_one_address_cannot_take_all_connections(site: Running) -> None:
    waiting = f"POST /posts/ HTTP/1.1\r\nHost: {site.deployment.public_host}\r\nContent-Length: 9\r\n\r\n".encode()
    open_ = [site.connect() for _ in range(60)]
    try:
        for one in open_:
            one.sendall(waiting)  # and never what is announced
        answer = wait_for(site, "/posts/", 429)
        assert is_readable(answer)
    finally:
        for one in open_:
            one.close()
    wait_for(site, "/posts/", 200)


def wait_for(site: Running, path: str, status: int) -> Answer:
    """Return the first answer with a status, which comes within seconds."""
    until = time.monotonic() + HEADER_TIMEOUT / 2
    while (answer := site.get(path)).status != status:
        assert time.monotonic() < until
    return answer


def test_slow_and_half_requests_are_given_up_and_others_are_served_meanwhile(site: Running) -> None:
    host = site.deployment.public_host
    halves = {
        "nothing": b"",
        "half a line": b"GET /posts/ HT",
        "half the headers": f"GET /posts/ HTTP/1.1\r\nHost: {host}\r\nX-A: b\r\n".encode(),
        "no body": f"POST /posts/ HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\nhalf".encode(),
    }
    begun = time.monotonic()
    slow = [(name, site.connect()) for name in halves for _ in range(25)]
    try:
        for name, one in slow:
            one.sendall(halves[name])
        for _ in range(20):
            assert site.get("/posts/").status == 200
        drip = [one for name, one in slow if name == "half the headers"]
        while time.monotonic() - begun < HEADER_TIMEOUT / 2:  # a byte now and then earns no more time
            for one in drip:
                with contextlib.suppress(OSError):  # given up already, where the machine is busy
                    one.sendall(b"x")
            time.sleep(0.5)
        for name, one in slow:
            one.settimeout(6 * HEADER_TIMEOUT)
            with_end = b""
            try:
                while piece := one.recv(4096):
                    with_end += piece
            except ConnectionResetError:
                pass
            assert b" 200 " not in with_end, name
        assert time.monotonic() - begun < 6 * HEADER_TIMEOUT
        assert site.get("/posts/").status == 200
    finally:
        for _, one in slow:
            one.close()


def test_huge_and_broken_requests_are_refused(site: Running) -> None:
    assert site.get("/search?q=" + "a" * 40_000).status == 414
    assert site.get("/posts/", X_Big="a" * 40_000).status == 431
    headers: dict[str, Any] = {f"X_Many_{n}": "a" * 8_000 for n in range(40)}
    assert site.get("/posts/", **headers).status == 431
    for request in (
        b"NOT HTTP\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ):
        with site.connect() as broken:
            broken.sendall(request)
            broken.settimeout(3 * HEADER_TIMEOUT)
            try:
                said = broken.recv(65536)
            except ConnectionResetError:
                said = b""
        assert said == b"" or re.match(rb"HTTP/1\.1 (400|405|505|414) ", said), (request, said[:200])
        assert b"nginx/" not in said
    big = f"POST /posts/ HTTP/1.1\r\nHost: {site.deployment.public_host}\r\nContent-Length: 10000000\r\n\r\n"
    with site.connect() as sender:
        sender.sendall(big.encode())
        assert sender.recv(64).startswith(b"HTTP/1.1 413 ")
    assert site.get("/posts/").status == 200
