"""Count, over everything found, the tags, users and months that would narrow it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from heapq import nsmallest
from typing import Final

import numpy as np

from matome_app.search.columns import Columns, Ints, Pairs
from matome_app.search.engine import FacetValue
from matome_app.search.matches import Matches
from matome_app.search.params import SearchParams
from matome_app.search.snapshot import Snapshot

MOST: Final = 12
_MOST_MONTHS: Final = 600
_MONTH = re.compile(r"[0-9]{4}/(0[1-9]|1[0-2])")


def count_facets(
    snapshot: Snapshot, params: SearchParams, found: Matches, in_post: Ints, is_late: Callable[[], bool]
) -> tuple[dict[str, tuple[FacetValue, ...]], tuple[str, ...]]:
    """Return the values of tag and user with the most hits, and all months in order of time; selected ones always.

    `in_post` are the hits of every post. Those that are not counted when time is up are left out; their names come
    second.
    """
    columns, names = snapshot.columns, snapshot.names

    def tags() -> tuple[FacetValue, ...]:
        return _top(columns.tags.names, _through_posts(columns.tags, in_post), _chosen(params.tags, names.tags))

    def users() -> tuple[FacetValue, ...]:
        by_user = np.bincount(columns.user[found.slots], minlength=len(columns.users))
        return _top(columns.users, by_user, _chosen(params.users, names.users))

    def months() -> tuple[FacetValue, ...]:
        return months_with(snapshot, params.month, in_post)

    facets: dict[str, tuple[FacetValue, ...]] = {}
    late: list[str] = []
    for name, count in (("tag", tags), ("user", users), ("month", months)):
        if is_late():
            late.append(name)
        else:
            facets[name] = count()
    return facets, tuple(late)


def months_with(snapshot: Snapshot, month: str, in_post: Ints) -> tuple[FacetValue, ...]:
    """Return the months that have hits, given those of every post, and the one that is chosen, in order of time."""
    columns = snapshot.columns
    chosen = _chosen([month] if month else [], snapshot.names.months)
    return _months(columns, _through_posts(columns.months, in_post), chosen)


def all_months(months: Sequence[FacetValue]) -> tuple[FacetValue, ...]:
    """Return every month from the first to the last of some, in order, those between as months without hits.

    Terms of the taxonomy that name no month come last.
    """
    values = {value.label: value for value in months}
    named = sorted(label for label in values if _MONTH.fullmatch(label))
    others = [value for label, value in values.items() if label not in named]
    between = _from_to(named[0], named[-1]) if named else []
    return (*(values.get(label, FacetValue(label, label, 0, False)) for label in between), *others)


def _from_to(first: str, last: str) -> list[str]:
    """Return the months from one to another."""
    start, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{n // 12:04}/{n % 12 + 1:02}" for n in range(start, min(end, start + _MOST_MONTHS) + 1)]


def _through_posts(pairs: Pairs, in_post: Ints) -> Ints:
    """Return the hits of every value from the hits of every post."""
    weights = np.bincount(pairs.values, weights=in_post.take(pairs.posts), minlength=len(pairs.names))
    return weights.astype(np.int64)


def _chosen(values: Collection[str], numbers: Callable[[str], set[int]]) -> dict[int | None, str]:
    """Map the ordinals of the selected values to how the URL spells them; a value nobody has stands under None."""
    chosen: dict[int | None, str] = {}
    for value in values:
        chosen.update(dict.fromkeys(numbers(value) or (None,), value))
    return chosen


def _top(labels: Sequence[str], counts: Ints, chosen: dict[int | None, str]) -> tuple[FacetValue, ...]:
    """Return the values with the most hits and the selected ones, most hits first."""
    numbers = np.flatnonzero(counts)
    if len(numbers) > MOST:
        # all that could be among the first, so that ties are broken by name and not by chance
        least = np.partition(counts[numbers], -MOST)[-MOST]
        numbers = numbers[counts[numbers] >= least]
    best = _first(labels, numbers, counts[numbers])
    best += [number for number in chosen if number is not None and number not in best]
    values = [_value(labels[number], int(counts[number]), chosen.get(number)) for number in best]
    return (*values, *_unknown(chosen))


def _first(labels: Sequence[str], numbers: Ints, counts: Ints) -> list[int]:
    """Return the numbers with the highest counts and, of one count, the first labels; what has no label is left out."""
    counted = zip(numbers.tolist(), counts.tolist(), strict=True)
    return [n for _, _, n in nsmallest(MOST, ((-count, labels[n], n) for n, count in counted if labels[n]))]


def _months(columns: Columns, counts: Ints, chosen: dict[int | None, str]) -> tuple[FacetValue, ...]:
    labels = columns.months.names
    numbers = [n for n in range(len(labels)) if counts[n] or n in chosen]
    values = [_value(labels[n], int(counts[n]), chosen.get(n)) for n in sorted(numbers, key=lambda n: labels[n])]
    return (*values, *_unknown(chosen))


def _unknown(chosen: dict[int | None, str]) -> list[FacetValue]:
    return [_value(chosen[None], 0, chosen[None])] if None in chosen else []


def _value(label: str, count: int, spelled: str | None) -> FacetValue:
    """Make a value; a selected one keeps the spelling of the URL, so that it can be taken away."""
    return FacetValue(value=spelled or label, label=label, count=count, selected=spelled is not None)
