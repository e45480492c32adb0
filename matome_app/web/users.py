"""Commenters: the list of all, and everything one of them said."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template
from werkzeug.wrappers import Response

from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.web.context import search_params, session
from matome_app.web.search import answer
from matome_app.web.urls import user_url, with_query

blueprint = Blueprint("users", __name__)

USERS_A_PAGE = 100


@blueprint.get("/users/")
def index() -> str:
    """List commenters, those who said most first."""
    params = search_params()
    page = queries.users_page(session(), params.page, USERS_A_PAGE)
    return render_template(
        "users/index.html", page=page, page_url=lambda n: with_query("/users/", SearchParams(page=n))
    )


@blueprint.get("/users/<path:rest>")
def show(rest: str) -> Response:
    """Show everything one commenter said, newest first; words and filters narrow it."""
    name = rest.removesuffix("/")
    user = queries.user_by_name(session(), name) or abort(404)
    if not rest.endswith("/"):
        return redirect(user_url(name), 301)
    params = search_params()
    if params.q or params.is_filtered:
        return redirect(with_query("/search", params.with_user(name)))
    narrowed = params.replace(
        users=(user.name,), page=params.page, sort="newest" if params.sort == "relevance" else params.sort
    )
    return answer("/search", narrowed, heading=f"{user.name} さんのコメント")
