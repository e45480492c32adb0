"""Put what is found into order and cut out a page. The order is total, so pages are disjoint and complete."""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np

from matome_app.errors import BadSearch, Message
from matome_app.search.columns import Columns, Ints
from matome_app.search.leaves import SPELLING, WHOLE
from matome_app.search.matching import Matches
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
    slots = found.slots
    pages = page_count(len(slots))
    if page > pages:
        raise BadSearch(Message("page=%(page)s: ページは%(pages)sまでです。", page=page, pages=pages), status=404)
    start, end = (page - 1) * PAGE_SIZE, min(page * PAGE_SIZE, len(slots))
    if sort == "relevance":
        slots = _contenders(found, slots, end)
    keys = _keys(columns, found, sort, slots)
    if end < len(slots):
        best = np.argpartition(-keys, end)[:end]
        slots, keys = slots[best], keys[best]
    return slots[np.argsort(-keys)][start:end]


def _contenders(found: Matches, slots: Ints, end: int) -> Ints:
    """Leave out, at little cost, most of what cannot be among the first: making an exact key of everything is slow."""
    if len(slots) < _FEW or found.together is not None:
        return slots
    tier, score = found.tier[slots], found.score[slots]
    above = 0
    for level in range(WHOLE, 0, -1):
        there = np.flatnonzero(tier == level)
        if above + len(there) >= end:
            last = len(there) - (end - above)
            # What is as good once it is written as a whole number has to stay: then the newer comes first.
            least = np.floor(np.partition(score[there], last)[last].astype(np.float64) * _FINE) / _FINE
            stays = there[score[there] >= np.nextafter(np.float32(least), np.float32(-1))]
            kept: Ints = slots[np.concatenate([np.flatnonzero(tier > level), stays])]
            return kept
        above += len(there)
    return slots


def all_slots(columns: Columns, found: Matches, sort: Sort) -> Ints:
    """Return the slots of everything found, best first."""
    slots = found.slots
    return slots[np.argsort(-_keys(columns, found, sort, slots))]


def _keys(columns: Columns, found: Matches, sort: Sort, slots: Ints) -> Ints:
    """Return one different number a comment: the higher, the earlier it comes. Ties go to the newer comment."""
    rank = columns.rank[slots].astype(np.int64)
    if sort != "relevance":
        return rank if sort == "newest" else -rank
    score = np.minimum(found.score[slots].astype(np.float64) * _FINE, 2.0**_SCORE_BITS - 1).astype(np.int64)
    level = found.tier[slots].astype(np.int64)
    if found.together is not None:
        together = found.together[slots]
        level = 2 * np.where(together & (level >= SPELLING), _STANDING_TOGETHER, level) + together
    return (((level << _SCORE_BITS) | score) << _RANK_BITS) | rank
