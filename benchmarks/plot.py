"""Draw the engines' times as an SVG picture, for a light and for a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.results import Contender


@dataclass(frozen=True, slots=True)
class Colors:
    """Of the text, the lines behind, our marks and those of the others."""

    text: str
    grid: str
    ours: str
    others: str


THEMES: Final = {
    "light": Colors(text="#1f2328", grid="#d1d9e0", ours="#0969da", others="#59636e"),
    "dark": Colors(text="#f0f6fc", grid="#3d444d", ours="#4493f8", others="#9198a1"),
}
"""Each on a background that lets the page through."""


def plot(contenders: Sequence[Contender], path: Path, colors: Colors) -> None:
    """Draw a line from the median to the 95th percentile for each engine, on a logarithmic scale."""
    rows = [(row, row.spread) for row in contenders if row.spread is not None][::-1]
    # Letters as outlines look the same everywhere; the salt makes the same picture of the same figures.
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "matome"}):
        figure = Figure(figsize=(9, 0.9 + 0.42 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        for place, (row, spread) in enumerate(rows):
            color = colors.ours if row.is_ours else colors.others
            axes.plot([spread.p50, spread.p95], [place, place], color=color, linewidth=3, solid_capstyle="round")
            axes.plot(spread.p50, place, "o", color=color, markersize=9)
            axes.plot(spread.p95, place, "|", color=color, markersize=12, markeredgewidth=3)
            axes.annotate(
                f" {_ms(spread.p50)} / {_ms(spread.p95)}{_found(row)}",
                (spread.p95, place),
                xytext=(8, 0),
                textcoords="offset points",
                verticalalignment="center",
                color=colors.text,
                fontsize=9,
            )
        axes.set_yticks(range(len(rows)), [row.name for row, _ in rows])
        for label, (row, _) in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_fontweight("bold" if row.is_ours else "normal")
        axes.set_xscale("log")
        axes.set_xlim(right=max(spread.p95 for _, spread in rows) * 60)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _ms(value)))
        axes.set_xlabel("milliseconds a query: median (dot) to 95th percentile (bar)", color=colors.text)
        axes.tick_params(colors=colors.text, which="both", length=0)
        axes.grid(axis="x", color=colors.grid, linewidth=0.8)
        axes.set_axisbelow(True)
        for side in axes.spines.values():
            side.set_visible(False)
        figure.patch.set_alpha(0)
        axes.patch.set_alpha(0)
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": "Time of a query by engine"})


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.095 else f"{value:.2g}"


def _found(row: Contender) -> str:
    """Say for how many queries everything is found, without rounding up to all."""
    if row.complete is None:
        return " ms"
    return f" ms, complete {'100%' if row.complete == 1 else f'{min(row.complete, 0.999):.1%}'}"
