"""Search over all comments: as a page, and as a fragment while the reader types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matome_app.errors import listed
from matome_app.search.chips import filter_chips
from matome_app.search.engine import SearchResult, Suggestion
from matome_app.search.params import SearchParams
from matome_app.search.query import both, parse
from matome_app.search.snippets import highlight_all, is_cut, snippet
from matome_app.search.suggest import did_you_mean
from matome_app.store.found import comments_found
from matome_app.web import htmx
from matome_app.web.conditional import forget_tags
from matome_app.web.context import PAGE_SIZE, engine, moment, search_params, settings
from matome_app.web.hits import Found, arrange
from matome_app.web.i18n import translate
from matome_app.web.month_chart import month_chart
from matome_app.web.searches import keep
from matome_app.web.urls import atom_url, query_suffix, search_url

WORD_KINDS: Final = ("word", "phrase", "or")


def find(params: SearchParams) -> tuple[SearchResult, list[Found]]:
    """Search, and read the comments of the page of hits: one statement, whatever their number."""
    result = engine().search(params)
    if settings().search_log:
        keep(params, result)
    if result.late:
        forget_tags()
    found: list[Found] | None = result.memo.get("found")
    if found is None:
        comments = comments_found(moment().connection, {hit.key: hit.post for hit in result.hits})
        found = result.memo["found"] = [
            Found(hit, comment, snippet(comment.text, result.highlights), is_cut(comment.text))
            for hit in result.hits
            if (comment := comments.get(hit.key)) is not None
        ]
    return result, found


def results() -> Response:
    """Answer a search; the URL is its whole state."""
    return answer("/search", search_params(), heading=_("コメント検索"))


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
        absent=_absent(result),
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


def _absent(result: SearchResult) -> str:
    """Return the words of a search that no comment holds, as the page names them."""
    labels = [chip.label for chip in result.chips if chip.count == 0 and chip.kind in WORD_KINDS]
    return translate(listed(labels)) if labels else ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A search that would find something: what its link says, why it is offered where that says more, and its hits."""

    label: str
    why: str
    total: int
    params: SearchParams


def _suggested(params: SearchParams, suggestions: tuple[Suggestion, ...]) -> list[tuple[str, list[Offered]]]:
    """Return suggestions under headings: other spellings, other words, the same words elsewhere."""
    if not suggestions:
        return []
    others = [one for one in suggestions if not one.respelled]
    kinds = (
        (_("もしかして"), [one for one in suggestions if one.respelled]),
        (_("言葉を変える"), [one for one in others if one.q != params.q]),
        (_("条件をゆるめる"), [one for one in others if one.q == params.q]),
    )
    return [(heading, [_offered(params, one) for one in ones]) for heading, ones in kinds if ones]


def _offered(params: SearchParams, suggestion: Suggestion) -> Offered:
    why = translate(suggestion.why)
    if suggestion.q == params.q:
        return Offered(why, "", suggestion.total, suggestion.params)
    said = suggestion.why == did_you_mean(suggestion.q)
    return Offered(suggestion.q or _("すべてのコメント"), "" if said else why, suggestion.total, suggestion.params)


def reading(params: SearchParams) -> str:
    """Return how a search reads, such as 「茶」かつ「湯」、タグ「台所」; "" for one that asks for nothing."""
    parts = [(group.kind, group.label) for group in parse(params.q).groups]
    parts += [(chip.kind, chip.label) for chip in filter_chips(params)]
    if not parts:
        return ""
    before, read = parts[0]
    for kind, label in parts[1:]:
        are_words = kind in WORD_KINDS and before in WORD_KINDS
        before, read = kind, both(read, label) if are_words else listed([read, label])
    return translate(read)
