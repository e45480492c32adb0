"""Say how a search was read, part by part, each with the search that is left without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from matome_app.errors import Message
from matome_app.search.clauses import Clause, clauses, plain_word
from matome_app.search.engine import Chip
from matome_app.search.params import SearchParams
from matome_app.search.query import Group, Query, Term, filter_label
from matome_app.search.terms import TermTable


def make_chips(table: TermTable, params: SearchParams, query: Query, count: Callable[[Group], int]) -> tuple[Chip, ...]:
    """Return a chip for every part of the query and every filter; `count` says how many comments hold a group."""
    return (*_query_chips(table, params, query, count), *filter_chips(params))


def _query_chips(table: TermTable, params: SearchParams, query: Query, count: Callable[[Group], int]) -> Iterator[Chip]:
    joined = {clause.groups[0]: clause for clause in clauses(query, table) if clause.names}
    for group in query.groups:
        counted = any(isinstance(part, Term) for part in group.parts)
        left = params.replace(q=query.without(group))
        names = table.others(word.text) if (word := plain_word(group)) else ()
        exact = query.replacing(group, _quoted(group.source)) if names else ""
        if group in joined:
            names = (*names, *joined[group].names)
            exact = _with_quoted(query, joined[group])
        yield Chip(
            group.kind,
            group.label,
            left,
            count(group) if counted else None,
            variants=tuple(dict.fromkeys(names)),
            exact=params.replace(q=exact) if exact else None,
        )


def _with_quoted(query: Query, clause: Clause) -> str:
    """Return what to type for a query whose clause is meant to the letter."""
    phrase = _quoted(" ".join(group.source for group in clause.groups))
    return " ".join(
        phrase if group is clause.groups[0] else group.source
        for group in query.groups
        if group is clause.groups[0] or group not in clause.groups
    )


def _quoted(text: str) -> str:
    return f'"{text}"'


def filter_chips(params: SearchParams) -> tuple[Chip, ...]:
    """Return a chip for every filter of the URL."""
    return tuple(_filters(params))


def _filters(params: SearchParams) -> Iterator[Chip]:
    for tag in params.tags:
        yield Chip("tag", filter_label("tag", tag), params.without_tag(tag))
    for user in params.users:
        yield Chip("user", filter_label("user", user), params.without_user(user))
    if params.month:
        yield Chip("month", filter_label("month", params.month), params.replace(month=""))
    if params.color:
        named = Message("色つき") if params.color == "any" else Message("色「%(value)s」", value=params.color)
        yield Chip("color", named, params.replace(color=""))
    if params.post:
        yield Chip("post", Message("記事「%(value)s」", value=params.post), params.replace(post=""))
    if params.after:
        yield Chip("after", filter_label("after", params.after.isoformat()), params.replace(after=None))
    if params.before:
        yield Chip("before", filter_label("before", params.before.isoformat()), params.replace(before=None))
