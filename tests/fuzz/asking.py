"""Ask a site in this process what gunicorn would hand it, and hold that each answer is one: no 5xx, within a second.

The second is of the processor, not of the clock: the machine may have something else to do. Run as
`python -m tests.fuzz.asking CONTENT DATA [REQUESTS [SEED]]` it does so on a site that is built already.
"""

from __future__ import annotations

import io
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.exceptions import HTTPException

from matome_app import create_app
from tests.fuzz.hostile_requests import Hostile, Known, Request

MOST_SECONDS: Final = 1.0
WARM: Final = ("/", "/posts/", "/search?q=a+b", "/api/search", "/users/", "/tags/", "/months/", "/help/search", "/none")
"""What is asked before anything is measured: the first request loads the search and compiles templates."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request: its status (0 for an exception), its seconds of processor time, what is wrong with it.

    `route` is the rule that it came to, "" for none.
    """

    number: int
    request: Request
    status: int
    seconds: float
    fault: str = ""
    route: str = ""

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.seconds * 1000:7.1f} ms  {self.status}  #{self.number} {self.request}  {self.fault}".rstrip()


@dataclass(slots=True)
class Tally:
    """Outcomes of many requests: the faults, the slowest, and how many of each status and route."""

    faults: list[Outcome] = field(default_factory=list)
    slowest: list[Outcome] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Take in one more."""
        self.statuses[outcome.status] += 1
        self.seconds += outcome.seconds
        if outcome.status in (200, 206, 302, 304, 308):
            self.found[outcome.route] += 1
        if outcome.fault:
            self.faults.append(outcome)
        self.slowest.append(outcome)
        if len(self.slowest) > 200:
            self.slowest = self.worst(20)

    def worst(self, many: int) -> list[Outcome]:
        """Return the slowest."""
        return sorted(self.slowest, key=lambda one: -one.seconds)[:many]


def environ(request: Request) -> dict[str, Any]:
    """Return what WSGI calls the request, as gunicorn would."""
    values: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path.encode("latin-1")).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": f"{request.path}?{request.query}",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        values[key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"] = value
    return values


def ask(app: Flask, number: int, request: Request) -> Outcome:
    """Send a request, read its answer to the end, and judge it."""
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        said.append((status, headers))

    values = environ(request)
    began = time.process_time()
    try:
        answer: Iterable[bytes] = app.wsgi_app(values, start_response)
        try:
            body = b"".join(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
    except Exception:
        return Outcome(number, request, 0, time.process_time() - began, traceback.format_exc())
    seconds = time.process_time() - began
    status = int(said[0][0].split()[0])
    return Outcome(number, request, status, seconds, _fault(status, seconds, said[0][1], body), _route(app, values))


def _route(app: Flask, values: dict[str, Any]) -> str:
    path = values["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    try:
        return app.url_map.bind("localhost").match(path, "GET", return_rule=True)[0].rule
    except HTTPException:
        return ""


def _fault(status: int, seconds: float, headers: list[tuple[str, str]], body: bytes) -> str:
    if status >= 500:
        return f"answers {status}"
    if seconds > MOST_SECONDS:
        return f"takes {seconds:.2f} s of the processor"
    if b"Traceback (most recent" in body:
        return "shows a traceback"
    if any("\n" in value or "\r" in value for _, value in headers):
        return "a header has two lines"
    names = {name.lower() for name, _ in headers}
    missing = {"x-content-type-options", "content-security-policy"} - names
    return f"has no {', '.join(sorted(missing))}" if missing else ""


def ask_many(app: Flask, requests: int, seed: str) -> Tally:
    """Ask a site that many requests of a seed."""
    client = app.test_client()
    for address in WARM:
        client.get(address)
    hostile = Hostile(app, Known.of(client), seed)
    tally = Tally()
    for number in range(requests):
        tally.add(ask(app, number, hostile.request(number)))
    return tally


def main(content: str, data: str, requests: str = "10000", seed: str = "1") -> int:
    """Print what came of it; return 1 where anything is wrong."""
    app = create_app({"CONTENT_DIR": content, "DATA_DIR": data, "BUILD": False})
    tally = ask_many(app, int(requests), seed)
    print(f"{requests} requests, {tally.seconds:.1f} s of the processor: {dict(sorted(tally.statuses.items()))}")
    print(*tally.worst(12), "faults:", *tally.faults, sep="\n")
    return bool(tally.faults)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
