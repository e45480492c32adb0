"""The values that a content file is read into: a post, its comments, its folds and their order on the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Segment = tuple[Literal["html", "note"], str] | tuple[Literal["comment", "details", "list"], int]
"""A piece of a page in reading order: ("html", safe HTML), ("comment", ordinal), ("details", number of the fold),
("list", how many of the newest posts) or ("note", source of an unknown shortcode, for the author)."""


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of a post.

    `ordinal` counts from 1 through the whole post; `details` is the innermost fold it sits in (0: none). `body` is what
    the author wrote, `text` the same as plain text with lines broken by newlines, `html` safe inline HTML. `created_at`
    is aware, in UTC. `kind` tells a commenter's words ("quote") from a summary ("summary").
    """

    id: str
    ordinal: int
    details: int
    user: str
    created_at: datetime | None
    color: str
    body: str
    text: str
    html: str
    kind: Literal["quote", "summary"] = "quote"


@dataclass(frozen=True, slots=True)
class Details:
    """A fold: its number in the post (from 1, in order of opening), summary, parent fold (0: none) and content."""

    n: int
    summary: str
    parent: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields of DESIGN section 2, coerced; times are aware, in UTC."""

    title: str
    date: datetime | None = None
    draft: bool = False
    tags: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    featureimage: str = ""
    slug: str = ""
    aliases: tuple[str, ...] = ()
    lastmod: datetime | None = None
    publish_date: datetime | None = None
    expiry_date: datetime | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """A post as it is served. `path` is `posts/<section>/<slug>`, `url` its address with slashes at both ends."""

    path: str
    url: str
    source: str
    front_matter: FrontMatter
    source_url: str
    segments: tuple[Segment, ...]
    details: tuple[Details, ...] = ()
    comments: tuple[Comment, ...] = field(default=())
