"""A post in a few words: what search engines, cards and feeds say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from matome_app.store.models import Comment, Post

LENGTH: Final = 120
"""Characters: about what search engines show in Japanese."""


_ADDRESS: Final = re.compile(r"https?://\S+")
_QUOTED: Final = re.compile(r"^[>＞].*$", re.MULTILINE)


def describe(post: Post, comments: Iterable[Comment]) -> str:
    """Return a post's own description, or the beginning of what is said first; a summary comes before all else."""
    if post.description.strip():
        return shortened(post.description)
    ordered = sorted(comments, key=lambda comment: (comment.kind != "summary", comment.ordinal))
    return shortened(" ".join(_own_words(comment.text[: 4 * LENGTH]) for comment in ordered[:5]))


def _own_words(text: str) -> str:
    """Return what a comment says itself, without what it quotes and where it links."""
    return _ADDRESS.sub("", _QUOTED.sub("", text))


def shortened(text: str, length: int = LENGTH) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
