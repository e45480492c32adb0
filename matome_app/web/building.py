"""What readers are told while a first build runs: how far it has come, how long it takes yet, and that it is done.

A build that replaces a whole site, or brings in what changed, is none of a reader's business: everything is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, Response, g, request
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from matome_app.errors import IndexUnavailable
from matome_app.store import queries
from matome_app.store.known import get_meta
from matome_app.web import htmx
from matome_app.web.context import runtime, session
from matome_app.web.i18n import ngettext

blueprint = Blueprint("building", __name__)

SMALL_BUILD: Final = 20
"""A build of fewer posts is over before anyone could read about it."""


@dataclass(frozen=True, slots=True)
class Building:
    """A first build as it is shown: posts read of all there are, and what of them can be seen by now."""

    phase: str
    done: int
    total: int
    posts: int
    comments: int
    left: str


def init_app(app: Flask) -> None:
    """Let templates ask."""
    app.jinja_env.globals.update(building=building, stored=stored)


def building() -> Building | None:
    """Return the first build under way that readers should know of, None where there is none."""
    progress = runtime().progress()
    if progress.get("total", 0) <= SMALL_BUILD:
        return None
    complete, posts, comments = stored()
    if complete:
        return None
    return Building(
        phase=str(progress.get("phase", "posts")),
        done=int(progress.get("done", 0)),
        total=int(progress["total"]),
        posts=posts,
        comments=max(comments, int(progress.get("comments", 0))),
        left=time_left(progress.get("seconds_left")),
    )


def stored() -> tuple[bool, int, int]:
    """Return whether the store is complete, and how many posts and comments can be read by now."""
    if "stored" not in g:
        try:
            complete = get_meta(session(), "complete") == "yes"
            g.stored = (complete, *queries.totals(session()))
        except (IndexUnavailable, DBAPIError):
            g.stored = (False, 0, 0)
    found: tuple[bool, int, int] = g.stored
    return found


def time_left(seconds: Any) -> str:
    """Say how long something takes yet, as one would say it; "" where that is not known."""
    if not isinstance(seconds, int | float):
        return ""
    if seconds < 8:
        return str(_("まもなく終わります"))
    if seconds < 50:
        tens = math.ceil(seconds / 10) * 10
        return ngettext("あと約%(num)s秒", "あと約%(num)s秒", tens)
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return ngettext("あと約%(num)s分", "あと約%(num)s分", minutes)
    hours = round(seconds / 3600)
    return ngettext("あと約%(num)s時間", "あと約%(num)s時間", hours)


@blueprint.get("/progress")
def progress() -> Response:
    """Show how far a first build has come: the bar alone for htmx, otherwise back to the posts.

    A page that waits for a site to be there (`waiting`) is loaded again as soon as it is.
    """
    if not htmx.wants_fragment():
        return htmx.redirect_page("/")
    waiting = bool(request.args.get("waiting"))
    response = htmx.render("_progress.html", "_progress.html", waiting=waiting, polled=True)
    complete, posts, _comments = stored()
    if waiting and (complete or posts):
        response.headers["HX-Refresh"] = "true"
    return response
