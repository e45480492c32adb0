"""Lists of posts: the newest, those that filters leave, and the banner that says how far a first build has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matome_app.content.permalinks import term_slug
from matome_app.content.reading import minutes
from matome_app.search.params import SearchParams
from matome_app.store import lists, queries
from matome_app.store.lists import TermCount
from matome_app.web import htmx
from matome_app.web.context import PAGE_SIZE, search_params, session
from matome_app.web.list_chips import list_chips
from matome_app.web.list_params import MOST_PAGES, ListParams
from matome_app.web.urls import with_query

blueprint = Blueprint("lists", __name__)
blueprint.add_app_template_global(minutes)

TagCount = tuple[str, str, int]
"""A tag's slug and name, and how many posts have it."""

TAGS_SHOWN: Final = 30
MONTHS_SHOWN: Final = 12
RELATED_SHOWN: Final = 12
ROWS: Final = "posts"
"""The element that further pages are added to."""


@blueprint.get("/")
def home() -> Response:
    """Show the newest posts."""
    return post_list("/", heading="")


@blueprint.get("/posts/")
def index() -> Response:
    """Show the posts that the filters leave, newest first."""
    return post_list("/posts/", heading=_("記事一覧"))


def asked_of(path: str, preset: SearchParams | None = None) -> ListParams:
    """Return what the URL asks of a list; `preset` holds the filters that the path itself stands for."""
    return ListParams.from_args(path, search_params(), preset or SearchParams(), request.args)


def post_list(path: str, *, heading: str, preset: SearchParams | None = None, **context: Any) -> Response:
    """Answer with a list of posts, or the rows to add to one; `context` is more for the templates.

    `preset` holds the filters that the path itself stands for.
    """
    asked = asked_of(path, preset)
    if asked.own.q:
        return redirect(with_query("/search", asked.filters.replace()))
    adds = htmx.adds_to(ROWS)
    first = asked.filters.page if adds else asked.first
    page = lists.list_posts(session(), asked.filters, PAGE_SIZE, first=first, discussed=asked.discussed)
    context = {
        "heading": heading,
        "path": path,
        "asked": asked,
        "params": asked.filters,
        "page": replace(page, first=asked.first),
        "page_size": PAGE_SIZE,
        "most_pages": MOST_PAGES,
        "rows": ROWS,
        "toggle_url": asked.toggles(),
    } | context
    if adds:
        return htmx.render("posts/_more.html", "posts/_more.html", **context)
    tags = queries.tag_counts(session(), asked.filters, TAGS_SHOWN)
    months = lists.month_counts(session(), asked.filters.replace(month=""))
    return htmx.render(
        "posts/list.html",
        "posts/_list.html",
        tags=tags,
        related=_related(tags, asked.filters)[:RELATED_SHOWN],
        months=_shown(months, asked.filters.month),
        beside=_beside(months, asked.preset.month),
        chips=list_chips(asked, way_out=not page.total),
        **context,
    )


def _shown(months: list[TermCount], chosen: str) -> list[TermCount]:
    """Return the newest months, and the chosen one."""
    return [month for n, month in enumerate(months) if n < MONTHS_SHOWN or month.name == chosen]


def _related(tags: Sequence[TagCount], filters: SearchParams) -> list[TagCount]:
    """Return the tags that most often stand beside those of the list."""
    own = {term_slug(tag) for tag in filters.tags}
    return [tag for tag in tags if tag[0] not in own]


def _beside(months: list[TermCount], chosen: str) -> tuple[str, str]:
    """Return the slugs of the months before and after one; empty where there are none."""
    slug = term_slug(chosen) if chosen else ""
    earlier = [month.slug for month in months if month.slug < slug]
    later = [month.slug for month in months if month.slug > slug]
    return (earlier[0] if earlier else "", later[-1] if later else "") if slug else ("", "")
