"""Make the addresses of the site; every template and view takes them from here."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

from flask import request

from matome_app.content.permalinks import url_path
from matome_app.search.params import SearchParams
from matome_app.store.found import Card, FoundComment
from matome_app.store.models import Comment, Post, Term
from matome_app.web.context import settings

AnyPost = Post | Card
AnyComment = Comment | FoundComment


def term_url(taxonomy: str, slug: str) -> str:
    """Return the page of a tag or month."""
    return url_path(taxonomy, slug)


def url_of_term(term: Term) -> str:
    """Return the page of a term of the store."""
    return term_url(term.taxonomy, term.slug)


def user_url(name: str) -> str:
    """Return a commenter's page; a name that no path can hold goes into a query string."""
    segments = name.split("/")
    if not name.strip() or name != name.strip() or any(segment in ("", ".", "..") for segment in segments):
        return search_url(SearchParams(users=(name,)))
    return f"/users/{quote(name, safe='@:+~!$&()*,;=')}/"


def comment_url(comment: AnyComment, post: AnyPost, q: str = "") -> str:
    """Return the address at which a comment is on the page, its fold open, without help of JavaScript.

    With a query, the page marks what it finds.
    """
    page = fold_url(post, comment.details) if comment.details else post.url
    return f"{page}{query_suffix(q)}#c-{comment.id}"


def anchor_url(comment: AnyComment, post: AnyPost) -> str:
    """Return the post's address with the comment's anchor, as JSON gives it."""
    return f"{post.url}#c-{comment.id}"


def fold_url(post: AnyPost, n: int) -> str:
    """Return the address of a fold."""
    return f"{post.url}details/{n}"


def search_url(params: SearchParams, **more: str) -> str:
    """Return the search page of some parameters; `more` is what the page alone knows, such as `group`."""
    url = with_query("/search", params)
    return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}" if more else url


def atom_url(params: SearchParams) -> str:
    """Return the feed of a search."""
    return with_query("/search.atom", params.replace())


def query_suffix(q: str) -> str:
    """Return what to add to an address for it to carry the words of a search."""
    return f"?q={_quoted(q)}" if q else ""


def list_url(params: SearchParams) -> str:
    """Return the list of posts with some filters."""
    return with_query("/posts/", params)


def with_query(path: str, params: SearchParams) -> str:
    """Return a path with parameters as its query string."""
    query = "&".join([f"{name}={_quoted(value)}" for name, value in params.pairs()])
    return f"{path}?{query}" if query else path


_quoted = lru_cache(maxsize=4096)(quote_plus)
"""A page of results has dozens of addresses that differ in one value."""


def is_file(path: Path) -> bool:
    """Tell whether a path is a file; names no file system can hold are none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def external(path: str) -> str:
    """Return a path of the site as a full address."""
    return (settings().base_url or request.url_root.rstrip("/")) + path
