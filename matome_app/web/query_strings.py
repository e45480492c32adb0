"""Read query strings whatever bytes they hold: what a browser would have percent-encoded is taken as if it had been.

Werkzeug decodes them as UTF-8 and raises where they are none. Gunicorn refuses such addresses from version 27 on; older
ones, and `flask run`, hand on any byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ASCII: Final = bytes(range(128))


def init_app(app: Flask) -> None:
    """Let the app see query strings in ASCII only."""
    app.wsgi_app = _Encoding(app.wsgi_app)  # type: ignore[method-assign]


class _Encoding:
    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, after its query string was percent-encoded where it is not ASCII."""
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote_from_bytes(query.encode("latin-1"), safe=_ASCII)
        return self._application(environ, start_response)
