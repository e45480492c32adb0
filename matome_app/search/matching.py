"""Combine what terms find into what a search finds: AND, OR, exclusions, filters, and words spread over a thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from matome_app.search.columns import Columns, Flags, within
from matome_app.search.leaves import WHOLE, find
from matome_app.search.params import SearchParams
from matome_app.search.query import Filter, Group, Part, Query, Term
from matome_app.search.snapshot import Floats, Snapshot, Tiers
from matome_app.search.titles import posts_with


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What is found, one value a comment: the tier (0 is not found) and the score."""

    tier: Tiers
    score: Floats

    @property
    def total(self) -> int:
        """How many comments are found."""
        return int(np.count_nonzero(self.tier))


def match(connection: Connection, snapshot: Snapshot, query: Query, params: SearchParams) -> Matches:
    """Find the comments of a query that pass the filters of the parameters."""
    matcher = _Matcher(connection, snapshot)
    found = matcher.spread(query) if params.scope == "post" else matcher.together(query)
    for flags in [*matcher.conditions(query), *param_flags(snapshot, params)]:
        np.multiply(found.tier, flags, out=found.tier)
    return found


class _Matcher:
    """Evaluates groups; conditions (lone filters and exclusions) are kept apart from what is sought."""

    def __init__(self, connection: Connection, snapshot: Snapshot) -> None:
        self._connection = connection
        self._snapshot = snapshot

    def together(self, query: Query) -> Matches:
        """Find the comments that match every group."""
        found = self._everything()
        for group in filter(is_sought, query.groups):
            one = self._group(group)
            np.minimum(found.tier, one.tier, out=found.tier)
            np.add(found.score, one.score, out=found.score)
        return found

    def spread(self, query: Query) -> Matches:
        """Find the comments that match any group, in threads (with their titles) that match every one."""
        sought = list(filter(is_sought, query.groups))
        if not sought:
            return self._everything()
        columns = self._snapshot.columns
        found = Matches(np.zeros(columns.size, np.uint8), np.zeros(columns.size, np.float32))
        whole = np.ones(len(columns.posts), bool)
        for group in sought:
            one = self._group(group)
            np.maximum(found.tier, one.tier, out=found.tier)
            np.add(found.score, one.score, out=found.score)
            in_thread = posts_with(columns, group)
            in_thread[columns.post[one.tier > 0]] = True
            whole &= in_thread
        np.multiply(found.tier, whole[columns.post], out=found.tier)
        return found

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
        size = self._snapshot.columns.size
        return Matches(np.full(size, WHOLE, np.uint8), np.zeros(size, np.float32))

    def _group(self, group: Group) -> Matches:
        """Find what matches one of the parts: the best tier, the sum of the scores."""
        size = self._snapshot.columns.size
        tier, score = np.zeros(size, np.uint8), np.zeros(size, np.float32)
        for part in group.parts:
            if isinstance(part, Term) and not part.excluded:
                leaf = find(self._connection, self._snapshot, part)
                tier[leaf.slots] = np.maximum(tier[leaf.slots], leaf.tier)
                score[leaf.slots] += leaf.score
            else:
                np.maximum(tier, self._flags(part) * np.uint8(WHOLE), out=tier)
        return Matches(tier, score)

    def _flags(self, part: Part) -> Flags:
        """Return what a filter or an exclusion lets through."""
        if isinstance(part, Filter):
            flags = filter_flags(self._snapshot, part)
            return ~flags if part.excluded else flags
        flags = np.ones(self._snapshot.columns.size, bool)
        flags[find(self._connection, self._snapshot, part).slots] = False
        return flags


def is_sought(group: Group) -> bool:
    """Tell whether a group is something to find, not a lone filter or exclusion."""
    return len(group.parts) > 1 or (isinstance(group.parts[0], Term) and not group.parts[0].excluded)


def filter_flags(snapshot: Snapshot, part: Filter) -> Flags:
    """Tell of every comment whether it meets a condition (before it is turned round by an exclusion)."""
    columns = snapshot.columns
    if part.field == "user":
        return np.isin(columns.user, list(snapshot.names.users(part.value)))
    if part.field == "tag":
        return columns.post_flags(columns.tags, snapshot.names.tags(part.value))[columns.post]
    if part.field == "month":
        return columns.post_flags(columns.months, snapshot.names.months(part.value))[columns.post]
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
        flags.append(np.array([post.path == params.post for post in columns.posts], bool)[columns.post])
    return flags


def _colored(columns: Columns, color: str) -> Flags:
    wanted = [number for number, one in enumerate(columns.colors) if one == color or (color == "any" and one)]
    return np.isin(columns.color, wanted)
