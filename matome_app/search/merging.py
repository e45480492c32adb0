"""Merge segments of the word index, so that many small changes leave few: apart from the changes, in tiers.

A segment's tier says how often it was merged, about: four times the documents are one tier more. As many segments of a
tier as `FAN_IN` become one. So a document is written again only a few times, however large the site, and there are
never more than a few segments of each tier. Where the next change may be near, a merge that takes long is put off, but
not for ever.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
from whoosh.codec.whoosh3 import W3TermInfo
from whoosh.index import FileIndex
from whoosh.reading import SegmentReader

from matome_app.search.posting_lists import Ints, List, list_bytes, read_list
from matome_app.search.postings import CountWriter, leaf_keys

FAN_IN: Final = 4
SMALLEST: Final = 500
"""Segments of fewer documents are all of the lowest tier."""
PUT_OFF: Final = 3
"""A merge that takes long waits until there is so many times as much of it to do."""
_WASTE: Final = 4
"""A segment is written anew when one document in so many of it is deleted."""


def choose(segments: Sequence[Any], most: int | None = None) -> list[Any]:
    """Return the segments to be merged into one: those of the lowest full tier, or one of many deletions, or none.

    Merges of more than `most` documents are put off.
    """

    def is_due(group: Sequence[Any], amount: float) -> bool:
        is_short = most is None or sum(segment.doc_count() for segment in group) <= most
        return amount >= (1 if is_short else PUT_OFF)

    by_tier: dict[int, list[Any]] = {}
    for segment in segments:
        by_tier.setdefault(_tier(segment.doc_count()), []).append(segment)
    for tier in sorted(by_tier):
        if is_due(by_tier[tier], len(by_tier[tier]) / FAN_IN):
            return by_tier[tier]
    wasteful = ([one] for one in segments if is_due([one], one.deleted_count() / one.doc_count_all() * _WASTE))
    return next(wasteful, [])


def _tier(documents: int) -> int:
    tier = 0
    while documents >= SMALLEST:
        documents //= FAN_IN
        tier += 1
    return tier


def merge(index: FileIndex, most: int | None = None) -> bool:
    """Merge what `choose` names, in one commit; tell whether there was anything. Deleted documents go for good."""
    chosen = choose(index._read_toc().segments, most)
    if not chosen:
        return False
    merged = Merged([SegmentReader(index.storage, index.schema, segment) for segment in chosen])
    try:
        writer: Any = CountWriter(index, merged)
        writer.commit(mergetype=lambda _, segments: [segment for segment in segments if segment not in chosen])
    finally:
        merged.close()
    return True


class Merged:
    """The documents of several segments as those of one, in their order, without the deleted ones.

    Only what two segments and a posting list take is held in memory at a time, besides the keys.
    """

    def __init__(self, leaves: Sequence[Any]) -> None:
        self._leaves = leaves
        self._numbers: list[Ints] = []
        kept: list[Ints] = []
        count = 0
        for leaf in leaves:
            keys = leaf_keys(leaf)
            alive = keys >= 0
            self._numbers.append(np.where(alive, np.cumsum(alive) + (count - 1), -1))
            kept.append(keys[alive])
            count += int(alive.sum())
        self.keys: list[int] = np.concatenate(kept).tolist()

    def lists(self, field: str) -> Iterator[List]:
        """Yield the posting lists of a field, terms in order."""
        streams = [self._terms(place, field) for place in range(len(self._leaves))]
        for term, found in groupby(heapq.merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
            documents: list[int] = []
            weights: list[float] = []
            for _, place, data in sorted(found, key=itemgetter(1)):
                ids, counts = read_list(data)
                numbers = self._numbers[place][ids]
                alive = numbers >= 0
                documents += numbers[alive].tolist()
                weights += counts[alive].tolist()
            if documents:
                yield term.decode(), documents, weights

    def _terms(self, place: int, field: str) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield each term of a segment with the segment's place and the bytes of its list."""
        terms = self._leaves[place]._terms
        number = terms._fieldmap.get(field)
        if number is None:
            return
        prefix = terms._keycoder(field, b"")
        for key, value in terms._tindex.items_from(prefix):
            if not key.startswith(prefix):
                return
            info = W3TermInfo.from_bytes(value)
            yield key[len(prefix) :], place, list_bytes(terms._postfile, info)

    def close(self) -> None:
        """Close the segments."""
        for leaf in self._leaves:
            leaf.close()
