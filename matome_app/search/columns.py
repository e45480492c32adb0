"""Hold what filters, order and facets need of every comment as NumPy arrays, one slot a comment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from matome_app.search.engine import PostCard
from matome_app.search.query import Term
from matome_app.search.tables import NO_TIME

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]

_MANY: Final = 8
"""With so many hits a post it is quicker to look up where each post's begin than to go through them."""

_UNIX_DAY: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class PostRow:
    """What is known of a post; `text` is its folded title and tags, a line each, the tags from `tags_at` on."""

    card: PostCard
    date: int
    months: tuple[str, ...]
    text: str
    tags_at: int


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments in order of their keys: what is stored of each.

    `post`, `user` and `color` are ordinals: of posts in order of their paths, and of `users` and `colors`. `created` is
    in seconds since 1970, `length` in characters. `order` are the slots in order of time: of two of one second the one
    of the later post is the newer, in one post the upper one.
    """

    keys: Ints
    post: Codes
    ordinal: Codes
    created: Ints
    length: Codes
    user: Codes
    color: Codes
    order: Codes
    users: tuple[str, ...]
    colors: tuple[str, ...]

    def with_order(self, order: Codes) -> Comments:
        """Return the same comments in another order of time."""
        return replace(self, order=order)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Values that posts have, several each: `posts[i]` (a post's ordinal) has the value `values[i]`.

    They are in order of the posts' keys. `names` is how a value is shown: as the first post that has it spells it;
    `labels[i]` is how the pair's post does.
    """

    names: tuple[str, ...]
    slugs: tuple[str, ...]
    posts: Codes
    values: Codes
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """All comments by slot, in order of their keys, and all posts by ordinal, in order of their paths.

    In one `epoch` of the tables no key is used twice.
    `rank` is the place in time, the newest comment highest, never equal; `norm` is the length over the mean length;
    `slot_of` gives the slot of a key, counted from `first_key`, -1 where there is none. Comments of one post lie side
    by side: where such a run starts, and whose it is, makes sums over posts quick. `titles` is the text of all
    posts, each ended by a NUL; `title_starts` and `tag_starts` are where each's title and tags begin in it;
    `title_places` remembers where terms occur there.
    """

    epoch: str
    comments: Comments
    posts: tuple[PostRow, ...]
    tags: Pairs
    months: Pairs
    rank: Codes
    norm: npt.NDArray[np.float32]
    slot_of: Codes
    first_key: int
    run_starts: Ints
    run_posts: Codes
    post_keys: Ints
    post_dates: Ints
    titles: str
    title_starts: Ints
    tag_starts: Ints
    title_places: dict[Term, tuple[Ints, Flags]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        epoch: str,
        comments: Comments,
        posts: tuple[PostRow, ...],
        tags: Pairs,
        months: Pairs,
        least_span: tuple[int, int] | None = None,
    ) -> Columns:
        """Work out the rest from what is stored; `least_span` are the first and the last key that have a slot at least.

        So keys that were known once are still looked up without asking of each whether it can be looked up.
        """
        keys, size = comments.keys, len(comments.keys)
        slots = np.arange(size, dtype=np.int32)
        rank = np.empty(size, np.int32)
        rank[comments.order] = slots
        spans = [*([(int(keys[0]), int(keys[-1]))] if size else []), *([least_span] if least_span else [])]
        first, last = (min(one for one, _ in spans), max(one for _, one in spans)) if spans else (0, -1)
        slot_of = np.full(last - first + 1, -1, np.int32)
        slot_of[keys - first] = slots
        mean = max(float(comments.length.mean()), 1.0) if size else 1.0
        starts = np.append(
            np.zeros(min(size, 1), np.int64), np.flatnonzero(comments.post[1:] != comments.post[:-1]) + 1
        )
        texts = [post.text for post in posts]
        title_starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)[:-1] + np.arange(len(texts))
        return cls(
            epoch=epoch,
            comments=comments,
            posts=posts,
            tags=tags,
            months=months,
            rank=rank,
            norm=np.divide(comments.length, np.float32(mean), dtype=np.float32),
            slot_of=slot_of,
            first_key=first,
            run_starts=starts,
            run_posts=comments.post[starts],
            post_keys=np.array([post.card.key for post in posts], np.int64),
            post_dates=np.array([post.date for post in posts], np.int64),
            titles="\0".join([*texts, ""]),
            title_starts=title_starts,
            tag_starts=title_starts + np.array([post.tags_at for post in posts], np.int64),
        )

    @property
    def size(self) -> int:
        """How many comments there are."""
        return len(self.comments.keys)

    @property
    def keys(self) -> Ints:
        """The keys of the comments."""
        return self.comments.keys

    @property
    def post(self) -> Codes:
        """The ordinals of the comments' posts."""
        return self.comments.post

    @property
    def user(self) -> Codes:
        """The ordinals of the comments' users."""
        return self.comments.user

    @property
    def color(self) -> Codes:
        """The ordinals of the comments' colours."""
        return self.comments.color

    @property
    def created(self) -> Ints:
        """When the comments were written, in seconds since 1970."""
        return self.comments.created

    @property
    def users(self) -> tuple[str, ...]:
        """The names of the users; some may have no comment any more."""
        return self.comments.users

    @property
    def colors(self) -> tuple[str, ...]:
        """The colours."""
        return self.comments.colors

    def slots(self, keys: Ints) -> Codes:
        """Return the slots of keys; -1 for keys that are not known."""
        places = keys - self.first_key
        if not len(places) or (places.min() >= 0 and places.max() < len(self.slot_of)):
            return self.slot_of.take(places)
        known = (places >= 0) & (places < len(self.slot_of))
        return np.where(known, self.slot_of[np.where(known, places, 0)] if len(self.slot_of) else -1, -1)

    def hits_of_posts(self, slots: Ints) -> Ints:
        """Count the comments of every post that are among some, in order."""
        if len(slots) < _MANY * len(self.run_starts):
            return np.bincount(self.post.take(slots), minlength=len(self.posts))
        # For each run the slots in it lie side by side, too.
        hits = np.diff(np.searchsorted(slots, self.run_starts), append=len(slots))
        return np.bincount(self.run_posts, weights=hits, minlength=len(self.posts)).astype(np.int64)

    def united(self, several: Iterable[Codes]) -> Codes:
        """Return the slots that are in one of several arrays, in order: by flags, as `np.unique` takes far longer."""
        flags = np.zeros(self.size, bool)
        for slots in several:
            flags[slots] = True
        return np.flatnonzero(flags).astype(np.int32)

    def post_flags(self, pairs: Pairs, wanted: Iterable[int]) -> Flags:
        """Tell of every post whether it has one of the values."""
        flags = np.zeros(len(self.posts), bool)
        flags[pairs.posts[np.isin(pairs.values, list(wanted))]] = True
        return flags


def day_start(day: date, days: int = 0) -> int:
    """Return the second since 1970 at which a UTC day (or the one so many days later) begins."""
    return (day.toordinal() - _UNIX_DAY + days) * 86_400


def within(created: Ints, after: date | None, before: date | None) -> Flags:
    """Tell of comments by their times whether the UTC day is in a range, both ends included; no time is not in any."""
    flags = created > NO_TIME
    if after is not None:
        flags &= created >= day_start(after)
    if before is not None:
        flags &= created < day_start(before, days=1)
    return flags
