"""What readers get through nginx with TLS: redirects, files from disk, headers, addresses as they were written."""

from __future__ import annotations

import gzip
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from matome_app.web.headers import HEADERS
from tests.deploy.running import MODULES, Running, running

BROTLI = (MODULES / "ngx_http_brotli_static_module.so").exists() and shutil.which("brotli") is not None
PICTURE = r"/images/[0-9a-f]{16}/[0-9]+/[^\s\"]+\.webp(?=[\s\"])"
YEAR = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the sample posts with TLS and, where the modules are, Brotli."""
    with running(tmp_path_factory.mktemp("nginx") / "site", tls=True, brotli=BROTLI) as site:
        yield site


def named(site: Running, pattern: str, page: str = "/") -> str:
    """Return the first address on a page that a pattern finds."""
    found = re.search(pattern, site.get(page).text)
    assert found, pattern
    return found[0]


def test_pages_come_through_compressed(site: Running) -> None:
    answer = site.get("/", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "HX-Request" in ", ".join(answer.headers.get_all("Vary", []))


def test_plain_http_and_www_lead_to_the_site_with_path_and_query_kept(site: Running) -> None:
    path = "/search?q=%E8%8C%B6&sort=newest"
    www = f"www.{site.deployment.domain}"
    for host, secure in ((site.deployment.domain, False), (www, False), (www, True)):
        answer = site.get(path, host=host, secure=secure)
        assert (answer.status, answer.headers["Location"]) == (301, f"{site.url}{path}")


def test_a_certificates_issuer_finds_its_file_by_plain_http(site: Running) -> None:
    folder = Path(site.deployment.acme_root) / ".well-known/acme-challenge"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text("answer", encoding="utf-8")
    for host in (site.deployment.domain, "a-site-to-come.example"):
        assert site.get("/.well-known/acme-challenge/token", host=host, secure=False).body == b"answer"
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        site.get("/.well-known/acme-challenge/nothing", host="a-site-to-come.example", secure=False)


def test_tls_speaks_http_2_and_nothing_before_tls_1_2(site: Running) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection(("127.0.0.1", site.https_port), timeout=30)
    with context.wrap_socket(plain, server_hostname=site.deployment.domain) as secured:
        assert secured.selected_alpn_protocol() == "h2"
        assert secured.version() == "TLSv1.3"
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{site.https_port}", "-servername", site.deployment.domain]
    for version, accepted in (("-tls1_1", False), ("-tls1_2", True)):
        said = subprocess.run(
            [*command, version, "-cipher", "DEFAULT:@SECLEVEL=0"], input=b"", capture_output=True, check=False
        )
        assert (b"Cipher is ECDHE" in said.stdout) is accepted, version


def test_a_tls_session_is_taken_up_again(site: Running) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # of which a session is known with the handshake
    session = None
    for again in (False, True):
        plain = socket.create_connection(("127.0.0.1", site.https_port), timeout=30)
        with context.wrap_socket(plain, server_hostname=site.deployment.domain, session=session) as secured:
            assert secured.session_reused is again
            session = secured.session


def test_hosts_that_are_not_the_site_get_nothing(site: Running) -> None:
    for host in ("other.example", "127.0.0.1", f"{site.deployment.domain}.other.example", "_"):
        with pytest.raises(ConnectionResetError):
            site.get("/", host=host, secure=False)
        with pytest.raises(ConnectionResetError):
            site.get("/", host=host)  # the site's certificate, but another host


def test_no_certificate_is_shown_for_another_host(site: Running) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", site.https_port), timeout=30)
    with plain, pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        context.wrap_socket(plain, server_hostname="other.example")


def test_a_static_file_under_a_hashed_name_is_kept_for_a_year_and_any_other_is_not(site: Running, root: Path) -> None:
    versioned, plain = site.get(named(site, r"/static/css/site\.[0-9a-f]{12}\.css")), site.get("/static/css/site.css")
    assert versioned.headers["Cache-Control"] == YEAR
    assert "immutable" not in plain.headers["Cache-Control"]
    assert versioned.body == plain.body == (root / "static/css/site.css").read_bytes()
    assert versioned.headers["Content-Type"].startswith("text/css")


def test_static_files_are_sent_as_they_were_packed(site: Running) -> None:
    address = named(site, r"/static/css/site\.[0-9a-f]{12}\.css")
    plain = site.get(address).body
    packed = site.get(address, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain
    assert packed.body == (Path(site.deployment.static) / f"{address.removeprefix('/static/')}.gz").read_bytes()
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.skipif(not BROTLI, reason="needs nginx's Brotli modules: scripts/install-test-packages.sh installs them")
def test_brotli_is_sent_where_it_is_understood(site: Running) -> None:
    address = named(site, r"/static/css/site\.[0-9a-f]{12}\.css")
    packed = site.get(address, Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "br"
    assert packed.body == (Path(site.deployment.static) / f"{address.removeprefix('/static/')}.br").read_bytes()
    assert site.get("/", Accept_Encoding="gzip, br").headers["Content-Encoding"] == "br"


def test_a_name_of_another_release_is_answered_but_not_kept(site: Running) -> None:
    answer = site.get("/static/css/site.0123456789ab.css")
    assert answer.status == 200
    assert "immutable" not in answer.headers["Cache-Control"]


def test_resized_pictures_come_from_the_disk_once_they_are_made(site: Running) -> None:
    address = named(site, PICTURE)
    first = site.get(address)
    assert (first.status, first.headers["Content-Type"]) == (200, "image/webp")
    site.stop_app()
    try:
        again = site.get(address)
        assert again.status == 200
        assert again.body == first.body
        assert again.headers["Cache-Control"] == YEAR
        assert again.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        unmade = site.get(re.sub("[0-9a-f]{16}", "0" * 16, address, count=1))
        assert unmade.status == 503
        assert unmade.headers["Cache-Control"] == "no-store"
    finally:
        site.start_app()
        site.wait_until_ready()


def test_every_answer_has_all_security_headers_once_and_no_banner(site: Running) -> None:
    asked = {
        "/": 200,
        "/search?q=a": 200,
        "/nothing": 404,
        "/healthz": 200,
        "/metrics": 404,
        named(site, r"/static/css/site\.[0-9a-f]{12}\.css"): 200,
        "/static/css/site.css": 200,
        "/static/nothing.css": 404,
        named(site, PICTURE): 200,
        "/" + "a" * 40_000: 414,
        "/posts": 308,
        "/-errors/503.html": 404,
    }
    for path, status in asked.items():
        answer = site.get(path)
        assert answer.status == status, path[:80]
        for name in (*HEADERS, "Strict-Transport-Security"):
            assert len(answer.headers.get_all(name, [])) == 1, (path[:80], name)
        assert answer.headers["Server"] == "nginx"
        assert status < 400 or not re.search(rb"nginx|gunicorn|werkzeug", answer.body, re.I), path[:80]
        assert answer.headers["Set-Cookie"] is None
    redirect = site.get("/", secure=False)
    assert {name: redirect.headers[name] for name in HEADERS} == HEADERS


def test_no_file_outside_the_static_folder_is_served(site: Running) -> None:
    for path in (
        *("/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static../wsgi.py", "/static/..%2fwsgi.py"),
        *("/static/.x", "/images/0123456789abcdef/1/../../matome.sqlite3.webp", "/-errors/../../site.conf.j2"),
    ):
        assert site.get(path).status in (400, 404), path


def test_a_search_of_a_thousand_japanese_characters_is_answered_and_a_longer_one_refused(site: Running) -> None:
    longest = f"/search?q={quote('茶' * 1000)}"
    assert site.get(longest, HX_Current_URL=f"{site.url}{longest}").status == 200
    assert site.get(f"/search?q={quote('茶' * 1001)}").status == 413


def test_encoded_addresses_reach_the_site_as_they_were_written(site: Running) -> None:
    for path in ("/tags/c%23/", "/tags/c++/", "/tags/ui/ux/", f"/tags/{quote('データベース')}/"):
        assert site.get(path).status == 200, path


def test_nginx_takes_its_configuration_anew_without_losing_a_request(site: Running) -> None:
    before = set(site.nginx_processes())
    site.reload_nginx()
    until = time.monotonic() + 60
    while len(set(site.nginx_processes()) - before) < 2 or len(site.nginx_processes()) > 5:
        assert site.get("/").status == 200
        assert time.monotonic() < until
    assert site.get("/").status == 200
