"""Hold what is seen of a site of several workers behind nginx: right figures, ids that join logs, no reader."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.running import Running, running

SECRET = "himitsunokotoba"
READER = "127.0.0.77"
REFERER = f"https://localhost/search?q={SECRET}"
PAGE = "/help/search"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a site whose two workers tell everything they can."""
    settings = {
        "MATOME_METRICS": "1",
        "MATOME_SEARCH_LOG": "1",
        "MATOME_LOG_FORMAT": "json",
        "GUNICORN_ACCESS_LOG": "-",
    }
    with running(
        tmp_path_factory.mktemp("seeing") / "site", settings=settings, workers=2, trusted_proxies=("127.0.0.1/32",)
    ) as site:
        yield site


def counted(site: Running, path: str = PAGE, **labels: str) -> float:
    """Return how many requests for a page any of the workers knows of."""
    samples = figures(site, "matome_requests_total")
    return sum(value for labels_, value in samples if labels_["route"] == path and labels.items() <= labels_.items())


def figures(site: Running, name: str) -> list[tuple[dict[str, str], float]]:
    """Return labels and values of a metric."""
    answer = site.ask_app("/metrics")
    assert answer.status == 200
    samples = (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples)
    return [(dict(sample.labels), sample.value) for sample in samples if sample.name == name]


def serving(site: Running) -> set[int]:
    """Return the ids of the workers that have counted something or are ready to."""
    return {int(labels["pid"]) for labels, _ in figures(site, "matome_process_open_fds")}


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def ask_often(site: Running, times: int) -> None:
    """Ask for a page again and again, over connections of their own, so that each worker gets some."""
    for _ in range(times):
        assert site.ask_app(PAGE).status == 200


def test_whichever_worker_is_asked_knows_what_all_have_counted(site: Running) -> None:
    wait_for(lambda: len(serving(site)) == 2)
    before = counted(site)
    ask_often(site, 30)
    assert {counted(site, status="200", fragment="false") for _ in range(10)} == {before + 30}
    ((_, workers),) = figures(site, "matome_workers")
    assert workers == 2


def test_the_figures_go_on_when_workers_are_started_anew_and_when_one_dies(site: Running) -> None:
    wait_for(lambda: len(serving(site)) == 2)
    ask_often(site, 5)
    before, workers = counted(site), serving(site)
    site.reload_app()
    wait_for(lambda: len(new := serving(site)) == 2 and not new & workers)
    assert counted(site) == before
    ask_often(site, 5)
    os.kill(killed := serving(site).pop(), signal.SIGKILL)
    wait_for(lambda: len(new := serving(site)) == 2 and killed not in new)
    assert counted(site) == before + 5
    files = list((site.data / "metrics").glob("*/*.db"))
    assert len(files) == 2 * (2 + 1), "what ended workers counted lies in one file of each kind"


def test_nginx_lets_this_machine_ask(site: Running) -> None:
    answer = site.get("/metrics")
    assert answer.status == 200
    assert "matome_requests_total" in answer.text
    assert answer.headers["X-Cache"] in (None, "", "-")


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the JSON objects of a log."""
    said = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in said if line.startswith("{")]


def test_an_id_joins_the_answer_with_the_logs_of_nginx_and_of_the_application(site: Running) -> None:
    answer = site.get("/tags/?name=nobody-asked-this-before", X_Request_ID="chosen-by-the-client")
    (id_,) = answer.headers.get_all("X-Request-ID") or []
    assert id_ != "chosen-by-the-client"
    wait_for(lambda: any(one.get("request_id") == id_ for one in lines(site.app_log)))
    wait_for(lambda: any(one["id"] == id_ for one in lines(site.access_log)))  # nginx writes after the answer is sent
    (there,) = [one for one in lines(site.access_log) if one["id"] == id_]
    (here,) = [one for one in lines(site.app_log) if one.get("request_id") == id_]
    assert (there["path"], there["status"]) == (here["path"], here["status"]) == ("/tags/", 200)
    assert (here["event"], here["method"]) == ("request", "GET")
    # Nginx takes both times from a clock that it reads now and then: they may differ by a tick the wrong way.
    assert float(there["seconds"]) + 0.01 >= float(there["app_seconds"]) >= 0
    assert 0 < here["seconds"] < 30


def test_a_page_from_the_cache_has_an_id_of_its_own(site: Running) -> None:
    answers = [site.get("/") for _ in range(3)]
    assert answers[-1].headers["X-Cache"] == "HIT"
    assert len({one.headers["X-Request-ID"] for one in answers}) == 3
    assert all(len(one.headers.get_all("X-Request-ID") or []) == 1 for one in answers)


def test_nobody_else_may_ask_for_figures(site: Running) -> None:
    answer = site.get("/metrics", X_Forwarded_For="198.51.100.7")
    assert answer.status == 404
    assert "matome_requests_total" not in answer.text


ADDRESSES = {
    "198.51.100.77": "198.51.100.0",
    "2001:db8:1:2::5": "2001:db8:1::",
    "2001:db8::5": "2001:db8::",
    "2001:db8::5:6:7": "2001:db8::",
    "2001::5:6:7": "2001::",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1::",
}


def test_of_an_address_nginx_logs_the_network(site: Running) -> None:
    ids = {site.get("/healthz", X_Forwarded_For=whole).headers["X-Request-ID"]: whole for whole in ADDRESSES}
    wait_for(lambda: ids.keys() <= {one["id"] for one in lines(site.access_log)})
    logged = {ids[one["id"]]: one["address"] for one in lines(site.access_log) if one["id"] in ids}
    assert logged == ADDRESSES


def say(site: Running, said: bytes, *, then_leave: bool = False) -> bytes:
    """Send bytes as a reader whose whole address is known; return what comes back."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=30, source_address=(READER, 0)) as connection:
        connection.sendall(said)
        if then_leave:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def ask(site: Running, path: str) -> bytes:
    """Ask nginx for a path as that reader, who comes from a search."""
    return say(
        site, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nReferer: {REFERER}\r\nConnection: close\r\n\r\n".encode()
    )


def logs(site: Running) -> dict[Path, str]:
    """Return all logs there are, of nginx and of the application."""
    found = [path for path in site.folder.rglob("*.log*") if path.is_file()]
    return {path: path.read_text(encoding="utf-8", errors="replace") for path in found}


def test_what_the_operator_asked_to_keep_is_kept_and_says_nothing_of_the_reader(site: Running) -> None:
    ask(site, f"/search?q={SECRET}+again")
    kept = (site.data / "searches.jsonl").read_text(encoding="utf-8")
    assert f"{SECRET} again" in kept
    assert "127.0.0" not in kept
    assert not any(one["id"] in kept for one in lines(site.access_log))


def test_no_log_knows_what_was_searched_for_or_who_did(site: Running) -> None:
    assert b" 200 " in ask(site, f"/search?q={SECRET}")
    for path in ("/api/search", "/search.atom", "/posts/", "/users/nobody/", "/none", "/tags/", "/c/none"):
        ask(site, f"{path}?q={SECRET}")
    for path in (
        f"/search?q={SECRET}&page=abc",
        f"/search?q={SECRET * 80}",
        f"/search?q={SECRET}%",
        "/search?q=%ff%0a",
    ):
        ask(site, path)
    # What nginx refuses, and what gunicorn would.
    say(site, f"GET /search?q={SECRET} x HTTP/1.1\r\n\r\n".encode())
    say(site, f"GET /search?q={SECRET} HTTP/1.1\r\nHost: localhost\r\nX: {SECRET * 9000}\r\n\r\n".encode())
    say(site, f"{SECRET} /search?q={SECRET} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    say(
        site,
        f"GET /search?q={SECRET} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n".encode(),
        then_leave=True,
    )
    assert site.ask_app(f"/search?q={SECRET}", X_Forwarded_For=READER, Referer=REFERER).status == 200
    raw = socket.socket(socket.AF_UNIX)
    with raw:
        raw.connect(site.deployment.socket)
        raw.sendall(f"GET /search?q={SECRET} x HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        raw.recv(65536)
    site.stop_app()
    assert b" 503 " in ask(site, f"/search?q={SECRET}{SECRET}")
    read = logs(site)
    assert {site.access_log, site.app_log} <= set(read)
    assert sum('"/search"' in line for line in read[site.access_log].splitlines()) >= 5
    assert '"127.0.0.0"' in read[site.access_log]
    assert "Invalid request: " in read[site.app_log]
    for log, said in read.items():
        assert SECRET not in said, log
        assert READER not in said, log
