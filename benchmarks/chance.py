"""Draw by counts from numbers that are the same on every machine: integers only, nothing that a library may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]
Indexes = NDArray[np.int64]

GAMMA = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = 0xFFFFFFFFFFFFFFFF


def mixed(number: int) -> int:
    """Return 64 bits that look like chance (the finalizer of SplitMix64)."""
    number = (number + GAMMA) & _MASK
    number = ((number ^ (number >> 30)) * _FIRST) & _MASK
    number = ((number ^ (number >> 27)) * _SECOND) & _MASK
    return number ^ (number >> 31)


def mix(numbers: Numbers) -> Numbers:
    """Do the same for an array."""
    mixing = numbers + np.uint64(GAMMA)
    mixing ^= mixing >> np.uint64(30)
    mixing *= np.uint64(_FIRST)
    mixing ^= mixing >> np.uint64(27)
    mixing *= np.uint64(_SECOND)
    mixing ^= mixing >> np.uint64(31)
    return mixing


def keyed(*parts: int) -> int:
    """Return the number that stands for some numbers in order."""
    key = 0
    for part in parts:
        key = mixed(key ^ part)
    return key


class Dice:
    """Numbers in a row, from a key; cheaper than `random.Random`, and nothing but integers."""

    def __init__(self, key: int) -> None:
        self._key = key

    def bits(self) -> int:
        """Return the next 64 bits."""
        self._key = (self._key + GAMMA) & _MASK
        return mixed(self._key)

    def below(self, most: int) -> int:
        """Return a number from 0 to below `most`."""
        return ((self.bits() >> 32) * most) >> 32

    def chance(self, of_thousand: int) -> bool:
        """Return whether something happens that does so many times in a thousand."""
        return self.below(1000) < of_thousand

    def rank(self, head: int, octaves: int) -> int:
        """Return a rank, the n-th about 1 / (n + head) times as likely; below head * 2 ** octaves."""
        wide = head << self.below(octaves)
        return wide - head + self.below(wide)

    def along(self, points: Sequence[float], shares: Sequence[float]) -> float:
        """Return a value that is distributed as percentiles say: the values at given shares of a hundred."""
        share = self.below(1 << 24) * 100 / (1 << 24)
        place = next(n for n, most in enumerate(shares[1:], 1) if share <= most)
        part = (share - shares[place - 1]) / (shares[place] - shares[place - 1])
        return points[place - 1] + part * (points[place] - points[place - 1])


@dataclass(frozen=True, slots=True)
class Table:
    """Values by row, each as likely as its count says."""

    values: Indexes
    cumulative: Numbers
    before: Numbers
    totals: Numbers

    @classmethod
    def of(cls, rows: Iterable[tuple[Sequence[int], Sequence[int]]]) -> Table:
        """Make a table of rows of values and counts."""
        values: list[int] = []
        counts: list[int] = []
        ends = [0]
        for row_values, row_counts in rows:
            values += row_values
            counts += row_counts
            ends.append(len(values))
        cumulative = np.concatenate(([0], np.cumsum(counts, dtype=np.uint64))).astype(np.uint64)
        borders = cumulative[ends]
        return cls(np.array(values, np.int64), cumulative[1:], borders[:-1], borders[1:] - borders[:-1])

    def draw(self, rows: NDArray[Any], numbers: Numbers) -> Indexes:
        """Return a value of each row; the upper halves of the numbers decide."""
        at = self.before[rows] + (((numbers >> np.uint64(32)) * self.totals[rows]) >> np.uint64(32))
        drawn: Indexes = self.values[np.searchsorted(self.cumulative, at, side="right")]
        return drawn
