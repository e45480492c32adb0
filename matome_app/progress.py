"""How far a run over the content folder has come: told to the terminal, and to readers through a file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Phase = Literal["posts", "words"]
FILE = "progress.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a run: posts `done` of `total`, comments stored so far, and seconds since it began."""

    phase: Phase
    done: int
    total: int
    comments: int = 0
    seconds: float = 0.0

    @property
    def comments_a_second(self) -> float:
        """Return the speed so far."""
        return self.comments / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return how long the posts still to read should take, None before that can be told."""
        return self.seconds / self.done * (self.total - self.done) if self.done and self.seconds else None


Listener = Callable[[Progress], None]
"""Is told how far a run has come."""


def read_progress(data: Path) -> dict[str, Any]:
    """Return the progress a living builder wrote last, or nothing."""
    try:
        progress = json.loads((data / FILE).read_text(encoding="utf-8"))
        os.kill(progress["pid"], 0)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(progress)


def write_progress(data: Path, progress: Progress) -> None:
    """Say how far this process has come; readers see whole files only."""
    beside = data / f"{FILE}.new"
    seconds_left = progress.seconds_left
    facts = {
        "pid": os.getpid(),
        **asdict(progress),
        "seconds": round(progress.seconds, 1),
        "comments_a_second": round(progress.comments_a_second),
        "seconds_left": None if seconds_left is None else round(seconds_left, 1),
    }
    beside.write_text(json.dumps(facts), encoding="utf-8")
    os.replace(beside, data / FILE)


def clear_progress(data: Path) -> None:
    """Say that nothing is being built."""
    (data / FILE).unlink(missing_ok=True)
