"""Copies of pictures: their size, the way up, their colours, and nothing of what the original tells about its maker."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageCms

from matome_app.images.cache import CannotMake
from matome_app.images.reading import Picture, read_picture
from matome_app.images.resizing import KINDS, WIDTHS, copy_of, copy_widths
from tests.images.made import BLUE, DAMAGED, RED, WHOLE, encoded, turned_jpeg, two_halves, write


def picture(folder: Path, name: str, data: bytes) -> Picture:
    """Write a file and read what it is."""
    found = read_picture(write(folder, name, data))
    assert found is not None
    return found


def near(pixel: object, colour: tuple[int, ...]) -> bool:
    """Tell whether a pixel has a colour, but for what compression does to it."""
    assert isinstance(pixel, tuple)
    return all(abs(a - b) < 24 for a, b in zip(pixel, colour, strict=False))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WHOLE)
def test_every_kind_of_picture_can_be_had_at_every_width(tmp_path: Path, name: str, kind: str) -> None:
    source = picture(tmp_path, name, WHOLE[name])
    for width in copy_widths(source):
        with Image.open(copy_of(source, width, kind, tmp_path / "cache")) as copy:
            assert copy.format == KINDS[kind][0]
            assert copy.width == width <= source.width
            assert copy.height == max(1, round(width * source.height / source.width))


@pytest.mark.parametrize(
    ("width", "offered"),
    [(1, (1,)), (320, (320,)), (500, (320, 500)), (1200, (320, 640, 960, 1200)), (1280, WIDTHS), (8000, WIDTHS)],
)
def test_a_picture_is_never_enlarged(width: int, offered: tuple[int, ...]) -> None:
    assert copy_widths(Picture(Path("x"), width, 10, "0" * 16, True)) == offered


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_stands_the_way_the_original_is_seen(tmp_path: Path, kind: str) -> None:
    source = picture(tmp_path, "a.jpg", turned_jpeg(6, (1600, 900)))
    with Image.open(copy_of(source, 320, kind, tmp_path / "cache")) as copy:
        pixels = copy.convert("RGB")
    assert pixels.size == (320, 569)
    assert near(pixels.getpixel((160, 60)), RED)
    assert near(pixels.getpixel((160, 500)), BLUE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_says_nothing_about_who_took_it(tmp_path: Path, kind: str) -> None:
    source = picture(tmp_path, "a.jpg", turned_jpeg(1))
    data = copy_of(source, 320, kind, tmp_path / "cache").read_bytes()
    assert b"Telephone" in source.path.read_bytes()
    assert b"Telephone" not in data
    assert b"Exif" not in data


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_transparent_stays_so(tmp_path: Path, kind: str) -> None:
    source = picture(tmp_path, "glass.png", WHOLE["glass.png"])
    with Image.open(copy_of(source, 320, kind, tmp_path / "cache")) as copy:
        pixel = copy.convert("RGBA").getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert near(pixel, RED)
    assert abs(pixel[3] - 90) < 6


def test_colours_of_another_space_come_out_as_browsers_take_them(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = picture(tmp_path, "a.jpg", encoded(two_halves(), "JPEG", icc_profile=profile))
    damaged = picture(tmp_path, "b.jpg", encoded(two_halves(), "JPEG", icc_profile=profile[:90]))
    for one in (source, damaged):
        with Image.open(copy_of(one, 320, "webp", tmp_path / "cache")) as copy:
            assert "icc_profile" not in copy.info
            assert near(copy.convert("RGB").getpixel((40, 40)), RED)


@pytest.mark.parametrize("name", DAMAGED)
def test_of_a_damaged_picture_nothing_is_made(tmp_path: Path, name: str) -> None:
    found = read_picture(write(tmp_path, name, DAMAGED[name]))
    if found is not None:
        with pytest.raises(CannotMake):
            copy_of(found, 320, "webp", tmp_path / "cache")
        assert [path.name for path in (tmp_path / "cache").iterdir() if path.name[0] != "."] == []


def test_a_copy_weighs_less_than_the_original(tmp_path: Path) -> None:
    noise = Image.effect_noise((1600, 900), 40).convert("RGB")
    source = picture(tmp_path, "a.jpg", encoded(noise, "JPEG", quality=90))
    sizes = {kind: len(copy_of(source, 640, kind, tmp_path / "cache").read_bytes()) for kind in KINDS}
    assert max(sizes.values()) < len(source.path.read_bytes()) / 3
