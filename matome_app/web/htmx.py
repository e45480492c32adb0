"""Tell fragment requests from page requests; the only place that knows htmx's header names."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request
from htmx_flask.requests import HtmxHeaders

READ_HEADERS = ("HX-Request", "HX-Boosted", "HX-History-Restore-Request", "HX-Target", "HX-Source")
"""What every answer may follow from. deploy/nginx passes on these alone, and only as far as the site tells them apart:
who reads another one, or another value of one, tells it (tests/deploy/test_caching.py)."""

ALL_READ_HEADERS = (*READ_HEADERS, "HX-Current-URL")
"""With what only the answer to typing follows from."""


def headers() -> HtmxHeaders:
    """Return what htmx said of this request."""
    return cast(HtmxHeaders, request.htmx)  # type: ignore[attr-defined]


def wants_fragment() -> bool:
    """Tell whether htmx will swap the answer into a page: not for boosted links, nor when it restores history."""
    htmx = headers()
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def from_search_box() -> bool:
    """Tell whether the request comes from the search form, whose field must then not be written over."""
    return comes_from("search")


def comes_from(form: str) -> bool:
    """Tell whether the request comes from the form with this id."""
    return request.headers.get("HX-Source", "").endswith(f"#{form}")


def adds_to(element: str) -> bool:
    """Tell whether htmx will add the answer to the element with this id, instead of replacing what is there."""
    return wants_fragment() and request.headers.get("HX-Target", "").endswith(f"#{element}")


def render(whole: str, part: str, /, **context: Any) -> Response:
    """Render the whole page, or the partial that the page includes where htmx asks for a fragment."""
    partial = wants_fragment()
    response = make_response(render_template(part if partial else whole, fragment=partial, **context))
    response.vary.update(READ_HEADERS)
    return response


def redirect_page(url: str) -> Response:
    """Redirect whoever did not ask for the fragment that is at this address, too."""
    response = cast(Response, redirect(url))
    response.vary.update(READ_HEADERS)
    return response


def keep_history(response: Response, path: str) -> Response:
    """Let typing in the box make one history entry: the first result is pushed, the next ones replace it.

    The script of the page turns what Enter asked for into an entry of its own.
    """
    if wants_fragment() and from_search_box():
        response.vary.update(ALL_READ_HEADERS)
        here = urlsplit(headers().current_url or "").path
        response.headers["HX-Replace-Url" if here == path else "HX-Push-Url"] = request.full_path.rstrip("?")
    return response
