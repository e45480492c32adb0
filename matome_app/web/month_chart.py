"""Draw the months of a search as bars: where each stands and how high, in units of the SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from matome_app.search.engine import FacetValue

STEP: Final = 28
"""Width of a month; a finger finds it where the chart is not scaled."""
HEIGHT: Final = 64
_GAP: Final = 4
_LEAST: Final = 3
"""A month with any hit is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A month: its name, hits, whether it is chosen, the search that chooses it or lets it go, and its rectangle."""

    label: str
    count: int
    selected: bool
    url: str
    left: int
    top: int
    height: int


@dataclass(frozen=True, slots=True)
class MonthChart:
    """All bars; `total` is what they add up to."""

    bars: tuple[Bar, ...]
    total: int

    @property
    def width(self) -> int:
        """Return the width of the drawing."""
        return len(self.bars) * STEP

    @property
    def chosen(self) -> bool:
        """Tell whether a month is chosen; the others then count what they would find."""
        return any(bar.selected for bar in self.bars)

    bar_width = STEP - _GAP
    step = STEP
    height = HEIGHT


def month_chart(months: Sequence[FacetValue], url_of: Callable[[str], str]) -> MonthChart | None:
    """Return the chart of the months of a search, None when there is nothing to show."""
    most = max((month.count for month in months), default=0)
    if not most:
        return None
    bars = tuple(_bar(number, month, most, url_of) for number, month in enumerate(months))
    return MonthChart(bars, sum(month.count for month in months))


def _bar(number: int, month: FacetValue, most: int, url_of: Callable[[str], str]) -> Bar:
    height = max(_LEAST, round(HEIGHT * month.count / most)) if month.count else 0
    url = url_of(month.value) if month.count or month.selected else ""
    return Bar(month.label, month.count, month.selected, url, number * STEP + _GAP // 2, HEIGHT - height, height)
