"""Search over all comments: as a page, and as a fragment while the reader types."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from matome_app.search.engine import SearchResult, Suggestion
from matome_app.search.params import SearchParams
from matome_app.search.snippets import highlight_all, is_cut, snippet
from matome_app.store.found import comments_found
from matome_app.web import htmx
from matome_app.web.conditional import forget_tags
from matome_app.web.context import PAGE_SIZE, engine, search_params, session
from matome_app.web.hits import Found, arrange
from matome_app.web.month_chart import month_chart
from matome_app.web.urls import atom_url, query_suffix, search_url

blueprint = Blueprint("search", __name__)

WORD_KINDS: Final = ("word", "phrase", "or")


def find(params: SearchParams) -> tuple[SearchResult, list[Found]]:
    """Search, and read the comments of the page of hits: one statement, whatever their number."""
    result = engine().search(params)
    if result.late:
        forget_tags()
    found: list[Found] | None = result.memo.get("found")
    if found is None:
        comments = comments_found(session(), {hit.key: hit.post for hit in result.hits})
        found = result.memo["found"] = [
            Found(hit, comment, snippet(comment.text, result.highlights), is_cut(comment.text))
            for hit in result.hits
            if (comment := comments.get(hit.key)) is not None
        ]
    return result, found


@blueprint.get("/search")
def results() -> Response:
    """Answer a search; the URL is its whole state."""
    return answer("/search", search_params(), heading="コメント検索")


def answer(
    path: str,
    params: SearchParams,
    *,
    heading: str,
    address: Callable[..., str] = search_url,
    templates: tuple[str, str] = ("search/page.html", "search/_page.html"),
    **context: Any,
) -> Response:
    """Render a search's results as page or fragment; `context` is more for the templates.

    `address` makes addresses of searches as `search_url` does; `templates` are those of the page and of the fragment.
    """
    result, found = find(params)
    grouped = request.args.get("group") != "off"
    url = _urls(address, grouped)
    by_words = params.sort == "relevance" and bool(result.highlights)
    response = htmx.render(
        *templates,
        heading=heading,
        path=path,
        params=params,
        result=result,
        page_size=PAGE_SIZE,
        found=found,
        blocks=arrange(found, grouped=grouped, gather=by_words),
        grouped=grouped,
        other_grouping=_urls(address, not grouped)(params),
        words=sum(chip.kind in WORD_KINDS for chip in result.chips),
        chart=month_chart(result.months, lambda month: url(params.toggled("month", month))),
        suggested=_suggested(params, result.suggestions),
        feed_url=atom_url(params),
        suffix=query_suffix(params.q),
        highlight=lambda text: highlight_all(text, result.highlights),
        url_of=url,
        page_url=lambda n: url(params.replace(page=n)),
        toggle_url=cache(lambda name, value: url(params.toggled(name, value))),
        change_url=lambda **changes: url(params.replace(**changes)),
        **context,
    )
    return htmx.keep_history(response, path)


def _urls(address: Callable[..., str], grouped: bool) -> Callable[[SearchParams], str]:
    """Return what makes addresses of searches that keep the way hits are grouped."""
    return address if grouped else lambda params: address(params, group="off")


def _suggested(params: SearchParams, suggestions: tuple[Suggestion, ...]) -> list[tuple[str, list[Suggestion]]]:
    """Return suggestions under headings: other spellings, other words, the same words elsewhere."""
    spelled = [one for one in suggestions if one.why.startswith("もしかして")]
    others = [one for one in suggestions if one not in spelled]
    kinds = (
        ("もしかして", spelled),
        ("言葉を変える", [one for one in others if one.q != params.q]),
        ("条件をゆるめる", [one for one in others if one.q == params.q]),
    )
    return [(heading, ones) for heading, ones in kinds if ones]
