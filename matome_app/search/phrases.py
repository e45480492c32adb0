"""Find where the words of a query stand together as they were typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from sqlalchemy import Connection

from matome_app.search.columns import Codes, Flags
from matome_app.search.leaves import find_characters
from matome_app.search.query import Term
from matome_app.search.snapshot import Leaf, Snapshot

_MOST_CHECKED: Final = 2000
"""So many texts are read at most to see whether a phrase begins and ends at the borders of Latin words."""


def find_phrase(connection: Connection, snapshot: Snapshot, words: Sequence[Term], among: Flags) -> Codes:
    """Return the slots of the comments that hold the words one after another, of those in which all were found.

    Latin words may be joined by a space or a hyphen, others also stand side by side.
    """
    texts = tuple(dict.fromkeys(_joined(words, joint) for joint in ("", " ", "-")))
    key = (" ".join(texts), True, True)
    leaf = snapshot.cache.get(key)
    if leaf is None:
        slots = find_characters(connection, snapshot, texts)
        leaf = Leaf(slots, np.zeros(len(slots), np.uint8), np.zeros(len(slots), np.float32))
        snapshot.cache.put(key, leaf)
    slots = leaf.slots[among[leaf.slots]]
    if not (_is_latin(texts[0][0]) or _is_latin(texts[0][-1])) or len(slots) > _MOST_CHECKED:
        return slots
    return _at_borders(connection, snapshot, texts, slots)


def _joined(words: Sequence[Term], joint: str) -> str:
    """Join words; nothing stands between two Latin ones only where they would run into one."""
    text = words[0].text
    for one, other in pairwise(words):
        both_latin = _is_latin(one.text[-1]) and _is_latin(other.text[0])
        text += (joint or " " if both_latin else joint) + other.text
    return text


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _at_borders(connection: Connection, snapshot: Snapshot, texts: Sequence[str], slots: Codes) -> Codes:
    """Keep the comments in which a phrase is no part of longer Latin words."""
    left = "(?<![a-z0-9])" if _is_latin(texts[0][0]) else ""
    right = "(?![a-z0-9])" if _is_latin(texts[0][-1]) else ""
    found = re.compile(f"{left}(?:{'|'.join(map(re.escape, texts))}){right}").search
    keys: list[int] = snapshot.columns.keys[slots].tolist()
    rows = connection.exec_driver_sql(
        "SELECT key, folded FROM search_texts WHERE key IN (SELECT value FROM json_each(?))", (str(keys),)
    )
    kept = np.array([key for key, text in rows if found(text)], np.int64)
    return snapshot.columns.slots(kept)
