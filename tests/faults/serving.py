"""Serve a site with real processes, ask it over HTTP, and read what it logged."""

from __future__ import annotations

import contextlib
import http.client
import re
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from tests.app.sites import Site
from tests.faults.running import close, free_port, kill_all, members, start, wait_until

SECONDS = 30
"""The longest that anything is waited for: the machine may be busy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `status` 0 when nothing did."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Server:
    """A running server: its process, its port on loopback, and the file with everything it said."""

    process: Popen[bytes]
    port: int
    log: Path

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("GET", urllib.parse.quote(path, safe="/?=&%"), headers=dict(headers or {}))
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace")
            return Answer(response.status, body, {name.lower(): value for name, value in response.getheaders()})
        except (OSError, http.client.HTTPException):
            return Answer(0, "", {})
        finally:
            connection.close()

    def lines(self, pattern: str = "") -> list[str]:
        """Return the lines of the log in which a pattern is found."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if re.search(pattern, line)]

    def statuses(self, paths: Sequence[str]) -> list[int]:
        """Ask for pages, and hold that each comes, is unchanged, or is the friendly page that asks for patience."""
        answers = [self.get(path) for path in paths]
        for path, answer in zip(paths, answers, strict=True):
            assert answer.status in (200, 304, 503), f"{path}: {answer.status}\n{answer.body}\n{self.log.read_text()}"
            if answer.status == 503 and not path.startswith(("/api/", "/readyz")):
                assert "<!doctype html>" in answer.body.lower()[:200]
                assert 'class="error"' in answer.body
        return [answer.status for answer in answers]

    def pids(self) -> set[int]:
        """Return the processes of the server itself, without builders."""
        return {one.pid for one in members(self.process.pid) if not one.is_builder and "spawn_main" not in one.command}

    def builders(self) -> int:
        """Return how many builders run."""
        return sum(one.is_builder for one in members(self.process.pid))

    def stop(self) -> None:
        """End it as an operator does, and whatever is left by force."""
        self.process.terminate()
        with contextlib.suppress(Exception):
            self.process.wait(SECONDS)
        kill_all(self.process)


@contextmanager
def serving(
    site: Site,
    log: Path,
    *,
    workers: int = 1,
    command: Sequence[str] = (),
    before: Callable[[], None] | None = None,
    **settings: str,
) -> Iterator[Server]:
    """Serve a site with gunicorn (or the command given, `{port}` in it), once it answers.

    `before` is called in the new process before the command.
    """
    port = free_port()
    words = command or (
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", str(workers), "--threads", "4"),
        *("--bind", f"127.0.0.1:{port}", "--log-level", "warning", "wsgi:app"),
    )
    environment = site.environment(**settings)
    server = Server(start([word.format(port=port) for word in words], environment, log, before), port, log)
    try:
        assert wait_until(lambda: server.get("/healthz").status == 200, SECONDS), log.read_text()
        yield server
    finally:
        server.stop()
        close(server.process)
