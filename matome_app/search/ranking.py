"""Put what is found into order and cut out a page. The order is total, so pages are disjoint and complete."""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np

from matome_app.errors import BadSearch, Message
from matome_app.search.columns import Columns, Ints
from matome_app.search.leaves import SPELLING, WHOLE
from matome_app.search.matches import Matches
from matome_app.search.params import Sort

PAGE_SIZE: Final = 21
_RANK_BITS: Final = 30
_SCORE_BITS: Final = 24
_FINE: Final = 1000
"""Scores that differ by less than one in so many are equal."""
_FEW: Final = 5000
"""So few hits are put in order at once."""
_STANDING_TOGETHER: Final = WHOLE + 1
"""The level of words that follow each other as in the query and are no partial hits: above scattered whole words."""


def page_count(total: int) -> int:
    """Return the number of pages; nothing found is one empty page."""
    return max(1, ceil(total / PAGE_SIZE))


def page_slots(columns: Columns, found: Matches, sort: Sort, page: int) -> Ints:
    """Return the slots of a page, best first; raises BadSearch (404) for a page past the end."""
    return found.slots[page_places(columns, found, sort, page)]


def page_places(columns: Columns, found: Matches, sort: Sort, page: int) -> Ints:
    """Return where the hits of a page stand among what is found, best first; raises BadSearch as `page_slots`."""
    pages = page_count(found.total)
    if page > pages:
        raise BadSearch(Message("page=%(page)s: ページは%(pages)sまでです。", page=page, pages=pages), status=404)
    start, end = (page - 1) * PAGE_SIZE, min(page * PAGE_SIZE, found.total)
    places = _contenders(found, end) if sort == "relevance" else None
    keys = _keys(columns, found, sort, places)
    if end < len(keys):
        best = np.argpartition(-keys, end)[:end]
        places, keys = best if places is None else places[best], keys[best]
    order = np.argsort(-keys)[start:end]
    return order if places is None else places[order]


def _contenders(found: Matches, end: int) -> Ints | None:
    """Leave out, at little cost, most of what cannot be among the first: making an exact key of everything is slow.

    Returns the places of what stays, None for all.
    """
    if found.total < _FEW or found.together is not None:
        return None
    tier, score = found.tier, found.score
    above = 0
    for level in range(WHOLE, 0, -1):
        there = np.flatnonzero(tier == level)
        if above + len(there) >= end:
            last = len(there) - (end - above)
            # What is as good once it is written as a whole number has to stay: then the newer comes first.
            least = np.floor(np.partition(score[there], last)[last].astype(np.float64) * _FINE) / _FINE
            stays = there[score[there] >= np.nextafter(np.float32(least), np.float32(-1))]
            return np.concatenate([np.flatnonzero(tier > level), stays])
        above += len(there)
    return None


def all_slots(columns: Columns, found: Matches, sort: Sort) -> Ints:
    """Return the slots of everything found, best first."""
    return found.slots[np.argsort(-_keys(columns, found, sort, None))]


def _keys(columns: Columns, found: Matches, sort: Sort, places: Ints | None) -> Ints:
    """Return one different number a comment: the higher, the earlier it comes. Ties go to the newer comment."""
    at: Ints | slice = slice(None) if places is None else places
    rank = columns.rank.take(found.slots[at]).astype(np.int64)
    if sort != "relevance":
        return rank if sort == "newest" else -rank
    score = np.minimum(found.score[at].astype(np.float64) * _FINE, 2.0**_SCORE_BITS - 1).astype(np.int64)
    level = found.tier[at].astype(np.int64)
    if found.together is not None:
        together = found.together[at]
        level = 2 * np.where(together & (level >= SPELLING), _STANDING_TOGETHER, level) + together
    return (((level << _SCORE_BITS) | score) << _RANK_BITS) | rank
