"""Tell which requests are searches that an operator wants to know of, and keep those (matome_app/search_log.py)."""

from __future__ import annotations

from typing import Final

from flask import request

from matome_app.search.engine import SearchResult
from matome_app.search.params import SearchParams
from matome_app.web import htmx
from matome_app.web.context import settings

FORMS: Final = ("search", "user-search")
"""The forms that search while the reader types."""

NO_FILTERS: Final = ("q", "sort", "page")


def keep(params: SearchParams, result: SearchResult) -> None:
    """Keep a search for words: not its further pages, nor another order or filter that was chosen on its page."""
    if not params.q or params.page > 1 or request.method != "GET":
        return
    typed = htmx.wants_fragment() and any(map(htmx.comes_from, FORMS))
    if htmx.wants_fragment() and not typed:
        return
    from matome_app import search_log  # here, since most sites keep none

    filters = dict.fromkeys(name for name, _ in params.pairs() if name not in NO_FILTERS)
    search_log.record(settings().data_dir, params.q, filters, result.total, result.took_ms, typed=typed)
