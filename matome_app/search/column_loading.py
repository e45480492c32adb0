"""Read the columns from the tables: all of them, or only what changed since they were read before."""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection

from matome_app.search.analysis import fold
from matome_app.search.columns import Codes, Columns, Comments, Flags, Ints, Pairs, PostRow
from matome_app.search.engine import PostCard, PostTag
from matome_app.search.tables import epoch, fetch, parse_numbers

_COMMENTS = """
    SELECT group_concat(key), group_concat(post), group_concat(ordinal), group_concat(created), group_concat(length),
    group_concat(replace(user, char(31), ''), char(31)), group_concat(color, char(31))
    FROM (SELECT * FROM search_comments ORDER BY key)
"""
_MOST_RENEWED = 0.3
"""When more than this share of the posts differs, all are read: joined columns are faster than rows."""

Number = dict[str, int]
Column = TypeVar("Column", Ints, Codes)


def load_columns(connection: Connection) -> Columns:
    """Read everything."""
    posts = _in_order(_read_posts(connection))
    row = connection.exec_driver_sql(_COMMENTS).one()
    keys, post_keys, ordinals, created, lengths = map(parse_numbers, row[:5])
    post = _ordinals_of(posts, post_keys)
    users: Number = {}
    colors: Number = {}
    comments = Comments(
        keys=keys,
        post=post,
        ordinal=ordinals.astype(np.int32),
        created=created,
        length=lengths.astype(np.int32),
        user=_numbered(row[5].split("\x1f") if len(keys) else (), users),
        color=_numbered(row[6].split("\x1f") if len(keys) else (), colors),
        order=np.lexsort((-ordinals, post, created)).astype(np.int32),
        users=tuple(users),
        colors=tuple(colors),
    )
    nothing = Pairs((), (), np.empty(0, np.int32), np.empty(0, np.int32), ())
    ordinals_by_key = sorted(range(len(posts)), key=lambda number: posts[number].card.key)
    return Columns.of(
        epoch(connection),
        comments,
        posts,
        _with_pairs(nothing, ((number, _tags(posts[number])) for number in ordinals_by_key)),
        _with_pairs(nothing, ((number, _months(posts[number])) for number in ordinals_by_key)),
    )


def renew_columns(connection: Connection, old: Columns) -> Columns:
    """Return the columns of now, given those of some moment before, at a cost that grows with what changed.

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
    posts = _in_order([*compress(old.posts, kept.tolist()), *_read_posts(connection, added)])
    new_ordinal = np.full(len(old.posts), -1, np.int32)
    new_ordinal[kept] = _ordinals_of(posts, old.post_keys[kept])
    by_key: list[int] = _ordinals_of(posts, np.array(sorted(added), np.int64)).tolist()
    coming = _read_comments(connection, added)
    if coming and old.size and coming[0][0] <= int(old.keys[-1]):
        return load_columns(connection)  # the old ones are of a later moment, in which these were gone
    comments = _renewed(_kept(old.comments, new_ordinal), coming, posts)
    return Columns.of(
        old.epoch,
        comments,
        posts,
        _with_pairs(_kept_pairs(old.tags, new_ordinal), ((number, _tags(posts[number])) for number in by_key)),
        _with_pairs(_kept_pairs(old.months, new_ordinal), ((number, _months(posts[number])) for number in by_key)),
    )


def _in_order(posts: Iterable[PostRow]) -> tuple[PostRow, ...]:
    return tuple(sorted(posts, key=lambda post: (post.card.path, post.card.key)))


def _ordinals_of(posts: Sequence[PostRow], keys: Ints) -> Codes:
    """Return the ordinals of posts by their keys."""
    known = np.array([post.card.key for post in posts], np.int64)
    if not len(keys):
        return np.empty(0, np.int32)
    by_key = np.argsort(known)
    return by_key[np.searchsorted(known, keys, sorter=by_key)].astype(np.int32)


def _read_posts(connection: Connection, keys: Sequence[int] | None = None) -> list[PostRow]:
    """Read all posts, or those of some keys."""

    def rows(columns: str, table: str, key: str, order: str) -> Any:
        where = "" if keys is None else f"WHERE {key} IN (SELECT value FROM json_each(?))"
        parameters = () if keys is None else (str(list(keys)),)
        return connection.exec_driver_sql(f"SELECT {columns} FROM {table} {where} ORDER BY {order}", parameters)

    tags: dict[int, list[PostTag]] = {}
    months: dict[int, list[str]] = {}
    interned: dict[tuple[str, str], PostTag] = {}
    for post, slug, label in rows("post, slug, label", "search_post_tags", "post", "rowid"):
        tag = interned.get((slug, label))
        if tag is None:
            tag = interned[slug, label] = PostTag(label, slug)
        tags.setdefault(post, []).append(tag)
    for post, month in rows("post, month", "search_post_months", "post", "rowid"):
        months.setdefault(post, []).append(month)
    return [
        _post_row(PostCard(key, path, url, title, tuple(tags.get(key, ()))), when, tuple(months.get(key, ())))
        for key, path, url, title, when in rows("key, path, url, title, date", "search_posts", "key", "key")
    ]


def _post_row(card: PostCard, date: int, months: tuple[str, ...]) -> PostRow:
    text = fold("\n".join([card.title, *(tag.label for tag in card.tags)]))
    return PostRow(card, date, months, text, len(fold(card.title)))


def _numbers(names: Sequence[str]) -> Number:
    return {name: number for number, name in enumerate(names)}


def _numbered(values: Iterable[str], numbers: Number) -> Codes:
    """Number values in order of appearance, going on from the numbers there are."""
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int32)


def _numbered_on(values: Sequence[str], names: tuple[str, ...]) -> tuple[Codes, tuple[str, ...]]:
    """Number values that may be among the names there are; return the numbers, and all names."""
    wanted = set(values)
    numbers = {name: number for number, name in enumerate(names) if name in wanted}
    new = [value for value in dict.fromkeys(values) if value not in numbers]
    numbers.update((value, len(names) + place) for place, value in enumerate(new))
    return np.array([numbers[value] for value in values], np.int32), (*names, *new)


def _kept(comments: Comments, new_ordinal: Codes) -> Comments:
    """Return the comments without those of posts that are gone, with the new ordinals of the others."""
    post = new_ordinal[comments.post]
    stays: Flags = post >= 0
    if stays.all():
        return dataclasses.replace(comments, post=post)
    new_slot = np.cumsum(stays, dtype=np.int32) - np.int32(1)
    edges = np.flatnonzero(np.diff(stays, prepend=False, append=False)).tolist()
    pieces = [slice(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]

    def kept(column: Column) -> Column:
        # Comments of a post lie side by side, so these are few; picking them one by one would take ten times as long.
        return np.concatenate([column[piece] for piece in pieces]) if pieces else column[:0]

    return Comments(
        keys=kept(comments.keys),
        post=kept(post),
        ordinal=kept(comments.ordinal),
        created=kept(comments.created),
        length=kept(comments.length),
        user=kept(comments.user),
        color=kept(comments.color),
        order=new_slot[comments.order[stays[comments.order]]],
        users=comments.users,
        colors=comments.colors,
    )


def _read_comments(connection: Connection, posts: Sequence[int]) -> list[Any]:
    """Read the comments of posts in order of their keys."""
    query = (
        "SELECT key, post, ordinal, created, length, replace(user, char(31), ''), color FROM search_comments"
        " WHERE post IN (SELECT value FROM json_each(?)) ORDER BY key"
    )
    return list(connection.exec_driver_sql(query, (str(list(posts)),)))


def _renewed(old: Comments, rows: list[Any], posts: Sequence[PostRow]) -> Comments:
    """Add comments whose keys are above all others."""
    if not rows:
        return old
    keys, post_keys, ordinal, created, length = (np.array([row[n] for row in rows], np.int64) for n in range(5))
    user, users = _numbered_on([row[5] for row in rows], old.users)
    color, colors = _numbered_on([row[6] for row in rows], old.colors)
    comments = Comments(
        keys=np.concatenate([old.keys, keys]),
        post=np.concatenate([old.post, _ordinals_of(posts, post_keys)]),
        ordinal=np.concatenate([old.ordinal, ordinal.astype(np.int32)]),
        created=np.concatenate([old.created, created]),
        length=np.concatenate([old.length, length.astype(np.int32)]),
        user=np.concatenate([old.user, user]),
        color=np.concatenate([old.color, color]),
        order=old.order,
        users=users,
        colors=colors,
    )
    return _in_time(comments, len(old.keys))


def _in_time(comments: Comments, known: int) -> Comments:
    """Put the comments from slot `known` on into the order of time."""
    order, created = comments.order, comments.created

    def place(slot: int) -> tuple[int, int, int]:
        return int(created[slot]), int(comments.post[slot]), -int(comments.ordinal[slot])

    coming = sorted(range(known, len(comments.keys)), key=place)
    old = created[:known]
    left = np.searchsorted(old, created[coming], side="left", sorter=order)
    right = np.searchsorted(old, created[coming], side="right", sorter=order)
    places = [
        first if first == end else bisect_left(order, place(slot), first, end, key=place)
        for slot, first, end in zip(coming, left.tolist(), right.tolist(), strict=True)
    ]
    order = np.insert(order, places, np.array(coming, np.int32))
    return dataclasses.replace(comments, order=order)


def _tags(post: PostRow) -> list[tuple[str, str]]:
    return [(tag.slug, tag.label) for tag in post.card.tags]


def _months(post: PostRow) -> list[tuple[str, str]]:
    return [(month, month) for month in post.months]


def _kept_pairs(pairs: Pairs, new_ordinal: Codes) -> Pairs:
    """Return the pairs without those of posts that are gone."""
    posts = new_ordinal[pairs.posts]
    stays = posts >= 0
    if stays.all():
        return Pairs(pairs.names, pairs.slugs, posts, pairs.values, pairs.labels)
    labels = tuple(compress(pairs.labels, stays.tolist()))
    return Pairs(pairs.names, pairs.slugs, posts[stays], pairs.values[stays], labels)


def _with_pairs(pairs: Pairs, coming: Iterable[tuple[int, list[tuple[str, str]]]]) -> Pairs:
    """Add the (slug, label) pairs of posts, a slug once a post, and name every value anew."""
    numbers = _numbers(pairs.slugs)
    posts: list[int] = []
    labels: list[str] = []
    values: list[int] = []
    names = list(pairs.names)
    for post, named in coming:
        unique: dict[str, str] = {}
        for slug, label in named:
            unique.setdefault(slug, label)
        for slug, label in unique.items():
            number = numbers.setdefault(slug, len(numbers))
            if number == len(names):
                names.append(label)
            posts.append(post)
            values.append(number)
            labels.append(label)
    all_labels = (*pairs.labels, *labels)
    all_values = np.concatenate([pairs.values, np.array(values, np.int32)])
    used, first = np.unique(all_values, return_index=True)
    for number, at in zip(used.tolist(), first.tolist(), strict=True):
        names[number] = all_labels[at]
    return Pairs(
        tuple(names), tuple(numbers), np.concatenate([pairs.posts, np.array(posts, np.int32)]), all_values, all_labels
    )
