"""Bring the columns of some moment up to date, at a cost that grows with what changed, and hardly with what there is.

What stays is copied in whole pieces, which takes a few milliseconds for a million comments.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, Final, TypeVar

import numpy as np
from sqlalchemy import Connection

from matome_app.search.column_loading import (
    in_order_of_time,
    load_columns,
    months_of,
    place_of,
    read_posts,
    tags_of,
    with_pairs,
)
from matome_app.search.columns import Codes, Columns, Comments, Flags, Ints, Pairs, PostRow
from matome_app.search.tables import epoch, fetch, parse_numbers

_MOST_RENEWED: Final = 0.3
"""When more than this share of the posts differs, all are read: joined columns are faster than rows."""
_MANY: Final = 20
"""When one comment in so many is new, all are put in order of time: a place is not looked up for each."""

Column = TypeVar("Column", Ints, Codes)


def renew_columns(connection: Connection, old: Columns) -> Columns:
    """Return the columns of now, given those of some moment before.

    A post that changed has a new key, and keys are never used twice, so the keys of the posts tell all.
    """
    if epoch(connection) != old.epoch:
        return load_columns(connection)
    keys = parse_numbers(fetch(connection, "SELECT group_concat(key) FROM search_posts")[0][0])
    kept = np.isin(old.post_keys, keys)
    added: list[int] = keys[np.isin(keys, old.post_keys, invert=True)].tolist()
    if kept.all() and not added:
        return old
    if len(added) + int((~kept).sum()) > len(keys) * _MOST_RENEWED:
        return load_columns(connection)
    coming = _read_comments(connection, added)
    if coming and old.size and coming[0][0] <= int(old.keys[-1]):
        return load_columns(connection)  # the old ones are of a later moment, in which these were gone
    posts, ordinals, added_ordinals = _renewed_posts(old, kept, read_posts(connection, added))
    by_key = [(added_ordinals[key], posts[added_ordinals[key]]) for key in sorted(added)]
    return Columns.of(
        old.epoch,
        _renewed_comments(old, ordinals, added_ordinals, coming),
        posts,
        _renewed_pairs(old.tags, ordinals, ((number, tags_of(post)) for number, post in by_key)),
        _renewed_pairs(old.months, ordinals, ((number, months_of(post)) for number, post in by_key)),
        least_span=(old.first_key, old.first_key + len(old.slot_of) - 1) if old.size else None,
    )


def _renewed_posts(
    old: Columns, kept: Flags, coming: Sequence[PostRow]
) -> tuple[tuple[PostRow, ...], Codes, dict[int, int]]:
    """Return the posts of now, the ordinals that the old ones have among them (-1: gone), those of the new by key."""
    posts = list(compress(old.posts, kept.tolist()))
    for post in coming:
        insort(posts, post, key=place_of)
    added_ordinals = {post.card.key: bisect_left(posts, place_of(post), key=place_of) for post in coming}
    stood = np.ones(len(posts), bool)
    stood[list(added_ordinals.values())] = False
    ordinals = np.full(len(old.posts), -1, np.int32)
    ordinals[kept] = np.flatnonzero(stood)
    return tuple(posts), ordinals, added_ordinals


def _read_comments(connection: Connection, posts: Sequence[int]) -> list[Any]:
    """Read the comments of posts in order of their keys."""
    query = (
        "SELECT key, post, ordinal, created, length, replace(user, char(31), ''), color FROM search_comments"
        " WHERE post IN (SELECT value FROM json_each(?)) ORDER BY key"
    )
    return list(connection.exec_driver_sql(query, (str(list(posts)),)))


def _renewed_comments(old: Columns, ordinals: Codes, added_ordinals: dict[int, int], rows: Sequence[Any]) -> Comments:
    """Return the comments without those of posts that are gone, with new ones, whose keys are above all others."""
    before, pieces = old.comments, _pieces(old, ordinals)
    stay = np.flatnonzero(ordinals >= 0)
    post = before.post if np.array_equal(ordinals[stay], stay) else ordinals.take(before.post)

    def joined(column: Column, coming: Sequence[int] | Codes) -> Column:
        # Comments of a post lie side by side: pieces are few, and picking one by one would take ten times as long.
        return np.concatenate([*(column[piece] for piece in pieces), np.array(coming, column.dtype)])

    user, users = _numbered_on([row[5] for row in rows], before.users)
    color, colors = _numbered_on([row[6] for row in rows], before.colors)
    return _in_time(
        Comments(
            keys=joined(before.keys, [row[0] for row in rows]),
            post=joined(post, [added_ordinals[row[1]] for row in rows]),
            ordinal=joined(before.ordinal, [row[2] for row in rows]),
            created=joined(before.created, [row[3] for row in rows]),
            length=joined(before.length, [row[4] for row in rows]),
            user=joined(before.user, user),
            color=joined(before.color, color),
            order=_kept_order(old, pieces),
            users=users,
            colors=colors,
        )
    )


def _pieces(old: Columns, ordinals: Codes) -> list[slice]:
    """Return the stretches of slots whose posts are still there."""
    edges = np.flatnonzero(np.diff(ordinals[old.run_posts] >= 0, prepend=False, append=False))
    bounds = np.append(old.run_starts, old.size)[edges].tolist()
    return [slice(start, end) for start, end in zip(bounds[::2], bounds[1::2], strict=True)]


def _kept_order(old: Columns, pieces: Sequence[slice]) -> Codes:
    """Return the new slots of the comments that stay, in order of time."""
    new_slot = np.full(old.size, -1, np.int32)
    gone, known, end = [np.empty(0, np.int32)], 0, 0
    for piece in [*pieces, slice(old.size, old.size)]:
        gone.append(old.rank[end : piece.start])
        end = piece.stop
        new_slot[piece] = np.arange(known, known + end - piece.start, dtype=np.int32)
        known += end - piece.start
    return new_slot.take(np.delete(old.comments.order, np.concatenate(gone)))


def _in_time(comments: Comments) -> Comments:
    """Put the comments that are not in the order of time yet, the last ones, into it."""
    size, known = len(comments.keys), len(comments.order)
    if (size - known) * _MANY > size:
        return in_order_of_time(comments)
    created, post, ordinal, order = comments.created, comments.post, comments.ordinal, comments.order

    def place(slot: int) -> tuple[int, int, int]:
        return int(created[slot]), int(post[slot]), -int(ordinal[slot])

    coming = sorted(range(known, size), key=place)
    places = [bisect_left(order, place(slot), key=place) for slot in coming]
    return comments.with_order(np.insert(order, places, np.array(coming, np.int32)))


def _numbered_on(values: Sequence[str], names: tuple[str, ...]) -> tuple[Codes, tuple[str, ...]]:
    """Number values that may be among the names there are; return the numbers, and all names."""
    wanted = set(values)
    numbers = {name: number for number, name in enumerate(names) if name in wanted}
    new = [value for value in dict.fromkeys(values) if value not in numbers]
    numbers.update((value, len(names) + place) for place, value in enumerate(new))
    return np.array([numbers[value] for value in values], np.int32), (*names, *new)


def _renewed_pairs(pairs: Pairs, ordinals: Codes, coming: Iterable[tuple[int, list[tuple[str, str]]]]) -> Pairs:
    """Return the pairs without those of posts that are gone, with those of new posts."""
    posts = ordinals.take(pairs.posts)
    stays = posts >= 0
    labels = tuple(compress(pairs.labels, stays.tolist()))
    kept = Pairs(pairs.names, pairs.slugs, posts[stays], pairs.values[stays], labels)
    return with_pairs(kept, coming, renamed=pairs.values[~stays].tolist())
