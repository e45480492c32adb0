"""Find a font that has Japanese, and tell which characters it can draw."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

from matome_app.config import ROOT

BUNDLED: Final = ROOT / "vendor" / "fonts" / "BIZUDPGothic-Bold.ttf"
PLACES: Final = (
    BUNDLED,
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf"),
)
"""Where a font may lie, the best first: the one that the set-up fetches, then those of Debian's packages."""

GETA: Final = "〓"
"""What printers put in the place of a character that they have no type for."""

_NONE: Final = "\U0010fffd"
"""A character that no font has: its picture is that of all that are missing."""

_PROBE_SIZE: Final = 24


class Face:
    """A font file, opened for one drawing: FreeType's faces may not be used by two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._missing = self._look(_NONE)

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """Return the font at a size in pixels."""
        if size not in self._fonts:
            basic = ImageFont.Layout.BASIC  # Japanese needs no shaping
            self._fonts[size] = ImageFont.truetype(str(self.path), size, layout_engine=basic)
        return self._fonts[size]

    def printable(self, text: str) -> str:
        """Return a text on one line without what cannot be drawn.

        Control characters and signs such as emoji go; of other characters that the font has not, a mark stays.
        """
        composed = unicodedata.normalize("NFC", text)
        return " ".join("".join(self._or_mark(char) for char in composed).split())

    def can_print(self, text: str) -> bool:
        """Tell whether a text is still readable when it is printed: half of its letters are there."""
        printed = self.printable(text)
        return bool(printed) and 2 * printed.count(GETA) <= len(printed.replace(" ", ""))

    def _or_mark(self, char: str) -> str:
        category = unicodedata.category(char)
        if char.isspace() or category == "Cc":
            return " "
        if category in ("Cf", "Cs", "Co", "Cn"):
            return ""
        if self._look(char) != self._missing:
            return char
        return "" if category[0] in "SM" else GETA

    def _look(self, char: str) -> tuple[tuple[int, int], bytes]:
        mask = self.at(_PROBE_SIZE).getmask(char)
        return mask.size, bytes(mask)


def find_font() -> Path | None:
    """Return the best font there is, or None."""
    return next((path for path in PLACES if path.is_file()), None)


def font_version(path: Path) -> str:
    """Return what changes with a font file."""
    try:
        return _version(path, path.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=4)
def _version(path: Path, _mtime_ns: int) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:16]
