"""Read the columns from the tables, all of them; `column_renewal` reads only what changed since then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection

from matome_app.search.analysis import fold
from matome_app.search.columns import Codes, Columns, Comments, Ints, Pairs, PostRow
from matome_app.search.engine import PostCard, PostTag
from matome_app.search.tables import epoch, parse_numbers

_COMMENTS = """
    SELECT group_concat(key), group_concat(post), group_concat(ordinal), group_concat(created), group_concat(length),
    group_concat(replace(user, char(31), ''), char(31)), group_concat(color, char(31))
    FROM (SELECT * FROM search_comments ORDER BY key)
"""

Number = dict[str, int]


def load_columns(connection: Connection) -> Columns:
    """Read everything."""
    posts = tuple(sorted(read_posts(connection), key=place_of))
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
        order=np.empty(0, np.int32),
        users=tuple(users),
        colors=tuple(colors),
    )
    nothing = Pairs((), (), np.empty(0, np.int32), np.empty(0, np.int32), ())
    ordinals_by_key = sorted(range(len(posts)), key=lambda number: posts[number].card.key)
    return Columns.of(
        epoch(connection),
        in_order_of_time(comments),
        posts,
        with_pairs(nothing, ((number, tags_of(posts[number])) for number in ordinals_by_key)),
        with_pairs(nothing, ((number, months_of(posts[number])) for number in ordinals_by_key)),
    )


def in_order_of_time(comments: Comments) -> Comments:
    """Return comments with all of them put in order."""
    order = np.lexsort((-comments.ordinal, comments.post, comments.created))
    return comments.with_order(order.astype(np.int32))


def place_of(post: PostRow) -> tuple[str, int]:
    """Return what posts are in order of."""
    return post.card.path, post.card.key


def _ordinals_of(posts: Sequence[PostRow], keys: Ints) -> Codes:
    """Return the ordinals of posts by their keys."""
    known = np.array([post.card.key for post in posts], np.int64)
    if not len(keys):
        return np.empty(0, np.int32)
    by_key = np.argsort(known)
    return by_key[np.searchsorted(known, keys, sorter=by_key)].astype(np.int32)


def read_posts(connection: Connection, keys: Sequence[int] | None = None) -> list[PostRow]:
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


def tags_of(post: PostRow) -> list[tuple[str, str]]:
    """Return the (slug, label) pairs of a post's tags."""
    return [(tag.slug, tag.label) for tag in post.card.tags]


def months_of(post: PostRow) -> list[tuple[str, str]]:
    """Return the months of a post as (slug, label) pairs."""
    return [(month, month) for month in post.months]


def with_pairs(pairs: Pairs, coming: Iterable[tuple[int, list[tuple[str, str]]]], renamed: Sequence[int] = ()) -> Pairs:
    """Add the (slug, label) pairs of posts, a slug once a post, and name these values and some others anew."""
    numbers = {slug: number for number, slug in enumerate(pairs.slugs)}
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
    touched = np.flatnonzero(np.isin(all_values, [*renamed, *values]))
    used, first = np.unique(all_values[touched], return_index=True)
    for number, at in zip(used.tolist(), touched[first].tolist(), strict=True):
        names[number] = all_labels[at]
    return Pairs(
        tuple(names), tuple(numbers), np.concatenate([pairs.posts, np.array(posts, np.int32)]), all_values, all_labels
    )
