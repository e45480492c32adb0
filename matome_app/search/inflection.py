"""Name the other forms in which a verb or an adjective stands in texts, as strings that begin those forms.

Sudachi says how a word inflects; the endings are those of the school grammar (活用表). A form is given as far as it is
the same whatever follows (使っ for 使った, 使って), since terms find substrings.
"""

from __future__ import annotations

from typing import Final

from matome_app.search.words import Inflecting, inflecting_word

_FIVE_ROWS: Final = {
    "カ": ("か", "き", "け", "こ", "い"),
    "ガ": ("が", "ぎ", "げ", "ご", "い"),
    "サ": ("さ", "し", "せ", "そ"),
    "タ": ("た", "ち", "て", "と", "っ"),
    "ナ": ("な", "に", "ね", "の", "ん"),
    "バ": ("ば", "び", "べ", "ぼ", "ん"),
    "マ": ("ま", "み", "め", "も", "ん"),
    "ラ": ("ら", "り", "れ", "ろ", "っ"),
    "ワア": ("わ", "い", "え", "お", "っ"),
}
"""The endings of verbs of five rows (五段) by their consonant, without that of the dictionary form."""

_ONE_ROW: Final = ("た", "て", "な", "ま", "ず", "よ", "ろ", "れ", "ら", "さ", "ちゃ", "とく", "たい")
_ADJECTIVE: Final = ("く", "か", "け", "さ", "そう")
_SURU: Final = ("し", "さ", "せ", "でき")
_KURU: Final = ("た", "て", "な", "ま", "い", "れ", "ら", "ず", "よ", "さ")


def other_forms(folded: str) -> tuple[str, ...]:
    """Return the beginnings of the forms of a verb or adjective besides the one given; () for any other text."""
    word = inflecting_word(folded)
    if word is None:
        return ()
    forms = _forms(word)
    if word.base != folded:
        forms = (word.base, *forms)
    return tuple(form for form in forms if form != folded)


def _forms(word: Inflecting) -> tuple[str, ...]:
    kind, base = word.kind, word.base
    stem = base[:-1]
    if kind.startswith("五段-"):
        endings = _FIVE_ROWS.get(kind.removeprefix("五段-").removesuffix("行"), ())
        if base.endswith("行く"):
            endings = ("か", "き", "け", "こ", "っ")
    elif kind.startswith(("上一段", "下一段")):
        endings = _ONE_ROW
    elif kind == "形容詞":
        endings = _ADJECTIVE
    elif kind == "サ行変格" and base.endswith("する"):
        stem, endings = base[:-2], _SURU
    elif kind == "カ行変格" and base.endswith("来る"):
        endings = _KURU
    else:
        endings = ()
    return tuple(stem + ending for ending in endings) if stem else ()
