"""Tags and months: the list of all terms, the posts of one, and its feed."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template
from werkzeug.wrappers import Response

from matome_app.content.permalinks import term_slug
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Term
from matome_app.web.context import search_params, session
from matome_app.web.feeds import feed_of
from matome_app.web.lists import post_list
from matome_app.web.urls import term_url, url_of_term

blueprint = Blueprint("taxonomies", __name__)

FEED = "index.xml"


@blueprint.get("/tags/")
def tags() -> str:
    """List all tags, the most used first."""
    return render_template("taxonomies/tags.html", terms=queries.terms_of(session(), "tags"))


@blueprint.get("/months/")
def months() -> str:
    """List all months, the newest first."""
    return render_template("taxonomies/months.html", terms=queries.terms_of(session(), "months"))


@blueprint.get("/tags/<path:rest>")
def tag(rest: str) -> Response:
    """Show the posts of a tag, or its feed."""
    return _term("tags", rest, "タグ：{}")


@blueprint.get("/months/<path:rest>")
def month(rest: str) -> Response:
    """Show the posts of a month, or its feed."""
    return _term("months", rest, "{}")


def _term(taxonomy: str, rest: str, heading: str) -> Response:
    slug = rest.strip("/")
    if slug == FEED or slug.endswith(f"/{FEED}"):
        term = _find(taxonomy, slug.removesuffix(FEED).strip("/"))
        return feed_of(_preset(term), title=heading.format(term.name), path=url_of_term(term))
    term = _find(taxonomy, slug)
    if slug != term.slug or not rest.endswith("/"):
        return redirect(url_of_term(term), 301)
    return post_list(
        term_url(taxonomy, term.slug), search_params(), heading=heading.format(term.name), preset=_preset(term)
    )


def _find(taxonomy: str, slug: str) -> Term:
    """Find a term by Hugo's spelling of it in URLs, or by its name."""
    term = queries.term_by_slug(session(), taxonomy, slug) or queries.term_by_slug(session(), taxonomy, term_slug(slug))
    return term or abort(404)


def _preset(term: Term) -> SearchParams:
    return SearchParams(tags=(term.name,)) if term.taxonomy == "tags" else SearchParams(month=term.name)
