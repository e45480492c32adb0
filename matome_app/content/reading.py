"""How long a text takes to read: honest for Japanese, which has no spaces to count words by."""

from __future__ import annotations

import html
import re
from typing import Final

A_MINUTE: Final = 550
"""Characters that people read in a minute: 500 to 600 in Japanese."""
A_WORD: Final = 2
"""What a word of Latin letters, or a number, counts for: 275 of them a minute."""

_ADDRESS = re.compile(r"https?://\S+")
_WORD = re.compile(r"[A-Za-z0-9À-ɏ]+(?:['’._+#-][A-Za-z0-9À-ɏ]+)*")
_TAG = re.compile(r"<[^<>]*>")


def reading_length(text: str) -> int:
    """Return a text's length in Japanese characters: spaces and addresses count nothing, a Latin word two."""
    rest, words = _WORD.subn(" ", _ADDRESS.sub(" ", text))
    return len("".join(rest.split())) + A_WORD * words


def reading_length_of_html(source: str) -> int:
    """Return the same of what HTML shows."""
    return reading_length(html.unescape(_TAG.sub("", source)))


def minutes(characters: int) -> int:
    """Return how many minutes a text takes to read, at least one."""
    return max(1, round(characters / A_MINUTE))
