"""Hold what was measured of sites of several sizes, in plain values that JSON can keep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import Ran
from benchmarks.reading import read
from benchmarks.results import Machine, Memory, Spread


@dataclass(frozen=True, slots=True)
class Beside:
    """Answers while something else goes on, and the same questions of the same site when nothing does, in ms.

    Both sides are asked of a server that was just started: nothing is remembered of the queries.
    """

    asked: int
    idle: Spread
    busy: Spread

    @classmethod
    def of(cls, idle: Mapping[Any, float], busy: Mapping[Any, float]) -> Beside:
        """Compare the times of what was asked on both sides; at least one."""
        both = [key for key in busy if key in idle]
        return cls(len(both), Spread.of([idle[key] for key in both]), Spread.of([busy[key] for key in both]))

    @classmethod
    def of_lists(cls, idle: Sequence[float], busy: Sequence[float]) -> Beside:
        """Compare the times of the same things in the same order, as many as the shorter list has; at least one."""
        count = min(len(idle), len(busy))
        return cls(count, Spread.of(idle[:count]), Spread.of(busy[:count]))

    @property
    def ratio(self) -> float:
        """How many times as long the median answer takes."""
        return self.busy.p50 / self.idle.p50

    @property
    def ratio_p95(self) -> float:
        """How many times as long the 95th percentile takes."""
        return self.busy.p95 / self.idle.p95


@dataclass(frozen=True, slots=True)
class Updates:
    """Changes of one post after another, with a watching process: seconds until a search finds what was written.

    `cpu` is the work of the processor for it, of the one that watches, in seconds; `server_cpu` that of the serving
    process, its answers to whoever looks included.
    """

    times: int
    median: float
    worst: float
    cpu: float
    server_cpu: float

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, float]]) -> Updates:
        """Summarize rows of seconds, work of the watching process, work of the server."""
        seconds, cpu, server = (list(column) for column in zip(*rows, strict=True))
        return cls(
            len(rows),
            round(median(seconds), 3),
            round(max(seconds), 3),
            round(median(cpu), 3),
            round(median(server), 3),
        )


@dataclass(frozen=True, slots=True)
class Scaled:
    """A site of one size. Seconds, if nothing else is said.

    `first_page` is the time to the first page with posts on an empty data folder, `start` to the first page of one
    that is complete, `start_search` to the first answer of a search after that. `first` and `again` are searches with
    facets, each asked once and once again, over HTTP; `kinds` the medians and the 95th percentiles of the first by kind
    of query. `once` is a run of `flask index` with one post changed, `unchanged` with none.
    """

    label: str
    posts: int
    comments: int
    content_bytes: int
    data_bytes: int
    build: Ran
    first_page: float
    building: dict[str, Beside]
    start: float
    start_search: float
    memory: Memory | None
    first: Spread
    again: Spread
    engine: Spread
    kinds: dict[str, tuple[float, float]]
    slowest: list[tuple[str, float]]
    beside: dict[str, Beside]
    pages: dict[str, Beside]
    updates: Updates
    once: Ran
    unchanged: Ran


@dataclass(frozen=True, slots=True)
class Scale:
    """One run over sizes; `queries` by kind, `static` what a static site of the first one's content took (Hugo …)."""

    machine: Machine
    queries: dict[str, int]
    load: float
    sites: list[Scaled] = field(default_factory=list)
    static: dict[str, Ran] = field(default_factory=dict)


def read_scale(folder: Path) -> Scale | None:
    """Read what an earlier run wrote into a folder; None when there is nothing."""
    path = folder / "scale.json"
    return read(Scale, json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write_scale(scale: Scale, folder: Path) -> None:
    """Write scale.json into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(scale), indent=1, ensure_ascii=False)
    (folder / "scale.json").write_text(text + "\n", encoding="utf-8")
