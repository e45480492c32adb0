"""What the templates of a post are given: its parts, what of it is chosen, and the addresses of its other views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from matome_app.search.params import SearchParams
from matome_app.store.models import Comment, Fold, Post, Segments
from matome_app.web.thread import NONE, Matches
from matome_app.web.urls import fold_url

THREAD: Final = "thread"
"""The view of a post in which its own search box shows what it finds."""

ALL: Final = "all"
"""The value of `open` that opens every fold, and of `people` that lists everyone."""

FEW: Final = 12
"""So many of those who said most are listed before everyone is asked for."""


@dataclass(frozen=True, slots=True)
class People:
    """Those who said something twice or more in a post: the first of them with how often, and how many they are."""

    rows: Sequence[tuple[str, int]] = ()
    total: int = 0

    @property
    def more(self) -> int:
        """Return how many are not among the rows."""
        return self.total - len(self.rows)

    @property
    def are_many(self) -> bool:
        """Tell whether the rows are more than are listed without being asked for."""
        return len(self.rows) > FEW


@dataclass(frozen=True, slots=True)
class Part:
    """A post's page: segments with the comments and folds they name, or the comments that a choice leaves.

    `asked` is what the URL asks of this post: words, users, colour. Where it chooses users or a colour, `chosen` are
    the comments it leaves, in whichever fold they are.
    """

    post: Post
    comments: dict[int, Comment]
    folds: dict[int, Fold]
    open: frozenset[int] = frozenset()
    newest: tuple[Post, ...] = field(default=())
    matches: Matches = NONE
    asked: SearchParams = field(default=SearchParams())
    chosen: Sequence[Comment] = ()
    people: People = field(default=People())

    def segments(self, n: int = 0) -> Segments:
        """Return the segments of a fold (0: of the post itself)."""
        return self.folds[n].segments if n else self.post.segments

    @property
    def is_choice(self) -> bool:
        """Tell whether only comments by some users or in a colour are shown."""
        return self.asked.is_filtered

    def groups(self) -> Iterator[tuple[Fold | None, list[Comment]]]:
        """Yield the chosen comments, those that follow each other in a fold together with it."""
        for n, comments in groupby(self.chosen, key=lambda comment: comment.details):
            yield self.folds.get(n), list(comments)

    @property
    def everywhere(self) -> SearchParams:
        """Return the same search over all posts."""
        return SearchParams(q=self.matches.q)

    @property
    def url(self) -> str:
        """Return the post's address with what it is asked for."""
        return self._address(self.post.url)

    def choice_url(self, *, users: Sequence[str] | None = None, color: str | None = None) -> str:
        """Return the address of the same search with other users or another colour."""
        asked = self.asked
        if users is not None:
            asked = asked.replace(users=tuple(users))
        if color is not None:
            asked = asked.replace(color=color)
        return self._address(self.post.url, asked=asked)

    @property
    def everyone_url(self) -> str:
        """Return the address at which everyone is listed."""
        return self._address(self.post.url, ("people", ALL))

    @property
    def open_all_url(self) -> str:
        """Return the address at which every fold is open."""
        return self._address(self.post.url, ("open", ALL))

    @property
    def all_open(self) -> bool:
        """Tell whether every fold is open."""
        return len(self.open) == len(self.folds)

    def fold_href(self, n: int) -> str:
        """Return the address that opens a fold besides those already open: several stay open without JavaScript."""
        return self._address(fold_url(self.post, n), *_opened(self.open - {n}))

    def close_href(self, n: int) -> str:
        """Return the address at which a fold is closed, and those already open stay so."""
        return self._address(self.post.url, *_opened(self.open - {n}))

    def fold_source(self, n: int) -> str:
        """Return the address of the inside of a fold, for htmx."""
        return self._address(fold_url(self.post, n))

    def _address(self, url: str, *more: tuple[str, str], asked: SearchParams | None = None) -> str:
        pairs = [*more, *(self.asked if asked is None else asked).pairs()]
        if self.matches.alone:
            pairs.append(("view", THREAD))
        return f"{url}?{urlencode(pairs)}" if pairs else url


def _opened(folds: frozenset[int]) -> list[tuple[str, str]]:
    return [("open", str(n)) for n in sorted(folds)]
