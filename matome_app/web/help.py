"""The page of search hints: the readers' part of a document, every example a link to that search on this site."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import Final

from flask import abort, render_template
from markupsafe import Markup, escape
from sqlalchemy.exc import DBAPIError

from matome_app.config import ROOT
from matome_app.errors import IndexUnavailable
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.web.context import session, settings
from matome_app.web.urls import search_url

HINTS: Final = {"ja": ROOT / "docs" / "search.md", "en": ROOT / "docs" / "search.en.md"}
"""The document by the language of the site."""
END: Final = "<!--"
"""What follows the first comment of the file is for developers."""

USER, MONTH = "kernel_obasan", "2026/09"
TAG: Final = {"ja": "プログラミング", "en": "programming"}
"""What the examples are about where the site has nobody, no tag and no month."""

_PLAIN: Final = re.compile(r"[^\s`|<>&\"“”„‟〝〞〟*\\]+")
"""What can stand in a query and in Markdown as it is."""
_MONTH: Final = re.compile(r"[0-9]{4}/[0-9]{2}")
_CODE: Final = re.compile("<code>(.*?)</code>")
_TABLE: Final = re.compile("(<table>.*?</table>)", re.DOTALL)


def search() -> str:
    """Show how to search."""
    try:
        text = HINTS[settings().language].read_text(encoding="utf-8")
    except OSError:
        abort(404)
    return render_template("help/search.html", hints=hints(text.partition(END)[0], _examples()))


def _examples() -> tuple[tuple[str, str], ...]:
    """Return what to write instead of the user, tag and month of the file, so that the examples find something."""
    try:
        users = queries.users_page(session(), 1, 1).rows
        tags = queries.tag_counts(session(), SearchParams(), 1)
        months = queries.terms_of(session(), "months")
    except (IndexUnavailable, DBAPIError):
        return ()
    found = [
        (USER, users[0].name if users else ""),
        (TAG[settings().language], tags[0][1] if tags else ""),
        (MONTH, months[0].slug if months else ""),
    ]
    return tuple((old, new) for old, new in found if _PLAIN.fullmatch(new) and (old != MONTH or _MONTH.fullmatch(new)))


@lru_cache(maxsize=4)
def hints(text: str, examples: tuple[tuple[str, str], ...]) -> Markup:
    """Return Markdown as HTML in which each code span is a link to the search of what stands in it."""
    from markdown import markdown  # here, since every start imports this module

    names = dict(examples)
    if names:
        if MONTH in names:
            names[MONTH.replace("/", "-")] = names[MONTH].replace("/", "-")
        written = re.compile("|".join(map(re.escape, names)))
        text = re.sub("`[^`\n]+`", lambda code: written.sub(lambda name: names[name[0]], code[0]), text)
    page = _CODE.sub(_link, markdown(text, extensions=["tables"]))
    return Markup(_TABLE.sub(r'<div class="wide">\1</div>', page))


def _link(code: re.Match[str]) -> str:
    query = unescape(code[1])
    return f'<a href="{escape(search_url(SearchParams(q=query)))}"><code>{code[1]}</code></a>'
