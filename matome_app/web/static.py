"""Static files: served under names that hold a hash of their content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, send_from_directory
from werkzeug.security import safe_join

from matome_app.config import ROOT

FOLDER: Final = ROOT / "static"
A_YEAR: Final = 31_536_000

_HASHED = re.compile(r"(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<suffix>\.\w+)")

blueprint = Blueprint("static", __name__)


def static_url(name: str) -> str:
    """Return a static file's address, such as /static/css/site.0123456789ab.css; a missing file's plain address."""
    hash_ = _hash_of(f"{FOLDER}/{name}")
    stem, _, suffix = name.rpartition(".")
    return f"/static/{stem}.{hash_}.{suffix}" if hash_ else f"/static/{name}"


@blueprint.get("/static/<path:name>")
def file(name: str) -> Response:
    """Answer with a static file; an address whose hash is another's, of a page from before an upgrade, with today's."""
    hashed = _HASHED.fullmatch(name)
    plain = f"{hashed['stem']}{hashed['suffix']}" if hashed else name
    response = send_from_directory(FOLDER, plain)
    place = safe_join(str(FOLDER), plain)
    if hashed and place and hashed["hash"] == _hash_of(place):
        response.cache_control.max_age = A_YEAR
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.no_cache = None
    return response


def _hash_of(path: str) -> str:
    """Return the hash that a file's name holds, empty when there is no such file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: no file system can hold the name
        return ""
    return _hash(path, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else ""


@lru_cache(maxsize=128)
def _hash(path: str, _mtime_ns: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
