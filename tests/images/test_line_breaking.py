"""Titles in lines as Japanese is set: every rule holds for any text, and breaks fall where a reader pauses."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matome_app.images.line_breaking import ELLIPSIS, NOT_FIRST, NOT_LAST, break_lines, shorten


def squares(text: str) -> float:
    """Measure a text in half squares: Latin letters take one, Japanese ones two."""
    return sum(1 if ord(char) < 0x2000 else 2 for char in text)


def lines(text: str, width: float = 30, most: int = 4) -> list[str]:
    """Return a text in lines."""
    found = break_lines(text, squares, width, most)
    assert found is not None
    return found.lines


TITLES = st.text(
    st.sampled_from("急須茶割湯呑器アイスクリムーッャひらがなはをに、。！？「」（）…― abcDEF019+#-._ゃっ々"),
    max_size=90,
)


@settings(deadline=None)
@given(TITLES)
def test_no_line_begins_or_ends_with_what_may_not_stand_there(text: str) -> None:
    found = break_lines(text, squares, 36, 12)
    if found is None:
        return
    for before, after in zip(found.lines, found.lines[1:], strict=False):
        # Where a row of such signs is wider than a line, one of them has to begin the next.
        if before.strip("".join(NOT_FIRST | NOT_LAST)) and after.strip("".join(NOT_FIRST | NOT_LAST)):
            assert after[0] not in NOT_FIRST or len(before) > 15, found.lines
            assert before[-1] not in NOT_LAST or len(after) > 15, found.lines


@settings(deadline=None)
@given(TITLES)
def test_nothing_is_lost_and_no_line_is_too_wide(text: str) -> None:
    found = break_lines(text, squares, 24, 40)
    assert found is not None
    assert "".join("".join(found.lines).split()) == "".join(text.split())
    assert all(line and squares(line) <= 24 for line in found.lines)


@settings(deadline=None)
@given(TITLES, st.integers(1, 4))
def test_what_is_shortened_fits_and_says_so(text: str, most: int) -> None:
    short = shorten(text, squares, 24, most)
    assert len(short) <= most
    assert all(squares(line) <= 24 for line in short)
    if break_lines(text, squares, 24, most) is None:
        assert short[-1].endswith(ELLIPSIS)
    else:
        assert ELLIPSIS in text or ELLIPSIS not in "".join(short)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("急須はなぜ割れないのか", ["急須はなぜ割れないのか"]),
        ("新しい急須が発売、その値段に驚く人びと", ["新しい急須が発売、", "その値段に驚く人びと"]),
        ("灯台守が語る夜の海 もう誰も知らない光", ["灯台守が語る夜の海", "もう誰も知らない光"]),
        ("秋の「湯呑展」開幕 今年は急須も並ぶ", ["秋の「湯呑展」開幕", "今年は急須も並ぶ"]),
        ("Kettle and teapot talk about their long life", ["Kettle and teapot talk", "about their long life"]),
        ("TeapotOSからKettleOSへ移行してみた", ["TeapotOSから", "KettleOSへ移行してみた"]),
    ],
)
def test_breaks_fall_where_a_reader_pauses(title: str, expected: list[str]) -> None:
    assert lines(title, 26) == expected


def test_lines_are_about_even() -> None:
    wide = [squares(line) for line in lines("急須と湯呑と茶筒と茶匙と急須敷と茶巾と水屋の話", 40)]
    assert max(wide) - min(wide) <= 8


def test_a_latin_word_stays_whole_unless_it_is_wider_than_a_line() -> None:
    assert "Teapot-2000.example" in lines("新型のTeapot-2000.exampleを買って使った感想", 24)[1]
    assert sorted(lines("a" * 50, 20)) == ["a" * 16, "a" * 17, "a" * 17]


def test_signs_that_belong_together_stay_together() -> None:
    for n in range(4, 16):
        for line in lines("急" * n + "……" + "須" * 10 + "――" + "茶" * 10, 30, 9):
            assert line.count("…") != 1
            assert line.count("―") != 1


@pytest.mark.parametrize("text", ["", " ", "\n\t　"])
def test_an_empty_text_has_no_lines(text: str) -> None:
    assert lines(text) == []


def test_a_text_that_does_not_fit_is_not_broken() -> None:
    assert break_lines("急須" * 40, squares, 30, 4) is None
    assert shorten("急須" * 40, squares, 30, 4)[-1].endswith("…")
    assert unicodedata.category(ELLIPSIS) == "Po"
