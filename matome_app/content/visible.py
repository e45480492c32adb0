"""Show what hides in a text: characters without a picture of their own, and those that turn writing around.

With them a name can look like another one, or reorder what stands beside it.
"""

from __future__ import annotations

import re
from typing import Final

SIGN: Final = "\u25af"
"""▯: what a page shows in the place of a character that nobody sees."""

# Soft hyphen, joiners, fillers, marks and overrides of direction, isolates, byte order marks, annotations, tags.
_UNSEEN: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d"
    "\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Where some of them are part of the writing: joiners in Arabic and Indic scripts, in emoji, and the flags made of tags.
_PART_OF_WRITING: Final = (
    "(?<=[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff])[\u200c\u200d](?=[\u0600-\u08ff\u0900-\u0dff\u1000-\u17ff])"
    "|(?<=[\u00a9\u00ae\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
    "|\U0001f3f4[\U000e0020-\U000e007f]{2,}"
)
_HIDDEN: Final = re.compile(f"({_PART_OF_WRITING})|[{_UNSEEN}]")


def visible(text: str) -> str:
    """Return a name, title or label in which every character that nobody sees is ▯."""
    if text.isascii() or not _HIDDEN.search(text):
        return text
    return _HIDDEN.sub(lambda found: found[1] or SIGN, text)
