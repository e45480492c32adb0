"""Read the comments of a page of hits, as plain rows: mapped objects take longer than all else on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, bindparam, select

from matome_app.store.models import Comment, plain_html


class Tag(Protocol):
    """A tag as its post spells it, and its slug."""

    @property
    def label(self) -> str: ...
    @property
    def slug(self) -> str: ...


class Card(Protocol):
    """What a hit says of its post, which the search knows; `search.engine.PostCard` is one."""

    @property
    def path(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def tags(self) -> Sequence[Tag]: ...


@dataclass(frozen=True, slots=True)
class FoundComment:
    """A comment as `models.Comment` has it, with what is known of its post."""

    key: int
    id: str
    ordinal: int
    details: int
    user: str
    created_at: datetime | None
    color: str
    text: str
    markup: str | None
    post: Card

    @property
    def html(self) -> str:
        """Return the body as safe HTML."""
        return plain_html(self.text) if self.markup is None else self.markup


_COLUMNS = Comment.__table__.c
# Of the table and not of the mapped class, and made once: going through the mapping takes as long again as the rows.
_OF_KEYS = select(
    _COLUMNS.key,
    _COLUMNS.id,
    _COLUMNS.ordinal,
    _COLUMNS.details,
    _COLUMNS.user,
    _COLUMNS.created_at,
    _COLUMNS.color,
    _COLUMNS.text,
    _COLUMNS.markup,
).where(_COLUMNS.key.in_(bindparam("keys", expanding=True)))


def comments_found(connection: Connection, posts: Mapping[int, Card]) -> dict[int, FoundComment]:
    """Return comments by key, given their keys with their posts; comments that are gone are left out. One statement."""
    rows = connection.execute(_OF_KEYS, {"keys": list(posts)})
    return {
        key: FoundComment(key, id_, ordinal, details, user, created_at, color, text, markup, posts[key])
        for key, id_, ordinal, details, user, created_at, color, text, markup in rows
    }
