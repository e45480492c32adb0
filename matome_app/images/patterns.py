"""Draw a picture for a post that has none: a calm pattern, the same for the same tags, as SVG that costs no request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

WIDTH: Final = 320
HEIGHT: Final = 180
HUES: Final = (8, 32, 48, 84, 150, 172, 196, 212, 232, 262, 288, 330)
"""Degrees, apart enough to tell two of them from each other."""


class Colours(NamedTuple):
    """The colours of a pattern: ground, shapes, the one shape that stands out, and a deep one for text on paper."""

    ground: str
    shape: str
    accent: str
    deep: str


def pattern(tags: Sequence[str]) -> str:
    """Return the inside of an `<svg viewBox="0 0 320 180">`: shapes with `fill` attributes, no style, no text."""
    return _pattern(_bits(tags))


def colours(tags: Sequence[str]) -> Colours:
    """Return the colours of some tags, as `#rrggbb`.

    They are of a middle lightness, so that they neither glare on a dark page nor look dirty on a light one.
    """
    return _colours(_bits(tags))


def _bits(tags: Sequence[str]) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(sorted(tags)).encode("utf-8", "surrogatepass")).digest()[:16], "big")


def _colours(bits: int) -> Colours:
    hue = HUES[bits % len(HUES)]
    other = hue + (28, -28, 180)[bits // 16 % 3]
    return Colours(hsl(hue, 0.34, 0.66), hsl(hue, 0.36, 0.57), hsl(other, 0.42, 0.75), hsl(hue, 0.5, 0.3))


def hsl(hue: float, saturation: float, lightness: float) -> str:
    """Return a colour as `#rrggbb`; hue in degrees, the others from 0 to 1 (CSS Color 4, section 7.1)."""
    reach = saturation * min(lightness, 1 - lightness)

    def channel(n: int) -> int:
        k = (n + hue / 30) % 12
        return round(255 * (lightness - reach * max(-1, min(k - 3, 9 - k, 1))))

    return f"#{channel(0):02x}{channel(8):02x}{channel(4):02x}"


class _Dice:
    """Numbers that follow from the tags."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def roll(self, sides: int) -> int:
        self.bits, value = divmod(self.bits, sides)
        if not self.bits:  # used up: the same digits once more, mixed
            self.bits = int.from_bytes(hashlib.sha256(str(value).encode()).digest()[:16], "big")
        return value


@lru_cache(maxsize=2048)
def _pattern(bits: int) -> str:
    dice = _Dice(bits // 48)
    chosen = _colours(bits)
    draw = _KINDS[dice.roll(len(_KINDS))]
    ground = f'<path fill="{chosen.ground}" d="M0 0h{WIDTH}v{HEIGHT}H0z"/>'
    return ground + "".join(draw(dice, chosen))


def _hills(dice: _Dice, chosen: Colours) -> Iterator[str]:
    x, y = 60 + dice.roll(200), 34 + dice.roll(40)
    yield f'<circle cx="{x}" cy="{y}" r="{16 + dice.roll(14)}" fill="{chosen.accent}"/>'
    for depth, opacity in ((70, ".45"), (100, ".7"), (130, "1")):
        a, b = depth + dice.roll(44) - 22, depth + dice.roll(44) - 22
        end = depth + dice.roll(30) - 15
        line = f"M0 {a}C80 {b - 24} 130 {b + 34} 190 {b}S290 {end - 20} 320 {end}V180H0z"
        yield f'<path fill="{chosen.shape}" opacity="{opacity}" d="{line}"/>'


def _rings(dice: _Dice, chosen: Colours) -> Iterator[str]:
    x, y = 50 + dice.roll(220), 20 + dice.roll(140)
    rings = "".join(f"M{x - r} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 -{2 * r} 0" for r in range(44, 340, 32))
    yield f'<path fill="none" stroke="{chosen.shape}" stroke-width="{8 + dice.roll(8)}" d="{rings}"/>'
    yield f'<circle cx="{x}" cy="{y}" r="16" fill="{chosen.accent}"/>'


def _tiles(dice: _Dice, chosen: Colours) -> Iterator[str]:
    """Quarter circles in a grid, as tiles on a wall."""
    quarters = (
        "a60 60 0 0 1 60 60h-60z",
        "h60a60 60 0 0 1 -60 60z",
        "h60v60a60 60 0 0 1 -60 -60z",
        "m60 0v60h-60a60 60 0 0 1 60 -60z",
    )
    bright = dice.roll(18)
    shapes: tuple[list[str], list[str]] = ([], [])
    for n in range(18):
        turn = dice.roll(5)
        if turn < 4:
            shapes[n == bright].append(f"M{n % 6 * 60 - 20} {n // 6 * 60}{quarters[turn]}")
    for fill, parts in zip((chosen.shape, chosen.accent), shapes, strict=True):
        if parts:
            yield f'<path fill="{fill}" d="{"".join(parts)}"/>'


def _bars(dice: _Dice, chosen: Colours) -> Iterator[str]:
    bright = 2 + dice.roll(9)
    heights = [30 + dice.roll(110) for _ in range(13)]
    parts = [f"M{n * 25 + 2} 180v-{h}a9 9 0 0 1 18 0v{h}z" for n, h in enumerate(heights)]
    yield f'<path fill="{chosen.shape}" d="{"".join(parts[:bright] + parts[bright + 1 :])}"/>'
    yield f'<path fill="{chosen.accent}" d="{parts[bright]}"/>'


def _bubbles(dice: _Dice, chosen: Colours) -> Iterator[str]:
    """Speech balloons of several sizes: what this site is about."""
    for n in range(4):
        x, y, w = 14 + n * 76 + dice.roll(18), 22 + dice.roll(70), 58 + dice.roll(34)
        h = round(w * 0.62)
        fill, opacity = (chosen.accent, "1") if n == 2 else (chosen.shape, (".9", ".6")[n % 2])
        corner = "a10 10 0 0 1"
        line = f"M{x + 10} {y}h{w - 20}{corner} 10 10v{h - 20}{corner} -10 10h-{w - 40}l-14 14v-14h-6"
        yield f'<path fill="{fill}" opacity="{opacity}" d="{line}{corner} -10 -10v-{h - 20}{corner} 10 -10z"/>'


def _slopes(dice: _Dice, chosen: Colours) -> Iterator[str]:
    lean, step = 40 + dice.roll(60), 44 + dice.roll(16)
    bright = 1 + dice.roll(5)
    for n in range(-1, 8):
        fill, opacity = (chosen.accent, ".9") if n == bright else (chosen.shape, (".85", ".45")[n % 2])
        yield f'<path fill="{fill}" opacity="{opacity}" d="M{n * step} 180l{lean} -180h{step // 2}l-{lean} 180z"/>'


_KINDS: Final[tuple[Callable[[_Dice, Colours], Iterator[str]], ...]] = (
    _hills,
    _rings,
    _tiles,
    _bars,
    _bubbles,
    _slopes,
)
