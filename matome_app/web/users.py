"""Commenters: the list of all, and everything one of them said, to be searched in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from flask import abort, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matome_app.errors import BadSearch, Message
from matome_app.search.params import MAX_VALUE, SearchParams
from matome_app.store import queries
from matome_app.web import htmx
from matome_app.web.context import engine, search_params, session
from matome_app.web.search import answer
from matome_app.web.urls import list_url, search_url, user_url

USERS_A_PAGE: Final = 100
POSTS_OF_USER: Final = 10
"""So many of the posts in which someone said most are filters of their page."""


def index() -> Response:
    """List commenters, those who said most first, or those whose names begin with what is typed."""
    prefix = _prefix()
    page = queries.users_page(session(), search_params().page, USERS_A_PAGE, prefix)
    return htmx.render(
        "users/index.html", "users/_index.html", page=page, prefix=prefix, page_url=lambda n: _index_url(prefix, n)
    )


def _prefix() -> str:
    prefix = request.args.get("prefix", "").replace("\0", "\ufffd").strip()
    if len(prefix) > MAX_VALUE:
        message = Message(
            "prefix=%(value)s…: 名前は%(most)s文字以内にしてください。", value=prefix[:20], most=MAX_VALUE
        )
        raise BadSearch(message)
    return prefix


def _index_url(prefix: str, page: int) -> str:
    pairs = [*([("prefix", prefix)] if prefix else []), *([("page", str(page))] if page > 1 else [])]
    return f"/users/?{urlencode(pairs)}" if pairs else "/users/"


def show(rest: str) -> Response:
    """Show everything one commenter said, newest first; words and filters narrow it."""
    name = rest.removesuffix("/")
    user = queries.user_by_name(session(), name) or abort(404)
    asked = search_params()
    params = asked.replace(users=(name,), page=asked.page)
    address = _addresses(name)
    if not rest.endswith("/") or not _has_path(name):
        return redirect(address(params), 301)
    return answer(
        user_url(name),
        params,
        heading=_("%(name)s さんのコメント", name=name),
        address=address,
        templates=("users/show.html", "users/_found.html"),
        user=user,
        times=queries.times_of_user(session(), name),
        posts_url=list_url(SearchParams(users=(name,))),
        top_posts=engine().top_posts(params.replace(post=""), POSTS_OF_USER),
        from_own_box=htmx.comes_from("user-search"),
    )


def _has_path(name: str) -> bool:
    return user_url(name).startswith("/users/")


def _addresses(name: str) -> Callable[..., str]:
    """Return what makes addresses of searches: those among what one commenter said stay on their page."""

    def address(params: SearchParams, **more: str) -> str:
        if params.users != (name,) or not _has_path(name):
            return search_url(params, **more)
        query = urlencode([*params.replace(users=(), page=params.page).pairs(), *more.items()])
        return f"{user_url(name)}?{query}" if query else user_url(name)

    return address
