"""Draw the pictures of the sample posts: the same bytes of colour every time, nothing downloaded, nothing traced.

Run `python scripts/make_sample_images.py` to write `assets/thumbnails/` and the posts' own pictures anew.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1200, 630
SCALE = 2  # shapes are drawn larger and shrunk, which smooths their edges

Color = tuple[int, int, int]
Painter = Callable[[ImageDraw.ImageDraw, random.Random], None]


def rgb(code: str) -> Color:
    """Return the colour of a code such as `#1d3557`."""
    value = int(code.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def blend(first: Color, second: Color, share: float) -> Color:
    """Return `first` with `share` (0 to 1) of `second` mixed in."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(top: str, bottom: str) -> Image.Image:
    """Return a canvas that runs from one colour to the other, slightly slanted, at the drawing scale."""
    small = Image.new("RGB", (60, 32))
    pixels = [blend(rgb(top), rgb(bottom), min(1.0, (y + x * 0.25) / 46)) for y in range(32) for x in range(60)]
    small.putdata(pixels)
    return small.resize((WIDTH * SCALE, HEIGHT * SCALE), Image.Resampling.BICUBIC)


def spot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: tuple[int, ...]) -> None:
    """Draw a disc in units of the finished picture."""
    box = [(value * SCALE) for value in (x - radius, y - radius, x + radius, y + radius)]
    draw.ellipse(box, fill=fill)


def block(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], radius: float, fill: tuple[int, ...]
) -> None:
    """Draw a rounded rectangle in units of the finished picture."""
    draw.rounded_rectangle([value * SCALE for value in box], radius * SCALE, fill=fill)


def curve(height: Callable[[float], float]) -> list[tuple[float, float]]:
    """Return the outline of everything below `height(x)`, at the drawing scale."""
    top = [(x * SCALE, height(x) * SCALE) for x in range(0, WIDTH + 10, 10)]
    return [(0, HEIGHT * SCALE), *top, (WIDTH * SCALE, HEIGHT * SCALE)]


def paint_database(draw: ImageDraw.ImageDraw, _: random.Random) -> None:
    """Three stacks of discs: tables, or coins."""
    for column, count in enumerate((3, 5, 4)):
        x = 330 + column * 270
        for level in range(count):
            y = 520 - level * 82
            for offset, alpha in ((26, 120), (0, 235)):
                box = [value * SCALE for value in (x - 105, y - 34 + offset, x + 105, y + 34 + offset)]
                draw.ellipse(box, fill=(*blend(rgb("#2a9d8f"), rgb("#e9f5db"), level / 5), alpha))


def paint_night_train(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """A lit train passing hills under stars."""
    for _ in range(90):
        spot(draw, dice.uniform(0, WIDTH), dice.uniform(0, 330), dice.choice((1, 1.5, 2.4)), (255, 244, 214, 200))
    spot(draw, 985, 130, 56, (255, 236, 179, 255))
    draw.polygon(curve(lambda x: 380 + 46 * math.sin(x / 150) + 22 * math.sin(x / 57)), fill=(20, 28, 58, 255))
    for car in range(4):
        left = -40 + car * 316
        block(draw, (left, 430, left + 300, 528), 20, (36, 62, 112, 255))
        for window in range(5):
            block(draw, (left + 26 + window * 54, 452, left + 62 + window * 54, 490), 6, (255, 214, 122, 255))
    draw.rectangle([0, 540 * SCALE, WIDTH * SCALE, HEIGHT * SCALE], fill=(10, 14, 32, 255))


def paint_gears(draw: ImageDraw.ImageDraw, _: random.Random) -> None:
    """Two wheels of different make that turn each other."""
    for x, y, radius, teeth, code in ((450, 330, 165, 16, "#f4a261"), (792, 300, 140, 14, "#8ecae6")):
        for tooth in range(teeth):
            angle = tooth * math.tau / teeth
            spot(draw, x + math.cos(angle) * radius, y + math.sin(angle) * radius, radius * 0.13, (*rgb(code), 255))
        spot(draw, x, y, radius, (*rgb(code), 255))
        spot(draw, x, y, radius * 0.6, (52, 38, 44, 255))
        spot(draw, x, y, radius * 0.24, (*rgb(code), 255))


def paint_keys(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """A keyboard whose Enter key is a warning."""
    for row in range(4):
        for column in range(9):
            left, top = 150 + column * 100 + row * 14, 120 + row * 100
            enter = row == 2 and column == 8
            shade = rgb("#ff6b6b") if enter else blend(rgb("#ffffff"), rgb("#b8c0ff"), dice.random() * 0.6)
            block(draw, (left, top + 8, left + 86, top + 92), 14, (60, 64, 110, 110))
            block(draw, (left, top, left + 86, top + 84), 14, (*shade, 255))


def paint_tiles(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """Squares and discs, each in the place made for it."""
    shades = [rgb(code) for code in ("#ffe066", "#f25f5c", "#70c1b3", "#247ba0")]
    for row in range(5):
        for column in range(10):
            x, y = 60 + column * 120, 62 + row * 126
            fill = (*dice.choice(shades), 225)
            if dice.random() < 0.5:
                block(draw, (x - 48, y - 48, x + 48, y + 48), 12, fill)
            else:
                spot(draw, x, y, 48, fill)


def paint_bubbles(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """What is still held, and what may be thrown away."""
    for _ in range(70):
        x, y = dice.uniform(0, WIDTH), dice.uniform(0, HEIGHT)
        radius = dice.uniform(14, 74) * (0.4 + y / HEIGHT)
        spot(draw, x, y, radius, (*blend(rgb("#c77dff"), rgb("#80ffdb"), dice.random()), 90))
        spot(draw, x - radius * 0.3, y - radius * 0.3, radius * 0.16, (255, 255, 255, 150))


def paint_tea(draw: ImageDraw.ImageDraw, _: random.Random) -> None:
    """A cup seen from above, and its rings."""
    for radius, code, alpha in (
        (270, "#fefae0", 90),
        (226, "#ffffff", 255),
        (196, "#606c38", 255),
        (178, "#a3b18a", 255),
    ):
        spot(draw, 600, 315, radius, (*rgb(code), alpha))
    for angle in range(0, 360, 24):
        turn = math.radians(angle)
        spot(
            draw,
            600 + math.cos(turn) * (60 + angle / 4),
            315 + math.sin(turn) * (60 + angle / 4),
            7,
            (88, 110, 60, 255),
        )


def paint_home_server(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """A small box with lights in a hallway."""
    draw.rectangle([0, 500 * SCALE, WIDTH * SCALE, HEIGHT * SCALE], fill=(94, 66, 52, 255))
    block(draw, (410, 190, 790, 505), 26, (38, 43, 54, 255))
    for shelf in range(4):
        top = 216 + shelf * 70
        block(draw, (436, top, 764, top + 54), 10, (58, 65, 80, 255))
        for light in range(6):
            on = dice.random() < 0.7
            spot(draw, 462 + light * 26, top + 27, 7, (103, 232, 165, 255) if on else (96, 104, 120, 255))


def paint_waves(draw: ImageDraw.ImageDraw, _: random.Random) -> None:
    """A curve learned layer by layer."""
    for layer in range(7):
        paint_wave(draw, layer, (*blend(rgb("#48cae4"), rgb("#03045e"), layer / 6), 190))


def paint_wave(draw: ImageDraw.ImageDraw, layer: int, fill: tuple[int, ...]) -> None:
    """Fill the canvas below one sine curve; a deeper layer is lower, longer and flatter."""
    swing, length, shift = 60 - layer * 6, 70 + layer * 34, layer * 1.3
    draw.polygon(curve(lambda x: 170 + layer * 62 + swing * math.sin(x / length + shift)), fill=fill)


def paint_pages(draw: ImageDraw.ImageDraw, dice: random.Random) -> None:
    """Many speech balloons, a few of them marked."""
    marks = [rgb(code) for code in ("#ff5733", "#45d325", "#785bff", "#38d3d3")]
    for row in range(5):
        for column in range(4):
            left, top = 70 + column * 272 + (row % 2) * 40, 48 + row * 112
            right = left + dice.uniform(130, 236)
            block(draw, (left, top, right, top + 84), 22, (255, 255, 255, 225))
            if dice.random() < 0.35:
                block(draw, (left, top, left + 16, top + 84), 8, (*dice.choice(marks), 255))
            for line in range(2):
                end = left + 36 + (right - left - 60) * dice.uniform(0.55, 1)
                block(draw, (left + 34, top + 24 + line * 24, end, top + 34 + line * 24), 5, (150, 160, 190, 255))


THUMBNAILS: dict[str, tuple[str, str, Painter]] = {
    "assets/thumbnails/database.webp": ("#0b3c49", "#16697a", paint_database),
    "assets/thumbnails/night-train.webp": ("#0d1b3e", "#5a3d7a", paint_night_train),
    "assets/thumbnails/gears.webp": ("#34262c", "#7a4b3a", paint_gears),
    "assets/thumbnails/keys.webp": ("#5f72be", "#9921e8", paint_keys),
    "assets/thumbnails/tiles.webp": ("#f7fff7", "#cfe8ef", paint_tiles),
    "assets/thumbnails/bubbles.webp": ("#240046", "#10605c", paint_bubbles),
    "assets/thumbnails/tea.webp": ("#dda15e", "#bc6c25", paint_tea),
    "assets/thumbnails/home-server.webp": ("#f6d6a8", "#c98b6b", paint_home_server),
    "assets/thumbnails/waves.webp": ("#fff1d0", "#ffb4a2", paint_waves),
    "content/posts/2026_09/2026_09_20_how_to_read_a_matome/cover.webp": ("#6a8dff", "#3a3f9f", paint_pages),
}


def draw_thumbnail(name: str) -> Image.Image:
    """Return a finished picture; chance is seeded by its name."""
    top, bottom, paint = THUMBNAILS[name]
    canvas = gradient(top, bottom)
    # In this mode a colour with an alpha value is blended with what lies below.
    paint(ImageDraw.Draw(canvas, "RGBA"), random.Random(name))
    return canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def draw_latency_chart() -> Image.Image:
    """Return the bar chart of the post about SQLite: milliseconds at p50, p95 and p99."""
    image = Image.new("RGB", (960, 480), rgb("#f8fafc"))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(26)
    bars = (("p50", 0.4, 1.8), ("p95", 1.1, 6.2), ("p99", 2.3, 31.0))
    for row, (label, read, write) in enumerate(bars):
        top = 60 + row * 130
        draw.text((40, top + 26), label, fill=rgb("#334155"), font=font)
        for offset, value, code in ((0, read, "#2a9d8f"), (46, write, "#e76f51")):
            right = 120 + value * 22
            draw.rounded_rectangle([120, top + offset, right, top + offset + 36], 6, fill=rgb(code))
            draw.text((right + 14, top + offset + 2), f"{value} ms", fill=rgb("#334155"), font=font)
    return image


def save(image: Image.Image, name: str) -> None:
    """Write a picture as WebP, small enough for a phone on a train."""
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "WEBP", quality=70, method=6)
    print(f"{path.stat().st_size:7,d} bytes  {name}")


def main() -> None:
    """Write every picture."""
    for name in THUMBNAILS:
        save(draw_thumbnail(name), name)
    save(draw_latency_chart(), "content/posts/2026_05/2026_05_12_sqlite_in_production/latency.webp")


if __name__ == "__main__":
    main()
