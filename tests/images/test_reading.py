"""What a picture file is, read from its head: the size as it is seen, and whether anything can be made of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from matome_app.images.reading import read_picture
from tests.images.made import AS_THEY_ARE, DAMAGED, NO_PICTURES, WHOLE, encoded, turned_jpeg, two_halves, write


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_that_stands_still_can_be_resized(tmp_path: Path, name: str) -> None:
    found = read_picture(write(tmp_path, name, WHOLE[name]))
    assert found is not None
    assert found.resizable
    assert len(found.hash) == 16


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_one_that_moves_is_drawn_or_is_too_large_is_served_as_it_is(tmp_path: Path, name: str) -> None:
    found = read_picture(write(tmp_path, name, AS_THEY_ARE[name]))
    assert found is not None
    assert not found.resizable
    assert found.width > found.height > 0


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_none(tmp_path: Path, name: str) -> None:
    assert read_picture(write(tmp_path, name, NO_PICTURES[name])) is None


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_behind_the_head_does_not_keep_the_head_from_being_read(tmp_path: Path, name: str) -> None:
    found = read_picture(write(tmp_path, name, DAMAGED[name]))
    assert found is None or found.width > found.height


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path, "text.png", NO_PICTURES["text.png"])
    for _ in range(3):
        read_picture(path)
    assert [str(path) in record.getMessage() for record in caplog.records] == [True]


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_picture(tmp_path / "none.png") is None
    assert read_picture(tmp_path / "\0.png") is None
    assert read_picture(tmp_path) is None


@pytest.mark.parametrize(("orientation", "size"), [(1, (700, 400)), (3, (700, 400)), (6, (400, 700)), (8, (400, 700))])
def test_the_size_is_that_after_the_turn(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    found = read_picture(write(tmp_path, "a.jpg", turned_jpeg(orientation)))
    assert found is not None
    assert (found.width, found.height) == size


@pytest.mark.parametrize(
    ("svg", "size"),
    [
        ('<svg width="120" height="80">', (120, 80)),
        ('<svg width="120px" height="80px" viewBox="0 0 3 2">', (120, 80)),
        ("<svg viewBox='-5,-5 300.4 150'>", (300, 150)),
        ('<svg width="100%" viewBox="0 0 640 360" height="100%">', (640, 360)),
        ('<!-- <p width="1"> --><svg stroke-width="9" viewBox="0 0 40 30">', (40, 30)),
    ],
)
def test_an_svg_has_the_size_it_says(tmp_path: Path, svg: str, size: tuple[int, int]) -> None:
    found = read_picture(write(tmp_path, "a.svg", svg.encode()))
    assert found is not None
    assert (found.width, found.height) == size


def test_a_file_is_looked_at_again_when_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path, "a.png", encoded(two_halves(100, 50), "PNG"))
    before = read_picture(path)
    assert read_picture(path) is before
    write(tmp_path, "a.png", encoded(two_halves(60, 90), "PNG"))
    os.utime(path, (1, 1))
    after = read_picture(path)
    assert before is not None
    assert after is not None
    assert (after.width, after.height) == (60, 90)
    assert after.hash != before.hash
