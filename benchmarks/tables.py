"""Write figures into tables of Markdown, and judge them by targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, the most it may be, and its unit."""

    what: str
    most: float
    measured: float
    unit: str = "ms"

    @property
    def is_met(self) -> bool:
        """Whether the figure is within the target."""
        return self.measured <= self.most


def targets_table(targets: Iterable[Target]) -> str:
    """Return a table of targets, each with what was measured and whether that is within."""
    return table(("what", "target", "measured", ""), map(_row, targets))


def _row(target: Target) -> tuple[str, ...]:
    return (
        target.what,
        f"{figure(target.most)} {target.unit}".rstrip(),
        f"{figure(target.measured)} {target.unit}".rstrip(),
        "met" if target.is_met else "**not met**",
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(value: float) -> str:
    """Write a figure, with decimals where they tell something."""
    if 0 < value < 0.01:
        return f"{value:g}"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def ms(value: float) -> str:
    """Write milliseconds for a column of them."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 0.095 else f"{value:.3f}"
