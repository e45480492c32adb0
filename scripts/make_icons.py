"""Draw the icons of the site in the sizes that browsers and home screens ask for, after the shapes of static/icon.svg.

Run `python scripts/make_icons.py` to write `static/icons/` anew. The files are small and kept with the source: a
server draws nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

FOLDER: Final = Path(__file__).resolve().parent.parent / "static" / "icons"

UNITS: Final = 32
"""The side of the drawing in static/icon.svg; all shapes below are in its units."""
SMOOTH: Final = 8
"""Pictures are drawn this many times larger and shrunk, which smooths their edges."""

GROUND, BALLOON = "#1f6f5c", "#ffffff"
CORNER: Final = 7.0
OUTLINE: Final = ((7.0, 9.0), (25.0, 9.0), (25.0, 19.0), (15.0, 19.0), (10.0, 24.0), (10.0, 19.0), (7.0, 19.0))
LINES: Final = ((11.0, 21.0, 12.5), (11.0, 17.0, 15.5))
"""Lines of writing: from where, to where, at which height."""
STROKE: Final = 1.6

MASKED: Final = 0.8
"""A platform may cut a maskable icon to the circle over the inner 80 percent of its side; the balloon stays inside."""
SMALL: Final = 1.3
"""In a tab the balloon takes more of the ground, so that its lines can be told apart."""


def draw(size: int, *, rounded: bool, scale: float = 1.0) -> Image.Image:
    """Return the icon as a square of `size` pixels: its ground rounded or to the edges, the balloon scaled."""
    side = size * SMOOTH
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    canvas = ImageDraw.Draw(image)
    unit = side / UNITS
    canvas.rounded_rectangle((0, 0, side - 1, side - 1), CORNER * unit if rounded else 0, fill=GROUND)

    def place(x: float, y: float) -> tuple[float, float]:
        middle = UNITS / 2
        return (middle + (x - middle) * scale) * unit, (middle + (y - middle) * scale) * unit

    canvas.polygon([place(x, y) for x, y in OUTLINE], fill=BALLOON)
    for left, right, height in LINES:
        top, bottom = height - STROKE / 2, height + STROKE / 2
        canvas.rectangle((*place(left, top), *place(right, bottom)), fill=GROUND)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def save_png(image: Image.Image, name: str) -> None:
    """Write a PNG; one without transparent corners as RGB, since iOS shows transparency as black."""
    opaque = image.getchannel("A").getextrema() == (255, 255)
    picture = (image.convert("RGB") if opaque else image).quantize(64, method=Image.Quantize.FASTOCTREE)
    picture.save(FOLDER / name, "PNG", optimize=True)


def main() -> None:
    """Write every icon."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    small = [draw(size, rounded=True, scale=SMALL) for size in (16, 32, 48)]
    small[-1].save(
        FOLDER / "favicon.ico",
        "ICO",
        append_images=small[:-1],
        sizes=[image.size for image in small],
        bitmap_format="png",
    )
    save_png(draw(180, rounded=False), "apple-touch-icon.png")
    for size in (192, 512):
        save_png(draw(size, rounded=True), f"icon-{size}.png")
        save_png(draw(size, rounded=False, scale=MASKED), f"maskable-{size}.png")
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.stat().st_size:7,d} bytes  {path.name}")


if __name__ == "__main__":
    main()
