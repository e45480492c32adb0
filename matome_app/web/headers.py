"""Headers of every answer: a strict content security policy, and what else keeps readers safe.

They are added where the answer leaves the app, so that errors, redirects, 304 and what fails before any view has them,
too. An answer that needs another value of one sets it itself, as files beside posts do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

SANDBOX: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""The policy of a picture: an SVG may style itself, but runs nothing, asks for nothing and has an origin of its own."""

DENIED: Final = (
    *("accelerometer", "browsing-topics", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope"),
    *("hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock"),
    *("serial", "storage-access", "usb", "window-management", "xr-spatial-tracking"),
)
"""What no page of the site asks a browser for; copying and sharing a link, which pages do, are not here."""

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in DENIED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

SHOWN_ELSEWHERE: Final = ("images", "og_images")
"""Blueprints of pictures, which readers of feeds and cards of links show on other sites; files beside posts say so."""


def init_app(app: Flask) -> None:
    """Add the headers to every answer of the app."""
    app.after_request(let_others_show)
    app.wsgi_app = _Completed(app.wsgi_app)  # type: ignore[method-assign]
    # The server of `flask run` names its version and Python's, whatever the app says; nothing else can be told it.
    WSGIRequestHandler.version_string = lambda _: "matome"  # type: ignore[method-assign,assignment]


def let_others_show(response: Response) -> Response:
    """Let other sites show a picture."""
    if request.blueprint in SHOWN_ELSEWHERE:
        share(response)
    return response


def share(response: Response) -> None:
    """Let pages of other sites show what the answer holds."""
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


class _Completed:
    """A WSGI application whose answers have all headers; what it sets itself stays."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            there = {name.lower() for name, _ in headers}
            missing = [(name, value) for name, value in HEADERS.items() if name.lower() not in there]
            return start_response(status, [*headers, *missing], exc_info)

        answer: Iterable[bytes] = self.app(environ, start)
        return answer
