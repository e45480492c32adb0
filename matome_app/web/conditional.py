"""Answer 304 to whoever has a page already: its ETag and Last-Modified come from the state of the content.

What a page shows follows from the content's state, the program, the settings and the request, so the tag is known
before anything is rendered. The tag is weak: a page of results also says how long it took.

A proxy that keeps pages for many readers (deploy/nginx) says so by `Surrogate-Capability`, and is told how long it may:
a browser asks for every page each time. The seconds here are the promise in docs/operations.md.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import DBAPIError
from werkzeug.http import quote_etag

from matome_app.config import Settings
from matome_app.errors import IndexUnavailable
from matome_app.store import queries
from matome_app.store.known import get_meta
from matome_app.web.context import moment, reader, runtime, session, settings
from matome_app.web.htmx import ALL_READ_HEADERS
from matome_app.web.program import program

FRESH: Final = 1
"""Seconds that a proxy may answer with what it keeps without asking."""

WHILE_ASKING: Final = 2
"""Seconds after that in which it may answer so while it asks; later, even the first reader waits for the answer."""

REDIRECTS: Final = (301, 302, 308)

ALWAYS_NEW: Final = ("static", "files", "images", "og_images")
"""Blueprints whose answers are files, with tags of their own."""

A_MOMENT: Final = timedelta(seconds=2)
"""Last-Modified counts whole seconds: of a state this young it says nothing, another may come in the same second."""


def init_app(app: Flask) -> None:
    """Look at the tags a request brings before it is answered, and tag the answer."""
    app.before_request(answer_unchanged)
    app.after_request(tell_proxy)
    app.after_request(add_tags)  # before the one above: what is registered last is called first


def forget_tags() -> None:
    """Leave this answer without tags: something is missing in it that may be there the next time."""
    g.pop("state", None)


def answer_unchanged() -> Response | None:
    """Answer 304 when the request names the state that is current."""
    state = _state()
    if state is None:
        return None
    g.state = state
    known = request.if_none_match
    if known.star_tag or not known.contains_weak(state[0]):  # `*` asks whether there is such a page: see what comes
        return None
    return _tagged(Response(status=304), state)


def add_tags(response: Response) -> Response:
    """Tag a whole answer with the state that it was made from; whoever keeps it asks whether it still holds."""
    if response.status_code != 200 or response.direct_passthrough or request.method not in ("GET", "HEAD"):
        return response
    if "Cache-Control" not in response.headers:
        response.cache_control.no_cache = True
    state = g.get("state")
    return _tagged(response, state).make_conditional(request) if state else response  # type: ignore[return-value]


def tell_proxy(response: Response) -> Response:
    """Say to a proxy that asks how long it may keep the answer: none but what follows from the state, no errors.

    What is gone takes the place of what was kept, or the old page would come back while the application is down.
    """
    if not request.headers.get("Surrogate-Capability"):
        return response
    said = response.status_code in (200, 304, *REDIRECTS) and "state" in g and not response.direct_passthrough
    said = said and not response.cache_control.no_store
    gone = response.status_code in (404, 410, *REDIRECTS) and bool(request.if_none_match)
    others = list(response.headers)
    response.headers.clear()
    # nginx before 1.23 heeds it only where it stands before Cache-Control.
    response.headers["X-Accel-Expires"] = str(FRESH if said or gone else 0)
    response.headers.extend(others)
    if said:
        response.headers["Cache-Control"] = f"no-cache, stale-while-revalidate={WHILE_ASKING}"
    return response


def _tagged(response: Response, state: tuple[str, datetime]) -> Response:
    tag, changed = state
    response.cache_control.no_cache = True
    response.headers["ETag"] = quote_etag(tag, weak=True)
    if datetime.now(UTC) - changed > A_MOMENT:
        response.last_modified = changed
    return response


@lru_cache(maxsize=8)
def _told_apart(chosen: Settings) -> str:
    """Return what tells settings apart."""
    return repr(chosen.as_environment())


def _state() -> tuple[str, datetime] | None:
    """Return the tag of what this request asks for, and when it last changed; None where that cannot be told."""
    if request.method not in ("GET", "HEAD") or request.blueprint in ALWAYS_NEW or current_app.debug:
        return None
    if request.endpoint is None:
        return None
    try:
        if runtime().progress() and get_meta(session(), "complete") != "yes":  # pages say how far the first build is
            return None
        generation, changed = queries.state(moment().connection)
        terms = reader().terms_hash
    except (IndexUnavailable, DBAPIError):
        return None  # whoever needs the store meets the same and says so
    if not generation or not changed:
        return None
    version, made = program()
    # What htmx says of a request may change the answer.
    said = [request.headers.get(name) for name in ALL_READ_HEADERS]
    # The number alone tells states apart, except where the data folder was deleted meanwhile: then the time does.
    # The parts of the address as they came: `request.url` would decode it for people to read.
    address = (request.scheme, request.host, request.root_path, request.path, request.query_string)
    parts = (generation, changed, terms, version, _told_apart(settings()), address, said)
    tag = hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
    return tag, max(datetime.fromisoformat(changed), made).replace(microsecond=0)
