"""A search seen from inside one post: what it finds there, marked where it stands, counted on folds that are closed."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from matome_app.errors import IndexUnavailable
from matome_app.search.marking import mark_html
from matome_app.search.params import SearchParams
from matome_app.search.snippets import highlight_all
from matome_app.store import queries
from matome_app.store.models import Comment, Fold, Post
from matome_app.web.conditional import forget_tags
from matome_app.web.context import engine, session, settings
from matome_app.web.filters import lang

_QUOTATION: Final = re.compile(r"<blockquote>((?:(?!</?blockquote).)*)</blockquote>", re.DOTALL)
_TAG: Final = re.compile(r"<[^<>]*>")

SHORT = 60
"""So many characters of a comment are left when it is shrunk to a line."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What a query finds in a post: its hits in reading order, and how many of them each fold holds.

    `alone` is a search of this thread: comments that match are whole, others one line. `some` says that no comment has
    all words, and hits are those that have one of them. Without an index, nothing can be found (`ready`).
    """

    q: str
    hits: Sequence[Comment] = ()
    keys: frozenset[int] = frozenset()
    folds: Mapping[int, int] = field(default_factory=dict)
    highlights: tuple[str, ...] = ()
    alone: bool = False
    some: bool = False
    ready: bool = True

    def __bool__(self) -> bool:
        return bool(self.q)

    def found(self, comment: Comment) -> bool:
        """Tell whether a comment is a hit."""
        return comment.key in self.keys

    def html(self, source: str) -> Markup:
        """Return HTML with what was found marked."""
        return mark_html(source, self.highlights)

    def body(self, comment: Comment) -> Markup:
        """Return a comment's body with what was found marked, and the language of quotations that differ from it."""
        return mark_html(_with_languages(comment.html, comment.text), self.highlights)

    def text(self, text: str) -> Markup:
        """Return plain text as HTML with what was found marked."""
        return highlight_all(text, self.highlights)

    def line(self, comment: Comment) -> str:
        """Return the beginning of a comment, for when it is shrunk."""
        start = " ".join(comment.text[: 2 * SHORT].split())
        return start[:SHORT] + "…" if len(start) > SHORT or len(comment.text) > 2 * SHORT else start


NONE = Matches("")


def find_matches(post: Post, folds: Mapping[int, Fold], params: SearchParams, alone: bool) -> Matches:
    """Find what a query finds in a post; a post can be read while there is no index. Raises BadSearch.

    Of the filters only users and colour count, which choose comments of a post: what is marked and what is counted is
    the same in every part of the page. A thread that was found by words of several comments shows them all.
    """
    if not params.q:
        return NONE
    here = SearchParams(q=params.q, post=post.path, users=params.users, color=params.color)
    try:
        keys = engine().all_keys(here)
        some = not keys and bool(keys := engine().all_keys(here.replace(scope="post")))
        highlights = engine().highlights(params.q)
    except IndexUnavailable:
        forget_tags()
        return Matches(params.q, ready=False)
    hits = queries.comments_in_order(session(), keys)
    return Matches(params.q, hits, frozenset(keys), _count(hits, folds), highlights, alone, some)


def is_chosen(comment: Comment, asked: SearchParams) -> bool:
    """Tell whether a comment is by one of the users and in the colour that are asked for."""
    return (not asked.users or comment.user in asked.users) and (
        not asked.color or (comment.color.lower() == asked.color if asked.color != "any" else bool(comment.color))
    )


def _with_languages(source: str, text: str) -> str:
    """Give quotations in another language than the whole comment their `lang`; `source` is its HTML."""
    if "<blockquote>" not in source:
        return source
    whole = lang(text)
    return _QUOTATION.sub(lambda found: _quotation(found[1], whole), source)


def _quotation(inner: str, whole: Markup) -> str:
    own = lang(html.unescape(_TAG.sub(" ", inner)))
    if own == whole:
        return f"<blockquote>{inner}</blockquote>"
    own = own or Markup(' lang="{}"').format(settings().language)
    return f"<blockquote{own}>{inner}</blockquote>"


def _count(hits: Sequence[Comment], folds: Mapping[int, Fold]) -> dict[int, int]:
    """Return the number of hits inside every fold."""
    counts: dict[int, int] = {}
    for hit in hits:
        n = hit.details
        while n and n in folds:
            counts[n] = counts.get(n, 0) + 1
            n = folds[n].parent
    return counts
