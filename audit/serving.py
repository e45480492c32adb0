"""Serve the site for an audit as deploy/ sets it up: nginx, which compresses, before gunicorn, on loopback alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from matome_app.config import ROOT
from matome_app.deployment import Deployment, render

START_SECONDS = 60


class Answer(NamedTuple):
    """A response: its status and its whole body."""

    status: int
    body: bytes


class Site(NamedTuple):
    """The running site: the port nginx listens on."""

    port: int

    @property
    def base(self) -> str:
        """Return the address that paths are put after."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Answer:
        """Ask for a path."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


@contextmanager
def serve(settings: dict[str, str], folder: Path, nginx: str) -> Iterator[Site]:
    """Serve a built site until the block ends; `settings` are environment variables, `folder` is for sockets."""
    site = Site(_free_port())
    configuration = _write_configuration(folder, site.port, settings["MATOME_DATA_DIR"])
    environment = {**os.environ, **settings, "MATOME_TRUSTED_PROXIES": "1"}
    environment["GUNICORN_BIND"] = f"unix:{folder}/matome.sock"
    commands = (
        [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--log-level", "warning", "wsgi:app"],
        [nginx, "-c", str(configuration)],
    )
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            processes.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL))
        _wait_until_ready(site, processes)
        yield site
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _write_configuration(folder: Path, port: int, data: str) -> Path:
    """Write a main configuration around the site's, whose places are those of this machine."""
    site = Deployment(
        domain="127.0.0.1",
        tls=False,
        www=False,
        listen=("127.0.0.1",),
        http_port=port,
        checkout=str(ROOT),
        data=data,
        socket=f"{folder}/matome.sock",
        search_burst=10_000,  # one address asks for everything
        home=str(folder),
        static=str(folder / "static"),
        cache=str(folder / "cache"),
        logs=str(folder / "logs"),
    )
    (folder / "conf.d").mkdir()
    (folder / "logs").mkdir()
    for path, text in render(site).items():
        if path.startswith("/etc/nginx/"):
            (folder / "conf.d" / Path(path).name).write_text(text, encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}\n"
        f"http {{ include /etc/nginx/mime.types; access_log off; {temporary} include {folder}/conf.d/*.conf; }}\n",
        encoding="utf-8",
    )
    return main


def _wait_until_ready(site: Site, processes: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and all(process.poll() is None for process in processes):
        try:
            if site.get("/readyz").status == 200:
                return
        except OSError:
            pass  # it does not listen yet
        time.sleep(0.2)
    raise RuntimeError("the site did not start")
