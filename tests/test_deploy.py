"""Drive the site as deploy/ sets it up: real nginx in front of real gunicorn, on the sample posts."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="needs nginx: scripts/install-test-packages.sh installs it")


class Answer(NamedTuple):
    """A response read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Site(NamedTuple):
    """The port nginx listens on."""

    port: int

    def get(self, path: str, **headers: str) -> Answer:
        """Ask nginx for a path exactly as written; `_` in a header's name stands for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_nginx_conf(root: Path, folder: Path, port: int) -> Path:
    """Write a main configuration that includes deploy/nginx.conf, with this machine's places put in."""
    site = (root / "deploy/nginx.conf").read_text(encoding="utf-8")
    for shipped, here in (
        ("unix:/run/matome/matome.sock", f"unix:{folder}/matome.sock"),
        ("/srv/matome/static/", f"{root}/static/"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("    listen [::]:80;\n", ""),
    ):
        assert shipped in site
        site = site.replace(shipped, here)
    (folder / "site.conf").write_text(site, encoding="utf-8")
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ include /etc/nginx/mime.types; access_log off; client_body_temp_path {folder}/body;"
        f" proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;"
        f" scgi_temp_path {folder}/s; include {folder}/site.conf; }}\n",
        encoding="utf-8",
    )
    return main


def wait_until_ready(site: Site, processes: tuple[subprocess.Popen[bytes], ...], log: Path) -> None:
    """Wait for /readyz through nginx; fail with gunicorn's log when a process ends or a minute passes."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and all(process.poll() is None for process in processes):
        try:
            if site.get("/readyz").status == 200:
                return
        except OSError:
            pass  # nginx does not listen yet
        time.sleep(0.1)
    pytest.fail(f"the site did not come up:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run gunicorn and nginx on the sample posts."""
    folder = tmp_path_factory.mktemp("deploy")
    site = Site(free_port())
    conf = write_nginx_conf(root, folder, site.port)
    settings = {"MATOME_DATA_DIR": str(folder / "data"), "MATOME_TRUSTED_PROXIES": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MATOME_")}
    log = folder / "gunicorn.log"
    with log.open("wb") as output:
        gunicorn = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"],
            cwd=root,
            env={**kept, **settings, "GUNICORN_BIND": f"unix:{folder}/matome.sock"},
            stdout=output,
            stderr=output,
        )
        nginx = subprocess.Popen([str(NGINX), "-c", str(conf)])
    try:
        wait_until_ready(site, (gunicorn, nginx), log)
        yield site
    finally:
        for process in (nginx, gunicorn):
            process.terminate()
            process.wait(timeout=30)


def test_nginx_accepts_the_configuration(root: Path, tmp_path: Path) -> None:
    conf = write_nginx_conf(root, tmp_path, free_port())
    checked = subprocess.run([str(NGINX), "-t", "-c", str(conf)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_pages_come_through_compressed(site: Site) -> None:
    answer = site.get("/", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "HX-Request" in ", ".join(answer.headers.get_all("Vary", []))


def test_a_versioned_static_file_may_be_kept_for_ever_and_any_other_may_not(site: Site, root: Path) -> None:
    asked = re.search(r"/static/css/site\.[0-9a-f]{12}\.css", site.get("/").body.decode())
    assert asked
    versioned, plain = site.get(asked[0]), site.get("/static/css/site.css")
    assert "immutable" in versioned.headers["Cache-Control"]
    assert "immutable" not in plain.headers["Cache-Control"]
    assert versioned.body == plain.body == (root / "static/css/site.css").read_bytes()
    assert versioned.headers["Content-Type"].startswith("text/css")


def test_no_file_outside_the_static_folder_is_served(site: Site) -> None:
    for path in ("/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static../wsgi.py"):
        assert site.get(path).status == 404


def test_a_reader_cannot_choose_the_address_that_feeds_are_made_with(site: Site) -> None:
    forged = site.get(
        "/index.xml", Host="site.example", X_Forwarded_Host="forged.example", X_Forwarded_Prefix="/forged"
    )
    assert forged.status == 200
    assert b"http://site.example" in forged.body
    assert b"forged" not in forged.body


def test_a_search_of_a_thousand_japanese_characters_is_answered_and_a_longer_one_refused(site: Site) -> None:
    longest = f"/search?q={quote('茶' * 1000)}"
    assert site.get(longest, HX_Current_URL=f"http://127.0.0.1:{site.port}{longest}").status == 200
    assert site.get(f"/search?q={quote('茶' * 1001)}").status == 413


def test_encoded_addresses_reach_the_site_as_they_were_written(site: Site) -> None:
    for path in ("/tags/c%23/", "/tags/c++/", "/tags/ui/ux/", f"/tags/{quote('データベース')}/"):
        assert site.get(path).status == 200, path
