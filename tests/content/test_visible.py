"""Hold what pages and terminals show of characters that hide: every one is seen, and real writing stays as it is."""

from __future__ import annotations

import unicodedata

import pytest

from matome_app.content.visible import SIGN, visible
from matome_app.printable import printable

PLAIN = (
    "kappa",
    "名無しの湯",
    "Zoë",
    "می\u200cخواهم",
    "क्\u200dष",
    "👨\u200d👩\u200d👧",
    "❤\ufe0f",
    "日本\u3000語",
    "한국",
)
FLAG = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize("name", [*PLAIN, FLAG])
def test_names_as_people_write_them_stay_as_they_are(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize("sign", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u2066\u2069\u200f\u3164\u115f\u2028\u180e")
def test_a_name_that_only_looks_like_another_does_not_look_like_it(sign: str) -> None:
    assert visible(f"ad{sign}min") == f"ad{SIGN}min"
    assert visible(f"admin{sign}") == f"admin{SIGN}"
    assert visible(f"{sign}山田") == f"{SIGN}山田"


def test_no_character_that_formats_or_controls_a_terminal_reaches_it() -> None:
    # Format characters of scripts (Arabic and Kaithi number signs, hieroglyphs, shorthand, music) stand for something.
    every = "".join(map(chr, [*range(0x2100), *range(0xFE00, 0xFFF0)]))
    shown = printable(every)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Zl", "Zp")]
    assert not set(shown) & set("\u061c\u200b\u200e\u200f\u202a\u202d\u202e\u2066\u2069\ufeff")
    assert printable("a\x1b[2Jb\nc\u202ed") == "a\\x1b[2Jb\\nc\\u202ed"
    assert printable("記事 – “引用”") == "記事 – “引用”"
