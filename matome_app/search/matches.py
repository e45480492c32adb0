"""Hold what a search finds, and combine it: by AND, by OR, by conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matome_app.search.columns import Flags, Ints
from matome_app.search.slot_sets import Floats, Slots, Tiers, in_order, spread_out

Test = Callable[[Ints | slice], Flags]
"""Tells of comments, by their slots, whether they meet a condition; `ALL` asks it of all."""

ALL: Final = slice(None)


@dataclass(frozen=True, eq=False)
class Matches:
    """What is found: slots in order, and of each its tier, its score, and whether the words stand together.

    There are no scores where the order does not ask for them. `size` is the number of all comments.
    """

    size: int
    slots: Ints
    tier: Tiers
    score: Floats
    together: Flags | None = None

    @classmethod
    def of(cls, size: int, slots: Slots, tier: Tiers, score: Floats | None) -> Matches:
        """Make one of what a term finds; `score` is None where nobody asks for it."""
        return cls(size, slots.astype(np.int64, copy=False), tier, _NO_SCORE if score is None else score)

    @classmethod
    def every(cls, size: int, tier: int, scored: bool) -> Matches:
        """Make one that holds every comment."""
        score = np.zeros(size, np.float32) if scored else _NO_SCORE
        return cls(size, np.arange(size), np.full(size, tier, np.uint8), score)

    @property
    def total(self) -> int:
        """How many comments are found."""
        return len(self.slots)

    def tiers(self) -> Tiers:
        """Return the tier of every comment there is, 0 where it is not found."""
        tiers = np.zeros(self.size, np.uint8)
        tiers[self.slots] = self.tier
        return tiers

    def kept(self, test: Test) -> Matches:
        """Return what meets a condition."""
        is_all = len(self.slots) == self.size
        return self._at(np.flatnonzero(test(ALL if is_all else self.slots)))

    def _at(self, places: Ints) -> Matches:
        if len(places) == len(self.slots):
            return self
        score = self.score.take(places) if len(self.score) else self.score
        together = None if self.together is None else self.together.take(places)
        return Matches(self.size, self.slots.take(places), self.tier.take(places), score, together)

    def both(self, other: Matches) -> Matches:
        """Return what is in both: the lower tier, the sum of the scores."""
        few, many = sorted((self, other), key=lambda one: one.total)
        held = many.tiers().take(few.slots)
        found = few._at(np.flatnonzero(held != 0))
        held = held[held != 0]
        if len(found.score):
            more = spread_out(many.slots, many.score, self.size).take(found.slots)
            found = replace(found, score=found.score + more)
        return replace(found, tier=np.minimum(found.tier, held))

    def either(self, other: Matches) -> Matches:
        """Return what is in one or the other: the higher tier, the sum of the scores."""
        few, many = sorted((self, other), key=lambda one: one.total)
        tiers = many.tiers()
        held = tiers.take(few.slots)
        tiers[few.slots] = np.maximum(held, few.tier)
        slots = in_order(tiers, [many.slots, few.slots[held == 0]])
        score = _NO_SCORE
        if len(many.score):
            scores = spread_out(many.slots, many.score, self.size)
            scores[few.slots] = np.where(held != 0, scores.take(few.slots), np.float32(0)) + few.score
            score = scores.take(slots)
        return Matches(self.size, slots, tiers.take(slots), score)


_NO_SCORE: Final = np.empty(0, np.float32)
