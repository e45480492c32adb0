"""Who a reader is, and by which address the site was asked for, cannot be forged: through nginx, and past it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from flask import request

from matome_app import create_app
from tests.deploy.running import Running, running

FORGED: Final[dict[str, Any]] = {
    "X_Forwarded_For": "192.0.2.66",
    "X_Forwarded_Proto": "gopher",
    "X_Forwarded_Host": "forged.example",
    "X_Forwarded_Port": "666",
    "X_Forwarded_Prefix": "/forged",
    "Forwarded": "for=192.0.2.66;host=forged.example;proto=gopher",
    "X_Real_IP": "192.0.2.66",
    "X_Request_ID": "forged",
}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the sample posts behind nginx alone."""
    with running(tmp_path_factory.mktemp("proxies") / "site", full_addresses=True, workers=1) as site:
        yield site


@pytest.fixture
def site(sites: Running) -> Running:
    """Give the site that stands behind nginx alone."""
    return sites


@pytest.fixture
def behind(site: Running) -> Iterator[Running]:
    """Have nginx believe a proxy in front of it, as which the test speaks."""
    alone = site.deployment
    site.stop_nginx()
    site.deployment = replace(alone, trusted_proxies=("127.0.0.0/8",))
    site.start_nginx()
    site.wait_until_ready()
    yield site
    site.stop_nginx()
    site.deployment = alone
    site.start_nginx()
    site.wait_until_ready()


def logged(site: Running, path: str) -> dict[str, str]:
    """Return what nginx logged of the last request for a path."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        lines = [json.loads(line) for line in site.access_log.read_text(encoding="utf-8").splitlines()]
        if found := [line for line in lines if line["path"] == path]:
            return dict(found[-1])
        time.sleep(0.02)
    raise AssertionError(f"{path} is not in the log")


def test_a_reader_cannot_choose_by_which_address_the_site_was_asked_for(site: Running) -> None:
    for path in ("/sitemap.xml", "/index.xml", "/index.atom", "/"):
        answer = site.get(path, **FORGED)
        assert answer.status == 200
        assert site.url in answer.text
        assert "forged" not in answer.text
        assert "gopher" not in answer.text


def test_a_reader_cannot_choose_an_address_or_the_id_of_a_request(site: Running) -> None:
    answer = site.get("/robots.txt", **FORGED)
    line = logged(site, "/robots.txt")
    assert line["address"] == "127.0.0.1"
    assert line["id"] == answer.headers["X-Request-ID"] != "forged"


def test_a_proxy_that_is_trusted_says_who_asks_and_by_which_scheme(behind: Running) -> None:
    chain = "192.0.2.66, 203.0.113.9, 127.0.0.7"  # the first may be the reader's own invention
    answer = behind.get("/posts/index.xml", X_Forwarded_For=chain, X_Forwarded_Proto="https")
    assert f"https://{behind.deployment.domain}/" in answer.text
    assert logged(behind, "/posts/index.xml")["address"] == "203.0.113.9"


def test_a_proxy_that_is_trusted_cannot_name_another_host_or_a_scheme_that_is_none(behind: Running) -> None:
    answer = behind.get("/posts/index.atom", **FORGED)
    assert f"http://{behind.deployment.domain}/" in answer.text
    assert "forged" not in answer.text
    assert "gopher" not in answer.text


def test_pages_of_http_and_https_are_kept_apart(behind: Running) -> None:
    for _ in range(2):
        for scheme in ("http", "https"):
            text = behind.get("/tags/index.xml", X_Forwarded_Proto=scheme).text
            assert f"{scheme}://{behind.deployment.domain}/" in text


@pytest.mark.parametrize(
    ("trusted", "expected"), [("0", "127.0.0.1 http localhost "), ("1", "192.0.2.66 https a.example /p")]
)
def test_past_nginx_headers_count_only_where_a_proxy_is_trusted(trusted: str, expected: str, tmp_path: Path) -> None:
    app = create_app({"DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": trusted, "BUILD": False})
    app.add_url_rule(
        "/who", "who", lambda: f"{request.remote_addr} {request.scheme} {request.host} {request.root_path}"
    )
    headers = {
        "X-Forwarded-For": "203.0.113.1, 192.0.2.66",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "b.example, a.example",
        "X-Forwarded-Prefix": "/p",
    }
    assert app.test_client().get("/who", headers=headers).text.rstrip("/") == expected
