"""What views work with: the runtime of the app, one database session a request, the search parameters of the URL."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from matome_app.config import Settings
from matome_app.runtime import Reader, Runtime
from matome_app.search.engine import SearchEngine
from matome_app.search.params import SearchParams

KEY = "matome"
PAGE_SIZE = 21


def init_app(app: Flask, runtime: Runtime) -> None:
    """Give the app its runtime, and close each request's session at its end."""
    app.extensions[KEY] = runtime
    app.teardown_request(_close_session)


def runtime() -> Runtime:
    """Return the app's runtime."""
    return cast(Runtime, current_app.extensions[KEY])


def settings() -> Settings:
    """Return the site's settings."""
    return runtime().settings


def reader() -> Reader:
    """Return this request's reader: the same generation from its first query to its last."""
    if "reader" not in g:
        g.reader = runtime().reader()
    return cast(Reader, g.reader)


def session() -> Session:
    """Return this request's database session; raises IndexUnavailable when there is no store yet."""
    if "session" not in g:
        g.session = reader().store.sessions()
    return cast(Session, g.session)


def engine() -> SearchEngine:
    """Return this request's search engine."""
    return reader().engine


def search_params() -> SearchParams:
    """Return what the URL asks for; raises BadSearch."""
    return SearchParams.from_args(request.args.items(multi=True))


def _close_session(_error: BaseException | None) -> None:
    opened = g.pop("session", None)
    if opened is not None:
        opened.close()
