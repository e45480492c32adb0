"""Say how a search was read, part by part, each with the search that is left without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matome_app.search.engine import Chip
from matome_app.search.params import SearchParams
from matome_app.search.query import Group, Query, Term


def make_chips(params: SearchParams, query: Query, count: Callable[[Group], int]) -> tuple[Chip, ...]:
    """Return a chip for every part of the query and every filter; `count` says how many comments hold a group."""
    return (*_query_chips(params, query, count), *_filter_chips(params))


def _query_chips(params: SearchParams, query: Query, count: Callable[[Group], int]) -> Iterator[Chip]:
    for group in query.groups:
        counted = any(isinstance(part, Term) for part in group.parts)
        left = params.replace(q=query.without(group))
        yield Chip(group.kind, group.label, left, count(group) if counted else None)


def _filter_chips(params: SearchParams) -> Iterator[Chip]:
    for tag in params.tags:
        yield Chip("tag", f"タグ「{tag}」", params.without_tag(tag))
    for user in params.users:
        yield Chip("user", f"ユーザー「{user}」", params.without_user(user))
    if params.month:
        yield Chip("month", f"月「{params.month}」", params.replace(month=""))
    if params.color:
        label = "色つき" if params.color == "any" else f"色「{params.color}」"
        yield Chip("color", label, params.replace(color=""))
    if params.post:
        yield Chip("post", f"記事「{params.post}」", params.replace(post=""))
    if params.after:
        yield Chip("after", f"以後「{params.after}」", params.replace(after=None))
    if params.before:
        yield Chip("before", f"以前「{params.before}」", params.replace(before=None))
