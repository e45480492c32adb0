"""What views work with: the runtime of the app, one state of the store a request, the search parameters of the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from matome_app.config import Settings
from matome_app.readers import Moment, Reader
from matome_app.runtime import Runtime
from matome_app.search.params import SearchParams

if TYPE_CHECKING:
    from matome_app.search.engine import SearchEngine

KEY = "matome"
PAGE_SIZE = 21


def init_app(app: Flask, runtime: Runtime) -> None:
    """Give the app its runtime, and close each request's session at its end."""
    app.extensions[KEY] = runtime
    app.teardown_request(_close)


def runtime() -> Runtime:
    """Return the app's runtime."""
    return cast(Runtime, current_app.extensions[KEY])


def settings() -> Settings:
    """Return the site's settings."""
    return runtime().settings


def moment() -> Moment:
    """Return what this request reads: one state of one generation, from its first query to its last.

    Raises IndexUnavailable when there is no store yet.
    """
    if "moment" not in g:
        g.moment = runtime().begin()
    return cast(Moment, g.moment)


def reader() -> Reader:
    """Return this request's reader."""
    return moment().reader


def session() -> Session:
    """Return this request's database session."""
    if "session" not in g:
        g.session = Session(moment().connection, expire_on_commit=False, join_transaction_mode="control_fully")
    return cast(Session, g.session)


def engine() -> SearchEngine:
    """Return this request's search engine, which reads the same state as its session."""
    now = moment()
    now.reader.engine.read_from(now.connection)
    return now.reader.engine


def search_params() -> SearchParams:
    """Return what the URL asks for; raises BadSearch."""
    return SearchParams.from_args(request.args.items(multi=True))


def _close(_error: BaseException | None) -> None:
    session: Session | None = g.pop("session", None)
    if session is not None:
        session.close()
    now: Moment | None = g.pop("moment", None)
    if now is not None:
        now.reader.engine.read_from(None)
        now.close()
