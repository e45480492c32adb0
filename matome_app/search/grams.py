"""Turn a text into the words of SQLite's grams table (characters, pairs, Latin runs), and terms into matches.

The table's `ascii` tokenizer takes ASCII letters, digits and everything beyond ASCII as parts of a word. ASCII
characters are therefore written as two hexadecimal digits, others as themselves, and a Latin run with a leading `z`,
which is no hexadecimal digit: no two different grams are the same word. White space and pairs of two ASCII letters or
digits are left out: the first is never searched, the second only as Latin runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import add
from typing import Final

from matome_app.search.analysis import latin_runs

RUN: Final = "z"
LONGEST_RUN: Final = 1000
"""Longer than any query; SQLite cuts words at 32,768 bytes."""

_WRITTEN: Final = str.maketrans({chr(code): f"{code:02x}" for code in range(128)})
_ALNUM: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class _Grams(dict[str, str]):
    """Remembers how grams are written; the empty word is a gram that is not indexed."""

    LIMIT = 400_000

    def __missing__(self, gram: str) -> str:
        if len(self) >= self.LIMIT:
            self.clear()
        skipped = any(map(str.isspace, gram)) or _ALNUM.issuperset(gram)
        word = self[gram] = "" if skipped else gram.translate(_WRITTEN)
        return word


_grams = _Grams()


def gram_words(folded: str) -> str:
    """Return the words to index of a folded text, each once and in a fixed order, separated by spaces."""
    word_of = _grams.__getitem__
    words = dict.fromkeys(map(word_of, folded))  # a dict holds its order as a set does not, and needs no sorting
    words |= dict.fromkeys(map(word_of, map(add, folded, folded[1:])))
    words.pop("", None)
    words |= dict.fromkeys(RUN + run[:LONGEST_RUN] for run in latin_runs(folded))
    return " ".join(words)


def gram_word(gram: str) -> str:
    """Return the word of one or two characters; at least one of them is no ASCII letter or digit."""
    return gram.translate(_WRITTEN)


def run_word(run: str) -> str:
    """Return the word of a Latin run."""
    return RUN + run


def match_gram(gram: str) -> str:
    """Return the expression that finds one or two characters."""
    return f'"{gram_word(gram)}"'


def match_runs(runs: Iterable[str]) -> str:
    """Return the expression that finds texts with all of the Latin runs."""
    return " AND ".join(f'"{run_word(run)}"' for run in runs)


def match_substring(folded: str) -> str:
    """Return the expression that finds three or more characters in the trigram table."""
    doubled = folded.replace('"', '""')
    return f'"{doubled}"'
