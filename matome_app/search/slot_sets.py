"""Join and cut sets of slots: what is found is kept as slots in order, so that it costs what is found, not all.

Arrays with a place for every comment are needed only in between. Bytes are cheap to make; floats are not, so each
thread has an array of them for good, of which only the places that were just written mean something.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from matome_app.search.columns import Codes, Ints

Floats = npt.NDArray[np.float32]
Tiers = npt.NDArray[np.uint8]
Slots = Ints | Codes

_MANY: Final = 16
"""When more than one slot in so many is in a set, it is quicker to look for all than to sort."""

_local = threading.local()


def scratch(size: int) -> Floats:
    """Return an array of this thread, with whatever was in it: what is read of it must have been written before."""
    numbers: Floats | None = getattr(_local, "numbers", None)
    if numbers is None or len(numbers) != size:
        numbers = _local.numbers = np.empty(size, np.float32)
    return numbers


def spread_out(slots: Slots, values: Floats, size: int) -> Floats:
    """Return values by slot; those of other slots are anything. Good until the thread asks for the next."""
    numbers = scratch(size)
    numbers[slots] = values
    return numbers


def in_order(tier: Tiers, pieces: Sequence[Slots]) -> Ints:
    """Return slots in order, given pieces that have none in common; `tier` is not 0 at these, and only these."""
    there = [piece for piece in pieces if len(piece)]
    if len(there) == 1:
        return there[0].astype(np.int64, copy=False)
    if sum(map(len, there)) * _MANY > len(tier):
        return np.flatnonzero(tier != 0)  # of bytes it would take ten times as long
    slots = np.concatenate([np.empty(0, np.int64), *there])
    slots.sort(kind="stable")  # which makes use of every piece being in order
    return slots
