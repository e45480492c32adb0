"""Hold what filters, order and facets need of every comment as NumPy arrays, one slot a comment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from matome_app.search.analysis import fold
from matome_app.search.engine import PostCard, PostTag
from matome_app.search.query import Term
from matome_app.search.tables import NO_TIME

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]

_UNIX_DAY: Final = date(1970, 1, 1).toordinal()
_COMMENTS: Final = """
    SELECT group_concat(key), group_concat(post), group_concat(ordinal), group_concat(created), group_concat(length),
    group_concat(replace(user, char(31), ''), char(31)), group_concat(color, char(31))
    FROM (SELECT * FROM search_comments ORDER BY key)
"""


def parse_numbers(joined: str | None) -> Ints:
    """Read the numbers that SQLite's group_concat joined: three times faster than rows."""
    return np.fromstring(joined, np.int64, sep=",") if joined else np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class PostRow:
    """What is known of a post; `text` is its folded title and tags, a line each, the tags from `tags_at` on."""

    card: PostCard
    date: int
    text: str
    tags_at: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """Values that posts have, several each: `posts[i]` (a post's ordinal) has the value `values[i]`."""

    names: tuple[str, ...]
    slugs: tuple[str, ...]
    posts: Codes
    values: Codes


@dataclass(frozen=True, slots=True)
class Columns:
    """All comments by slot, in order of their keys, and all posts by ordinal, in order of their paths.

    `post`, `user` and `color` are ordinals into `posts`, `users` and `colors`; `created` is in seconds since 1970;
    `titles` is the text of all posts, each ended by a NUL; `title_starts` and `tag_starts` are where each's title and
    tags begin in it;
    `title_places` remembers where terms occur there;
    `rank` is the place in time, the newest comment highest, never equal; `norm` is the length over the mean length.
    """

    keys: Ints
    post: Codes
    user: Codes
    color: Codes
    created: Ints
    rank: Ints
    norm: npt.NDArray[np.float32]
    users: tuple[str, ...]
    colors: tuple[str, ...]
    posts: tuple[PostRow, ...]
    titles: str
    title_starts: Ints
    tag_starts: Ints
    tags: Pairs
    months: Pairs
    slot_of: Codes
    first_key: int
    post_dates: Ints
    title_places: dict[Term, tuple[Ints, Flags]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many comments there are."""
        return len(self.keys)

    def slots(self, keys: Ints) -> Codes:
        """Return the slots of keys; -1 for keys that are not known."""
        places = keys - self.first_key
        known = (places >= 0) & (places < len(self.slot_of))
        if known.all():
            return self.slot_of[places]
        return np.where(known, self.slot_of[np.where(known, places, 0)] if len(self.slot_of) else -1, -1)

    def post_flags(self, pairs: Pairs, wanted: Iterable[int]) -> Flags:
        """Tell of every post whether it has one of the values."""
        flags = np.zeros(len(self.posts), bool)
        flags[pairs.posts[np.isin(pairs.values, list(wanted))]] = True
        return flags


def load_columns(connection: Connection) -> Columns:
    """Read everything from the tables."""
    posts, ordinal_of, tags, months = _load_posts(connection)
    row = connection.exec_driver_sql(_COMMENTS).one()
    keys, post_keys, ordinals, created, lengths = map(parse_numbers, row[:5])
    known = np.array(sorted(ordinal_of), np.int64)
    place = np.array([ordinal_of[key] for key in known.tolist()], np.int32)
    post = place[np.searchsorted(known, post_keys)] if len(keys) else np.empty(0, np.int32)
    users, user = _ordinals(row[5], len(keys))
    colors, color = _ordinals(row[6], len(keys))
    rank = np.empty(len(keys), np.int64)
    rank[np.lexsort((-ordinals, post, created))] = np.arange(len(keys))
    title_starts = np.cumsum([0, *(len(post.text) + 1 for post in posts)], dtype=np.int64)[:-1]
    first = int(keys[0]) if len(keys) else 0
    slot_of = np.full(int(keys[-1]) - first + 1 if len(keys) else 0, -1, np.int32)
    slot_of[keys - first] = np.arange(len(keys), dtype=np.int32)
    return Columns(
        keys=keys,
        post=post,
        user=user,
        color=color,
        created=created,
        rank=rank,
        norm=(lengths / max(float(lengths.mean()), 1.0)).astype(np.float32) if len(keys) else np.empty(0, np.float32),
        users=users,
        colors=colors,
        posts=posts,
        titles="".join(f"{post.text}\0" for post in posts),
        title_starts=title_starts,
        tag_starts=title_starts + np.array([post.tags_at for post in posts], np.int64),
        tags=tags,
        months=months,
        slot_of=slot_of,
        first_key=first,
        post_dates=np.array([post.date for post in posts], np.int64),
    )


def _ordinals(joined: str | None, size: int) -> tuple[tuple[str, ...], Codes]:
    """Number the different values of a column in order of appearance."""
    if not size:
        return (), np.empty(0, np.int32)
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in (joined or "").split("\x1f")]
    return tuple(numbers), np.array(codes, np.int32)


def _load_posts(connection: Connection) -> tuple[tuple[PostRow, ...], dict[int, int], Pairs, Pairs]:
    rows = connection.exec_driver_sql("SELECT key, path, url, title, date FROM search_posts ORDER BY path, key").all()
    ordinal_of = {int(row[0]): ordinal for ordinal, row in enumerate(rows)}
    tag_rows = connection.exec_driver_sql("SELECT post, slug, label FROM search_post_tags ORDER BY rowid").all()
    month_rows = connection.exec_driver_sql("SELECT post, month, month FROM search_post_months ORDER BY rowid").all()
    tags: dict[int, list[PostTag]] = {}
    for post, slug, label in tag_rows:
        tags.setdefault(post, []).append(PostTag(label, slug))
    posts = tuple(
        _post_row(PostCard(key, path, url, title, tuple(tags.get(key, ()))), when)
        for key, path, url, title, when in rows
    )
    return posts, ordinal_of, _pairs(tag_rows, ordinal_of), _pairs(month_rows, ordinal_of)


def _post_row(card: PostCard, date: int) -> PostRow:
    return PostRow(card, date, fold("\n".join([card.title, *(tag.label for tag in card.tags)])), len(fold(card.title)))


def _pairs(rows: Iterable[Any], ordinal_of: dict[int, int]) -> Pairs:
    """Number the values by slug (the first label seen is the one shown), each once a post."""
    labels: dict[str, str] = {}
    seen: dict[tuple[int, str], None] = {}
    for post, slug, label in rows:
        if post in ordinal_of:
            labels.setdefault(slug, label)
            seen[ordinal_of[post], slug] = None
    numbers = {slug: number for number, slug in enumerate(labels)}
    return Pairs(
        names=tuple(labels.values()),
        slugs=tuple(labels),
        posts=np.array([post for post, _ in seen], np.int32),
        values=np.array([numbers[slug] for _, slug in seen], np.int32),
    )


def day_start(day: date, days: int = 0) -> int:
    """Return the second since 1970 at which a UTC day (or the one so many days later) begins."""
    return (day.toordinal() - _UNIX_DAY + days) * 86_400


def within(columns: Columns, after: date | None, before: date | None) -> Flags:
    """Tell of every comment whether its UTC day is in a range, both ends included; those without a time are not."""
    flags = columns.created > NO_TIME
    if after is not None:
        flags &= columns.created >= day_start(after)
    if before is not None:
        flags &= columns.created < day_start(before, days=1)
    return flags
