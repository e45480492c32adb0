"""Tags and months: the list of all terms, and the posts of one."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from typing import Final

from flask import redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from matome_app.content.visible import visible
from matome_app.errors import N_, BadSearch, Message
from matome_app.search.params import MAX_VALUE
from matome_app.store import lists
from matome_app.store.lists import TermCount
from matome_app.web import htmx
from matome_app.web.context import session
from matome_app.web.filters import number
from matome_app.web.list_chips import list_chips
from matome_app.web.lists import asked_of, post_list
from matome_app.web.terms import find_term, heading_of, preset_of
from matome_app.web.urls import term_url, url_of_term

SELDOM: Final = 1
MANY: Final = 60
"""Of more tags than this, those that `SELDOM` posts have are not shown at first."""

_MONTH = re.compile(r"[0-9]{4}/[0-9]{2}")


def tags() -> Response:
    """List the tags, the most used first: those that more than one post has, all, or those in which a text stands."""
    wanted = _wanted()
    every_tag, seldom = lists.count_tags(session(), SELDOM)
    every = bool(request.args.get("all")) or every_tag <= MANY or seldom in (0, every_tag)
    found = lists.tags_like(session(), wanted) if wanted else lists.tags_used(session(), 1 if every else SELDOM + 1)
    return htmx.render(
        "taxonomies/tags.html",
        "taxonomies/_tags.html",
        number=len(found),
        items=Markup("\n".join([_item(slug, name, posts) for slug, name, posts, _ in found])),
        name=wanted,
        every=every,
        seldom=seldom,
    )


@lru_cache(maxsize=16384)
def _item(slug: str, name: str, posts: int) -> str:
    """Return the HTML of a tag of the list: thousands at a time, so that each is made once."""
    item = Markup('<li><a href="{}"><bdi>{}</bdi> <span class="n">{}</span></a></li>')
    return str(item.format(term_url("tags", slug), visible(name), number(posts)))


def _wanted() -> str:
    wanted = request.args.get("name", "").replace("\0", "\ufffd").strip()
    if len(wanted) > MAX_VALUE:
        message = N_("name=%(value)s…: 名前は%(most)s文字以内にしてください。")
        raise BadSearch(Message(message, value=wanted[:20], most=MAX_VALUE))
    return wanted


def months() -> Response:
    """List the months of all posts, or of those that filters leave, by year and the newest first."""
    asked = asked_of("/months/")
    found = lists.month_sums(session(), asked.filters)
    return htmx.render(
        "taxonomies/months.html",
        "taxonomies/_months.html",
        asked=asked,
        params=asked.filters,
        years=[(year, list(ones)) for year, ones in groupby(sorted(found, key=_is_odd), _year)],
        number=len(found),
        most=max((month.posts for month in found), default=0),
        chips=list_chips(asked, way_out=False),
    )


def _year(month: TermCount) -> str:
    """Return the year of a month, empty for a term that names none."""
    return month.name[:4] if _MONTH.fullmatch(month.name) else ""


def _is_odd(month: TermCount) -> bool:
    return not _year(month)


def tag(rest: str) -> Response:
    """Show the posts of a tag."""
    return _term("tags", rest)


def month(rest: str) -> Response:
    """Show the posts of a month."""
    return _term("months", rest)


def _term(taxonomy: str, rest: str) -> Response:
    slug = rest.strip("/")
    term = find_term(taxonomy, slug)
    if slug != term.slug or not rest.endswith("/"):
        return redirect(url_of_term(term), 301)
    return post_list(url_of_term(term), heading=heading_of(term), preset=preset_of(term), term=term)
