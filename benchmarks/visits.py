"""Hold what was measured of pages in a browser, in plain values that JSON can keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Bytes:
    """The bytes of some files: as they are, and as nginx sends them."""

    raw: int = 0
    sent: int = 0

    def __add__(self, other: Bytes) -> Bytes:
        """Add up both."""
        return Bytes(self.raw + other.raw, self.sent + other.sent)


@dataclass(frozen=True, slots=True)
class Weight:
    """What a first visit fetches: how many files, from which other hosts, and the bytes of every kind."""

    requests: int
    hosts: tuple[str, ...]
    kinds: dict[str, Bytes]

    @property
    def code(self) -> Bytes:
        """HTML, CSS and JavaScript together."""
        return sum((size for kind, size in self.kinds.items() if kind in CODE), Bytes())


DOCUMENT, STYLE, SCRIPT, OWN_SCRIPT = "HTML", "CSS", "other JavaScript", "own JavaScript"
IMAGE, OTHER = "images", "other"
CODE = (DOCUMENT, STYLE, SCRIPT, OWN_SCRIPT)
KINDS = (*CODE, IMAGE, OTHER)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a page did in one visit, times in ms.

    `paint` is the largest paint and `painted` the element, `shift` the layout shifts that nobody asked for, `asked`
    those within half a second of a click (browsers leave these out of the score), `moved` what moved, `tasks` how long
    those of 50 ms and more took, `frames` the times between frames.
    """

    paint: float = 0
    painted: str = ""
    shift: float = 0
    asked: float = 0
    moved: tuple[str, ...] = ()
    tasks: tuple[float, ...] = ()
    frames: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Something a reader does on a page, several times over: shifts are the worst seen, times medians and the worst."""

    page: str
    what: str
    times: int
    shift: float
    asked: float
    moved: tuple[str, ...]
    task: float
    worst_task: float
    paint: float = 0
    worst_paint: float = 0
    painted: str = ""
    frame: float = 0
    worst_frame: float = 0

    @classmethod
    def of(cls, page: str, what: str, seen: Sequence[Observed]) -> Act:
        """Summarize what was seen, at least once. The longest task of a visit counts, and its slowest frame but 1 %."""
        longest = [max(one.tasks, default=0) for one in seen]
        paints = [one.paint for one in seen]
        frames = [_rank(one.frames, 0.99) for one in seen if one.frames]
        return cls(
            page,
            what,
            len(seen),
            round(max(one.shift for one in seen), 4),
            round(max(one.asked for one in seen), 4),
            tuple(sorted({name for one in seen for name in one.moved})),
            round(median(longest)),
            round(max(longest)),
            round(median(paints)),
            round(max(paints)),
            seen[-1].painted,
            round(median(frames), 1) if frames else 0,
            round(max((max(one.frames) for one in seen if one.frames), default=0), 1),
        )


def _rank(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(frozen=True, slots=True)
class Browsing:
    """Pages in a browser: the machine's processor slowed down `slow_down` times; weights and returns by page.

    `again` is what a second visit of a page transfers, by its address: status and bytes.
    """

    browser: str
    date: str
    screen: str
    slow_down: float
    load: float
    longest: str
    weights: dict[str, Weight]
    acts: list[Act]
    again: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
