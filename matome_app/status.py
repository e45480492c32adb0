"""Tell what goes on in a data folder by looking at its files: who works on it, and what may be said of it in public.

Nothing here opens the store, takes a lock or writes: a look must not get into anybody's way.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from matome_app.log import without_passwords
from matome_app.progress import read_progress

LOCKS: Final = Path("/proc/locks")
LOCK: Final = "lock"
WATCH_LOCK: Final = "watch.lock"

_GENERATION: Final = re.compile(r"g([0-9]{1,9})")
_PATH: Final = re.compile(r"(?<![\w:/.])/(?:[^\s/:'\"]+/)+")


def holder_of(lock: Path) -> int | None:
    """Return the id of the process that holds a lock file, None when none does (or, but on Linux, always)."""
    try:
        status = os.stat(lock)
        held = LOCKS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    for line in held:
        # Such as `11: FLOCK  ADVISORY  WRITE 12032 fe:00:2441328 0 EOF`; who waits has an arrow after the number.
        fields = line.split()
        if len(fields) > 5 and fields[1] in ("FLOCK", "POSIX") and fields[5] == f"{device}:{status.st_ino}":
            return int(fields[4])
    return None


def builder(data: Path) -> int | None:
    """Return the id of the process that builds, None when none does."""
    return holder_of(data / LOCK) or read_progress(data).get("pid")


def watcher(data: Path) -> int | None:
    """Return the id of the process that watches the content folder for all, None when none does."""
    return holder_of(data / WATCH_LOCK)


def is_replacing(data: Path) -> bool:
    """Tell whether a generation is being made beside the one that is served."""
    try:
        current = _GENERATION.fullmatch((data / "current").read_text(encoding="ascii").strip())
        numbers = [int(found[1]) for name in os.listdir(data) if (found := _GENERATION.fullmatch(name))]
    except (OSError, ValueError):
        return False
    return current is not None and max(numbers, default=0) > int(current[1])


def for_the_public(said: Any) -> Any:
    """Return facts as anybody may read them: in their texts, no folders of this machine and no passwords."""
    if isinstance(said, dict):
        return {name: for_the_public(value) for name, value in said.items()}
    return _PATH.sub("", without_passwords(said)) if isinstance(said, str) else said
