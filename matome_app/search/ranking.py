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
    keys = _keys(columns, found, sort, slots)
    start, end = (page - 1) * PAGE_SIZE, min(page * PAGE_SIZE, len(slots))
    if end < len(slots):
        best = np.argpartition(-keys, end)[:end]
        slots, keys = slots[best], keys[best]
    return slots[np.argsort(-keys)][start:end]


def all_slots(columns: Columns, found: Matches, sort: Sort) -> Ints:
    """Return the slots of everything found, best first."""
    slots = found.slots
    return slots[np.argsort(-_keys(columns, found, sort, slots))]


def _keys(columns: Columns, found: Matches, sort: Sort, slots: Ints) -> Ints:
    """Return one different number a comment: the higher, the earlier it comes. Ties go to the newer comment."""
    rank = columns.rank[slots].astype(np.int64)
    if sort != "relevance":
        return rank if sort == "newest" else -rank
    score = np.minimum(found.score[slots].astype(np.float64) * 1000, 2.0**_SCORE_BITS - 1).astype(np.int64)
    level = found.tier[slots].astype(np.int64)
    if found.together is not None:
        together = found.together[slots]
        level = 2 * np.where(together & (level >= SPELLING), _STANDING_TOGETHER, level) + together
    return (((level << _SCORE_BITS) | score) << _RANK_BITS) | rank
