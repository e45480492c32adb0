"""Start a real server on an index; run the queries over HTTP, and read what memory its worker holds (Linux only)."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import fmean
from urllib.parse import urlencode

from benchmarks.queries import Query
from benchmarks.results import Memory
from matome_app.config import ROOT, Settings

START_SECONDS = 60
WORKERS = 2
"""As deploy/gunicorn.conf.py has it."""


def measure_memory(
    settings: Settings, queries: Iterable[Query], proc: Path = Path("/proc"), pages: Collection[str] = ()
) -> Memory | None:
    """Return the memory of a worker, the mean of those that deploy/ starts, after all queries and pages.

    None without /proc.
    """
    if not (proc / "self" / "smaps_rollup").exists():
        return None
    with serve(settings) as (process, port):
        for query in [*queries] * WORKERS:
            # A connection of its own for every query, so that the workers share them.
            with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                _search(connection, query)
        for page in [*pages] * (10 * WORKERS):
            with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                _get(connection, page)
        workers = [
            read_memory((proc / str(worker) / "smaps_rollup").read_text(encoding="ascii"))
            for worker in children(process.pid, proc)
        ]
        return Memory(*(round(fmean(values), 1) for values in zip(*map(astuple, workers), strict=True)))


@contextmanager
def serve(settings: Settings, workers: int = WORKERS) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the server as deploy/ does, on a port of this machine; give its process and the port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--log-level", "warning"]
    environment = {**os.environ, **settings.as_environment(), "GUNICORN_WORKERS": str(workers)}
    environment["GUNICORN_BIND"] = f"127.0.0.1:{port}"
    process = subprocess.Popen([*command, "wsgi:app"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    try:
        _wait_until_ready(process, port)
        yield process, port
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                if _get(connection, "/readyz") == 200:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the server did not start")


def _search(connection: HTTPConnection, query: Query) -> None:
    try:
        status = _get(connection, f"/search?{urlencode(query.arguments)}")
    except HTTPException as error:
        raise RuntimeError(f"the server broke off at {query}") from error
    if status != 200:
        raise RuntimeError(f"{status} for {query}")


def _get(connection: HTTPConnection, address: str) -> int:
    connection.request("GET", address, headers={"HX-Request": "true"})
    response = connection.getresponse()
    response.read()
    return response.status


def children(process: int, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that a process started."""
    tasks = (proc / str(process) / "task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text(encoding="ascii").split()]


def read_memory(rollup: str) -> Memory:
    """Read megabytes out of Linux's smaps_rollup."""
    kb = {name: int(value) for name, value in re.findall(r"^(\w+): +([0-9]+) kB", rollup, re.MULTILINE)}
    private = kb["Private_Clean"] + kb["Private_Dirty"]
    return Memory(*(round(value / 1024, 1) for value in (kb["Pss"], private, kb["Private_Dirty"])))
