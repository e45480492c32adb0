"""Hold what was measured under load, in plain values that JSON can keep: docs/load.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.load_wrk import Load
from benchmarks.reading import read
from benchmarks.results import Machine, Spread

DRAWN: Final = "words and pieces drawn from the texts"
FREQUENT: Final = "frequent words"
AS_IT_COMES: Final = "frequent words, the peer as it comes"
"""The kinds of searches that the peer is asked, too (load_paths)."""
CACHED: Final = "a post, from nginx's cache"
"""What nobody but nginx has a part in."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes that nginx and gunicorn (all processes) hold together (Pss)."""

    nginx: float
    gunicorn: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """What is asked for, how, and what came of it at each number of connections."""

    what: str
    loads: list[Load]
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The same searches, one after the other in turns: ours and the peer's; each figure the median of the rounds."""

    what: str
    connections: int
    rounds: int
    ours: Load
    peer: Load
    ratios: list[float]

    @property
    def ratio(self) -> float:
        """How many times as many searches a second ours answers, the median of the rounds."""
        return sorted(self.ratios)[len(self.ratios) // 2]


@dataclass(frozen=True, slots=True)
class Found:
    """How many comments some searches of a kind find: the median of the peer's, and the shares of who finds more."""

    what: str
    compared: int
    median: float
    same: float
    ours_more: float
    peer_more: float


@dataclass(frozen=True, slots=True)
class Versus:
    """The contest with the peer: its settings, the pairs, what both found, and the memory of both."""

    name: str
    settings: dict[str, str]
    tried: dict[str, float]
    pairs: list[Pair]
    ours_mb: float
    peer_mb: float
    found: list[Found]
    ours_bytes: int
    peer_bytes: int


@dataclass(frozen=True, slots=True)
class Change:
    """Something done to the server while it is visited: how often, how long each took, and every answer meanwhile."""

    what: str
    times: int
    seconds: float
    asked: int
    statuses: dict[str, int]
    failed: int
    failures: list[str]
    spread: Spread | None
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Overload:
    """More than the site can do, or clients that hold it up: what they got, and what other readers got meanwhile.

    `offered` is what was asked a second; `others` are readers of static files and pages: how many answers, how many
    failed, how long they took; `recovery` is how many seconds later a search is answered again as usual.
    """

    what: str
    connections: int
    seconds: float
    offered: float
    statuses: dict[str, int]
    without_retry: int
    refused_ms: Spread | None
    others: dict[str, Spread]
    others_failed: int
    others_asked: int
    failures: list[str]
    recovery: float | None
    memory_before: Memory
    memory_peak: Memory


@dataclass(frozen=True, slots=True)
class Sample:
    """A look at the server: seconds since the begin, megabytes, open files, processes and bytes of the data folder."""

    at: float
    nginx_mb: float
    gunicorn_mb: float
    watch_mb: float
    files: int
    data_bytes: int
    wal_bytes: int


@dataclass(frozen=True, slots=True)
class Soak:
    """Mixed traffic for long, with a change to the content each second; of `sought` changes `seen` were found."""

    machine: Machine
    seconds: float
    updates: int
    sought: int
    seen: int
    asked: int
    statuses: dict[str, int]
    kinds: dict[str, int]
    failed: int
    failures: list[str]
    first_third: dict[str, Spread]
    last_third: dict[str, Spread]
    samples: list[Sample]
    reopened: int = 0
    comments: int = 0


@dataclass(slots=True)
class Loaded:
    """All parts; each is of the run that measured it last."""

    machine: Machine | None = None
    comments: int = 0
    posts: int = 0
    throughput: list[Throughput] = field(default_factory=list)
    versus: Versus | None = None
    changes: list[Change] = field(default_factory=list)
    overloads: list[Overload] = field(default_factory=list)
    soak: Soak | None = None
    dates: dict[str, str] = field(default_factory=dict)


def read_loaded(folder: Path) -> Loaded | None:
    """Read what earlier runs wrote into a folder; None when there is nothing."""
    path = folder / "load.json"
    return read(Loaded, json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write_loaded(loaded: Loaded, folder: Path) -> None:
    """Write load.json into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(loaded), indent=1, ensure_ascii=False)
    (folder / "load.json").write_text(text + "\n", encoding="utf-8")
