"""Lists of posts: the newest, those that filters leave, and the banner that says how far a first build has come."""

from __future__ import annotations

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.web import htmx
from matome_app.web.context import PAGE_SIZE, search_params, session
from matome_app.web.urls import list_url, with_query

blueprint = Blueprint("lists", __name__)

TAGS_SHOWN = 30


@blueprint.get("/")
def home() -> Response:
    """Show the newest posts."""
    return post_list("/", search_params(), heading="")


@blueprint.get("/posts/")
def index() -> Response:
    """Show the posts that the filters leave, newest first."""
    return post_list("/posts/", search_params(), heading="記事一覧")


def post_list(path: str, params: SearchParams, *, heading: str, preset: SearchParams | None = None) -> Response:
    """Answer with a list of posts; `preset` holds the filters that the path itself stands for."""
    if params.q:
        return redirect(with_query("/search", params))
    narrowed = _merge(preset, params)
    page = queries.posts_page(session(), narrowed, PAGE_SIZE)
    return htmx.render(
        "posts/list.html",
        "posts/_list.html",
        heading=heading,
        path=path,
        params=narrowed,
        page=page,
        page_url=lambda n: with_query(path, params.replace(page=n)),
        tags=queries.tag_counts(session(), narrowed, TAGS_SHOWN),
        toggle_url=lambda name, value: list_url(narrowed.toggled(name, value)),
        change_url=lambda **changes: list_url(narrowed.replace(**changes)),
        totals=queries.totals(session()) if path == "/" and not narrowed.is_filtered else None,
    )


def _merge(preset: SearchParams | None, params: SearchParams) -> SearchParams:
    if preset is None:
        return params
    narrowed = params.replace(page=params.page, month=params.month or preset.month)
    for tag in preset.tags:
        narrowed = narrowed.with_tag(tag).replace(page=params.page)
    return narrowed


@blueprint.get("/progress")
def progress() -> Response:
    """Show how far a build has come: the banner alone for htmx, otherwise back to the posts."""
    return htmx.render("_progress.html", "_progress.html") if htmx.wants_fragment() else redirect("/")
