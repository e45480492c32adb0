"""Combine what terms find into what a search finds: AND, OR, exclusions, filters, and words spread over a thread."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from functools import reduce

import numpy as np
from sqlalchemy import Connection

from matome_app.search.clauses import Clause, clauses, is_sought, plain_runs
from matome_app.search.columns import Columns, Flags, within
from matome_app.search.leaves import SPELLING, SPELLING_WEIGHT, WHOLE, find, name_term, variants
from matome_app.search.matches import Matches, Test
from matome_app.search.params import SearchParams
from matome_app.search.phrases import find_phrase
from matome_app.search.query import Filter, Group, Part, Query, Term
from matome_app.search.snapshot import Snapshot
from matome_app.search.titles import posts_with


def match(connection: Connection, snapshot: Snapshot, query: Query, params: SearchParams) -> Matches:
    """Find the comments of a query that pass the filters of the parameters."""
    matcher = _Matcher(connection, snapshot, scored=params.sort == "relevance")
    found = matcher.spread(query) if params.scope == "post" else matcher.in_one(query)
    for test in [*matcher.conditions(query), *param_tests(snapshot, params)]:
        found = found.kept(test)
    if params.sort != "relevance":
        return found
    return replace(found, together=matcher.together(query, found))


class _Matcher:
    """Evaluates clauses; conditions (lone filters and exclusions) are kept apart from what is sought."""

    def __init__(self, connection: Connection, snapshot: Snapshot, scored: bool) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._scored = scored

    def in_one(self, query: Query) -> Matches:
        """Find the comments that match every clause."""
        sought = clauses(query, self._snapshot.terms)
        return reduce(Matches.both, map(self._clause, sought)) if sought else self._everything()

    def spread(self, query: Query) -> Matches:
        """Find the comments that match any clause, in threads (with their titles) that match every one."""
        sought = clauses(query, self._snapshot.terms)
        if not sought:
            return self._everything()
        columns = self._snapshot.columns
        several = [self._clause(clause) for clause in sought]
        whole = np.ones(len(columns.posts), bool)
        for clause, one in zip(sought, several, strict=True):
            posts = posts_of(self._snapshot, clause)
            posts[columns.post.take(one.slots)] = True
            whole &= posts
        return reduce(Matches.either, several).kept(lambda slots: whole.take(columns.post[slots]))

    def together(self, query: Query, found: Matches) -> Flags | None:
        """Tell of the comments found whether words that follow each other in the query do so in them."""
        runs = plain_runs(query)
        if not runs:
            return None
        among = found.tiers() != 0
        flags = np.zeros(len(among), bool)
        for run in runs:
            flags[find_phrase(self._connection, self._snapshot, run, among)] = True
        return flags.take(found.slots)

    def conditions(self, query: Query) -> list[Test]:
        """Return what lone filters and exclusions ask; several users are alternatives, as in the URL."""
        tests: list[Test] = []
        users: set[int] | None = None
        for group in query.groups:
            if is_sought(group):
                continue
            part = group.parts[0]
            if isinstance(part, Filter) and part.field == "user" and not part.excluded:
                users = (users or set()) | self._snapshot.names.users(part.value)
            else:
                tests.append(self._test(part))
        return tests if users is None else [*tests, _users_test(self._snapshot, users)]

    def _everything(self) -> Matches:
        return Matches.every(self._snapshot.columns.size, WHOLE, self._scored)

    def _found(self, term: Term) -> Matches:
        leaf = find(self._connection, self._snapshot, term)
        return Matches.of(self._snapshot.columns.size, leaf.slots, leaf.tier, leaf.score if self._scored else None)

    def _clause(self, clause: Clause) -> Matches:
        """Find what matches all groups of a clause, or its names in the term table as other spellings."""
        found = reduce(Matches.both, map(self._group, clause.groups))
        for name in clause.names:
            one = self._found(name_term(name))
            tier = np.full(one.total, SPELLING, np.uint8)
            found = found.either(replace(one, tier=tier, score=one.score * np.float32(SPELLING_WEIGHT)))
        return found

    def _group(self, group: Group) -> Matches:
        """Find what matches one of the parts: the best tier, the sum of the scores."""
        return reduce(Matches.either, map(self._part, group.parts))

    def _part(self, part: Part) -> Matches:
        if isinstance(part, Term) and not part.excluded:
            return self._found(part)
        return self._everything().kept(self._test(part))

    def _test(self, part: Part) -> Test:
        """Return what a filter or an exclusion asks."""
        if isinstance(part, Filter):
            test = filter_test(self._snapshot, part)
            return (lambda slots: ~test(slots)) if part.excluded else test
        flags = np.ones(self._snapshot.columns.size, bool)
        flags[find(self._connection, self._snapshot, part).slots] = False
        return lambda slots: flags[slots]


def posts_of(snapshot: Snapshot, clause: Clause) -> Flags:
    """Tell of every post whether its title or tags match all groups of a clause, or hold one of its names."""
    columns = snapshot.columns
    flags = np.ones(len(columns.posts), bool)
    for group in clause.groups:
        terms = [part for part in group.parts if isinstance(part, Term) and not part.excluded]
        flags &= posts_with(columns, [*terms, *(name for term in terms for name in variants(snapshot, term))])
    return flags | posts_with(columns, map(name_term, clause.names))


def filter_test(snapshot: Snapshot, part: Filter) -> Test:
    """Return what asks of comments whether they meet a condition (before it is turned round by an exclusion)."""
    columns, names = snapshot.columns, snapshot.names
    if part.field == "user":
        return _users_test(snapshot, names.users(part.value))
    if part.field == "tag":
        return _posts_test(columns, columns.post_flags(columns.tags, names.tags(part.value)))
    if part.field == "month":
        return _posts_test(columns, columns.post_flags(columns.months, names.months(part.value)))
    return _days_test(
        columns, part.day if part.field == "after" else None, part.day if part.field == "before" else None
    )


def param_tests(snapshot: Snapshot, params: SearchParams) -> list[Test]:
    """Return what each of the filters in the URL asks."""
    columns = snapshot.columns
    tests = [filter_test(snapshot, Filter("tag", tag)) for tag in params.tags]
    if params.users:
        tests.append(_users_test(snapshot, {n for user in params.users for n in snapshot.names.users(user)}))
    if params.month:
        tests.append(filter_test(snapshot, Filter("month", params.month)))
    if params.after or params.before:
        tests.append(_days_test(columns, params.after, params.before))
    if params.color:
        tests.append(_color_test(columns, params.color))
    if params.post:
        tests.append(_posts_test(columns, np.array([post.card.path == params.post for post in columns.posts], bool)))
    return tests


def _posts_test(columns: Columns, flags: Flags) -> Test:
    return lambda slots: flags.take(columns.post[slots])


def _users_test(snapshot: Snapshot, numbers: Collection[int]) -> Test:
    columns = snapshot.columns
    if len(numbers) == 1:
        (number,) = numbers
        return lambda slots: columns.user[slots] == number
    flags = np.zeros(len(columns.users), bool)
    flags[list(numbers)] = True
    return lambda slots: flags[columns.user[slots]]


def _days_test(columns: Columns, after: date | None, before: date | None) -> Test:
    return lambda slots: within(columns.created[slots], after, before)


def _color_test(columns: Columns, color: str) -> Test:
    wanted = [number for number, one in enumerate(columns.colors) if one == color or (color == "any" and one)]
    return lambda slots: np.isin(columns.color[slots], wanted)
