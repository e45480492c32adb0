"""Read what a picture file is from its head: kind, size as it is seen, whether it moves, and a hash of its content."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

logger = logging.getLogger("matome")

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
"""What is opened at all: the kinds that browsers show. Pillow knows many more, and each is code that may fail."""

MAX_BYTES: Final = 40_000_000
MAX_PIXELS: Final = 40_000_000
"""A picture beyond either is served as it is: to unpack it would take the memory that a small server has."""

_TURNED: Final = frozenset({5, 6, 7, 8})
"""Values of EXIF's orientation that swap width and height."""

_MADE_BY: Final = b"copies 1"
"""Changes when copies are made in another way, so that their addresses change with them."""

_SVG: Final = re.compile(r"<svg\b[^>]*>", re.IGNORECASE)
_VIEW_BOX: Final = re.compile(r"""\bviewBox\s*=\s*["']\s*\S+[\s,]+\S+[\s,]+([0-9.]{1,9})[\s,]+([0-9.]{1,9})\s*["']""")
_LENGTH: Final = re.compile(r"""\s(width|height)\s*=\s*["']\s*([0-9.]{1,9})(?:px)?\s*["']""")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that browsers can show; width and height are pixels, after the turn that EXIF asks for.

    One that is not `resizable` (it moves, is drawn as SVG, or is too large) is served as it is. `hash` is 16
    hexadecimal digits that change with its content and with how copies are made.
    """

    path: Path
    width: int
    height: int
    hash: str
    resizable: bool


def read_picture(path: Path) -> Picture | None:
    """Return what a picture file is; None when it is missing, broken, or no picture. Looks again when it changes."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4096)
def _read(path: Path, _mtime_ns: int, size: int) -> Picture | None:
    try:
        if size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES // 1_000_000} MB")
        if path.suffix.lower() == ".svg":
            return _read_svg(path)
        return _read_pixels(path)
    except Exception as error:
        # What decoders raise for a damaged file has no common class, and a page has to do without the picture.
        logger.warning("%s: the picture cannot be read (%s); replace the file", path, error, extra={"event": "picture"})
        return None


def _read_pixels(path: Path) -> Picture:
    from PIL import AvifImagePlugin, ExifTags, Image, WebPImagePlugin  # noqa: F401 - here, since not all starts need it

    Image.preinit()  # with those two all of FORMATS: `open` would load forty kinds more in search of one
    with Image.open(path, formats=FORMATS) as image:
        width, height = image.size
        if image.getexif().get(ExifTags.Base.Orientation) in _TURNED:
            width, height = height, width
        # A JPEG of several pictures (a telephone's) is still a picture that stands.
        moves = image.format != "JPEG" and getattr(image, "n_frames", 1) > 1
    return Picture(path, width, height, _hash(path), not moves and width * height <= MAX_PIXELS)


def _read_svg(path: Path) -> Picture | None:
    """Return the size that an SVG's own attributes or its view box give."""
    root = _SVG.search(path.read_bytes()[:16_384].decode("utf-8", "replace"))
    if root is None:
        return None
    box = _VIEW_BOX.search(root[0])
    lengths = dict(_LENGTH.findall(root[0]))
    by_box = dict(zip(("width", "height"), box.groups() if box else ("0", "0"), strict=True))
    wide, high = (round(float((by_box | lengths)[name])) for name in by_box)
    return Picture(path, wide, high, _hash(path), False) if wide > 0 and high > 0 else None


def _hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.sha256(_MADE_BY)).hexdigest()[:16]
