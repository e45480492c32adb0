"""Hold the figures that made content is drawn from: where they are, how they are kept, and what is left out as rare."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

PATH: Final = Path(__file__).with_name("statistics.json.xz")
END: Final = "end"
URL: Final = "url"
BREAK: Final = "<br>"
LEAST_WORD, LEAST_PAIR = 10, 8
"""What is rarer is counted as an unknown word of its class, or as one class after another."""
LEAST_HOST, LEAST_TAG = 4, 2
SHARES: Final = (0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.9, 99.99, 100)
"""The percentiles that are kept of lengths, sizes and times."""


def load(path: Path = PATH) -> dict[str, Any]:
    """Read the statistics; see benchmarks/counting.py for what they hold."""
    statistics: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    return statistics


def save(statistics: dict[str, Any], path: Path = PATH) -> None:
    """Write statistics, packed."""
    text = json.dumps(statistics, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def unpack(row: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the numbers and the counts of a row of steps and counts."""
    return list(accumulate(row[::2])), list(row[1::2])


def percentiles(values: Iterable[float]) -> list[float]:
    """Return the values at SHARES, rounded to two decimals."""
    ordered = sorted(values)
    return [round(ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))], 2) for share in SHARES]
