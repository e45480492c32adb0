"""Headers of every answer: a strict content security policy, caching, and an ETag where it saves the transfer."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = "; ".join(
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
A_YEAR = 31_536_000


def init_app(app: Flask) -> None:
    """Add the headers to every answer of the app."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Complete an answer's headers; one that set its own policy keeps it."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    if request.endpoint == "static":
        if "v" in request.args:
            response.cache_control.max_age = A_YEAR
            response.cache_control.public = True
            response.cache_control.immutable = True
            response.cache_control.no_cache = None
        return response
    if response.direct_passthrough or response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return response
    response.cache_control.no_cache = True  # keep a copy, but ask whether it still holds
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]
