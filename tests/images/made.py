"""Make picture files of all kinds for the tests: whole ones, odd ones and damaged ones."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageDraw

RED = (200, 40, 40)
BLUE = (30, 60, 190)


def two_halves(width: int = 700, height: int = 400, mode: str = "RGB") -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), BLUE)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height), fill=RED)
    return image.convert(mode)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    """Return a picture as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def turned_jpeg(orientation: int = 6, size: tuple[int, int] = (700, 400)) -> bytes:
    """Return a JPEG as a telephone writes it: lying, with the turn in its EXIF."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Model] = "Telephone of a reader"
    return encoded(two_halves(*size), "JPEG", exif=exif.tobytes())


def moving(format_: str) -> bytes:
    """Return two frames, as GIF, WebP, PNG or AVIF."""
    frames = [Image.new("RGB", (400, 300), colour) for colour in (RED, BLUE)]
    return encoded(frames[0], format_, save_all=True, append_images=frames[1:], duration=200, loop=0)


def bomb(side: int = 30_000) -> bytes:
    """Return a PNG of a few kilobytes that says it has so many pixels a side."""
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 2) * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    )


SVG = (
    b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48"><path d="M0 0h64v48z"/></svg>'
)

WHOLE = {
    "rgb.jpg": encoded(two_halves(), "JPEG"),
    "grey.jpg": encoded(two_halves(mode="L"), "JPEG"),
    "cmyk.jpg": encoded(two_halves(mode="CMYK"), "JPEG"),
    "turned.jpg": turned_jpeg(),
    "rgb.png": encoded(two_halves(), "PNG"),
    "palette.png": encoded(two_halves().quantize(8), "PNG"),
    "bits.png": encoded(two_halves(mode="1"), "PNG"),
    "deep.png": encoded(Image.new("I;16", (700, 500), 40_000), "PNG"),
    "glass.png": encoded(Image.new("RGBA", (700, 500), (*RED, 90)), "PNG"),
    "still.gif": encoded(two_halves(), "GIF"),
    "still.webp": encoded(two_halves(), "WEBP"),
    "still.avif": encoded(two_halves(), "AVIF", speed=10),
    "small.png": encoded(two_halves(90, 60), "PNG"),
    "line.png": encoded(two_halves(1500, 1), "PNG"),
    "tower.png": encoded(two_halves(2, 1500), "PNG"),
    "really-a-jpeg.png": encoded(two_halves(), "JPEG"),
}
"""Files that can be made smaller."""

AS_THEY_ARE = {
    "moving.gif": moving("GIF"),
    "moving.webp": moving("WEBP"),
    "moving.png": moving("PNG"),
    "moving.avif": moving("AVIF"),
    "drawn.svg": SVG,
    "large.png": encoded(Image.new("1", (9000, 5000)), "PNG"),
}
"""Files that browsers can show, and that nothing is made of."""

NO_PICTURES = {
    "empty.png": b"",
    "text.png": b"not a picture",
    "page.jpg": b"<!doctype html><script>alert(1)</script>",
    "cut-head.png": encoded(two_halves(), "PNG")[:20],
    "bomb.png": bomb(),
    "old.tiff": encoded(two_halves(60, 40), "TIFF"),
    "paper.pdf": encoded(two_halves(60, 40), "PDF"),
    "no-size.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><path/></svg>",
    "nothing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>",
    "broken.svg": b"\xff\xfe\x00<sv",
}
"""Files that cannot be shown, or are better not opened."""

DAMAGED = {
    "cut.jpg": encoded(two_halves(), "JPEG")[:1500],
    "cut.png": encoded(two_halves(), "PNG")[:500],
    "cut.webp": encoded(Image.effect_noise((1600, 900), 90), "WEBP")[:9000],
    "spoilt.png": encoded(Image.effect_noise((900, 700), 90), "PNG").replace(b"IDAT", b"IDAT\xff\xff\xff", 1),
}
"""Files whose head is right and whose rest is not."""


def write(folder: Path, name: str, data: bytes) -> Path:
    """Write a file, its folders made."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
