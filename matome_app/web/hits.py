"""Arrange the hits of a page for readers: the same text once, those of one post together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from matome_app.search.engine import Hit
from matome_app.store.found import Card, FoundComment

_CODE = re.compile("`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with its comment and what of it is shown; `is_cut` when that is not all of it."""

    hit: Hit
    comment: FoundComment
    snippet: Markup
    is_cut: bool

    @property
    def shown(self) -> Markup:
        """Return the snippet as a page shows it: what stands between backticks as `<code>`, no mark cut in two."""
        return Markup(_CODE.sub(_code, self.snippet)) if "`" in self.snippet else self.snippet


@dataclass(frozen=True, slots=True)
class Entry:
    """A hit as it is shown, and the other hits of the page with the same text, which are not."""

    found: Found
    same: list[FoundComment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Block:
    """Hits of one post that are shown under its title; one alone stands for itself."""

    post: Card
    entries: list[Entry]


def arrange(found: Sequence[Found], *, grouped: bool, gather: bool) -> list[Block]:
    """Put the hits of a page into blocks.

    `grouped` joins hits of one post that follow each other, `gather` also brings those further below up to the first.
    """
    blocks: list[Block] = []
    by_post: dict[str, Block] = {}
    for entry in _without_copies(found):
        post = entry.found.comment.post
        block = by_post.get(post.path) if gather else blocks[-1] if blocks else None
        if grouped and block is not None and block.post.path == post.path:
            block.entries.append(entry)
        else:
            blocks.append(Block(post, [entry]))
            by_post[post.path] = blocks[-1]
    return blocks


def _without_copies(found: Sequence[Found]) -> list[Entry]:
    """Return an entry for every text; comments without one are never copies of each other."""
    entries: list[Entry] = []
    by_text: dict[str, Entry] = {}
    for one in found:
        text = one.comment.text.strip()
        if text and text in by_text:
            by_text[text].same.append(one.comment)
            continue
        entries.append(Entry(one))
        by_text[text] = entries[-1]
    return entries


def _code(match: re.Match[str]) -> str:
    inner = match[1]
    whole = inner.count("<mark>") == inner.count("</mark>") and inner.find("</mark>") >= inner.find("<mark>")
    return f"<code>{inner}</code>" if whole else match[0]
