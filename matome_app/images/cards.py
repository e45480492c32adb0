"""Draw the card that other sites show beside a link to a post: 1200 × 630, its title set in Japanese."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from matome_app.images.cache import cached
from matome_app.images.fonts import Face, font_version
from matome_app.images.line_breaking import break_lines, shorten
from matome_app.images.patterns import colours
from matome_app.images.reading import Picture
from matome_app.images.resizing import upright

WIDTH: Final = 1200
HEIGHT: Final = 630
MOST_BYTES: Final = 300_000
MOST_LINES: Final = 4
MOST_TITLE: Final = 300
"""So many characters of a title are looked at; four lines hold fewer."""

_MARGIN: Final = 44
_PADDING: Final = 60
_RADIUS: Final = 28
_INSIDE: Final = WIDTH - 2 * (_MARGIN + _PADDING)
_TITLE_SIZES: Final = ((92, 1, 0), (72, 2, 0), (66, 3, 6), (58, MOST_LINES, 14), (52, MOST_LINES, 24))
"""Sizes in pixels, how many lines each may have, and what it costs against larger ones with worse breaks."""
_SMALL: Final = 30
_LEADING: Final = 1.36

_PAPER: Final = "#fdfcfa"
_INK: Final = "#1d2433"
_PALE: Final = "#5a6373"

_DRAWN_BY: Final = "cards 1"
"""Changes when cards are drawn in another way, so that their addresses change with them."""


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on a card; `facts` are such as the date and the number of comments."""

    title: str
    site: str
    facts: str
    tags: tuple[str, ...]


def card_version(card: Card, picture: Picture | None, font: Path) -> str:
    """Return 16 hexadecimal digits that change with everything that is seen on a card."""
    parts = repr((_DRAWN_BY, astuple(card), picture.hash if picture else "", font_version(font)))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def card_file(card: Card, picture: Picture | None, font: Path, folder: Path) -> Path:
    """Return the JPEG of a card, made when it is not there yet; raises CannotMake."""
    name = f"{card_version(card, picture, font)}.card.jpg"
    return cached(folder, name, lambda: _encoded(draw_card(card, picture, font)))


def _encoded(image: Image.Image) -> bytes:
    """Return a JPEG below the bound; of a restless picture, one of lower quality."""
    for quality in (88, 80, 70, 55, 40):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


def draw_card(card: Card, picture: Picture | None, font: Path) -> Image.Image:
    """Return a card's pixels."""
    face = Face(font)
    image = _ground(card, picture)
    image.paste(_PAPER, (0, 0), _panel())
    draw = ImageDraw.Draw(image)
    left, right = _MARGIN + _PADDING, WIDTH - _MARGIN - _PADDING
    accent = colours(card.tags or (card.title,))
    top = _MARGIN + _PADDING - 6
    tags = "　".join(f"#{tag}" for tag in _fitting(face, card.tags))
    draw.text((left, top), tags, font=face.at(_SMALL), fill=accent.deep, anchor="lt")
    bottom = HEIGHT - _MARGIN - _PADDING + 8
    facts = face.printable(card.facts)
    draw.text((right, bottom), facts, font=face.at(_SMALL), fill=_PALE, anchor="rs")
    room = _INSIDE - face.at(_SMALL).getlength(facts) - 80
    site = shorten(face.printable(card.site), face.at(_SMALL + 4).getlength, room, 1)
    draw.rounded_rectangle((left, bottom - 30, left + 12, bottom + 4), 4, fill=accent.shape)
    draw.text((left + 28, bottom), "".join(site), font=face.at(_SMALL + 4), fill=_INK, anchor="ls")
    title = card.title if face.can_print(card.title[:MOST_TITLE]) else card.site
    _draw_title(draw, face, title, left, (top + _SMALL + 24, bottom - _SMALL - 34))
    return image


def _draw_title(draw: ImageDraw.ImageDraw, face: Face, title: str, left: int, room: tuple[int, int]) -> None:
    size, lines = set_title(face, title)
    step = round(size * _LEADING)
    height = step * (len(lines) - 1) + size
    y = room[0] + max(0, (room[1] - room[0] - height) // 2)
    font = face.at(size)
    for n, line in enumerate(lines):
        # Signs such as 「 stand apart from the edge of their square: each line begins where its ink does.
        draw.text((left - font.getbbox(line)[0], y + n * step), line, font=font, fill=_INK)


def set_title(face: Face, title: str) -> tuple[int, list[str]]:
    """Return the size in which a title fits, and its lines; a title too long for four ends with an ellipsis."""
    text = face.printable(title[:MOST_TITLE])
    found: list[tuple[float, int, list[str]]] = []
    for size, most, extra in _TITLE_SIZES:
        if broken := break_lines(text, face.at(size).getlength, _INSIDE, most):
            found.append((broken.cost + extra, size, broken.lines))
    if found:
        _, size, lines = min(found)
        return size, lines
    size, most, _ = _TITLE_SIZES[-1]
    return size, shorten(text, face.at(size).getlength, _INSIDE, most)


def _fitting(face: Face, tags: tuple[str, ...]) -> Iterator[str]:
    """Yield the first tags that fit into a line."""
    room = float(_INSIDE)
    for tag in tags:
        text = face.printable(tag)
        room -= face.at(_SMALL).getlength(f"#{text}　")
        if room < 0:
            break
        if text:
            yield text


def _ground(card: Card, picture: Picture | None) -> Image.Image:
    """Return what is seen around the panel: the post's picture, or large shapes in the colours of its tags."""
    if picture is not None and picture.resizable:
        with suppress(Exception):  # a damaged picture raises anything; the card does without it
            return _from_picture(picture)
    chosen = colours(card.tags or (card.title,))
    image = Image.new("RGB", (WIDTH, HEIGHT), chosen.ground)
    draw = ImageDraw.Draw(image)
    for x, y, radius, fill in (
        (80, 60, 330, chosen.shape),
        (1130, 610, 300, chosen.shape),
        (1140, 30, 150, chosen.accent),
        (40, 600, 120, chosen.accent),
    ):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    return image


def _from_picture(picture: Picture) -> Image.Image:
    """Return a picture such that it fills the card."""
    scale = max(WIDTH / picture.width, HEIGHT / picture.height)
    seen = upright(picture, min(picture.width, round(picture.width * scale)))
    if seen.mode == "RGBA":
        paper = Image.new("RGB", seen.size, _PAPER)
        paper.paste(seen, (0, 0), seen)
        seen = paper
    return ImageOps.fit(seen, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _panel() -> Image.Image:
    """Return the mask of the panel, its corners smooth."""
    mask = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    box = (_MARGIN * 2, _MARGIN * 2, (WIDTH - _MARGIN) * 2 - 1, (HEIGHT - _MARGIN) * 2 - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, _RADIUS * 2, fill=255)
    return mask.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
