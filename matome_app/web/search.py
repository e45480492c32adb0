"""Search over all comments: as a page, and as a fragment while the reader types."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from markupsafe import Markup
from werkzeug.wrappers import Response

from matome_app.search.engine import Hit, SearchResult
from matome_app.search.params import SearchParams
from matome_app.search.snippets import snippet
from matome_app.store.found import FoundComment, comments_found
from matome_app.web import htmx
from matome_app.web.context import PAGE_SIZE, engine, search_params, session
from matome_app.web.urls import search_url

blueprint = Blueprint("search", __name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with its comment and what of it is shown."""

    hit: Hit
    comment: FoundComment
    snippet: Markup


def find(params: SearchParams) -> tuple[SearchResult, list[Found]]:
    """Search, and read the comments of the page of hits: one statement, whatever their number."""
    result = engine().search(params)
    comments = comments_found(session(), {hit.key: hit.post for hit in result.hits})
    found = [
        Found(hit, comments[hit.key], Markup(snippet(comments[hit.key].text, result.highlights)))
        for hit in result.hits
        if hit.key in comments
    ]
    return result, found


@blueprint.get("/search")
def results() -> Response:
    """Answer a search; the URL is its whole state."""
    return answer("/search", search_params(), heading="コメント検索")


def answer(path: str, params: SearchParams, *, heading: str) -> Response:
    """Render a search's results as page or fragment."""
    result, found = find(params)
    response = htmx.render(
        "search/page.html",
        "search/_page.html",
        heading=heading,
        path=path,
        params=params,
        result=result,
        page_size=PAGE_SIZE,
        found=found,
        page_url=lambda n: search_url(params.replace(page=n)),
        toggle_url=lambda name, value: search_url(params.toggled(name, value)),
        change_url=lambda **changes: search_url(params.replace(**changes)),
    )
    return htmx.keep_history(response, path)
