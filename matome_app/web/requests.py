"""Give every request an id, which its log lines and its answer carry, and name in the log those that took long."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast

from flask import Flask, Response, request

from matome_app.config import Settings
from matome_app.log import REQUEST_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger("matome")

HEADER: Final = "X-Request-ID"
ID: Final = "matome.request_id"
STARTED: Final = "matome.started"
UNKNOWN: Final = "unknown"
"""The route of what no rule of the site matches."""

_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)


def init_app(app: Flask, settings: Settings) -> None:
    """Follow the requests of an app; before all other modules, so that their time counts."""
    app.wsgi_app = _Follow(app.wsgi_app, trusted=settings.trusted_proxies > 0)  # type: ignore[method-assign]
    app.teardown_request(_forget)
    if settings.slow_request:
        slow = settings.slow_request

        def name_slow(response: Response) -> Response:
            if (seconds := seconds_so_far()) >= slow:
                _say(response, seconds)
            return response

        app.after_request(name_slow)


class _Follow:
    """The WSGI application around the app; `trusted` tells whether a proxy of ours sets the id."""

    def __init__(self, app: WSGIApplication, *, trusted: bool) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._trusted else ""
        id_ = given if _WELL_FORMED.fullmatch(given) else os.urandom(16).hex()
        environ[ID] = id_
        environ[STARTED] = time.perf_counter()
        REQUEST_ID.set(id_)

        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            return start_response(status, [*headers, (HEADER, id_)], *failure)

        return self._app(environ, cast("StartResponse", start))


def request_id() -> str:
    """Return the id of this request."""
    return str(request.environ.get(ID, ""))


def seconds_so_far() -> float:
    """Return for how long this request has been answered."""
    now = time.perf_counter()
    return float(now - request.environ.get(STARTED, now))


def route() -> str:
    """Return the rule that this request matches, of which there are few: never an address as it was asked for."""
    return request.url_rule.rule if request.url_rule is not None else UNKNOWN


def _say(response: Response, seconds: float) -> None:
    facts = {"route": route(), "status": response.status_code, "seconds": round(seconds, 3)}
    logger.warning(
        "slow: %s took %.1f s (%s)", facts["route"], seconds, response.status_code, extra={"event": "slow", **facts}
    )


def _forget(_error: BaseException | None) -> None:
    REQUEST_ID.set("")
