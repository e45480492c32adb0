"""Make smaller copies of a picture, as AVIF and WebP, at a few widths."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matome_app.images.cache import cached
from matome_app.images.reading import FORMATS, Picture

if TYPE_CHECKING:
    from PIL import Image

WIDTHS: Final = (320, 640, 960, 1280)
"""Pixels. A text column is 40rem at most, which screens of two pixels a point show with the widest."""

KINDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    # libavif's scale of speed runs to 10. 8 takes a quarter of the time of the default (6) for 5 % more bytes.
    "avif": ("AVIF", {"quality": 55, "speed": 8, "max_threads": 1, "icc_profile": b""}),
    "webp": ("WEBP", {"quality": 78, "method": 4, "icc_profile": b""}),
}
"""The formats of the copies with Pillow's options for them, by the ending of their names."""


def copy_widths(picture: Picture) -> tuple[int, ...]:
    """Return the widths that a picture is offered in: never wider than it is; its own stands for those beyond."""
    smaller = tuple(width for width in WIDTHS if width < picture.width)
    return smaller if smaller == WIDTHS else (*smaller, picture.width)


def copy_of(picture: Picture, width: int, kind: str, folder: Path) -> Path:
    """Return the file of a copy, made when it is not there yet; raises CannotMake."""
    return cached(folder, f"{picture.hash}-{width}.{kind}", lambda: _encoded(picture, width, kind))


def _encoded(picture: Picture, width: int, kind: str) -> bytes:
    format_, options = KINDS[kind]
    buffer = io.BytesIO()
    upright(picture, width).save(buffer, format_, **options)
    return buffer.getvalue()


def upright(picture: Picture, width: int) -> Image.Image:
    """Return the pixels of a picture at a width, turned as EXIF asks and with colours as browsers take them (sRGB)."""
    from PIL import Image, ImageOps  # here, since pages only ask for the widths

    size = (width, max(1, round(picture.height * width / picture.width)))
    with Image.open(picture.path, formats=FORMATS) as image:
        # A JPEG is unpacked at an eighth to the whole of its size: no smaller than twice what is wanted.
        image.draft(None, (2 * max(size), 2 * max(size)))
        image.load()
        pixels = ImageOps.exif_transpose(image)
    pixels = _in_srgb(pixels)
    return pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _in_srgb(image: Image.Image) -> Image.Image:
    """Return a picture as RGB, or RGBA where it is transparent."""
    from PIL import ImageCms

    mode = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            result = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode=mode)
        except (OSError, ImageCms.PyCMSError):  # a damaged profile, or one of another kind of pixels
            result = None
        if result is not None:
            return result
    return image if image.mode == mode else image.convert(mode)
