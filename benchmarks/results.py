"""Hold what was measured, in plain values that JSON can keep."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reading import read
from benchmarks.visits import Browsing


@dataclass(frozen=True, slots=True)
class Spread:
    """How long requests took, in milliseconds: the median, 95 and 99 of a hundred, and the slowest."""

    p50: float
    p95: float
    p99: float
    worst: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Spread:
        """Summarize times; at least one."""
        ordered = sorted(times)
        return cls(*(round(_rank(ordered, share), 3) for share in (0.5, 0.95, 0.99, 1)))


def _rank(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that the share of the values does not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine in the table.

    `answered` of `asked` queries it takes at all; `complete` is the share of the Japanese queries for which it finds
    everything that holds the characters, `recall` the mean share found. `build_seconds` and `index_bytes` are None
    where there is no index.
    """

    name: str
    note: str
    spread: Spread | None
    answered: int
    asked: int
    complete: float | None
    recall: float | None
    build_seconds: float | None = None
    index_bytes: int | None = None
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """The building of our index: seconds, comments, and megabytes of memory of the process and its helper."""

    seconds: float
    posts: int
    comments: int
    own_mb: float
    helper_mb: float
    unchanged_ms: float


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes on disk: every table of the search index, Whoosh's folder, and the whole data folder."""

    tables: dict[str, int]
    words: int
    folder: int

    @property
    def index(self) -> int:
        """The search index in all."""
        return sum(self.tables.values()) + self.words


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of a serving process: its share of all (Pss), what it alone holds, and of that what it wrote."""

    pss: float
    private: float
    dirty: float


@dataclass(frozen=True, slots=True)
class PageTime:
    """What the server needs for a page, in ms: the median, and how much of that the processor works."""

    median: float
    computing: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it ran."""

    date: str
    cores: int
    system: str
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """One run. `ours` are the requests to the whole application by name, `pages` the other pages.

    `browsing` is None where no browser could look at them; `missing` says then what it lacks.
    """

    machine: Machine
    comments: int
    posts: int
    characters: int
    queries: dict[str, int]
    rounds: int
    build: Build
    size: Size
    ours: dict[str, Spread]
    contenders: list[Contender]
    word_seconds: float
    memory: Memory | None
    pages: dict[str, PageTime] = field(default_factory=dict)
    browsing: Browsing | None = None
    missing: str = ""
    before_seconds: float | None = None


def read_results(path: Path) -> Results:
    """Read what an earlier run wrote."""
    return read(Results, json.loads(path.read_text(encoding="utf-8")))
