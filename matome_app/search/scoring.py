"""Score how well comments hold a term: BM25F over the body of a comment and the title and tags of its post."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from matome_app.search.columns import Columns
from matome_app.search.slot_sets import Floats, Slots

K1: Final = 1.2
B: Final = 0.6
"""How soon a term that comes again counts no more, and how much a long body takes off (Robertson and Zaragoza 2009)."""


def bm25f(columns: Columns, slots: Slots, frequency: Floats, boost: Floats | None = None) -> Floats:
    """Return the scores of a term in the comments that have it.

    `frequency` is how often each body has it (parts of compounds and other spellings count less), `boost` what the
    title and tags of its post add: fields of one length, so nothing is taken off for it. The inverse document frequency
    is the form that is never negative, rounded so that it is the same on every machine.
    """
    idf = round(math.log1p((columns.size - len(slots) + 0.5) / (len(slots) + 0.5)), 6)
    weight = frequency / (1 - B + B * columns.norm.take(slots))
    if boost is not None:
        weight += boost
    scores = idf * (K1 + 1) * weight / (weight + K1)
    return scores.astype(np.float32, copy=False)
