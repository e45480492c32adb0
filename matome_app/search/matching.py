"""Combine what terms find into what a search finds: AND, OR, exclusions, filters, and words spread over a thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sqlalchemy import Connection

from matome_app.search.clauses import Clause, clauses, is_sought, plain_runs
from matome_app.search.columns import Columns, Flags, Ints, within
from matome_app.search.leaves import SPELLING, SPELLING_WEIGHT, WHOLE, find, name_term, variants
from matome_app.search.params import SearchParams
from matome_app.search.phrases import find_phrase
from matome_app.search.query import Filter, Group, Part, Query, Term
from matome_app.search.snapshot import Floats, Snapshot, Tiers
from matome_app.search.titles import posts_with


@dataclass(frozen=True, eq=False)
class Matches:
    """What is found, one value a comment: tier (0 is not found), score, and whether the words stand together.

    There are no scores where the order does not ask for them.
    """

    tier: Tiers
    score: Floats
    together: Flags | None = None

    @cached_property
    def slots(self) -> Ints:
        """The comments found, in the order of their slots; to be asked for when all conditions are applied."""
        return np.flatnonzero(self.tier.astype(bool))

    @property
    def total(self) -> int:
        """How many comments are found."""
        return len(self.slots)


def match(connection: Connection, snapshot: Snapshot, query: Query, params: SearchParams) -> Matches:
    """Find the comments of a query that pass the filters of the parameters."""
    matcher = _Matcher(connection, snapshot, scored=params.sort == "relevance")
    found = matcher.spread(query) if params.scope == "post" else matcher.in_one(query)
    for flags in [*matcher.conditions(query), *param_flags(snapshot, params)]:
        np.multiply(found.tier, flags, out=found.tier)
    if params.sort != "relevance":
        return found
    return Matches(found.tier, found.score, matcher.together(query, found))


class _Matcher:
    """Evaluates clauses; conditions (lone filters and exclusions) are kept apart from what is sought."""

    def __init__(self, connection: Connection, snapshot: Snapshot, scored: bool) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._scored = scored

    def in_one(self, query: Query) -> Matches:
        """Find the comments that match every clause."""
        sought = clauses(query, self._snapshot.terms)
        if not sought:
            return self._everything()
        found = self._clause(sought[0])
        for clause in sought[1:]:
            one = self._clause(clause)
            np.minimum(found.tier, one.tier, out=found.tier)
            np.add(found.score, one.score, out=found.score)
        return found

    def spread(self, query: Query) -> Matches:
        """Find the comments that match any clause, in threads (with their titles) that match every one."""
        sought = clauses(query, self._snapshot.terms)
        if not sought:
            return self._everything()
        columns = self._snapshot.columns
        found = self._nothing()
        whole = np.ones(len(columns.posts), bool)
        for clause in sought:
            one = self._clause(clause)
            np.maximum(found.tier, one.tier, out=found.tier)
            np.add(found.score, one.score, out=found.score)
            whole &= posts_of(self._snapshot, clause) | columns.posts_with(one.tier)
        np.multiply(found.tier, columns.of_posts(whole), out=found.tier)
        return found

    def together(self, query: Query, found: Matches) -> Flags | None:
        """Tell of the comments found whether words that follow each other in the query do so in them."""
        runs = plain_runs(query)
        if not runs:
            return None
        flags = np.zeros(self._snapshot.columns.size, bool)
        for run in runs:
            flags[find_phrase(self._connection, self._snapshot, run, found.tier > 0)] = True
        return flags

    def conditions(self, query: Query) -> list[Flags]:
        """Return what lone filters and exclusions let through; several users are alternatives, as in the URL."""
        flags: list[Flags] = []
        users: list[Flags] = []
        for group in query.groups:
            if is_sought(group):
                continue
            part = group.parts[0]
            if isinstance(part, Filter) and part.field == "user" and not part.excluded:
                users.append(self._flags(part))
            else:
                flags.append(self._flags(part))
        return [*flags, np.logical_or.reduce(users)] if users else flags

    def _everything(self) -> Matches:
        return Matches(np.full(self._snapshot.columns.size, WHOLE, np.uint8), self._no_score())

    def _nothing(self) -> Matches:
        return Matches(np.zeros(self._snapshot.columns.size, np.uint8), self._no_score())

    def _no_score(self) -> Floats:
        """Return a score of nothing for every comment, or no scores at all, where they do not matter."""
        return np.zeros(self._snapshot.columns.size if self._scored else 0, np.float32)

    def _clause(self, clause: Clause) -> Matches:
        """Find what matches all groups of a clause, or its names in the term table as other spellings."""
        found = self._group(clause.groups[0])
        for group in clause.groups[1:]:
            one = self._group(group)
            np.minimum(found.tier, one.tier, out=found.tier)
            np.add(found.score, one.score, out=found.score)
        for name in clause.names:
            leaf = find(self._connection, self._snapshot, name_term(name))
            found.tier[leaf.slots] = np.maximum(found.tier[leaf.slots], SPELLING)
            if self._scored:
                found.score[leaf.slots] += leaf.score * np.float32(SPELLING_WEIGHT)
        return found

    def _group(self, group: Group) -> Matches:
        """Find what matches one of the parts: the best tier, the sum of the scores."""
        found = self._nothing()
        if len(group.parts) == 1 and isinstance(group.parts[0], Term):
            leaf = find(self._connection, self._snapshot, group.parts[0])
            found.tier[leaf.slots] = leaf.tier
            if self._scored:
                found.score[leaf.slots] = leaf.score
            return found
        for part in group.parts:
            if isinstance(part, Term) and not part.excluded:
                leaf = find(self._connection, self._snapshot, part)
                found.tier[leaf.slots] = np.maximum(found.tier[leaf.slots], leaf.tier)
                if self._scored:
                    found.score[leaf.slots] += leaf.score
            else:
                np.maximum(found.tier, self._flags(part) * np.uint8(WHOLE), out=found.tier)
        return found

    def _flags(self, part: Part) -> Flags:
        """Return what a filter or an exclusion lets through."""
        if isinstance(part, Filter):
            flags = filter_flags(self._snapshot, part)
            return ~flags if part.excluded else flags
        flags = np.ones(self._snapshot.columns.size, bool)
        flags[find(self._connection, self._snapshot, part).slots] = False
        return flags


def posts_of(snapshot: Snapshot, clause: Clause) -> Flags:
    """Tell of every post whether its title or tags match all groups of a clause, or hold one of its names."""
    columns = snapshot.columns
    flags = np.ones(len(columns.posts), bool)
    for group in clause.groups:
        terms = [part for part in group.parts if isinstance(part, Term) and not part.excluded]
        flags &= posts_with(columns, [*terms, *(name for term in terms for name in variants(snapshot, term))])
    return flags | posts_with(columns, map(name_term, clause.names))


def filter_flags(snapshot: Snapshot, part: Filter) -> Flags:
    """Tell of every comment whether it meets a condition (before it is turned round by an exclusion)."""
    columns = snapshot.columns
    if part.field == "user":
        return np.isin(columns.user, list(snapshot.names.users(part.value)))
    if part.field == "tag":
        return columns.of_posts(columns.post_flags(columns.tags, snapshot.names.tags(part.value)))
    if part.field == "month":
        return columns.of_posts(columns.post_flags(columns.months, snapshot.names.months(part.value)))
    return within(columns, part.day if part.field == "after" else None, part.day if part.field == "before" else None)


def param_flags(snapshot: Snapshot, params: SearchParams) -> list[Flags]:
    """Return what each of the filters in the URL lets through."""
    columns = snapshot.columns
    flags = [filter_flags(snapshot, Filter("tag", tag)) for tag in params.tags]
    if params.users:
        flags.append(np.isin(columns.user, [n for user in params.users for n in snapshot.names.users(user)]))
    if params.month:
        flags.append(filter_flags(snapshot, Filter("month", params.month)))
    if params.after or params.before:
        flags.append(within(columns, params.after, params.before))
    if params.color:
        flags.append(_colored(columns, params.color))
    if params.post:
        flags.append(columns.of_posts(np.array([post.card.path == params.post for post in columns.posts], bool)))
    return flags


def _colored(columns: Columns, color: str) -> Flags:
    wanted = [number for number, one in enumerate(columns.colors) if one == color or (color == "any" and one)]
    return np.isin(columns.color, wanted)
