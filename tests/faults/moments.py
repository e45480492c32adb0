"""Draw what is killed and when: by seed, over the whole of an action, and right where files appear and vanish."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Action = Literal["first", "update", "rebuild", "merge", "serve", "watch", "gunicorn"]
Target = Literal["all", "parent", "helper", "builder", "worker"]

ACTIONS: Final[dict[Action, str]] = {
    "first": "first build from nothing",
    "update": "update after some changes",
    "rebuild": "rebuild beside the live generation",
    "merge": "many small updates in a row, which merge the words",
    "serve": "`flask run` that builds beside",
    "watch": "`flask run` with `MATOME_WATCH=1` while files change",
    "gunicorn": "gunicorn with 2 workers while files change",
}
SERVERS: Final[tuple[Action, ...]] = ("serve", "watch", "gunicorn")
TARGETS: Final[dict[Action, tuple[Target, ...]]] = {
    "first": ("all", "all", "parent", "helper"),
    "rebuild": ("all", "all", "parent", "helper"),
    "update": ("all", "all", "parent"),
    "merge": ("all", "all", "parent"),
    "serve": ("all", "parent", "builder"),
    "watch": ("all", "parent", "builder"),
    "gunicorn": ("all", "parent", "builder", "worker"),
}
POLL: Final = 0.001


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill to come: whom, during what, and at which share of what the action takes.

    A share of the time, of the time since the data folder was first touched (`work`), or of the changes seen in it.
    `late` is how many seconds after such a change. `from_nothing` takes the data folder away before the action.
    """

    number: int
    action: Action
    target: Target
    by: Literal["time", "work", "changes"]
    share: float
    late: float
    from_nothing: bool

    def __str__(self) -> str:
        what = f"{self.action}{' from nothing' if self.from_nothing else ''}"
        return f"round {self.number}: {what}, kill {self.target} at {self.share:.3f} of the {self.by}"


def plan(seed: int, counts: dict[Action, int]) -> list[Kill]:
    """Draw the kills: so many of each action, in an order of the seed's."""
    draw = random.Random(f"plan {seed}")
    actions = [action for action, count in counts.items() for _ in range(count)]
    draw.shuffle(actions)
    return [
        Kill(
            number=number,
            action=action,
            target=draw.choice(TARGETS[action]),
            by=draw.choice(("time", "work", "work", "changes", "changes")),
            share=draw.random(),
            late=draw.choice((0.0, 0.0, draw.random() * 0.03)),
            from_nothing=action == "first" or (action in ("serve", "gunicorn") and draw.random() < 0.3),
        )
        for number, action in enumerate(actions, 1)
    ]


@dataclass(slots=True)
class Measured:
    """What an action takes when nobody kills it, as last seen.

    In seconds, of these after the first change of the data folder, and in changes of the data folder.
    """

    seconds: float
    work: float
    changes: int


@dataclass(slots=True)
class Wait:
    """Waits for the moment of a kill beside a running process, and notes what it saw meanwhile."""

    data: Path
    process: subprocess.Popen[bytes]
    passed: float = 0.0
    first_change: float | None = None
    changes: int = 0

    def until(self, kill: Kill, measured: Measured, meanwhile: Callable[[], None]) -> bool:
        """Wait; tell whether the moment came before the process ended by itself."""
        started = time.monotonic()
        seen = listing(self.data)
        while self.process.poll() is None:
            self.passed = time.monotonic() - started
            now = listing(self.data)
            if now != seen:
                seen, self.changes = now, self.changes + 1
                self.first_change = self.first_change or self.passed
            if self._has_come(kill, measured):
                time.sleep(kill.late)
                return True
            meanwhile()
            time.sleep(POLL)
        self.passed = time.monotonic() - started
        return False

    def _has_come(self, kill: Kill, measured: Measured) -> bool:
        if self.passed > 2 * measured.seconds + 3:
            return True  # a server that has come to rest before so much happened
        if kill.by == "time":
            return self.passed >= kill.share * measured.seconds
        if kill.by == "work":
            return self.first_change is not None and self.passed - self.first_change >= kill.share * measured.work
        return self.changes >= 1 + int(kill.share * measured.changes)

    def measured(self) -> Measured:
        """Return what the process took that has ended by itself."""
        return Measured(self.passed, self.passed - (self.first_change or 0.0), max(self.changes, 1))


def listing(data: Path) -> frozenset[str]:
    """Return what changes while a data folder is worked on: names, the current generation, the size of the journal."""
    found = []
    folders = [str(data)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    found.append(entry.path)
                    if entry.name == "current":
                        found.append(f"{entry.path} {entry.inode()}")
                    elif entry.name.endswith("-wal"):
                        found.append(f"{entry.path} {entry.stat().st_size}")
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:
            continue  # gone meanwhile
    return frozenset(found)
