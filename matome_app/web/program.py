"""Know the program by its files: what is made with it and kept is of no use to another version."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from matome_app.config import ROOT

FOLDERS: Final = ("matome_app", "templates", "static")
"""The folders whose files decide what a page looks like."""


@lru_cache(maxsize=1)
def program() -> tuple[str, datetime]:
    """Return a hash of the program, and when it was last changed; both for as long as the process lives."""
    digest, newest = hashlib.sha256(), 0.0
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix != ".pyc"):
        try:
            content, changed = path.read_bytes(), path.stat().st_mtime
        except OSError:
            continue  # a folder, or gone meanwhile
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(content).digest())
        newest = max(newest, changed)
    return digest.hexdigest(), datetime.fromtimestamp(newest, UTC)
