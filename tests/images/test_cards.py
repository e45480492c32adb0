"""The card beside links to a post: its size and weight, its title whatever is in it, and its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from matome_app.images.cards import (
    HEIGHT,
    MOST_BYTES,
    MOST_LINES,
    WIDTH,
    Card,
    card_file,
    card_version,
    draw_card,
    set_title,
)
from matome_app.images.fonts import GETA, Face, find_font
from matome_app.images.reading import read_picture
from tests.images.made import DAMAGED, WHOLE, encoded, write

CARD = Card("急須はなぜ割れないのか", "お茶のまとめ", "2024年3月5日・コメント7件", ("お茶", "C#", "DOOM"))
TITLES = [
    "C++",
    "湯",
    "急須はなぜ割れないのか、そして湯呑はなぜ割れるのか 陶芸家が語る「割れ」の仕組みと、長く使うための三つの心得",
    "とても長い題名" * 60,
    "Supercalifragilistic" * 20,
    "「" * 40,
    "。" * 40,
    "絵文字😀🎉と\x00制御\x1b[31m文字\u202eと\u200b幅なし\ufeff",
    "か\u3099ん\u3099は\u309aる",
    "مرحبا",
    "\ud800",
    "",
    "   ",
    "𠮷野家と𩸽",
]


@pytest.fixture(scope="module")
def font() -> Path:
    """Return a font that has Japanese."""
    found = find_font()
    assert found is not None, "make setup fetches one"
    return found


@pytest.mark.parametrize("title", TITLES)
def test_any_title_makes_a_card(tmp_path: Path, font: Path, title: str) -> None:
    path = card_file(replace(CARD, title=title), None, font, tmp_path)
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as card:
        assert card.format == "JPEG"
        assert card.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("title", TITLES)
def test_a_title_stays_inside_the_panel(font: Path, title: str) -> None:
    face = Face(font)
    size, lines = set_title(face, title)
    assert len(lines) <= MOST_LINES
    assert all(face.at(size).getlength(line) <= 992 for line in lines)


def test_nothing_is_written_over_the_edge_of_the_panel(font: Path) -> None:
    crowded = Card(
        "急須" * 200, "長い名前のまとめ" * 40, "2024年3月5日・コメント1,234件", tuple(f"札{n}" * 9 for n in range(20))
    )
    bare = Card(" ", " ", " ", crowded.tags[:1])
    difference = ImageChops.difference(
        draw_card(crowded, None, font), draw_card(replace(bare, tags=crowded.tags), None, font)
    )
    box = difference.getbbox()
    assert box is not None
    assert box[0] >= 100
    assert box[1] >= 80
    assert box[2] <= WIDTH - 100
    assert box[3] <= HEIGHT - 80


def test_characters_without_a_shape_go_and_letters_without_one_leave_a_mark(font: Path) -> None:
    face = Face(font)
    assert face.printable("急須😀\x00\x1b\u202e\u200bの話\ufeff") == "急須 の話"
    assert face.printable("か\u3099く") == "がく"
    assert face.printable("茶\U0002ffffと\u0e01") == f"茶と{GETA}"
    assert not face.can_print("กขค")
    assert not face.can_print("😀")
    assert face.can_print("茶とก")


def test_the_post_s_picture_is_seen_around_the_panel(tmp_path: Path, font: Path) -> None:
    picture = read_picture(write(tmp_path, "a.jpg", encoded(Image.new("RGB", (900, 1600), (0, 0, 250)), "JPEG")))
    corner = draw_card(CARD, picture, font).getpixel((4, 4))
    assert isinstance(corner, tuple)
    assert corner[2] > 200 > 60 > corner[0]


@pytest.mark.parametrize("name", [*DAMAGED, "glass.png", "small.png", "line.png", "tower.png", "bits.png"])
def test_any_picture_makes_a_card(tmp_path: Path, font: Path, name: str) -> None:
    picture = read_picture(write(tmp_path, name, (DAMAGED | WHOLE)[name]))
    assert draw_card(CARD, picture, font).size == (WIDTH, HEIGHT)


def test_a_restless_picture_keeps_within_the_weight(tmp_path: Path, font: Path) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((1600, 900), 200) for _ in range(3)])
    picture = read_picture(write(tmp_path, "a.jpg", encoded(noise, "JPEG")))
    assert card_file(CARD, picture, font, tmp_path / "cards").stat().st_size < MOST_BYTES


@pytest.mark.parametrize(
    "other",
    [
        replace(CARD, title="別の題"),
        replace(CARD, site="別のまとめ"),
        replace(CARD, facts="コメント8件"),
        replace(CARD, tags=("お茶",)),
    ],
)
def test_the_name_changes_with_everything_that_is_seen(tmp_path: Path, font: Path, other: Card) -> None:
    picture = read_picture(write(tmp_path, "a.jpg", WHOLE["rgb.jpg"]))
    version = card_version(CARD, picture, font)
    assert version == card_version(replace(CARD), picture, font)
    assert version != card_version(CARD, None, font)
    assert version != card_version(other, picture, font)
    assert version != card_version(CARD, picture, write(tmp_path, "another.ttf", b"font"))
