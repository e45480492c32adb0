"""Patterns for posts without a picture: the same for the same tags, nothing but shapes, and easy on the eyes."""

from __future__ import annotations

import colorsys
import re
from xml.etree import ElementTree

import pytest

from matome_app.images.patterns import HEIGHT, WIDTH, colours, hsl, pattern

SETS = [[f"tag {n}", f"other {n % 7}"] for n in range(300)]


def lightness(colour: str) -> float:
    """Return the lightness (HSL) of `#rrggbb`."""
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return colorsys.rgb_to_hls(red, green, blue)[1]


def test_the_same_tags_have_the_same_pattern_in_any_order() -> None:
    assert pattern(["AI", "お茶"]) == pattern(["お茶", "AI"])
    assert pattern(["AI"]) != pattern(["お茶"])


def test_many_tags_have_many_patterns() -> None:
    assert len({pattern(tags) for tags in SETS}) > 290
    assert len({colours(tags) for tags in SETS}) > 20
    assert len({re.sub(r"[^a-zA-Z<]", "", pattern(tags))[:40] for tags in SETS}) > 4


@pytest.mark.parametrize("tags", [*SETS[:60], [], ["<script>&\"'"], ["\ud800"], ["長い" * 500]])
def test_a_pattern_is_shapes_only_and_small(tags: list[str]) -> None:
    inside = pattern(tags)
    assert len(inside) < 900
    assert not re.search(r"style|href|script|on\w+=|url\(", inside)
    shapes = list(ElementTree.fromstring(f"<svg>{inside}</svg>"))
    assert {shape.tag for shape in shapes} <= {"path", "circle"}
    assert shapes[0].get("d") == f"M0 0h{WIDTH}v{HEIGHT}H0z"


@pytest.mark.parametrize("tags", SETS[:60])
def test_colours_neither_glare_on_a_dark_page_nor_look_dirty_on_a_light_one(tags: list[str]) -> None:
    ground, shape, accent, deep = (lightness(colour) for colour in colours(tags))
    assert 0.5 < shape < ground < accent < 0.8
    assert deep < 0.35


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((0, 1, 0.5), "#ff0000"), ((120, 1, 0.25), "#008000"), ((240, 0.5, 0.5), "#4040bf"), ((400, 0, 1), "#ffffff")],
)
def test_colours_are_made_as_css_makes_them(colour: tuple[float, float, float], expected: str) -> None:
    assert hsl(*colour) == expected
