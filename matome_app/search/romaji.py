"""Know which keys type which kana, as Japanese input methods have them, and read keys as kana and kana as keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import Final

# Consonant, then the kana of a, i, u, e and o; `.` where no kana is typed so. Of several keys for one kana the first is
# the likeliest in a word of another language.
_ROWS: Final = """
- あ い う え お
k か き く け こ
s さ し す せ そ
t た ち つ て と
n な に ぬ ね の
h は ひ ふ へ ほ
m ま み む め も
y や . ゆ いぇ よ
r ら り る れ ろ
w わ うぃ . うぇ を
g が ぎ ぐ げ ご
z ざ じ ず ぜ ぞ
d だ ぢ づ で ど
b ば び ぶ べ ぼ
p ぱ ぴ ぷ ぺ ぽ
f ふぁ ふぃ ふ ふぇ ふぉ
v ゔぁ ゔぃ ゔ ゔぇ ゔぉ
j じゃ じ じゅ じぇ じょ
c か し く せ こ
q くぁ くぃ く くぇ くぉ
l ぁ ぃ ぅ ぇ ぉ
x ぁ ぃ ぅ ぇ ぉ
ky きゃ . きゅ きぇ きょ
gy ぎゃ . ぎゅ ぎぇ ぎょ
sh しゃ し しゅ しぇ しょ
sy しゃ . しゅ しぇ しょ
ch ちゃ ち ちゅ ちぇ ちょ
ty ちゃ . ちゅ ちぇ ちょ
cy ちゃ . ちゅ ちぇ ちょ
jy じゃ . じゅ じぇ じょ
zy じゃ . じゅ じぇ じょ
ny にゃ . にゅ にぇ にょ
hy ひゃ . ひゅ ひぇ ひょ
by びゃ . びゅ びぇ びょ
py ぴゃ . ぴゅ ぴぇ ぴょ
my みゃ . みゅ みぇ みょ
ry りゃ . りゅ りぇ りょ
fy ふゃ . ふゅ . ふょ
vy ゔゃ . ゔゅ . ゔょ
ts つぁ つぃ つ つぇ つぉ
th てゃ てぃ てゅ てぇ てょ
dh でゃ でぃ でゅ でぇ でょ
tw とぁ とぃ とぅ とぇ とぉ
dw どぁ どぃ どぅ どぇ どぉ
sw すぁ すぃ すぅ すぇ すぉ
wh うぁ うぃ . うぇ うぉ
gw ぐぁ ぐぃ ぐぅ ぐぇ ぐぉ
ly ゃ . ゅ . ょ
"""
_BY_KEYS: Final = {
    consonant.strip("-") + vowel: kana
    for consonant, *row in map(str.split, _ROWS.strip().splitlines())
    for vowel, kana in zip("aiueo", row, strict=True)
    if kana != "."
}
_LOANS: Final = {"di": "でぃ", "ti": "てぃ"}
"""Keys that type ぢ and ち, and that people take for what they write in words of other languages."""
_JAPANESE_ONLY: Final = ("jy", "zy", "cy", "sy", "ty")
"""Other keys for じゃ, ちゃ and しゃ, which words of other languages hardly have."""
_BY_KANA: Final = {
    kana: tuple(
        keys for keys, typed in _BY_KEYS.items() if typed == kana and not (len(keys) > 2 and keys[:2] in _JAPANESE_ONLY)
    )
    for kana in _BY_KEYS.values()
}
_KEYS = re.compile(
    "|".join(
        [
            *sorted(_BY_KEYS, key=len, reverse=True),
            r"nn(?![aiueoy])|n(?![aiueoy])|m(?=[bmp])",  # ん
            r"t(?=ch)|([bcdfghjkprstvwz])(?=\1)",  # っ
            "-",
        ]
    )
)
_KANA = re.compile("|".join([*sorted(_BY_KANA, key=len, reverse=True), "[a-z0-9んっー]"]))
_DOUBLING = re.compile("(っ+)(.?)")
_DOUBLED: Final = frozenset("bcdfghjklmpqrstvwxyz")
_MOST_WAYS: Final = 64


def to_kana(keys: str) -> tuple[str, ...]:
    """Return the hiragana that Latin letters mean or type, the likelier first; () when not all of them are kana."""
    parts = _cut(_KEYS, keys)
    if not parts or keys[0] == "-" or re.search("[lqx]", keys):
        return ()
    meant = "".join(_LOANS.get(part) or _kana_of(part) for part in parts)
    return tuple(dict.fromkeys((meant, "".join(map(_kana_of, parts)))))


def to_keys(kana: str) -> Iterator[str]:
    """Yield the Latin letters with which hiragana (and Latin letters left between) may have been typed."""
    parts = _cut(_KANA, kana)
    ways = [_keys_of(part, following) for part, following in zip(parts, [*parts[1:], ""], strict=True)]
    for way in islice(product(*ways), _MOST_WAYS if parts else 0):
        keys = "".join(way)
        if all(found[2] in _DOUBLED for found in _DOUBLING.finditer(keys)):
            yield _DOUBLING.sub(lambda found: found[2] * (len(found[1]) + 1), keys)


def _cut(pattern: re.Pattern[str], text: str) -> list[str]:
    """Cut a text into what a pattern matches; [] when it does not match all of it."""
    parts = [found[0] for found in pattern.finditer(text)]
    return parts if "".join(parts) == text else []


def _kana_of(part: str) -> str:
    if part in _BY_KEYS:
        return _BY_KEYS[part]
    return "ー" if part == "-" else "ん" if part[0] in "nm" else "っ"


def _keys_of(part: str, following: str) -> tuple[str, ...]:
    if part == "ん":
        # Before a vowel one n would have typed な.
        return ("nn",) if following[:1] in frozenset("あいうえおやゆよ") else ("n",)
    return _BY_KANA.get(part) or ("-" if part == "ー" else part,)
