"""Cut Japanese text into words with Sudachi, the same way for indexing and queries; Sudachi is loaded at first use."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from matome_app.search.analysis import fold

if TYPE_CHECKING:
    from sudachipy import Dictionary, Morpheme, Tokenizer

PART: Final = "\x01"
VARIANT: Final = "\x02"
INFLECTED: Final = "\x03"
"""Marks before a word in the index: it is a part of a longer word, another spelling, or an inflected form."""

CHUNK: Final = 8000
"""Characters given to Sudachi at once; its limit is 49,149 bytes."""

_KATAKANA = re.compile(r"[ァ-ヺー]+")
_NEVER_SHORT: Final = frozenset(("インター", "ミスター"))
"""Without ー they begin many other words (インタビュー, ミスタイプ)."""

_NOT_WORDS: Final = frozenset(("補助記号", "空白", "記号"))
_INFLECTING: Final = frozenset(("動詞", "形容詞", "助動詞"))
_ENDINGS: Final = frozenset(("助動詞", "助詞", "接尾辞"))
_WITH_VARIANTS: Final = frozenset(("名詞", "動詞", "形容詞", "形状詞", "副詞"))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the dictionary as it stands in a text.

    `terms` is what is indexed for it wherever it stands. `normal` is its usual spelling, "" when it has no spelling
    variants to be searched by: only nouns, verbs, adjectives and adverbs in their dictionary form have.
    """

    surface: str
    terms: tuple[str, ...]
    katakana: bool
    normal: str


_NOTHING: Final = Word("", (), False, "")
_local = threading.local()
_loading = threading.Lock()


@cache
def _dictionary() -> Dictionary:
    import sudachipy

    return sudachipy.Dictionary()


def _tokenizer() -> Tokenizer:
    """Return this thread's tokenizer (they are not shared), for words as long as the dictionary has them."""
    if not hasattr(_local, "tokenizer"):
        import sudachipy

        with _loading:
            _local.tokenizer = _dictionary().tokenizer(mode=sudachipy.SplitMode.C)
    tokenizer: Tokenizer = _local.tokenizer
    return tokenizer


class Words:
    """Cuts folded texts; remembers the words it met. One thread at a time."""

    LIMIT = 100_000

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Word] = {}

    def cut(self, folded: str) -> Iterator[tuple[int, Word]]:
        """Yield the words of a folded text with their positions; punctuation, white space and ASCII are left out."""
        position = 0
        known = self._known.get
        for start in range(0, len(folded), CHUNK):
            for morpheme in _tokenizer().tokenize(folded[start : start + CHUNK]):
                surface = morpheme.surface()
                word = known((surface, morpheme.word_id()))
                if word is None:
                    word = self._learn(surface, morpheme)
                if word.terms:
                    yield position, word
                position += len(surface)

    def count(self, folded: str) -> Counter[str]:
        """Count the terms to index of a folded text."""
        return Counter(self.terms(folded))

    def terms(self, folded: str) -> list[str]:
        """Return the terms to index of a folded text, each as often as it stands there."""
        if folded.isascii():
            return []
        terms: list[str] = []
        known, tokenize = self._known.get, _tokenizer().tokenize
        position = 0
        for start in range(0, len(folded), CHUNK):  # as `cut` does, without a step for every word: most of indexing
            for morpheme in tokenize(folded[start : start + CHUNK]):
                surface = morpheme.surface()
                word = known((surface, morpheme.word_id())) or self._learn(surface, morpheme)
                if word.katakana and _touches_katakana(folded, position, position + len(surface)):
                    terms.append(PART + surface)
                    terms += word.terms[1:]
                else:
                    terms += word.terms
                position += len(surface)
        return terms

    def _learn(self, surface: str, morpheme: Morpheme) -> Word:
        if len(self._known) >= self.LIMIT:
            self._known.clear()
        word = self._known[surface, morpheme.word_id()] = _read(surface, morpheme)
        return word


def _read(surface: str, morpheme: Morpheme) -> Word:
    """Read what is to know about a morpheme."""
    speech = morpheme.part_of_speech()
    if surface.isascii() or speech[0] in _NOT_WORDS:
        return _NOTHING
    terms = [surface, *_parts(surface, morpheme)]
    normal = fold(morpheme.normalized_form())
    is_base = fold(morpheme.dictionary_form()) == surface
    searchable = speech[0] in _WITH_VARIANTS and speech[1] != "非自立可能" and is_base
    if normal != surface:
        inflects = speech[0] in _INFLECTING
        same = not inflects or (is_base and _reading(normal) == morpheme.reading_form())
        terms.append((VARIANT if same else INFLECTED) + normal)
        searchable = searchable and same
    return Word(surface, tuple(terms), bool(_KATAKANA.fullmatch(surface)), normal if searchable else "")


def _parts(surface: str, morpheme: Morpheme) -> list[str]:
    """Return the marked parts that a compound is made of."""
    if len(surface) < 3:
        return []
    import sudachipy

    parts = [part.surface() for part in morpheme.split(sudachipy.SplitMode.A)]
    return [PART + part for part in parts if part != surface and not part.isascii()]


@lru_cache(maxsize=50_000)
def _reading(word: str) -> str:
    """Return how a word is read, in katakana."""
    return "".join(morpheme.reading_form() for morpheme in _tokenizer().tokenize(word[:CHUNK]))


def _touches_katakana(text: str, start: int, end: int) -> bool:
    """Tell whether a katakana word has more katakana beside it, so that it is a part of something longer."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return bool(_KATAKANA.match(before) or _KATAKANA.match(after))


@dataclass(frozen=True, slots=True)
class Inflecting:
    """A verb or an adjective: its dictionary form, and how it inflects (Sudachi's 活用型)."""

    base: str
    kind: str


@lru_cache(maxsize=1000)
def inflecting_word(folded: str) -> Inflecting | None:
    """Return the verb or adjective a text is a form of, whatever auxiliaries follow; None when it is none."""
    morphemes = list(_tokenizer().tokenize(folded[:CHUNK]))
    if not morphemes:
        return None
    speech = [morpheme.part_of_speech() for morpheme in morphemes]
    head = 0
    if len(morphemes) > 1 and speech[0][2] == "サ変可能" and speech[1][4] == "サ行変格":
        head = 1  # 検索する: a noun that する makes a verb
    if speech[head][0] not in ("動詞", "形容詞") or any(one[0] not in _ENDINGS for one in speech[head + 1 :]):
        return None
    noun = morphemes[0].surface() if head else ""
    return Inflecting(noun + fold(morphemes[head].dictionary_form()), speech[head][4])


@lru_cache(maxsize=1000)
def normal_form(folded: str) -> str:
    """Return the usual spelling of a text, word by word."""
    return "".join(fold(morpheme.normalized_form()) for morpheme in _tokenizer().tokenize(folded[:CHUNK]))


def without_long_vowel(text: str) -> str:
    """Leave out the ー at the end of a word that is the same word without it (コンピューター, but not インター)."""
    if len(text) < 4 or not text.endswith("ー") or text in _NEVER_SHORT:
        return text
    return text[:-1] if normal_form(text) == normal_form(text[:-1]) else text
