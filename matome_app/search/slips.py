"""Read a word as it was perhaps meant: typed while the IME was off, or on, or into the other kana."""

from __future__ import annotations

import re
from typing import Final

from matome_app.search.romaji import to_kana, to_keys

MOST: Final = 40
"""Characters of the longest word that is read otherwise."""
_HIRAGANA = re.compile(r"[ぁ-ゖー]{2,}")
_KATAKANA = re.compile(r"[ァ-ヶー]{2,}")
_ROMAJI = re.compile(r"[a-z\-]{3,}")
_MIXED = re.compile(r"[a-z0-9]*[ぁ-ゖー][ぁ-ゖーa-z0-9]*")
_LATIN = re.compile(r"[a-z0-9]{2,}")
_TO_KATAKANA: Final = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_TO_HIRAGANA: Final = {code + 0x60: code for code in _TO_KATAKANA}


def other_typings(word: str) -> tuple[str, ...]:
    """Return what a folded word may stand for, the likelier first; () where nothing is plausible.

    `raito` is ライト or らいと, `るst` is rust, らいと is ライト. Kana that several keys type are read with each
    (こで is code and kode), so look up which words there are. Words with kanji are left as they are.
    """
    if len(word) > MOST:
        return ()
    found = _as_kana(word)
    if _HIRAGANA.fullmatch(word):
        found.append(word.translate(_TO_KATAKANA))
    elif _KATAKANA.fullmatch(word):
        found.append(word.translate(_TO_HIRAGANA))
    found += _as_latin(word)
    return tuple(dict.fromkeys(other for other in found if other != word))


def _as_kana(word: str) -> list[str]:
    """Read what was typed while the IME was off."""
    hiragana = to_kana(word) if _ROMAJI.fullmatch(word) else ()
    if not hiragana or not _HIRAGANA.fullmatch(hiragana[0]):
        return []
    # Katakana writes the words of other languages, hiragana what the keys type.
    return [hiragana[0].translate(_TO_KATAKANA), hiragana[-1], hiragana[-1].translate(_TO_KATAKANA)]


def _as_latin(word: str) -> list[str]:
    """Read what was typed while the IME was on."""
    kana = word.replace("ヴ", "ゔ")  # some input methods have no hiragana of it
    return [keys for keys in to_keys(kana) if _LATIN.fullmatch(keys)] if _MIXED.fullmatch(kana) else []
