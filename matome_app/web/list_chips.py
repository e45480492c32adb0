"""The applied filters of a list of posts, each with what it leaves by itself and the list without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matome_app.errors import Message
from matome_app.search.params import SearchParams
from matome_app.store import lists
from matome_app.web.context import session
from matome_app.web.list_params import ListParams


@dataclass(frozen=True, slots=True)
class ListChip:
    """An applied filter: what it says, the list without it.

    `posts` is how many posts have it, `left` how many the list without it holds (0 where nobody asked).
    """

    label: Message
    url: str
    posts: int
    left: int


def list_chips(asked: ListParams, *, way_out: bool) -> list[ListChip]:
    """Return the filters of a list that its path does not stand for: one statement; `way_out` counts `left`, too."""
    own = asked.narrowing
    if not own.is_filtered:
        return []
    from matome_app.search.chips import filter_chips  # here, since most lists have no filters

    chips = filter_chips(own)
    rest = [asked.joined(chip.without) for chip in chips] if way_out else []
    counts = lists.count_lists(session(), [*_alone(own), *rest])
    left = counts[len(chips) :] or [0] * len(chips)
    return [
        ListChip(chip.label, asked.own_url(chip.without), posts, remaining)
        for chip, posts, remaining in zip(chips, counts, left, strict=False)
    ]


def _alone(filters: SearchParams) -> Iterator[SearchParams]:
    """Yield every filter by itself, in the order of their chips."""
    for tag in filters.tags:
        yield SearchParams(tags=(tag,))
    for user in filters.users:
        yield SearchParams(users=(user,))
    for name in ("month", "color", "post", "after", "before"):
        if value := getattr(filters, name):
            yield SearchParams().replace(**{name: value})
