"""Read a word as it was perhaps meant: typed while the IME was off, or on, or into the other kana."""

from __future__ import annotations

import re
from typing import Final

import jaconv

MOST: Final = 40
"""Characters of the longest word that is read otherwise."""
_HIRAGANA = re.compile(r"[ぁ-ゖー]{2,}")
_KATAKANA = re.compile(r"[ァ-ヶー]{2,}")
_ROMAJI = re.compile(r"[a-z\-]{3,}")
_MIXED = re.compile(r"[ぁ-ゖーa-z]*[ぁ-ゖ][ぁ-ゖーa-z]*")
_LATIN = re.compile(r"[a-z]{2,}")
_SAME_SOUND: Final = (("si", "shi"), ("ti", "chi"), ("tu", "tsu"), ("hu", "fu"), ("zi", "ji"))


def other_typings(word: str) -> tuple[str, ...]:
    """Return what a folded word may stand for, the likelier first; () where nothing is plausible.

    `raito` is ライト or らいと, `るst` is rust, らいと is ライト. Words with kanji are left as they are.
    """
    if len(word) > MOST:
        return ()
    found: list[str] = []
    if _ROMAJI.fullmatch(word) and (kana := _kana(word)):
        found += [jaconv.hira2kata(kana), kana]
    if _HIRAGANA.fullmatch(word):
        found.append(jaconv.hira2kata(word))
    elif _KATAKANA.fullmatch(word):
        found.append(jaconv.kata2hira(word))
    if _MIXED.fullmatch(word) and _LATIN.fullmatch(latin := jaconv.kana2alphabet(word)):
        found.append(latin)
    return tuple(dict.fromkeys(other for other in found if other != word))


def _kana(romaji: str) -> str:
    """Return romaji in hiragana; "" when not all of it is a Japanese syllable."""
    kana = jaconv.alphabet2kana(romaji)
    if not _HIRAGANA.fullmatch(kana) or _sounds(jaconv.kana2alphabet(kana)) != _sounds(romaji):
        return ""
    return kana


def _sounds(romaji: str) -> str:
    """Write the syllables that have two spellings in one way."""
    for one, other in _SAME_SOUND:
        romaji = romaji.replace(one, other)
    return romaji
