"""Answer 304 to whoever has a page already: its ETag and Last-Modified come from the state of the content.

What a page shows follows from the content's state, the program, the settings and the request, so the tag is known
before anything is rendered. The tag is weak: a page of results also says how long it took.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from flask import Flask, Response, current_app, g, request
from sqlalchemy.exc import DBAPIError
from werkzeug.http import quote_etag

from matome_app.errors import IndexUnavailable
from matome_app.store import queries
from matome_app.web.context import reader, runtime, session, settings
from matome_app.web.program import program

ALWAYS_NEW: Final = ("static", "files", "images", "og_images")
"""Blueprints whose answers are files, with tags of their own."""

A_MOMENT: Final = timedelta(seconds=2)
"""Last-Modified counts whole seconds: of a state this young it says nothing, another may come in the same second."""


def init_app(app: Flask) -> None:
    """Look at the tags a request brings before it is answered, and tag the answer."""
    app.before_request(answer_unchanged)
    app.after_request(add_tags)


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


def _tagged(response: Response, state: tuple[str, datetime]) -> Response:
    tag, changed = state
    response.cache_control.no_cache = True
    response.headers["ETag"] = quote_etag(tag, weak=True)
    if datetime.now(UTC) - changed > A_MOMENT:
        response.last_modified = changed
    return response


def _state() -> tuple[str, datetime] | None:
    """Return the tag of what this request asks for, and when it last changed; None where that cannot be told."""
    if request.method not in ("GET", "HEAD") or request.blueprint in ALWAYS_NEW or current_app.debug:
        return None
    if request.endpoint is None or runtime().progress():
        return None
    try:
        generation, changed = queries.state(session())
        terms = reader().terms_hash
    except (IndexUnavailable, DBAPIError):
        return None  # whoever needs the store meets the same and says so
    if not generation or not changed:
        return None
    version, made = program()
    # Whatever htmx says of a request may change the answer.
    said = sorted((name, value) for name, value in request.headers if name.lower().startswith("hx-"))
    # The number alone tells states apart, except where the data folder was deleted meanwhile: then the time does.
    parts = (generation, changed, terms, version, settings().as_environment(), request.url, said)
    tag = hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
    return tag, max(datetime.fromisoformat(changed), made).replace(microsecond=0)
