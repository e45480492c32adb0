"""Choose the pages to audit: one of every kind, the longest post among them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

MISSING = "zzzqqq"
"""A word that no comment has."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the addresses are made of, taken from the content: its longest post, a frequent tag, a word and so on."""

    posts: int
    comments: int
    post: str
    post_comments: int
    tag: str
    tag_path: str
    month: str
    user: str
    comment: str
    poster: str
    folded: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A page to check: its name, its address, the status it answers with."""

    name: str
    path: str
    status: int = 200


def choose(database: Path, post: str = "") -> Chosen:
    """Choose from a built site's database; `post` (its path) instead of the longest."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:

        def first(statement: str, *values: object) -> tuple[str, ...]:
            row = connection.execute(statement, values).fetchone()
            if row is None:
                raise LookupError(f"nothing to audit: {statement} finds none")
            return tuple(map(str, row))

        posts, comments = first("SELECT count(*), sum(comment_count) FROM posts")
        where = ("WHERE path = ?", (post,)) if post else ("", ())
        key, path, count = first(
            f"SELECT id, path, comment_count FROM posts {where[0]} ORDER BY comment_count DESC, path LIMIT 1", *where[1]
        )
        tag, slug = first("SELECT name, slug FROM terms WHERE taxonomy = 'tags' ORDER BY posts DESC, slug LIMIT 1")
        (month,) = first("SELECT slug FROM terms WHERE taxonomy = 'months' ORDER BY posts DESC, slug LIMIT 1")
        (user,) = first("SELECT name FROM users ORDER BY comments DESC, name LIMIT 1")
        statement = "SELECT id, user FROM comments WHERE post_id = ? AND user != '' ORDER BY ordinal DESC LIMIT 1"
        comment, poster = first(statement, key)
        statement = "SELECT path FROM posts JOIN comments ON post_id = posts.id WHERE details > 0 ORDER BY path LIMIT 1"
        (folded,) = first(statement)
    return Chosen(int(posts), int(comments), path, int(count), tag, slug, month, user, comment, poster, folded)


def pages_to_check(chosen: Chosen) -> list[Kind]:
    """Return a page of every kind, for the HTML checker."""
    tag, user, word = quote(chosen.tag), quote(chosen.user), quote(chosen.tag)
    post = f"/{chosen.post}/"
    return [
        Kind("home", "/"),
        Kind("list, second page", "/?page=2") if chosen.posts > 21 else Kind("list", "/posts/"),
        Kind("filtered list", f"/posts/?tag={tag}&month={chosen.month}"),
        Kind("list of nothing", f"/posts/?after=2001-01-01&before=2001-01-02&tag={tag}"),
        Kind("most discussed", "/?order=discussed"),
        Kind("post", post),
        Kind("post with its folds open", f"/{chosen.folded}/?open=all"),
        Kind("post, highlights only", f"{post}?color=any"),
        Kind("post, one person only", f"{post}?user={quote(chosen.poster)}"),
        Kind("post with a search", f"{post}?q={word}"),
        Kind("search of a thread", f"{post}?q={word}&view=thread"),
        Kind("search of a thread for nothing", f"{post}?q={MISSING}&view=thread"),
        Kind("fold", f"/{chosen.folded}/details/1"),
        Kind("menu of a comment", f"/c/{chosen.comment}/menu"),
        Kind("similar comments", f"/c/{chosen.comment}/similar"),
        Kind("search", search_path(chosen)),
        Kind("search with filters", f"{search_path(chosen)}&tag={tag}&color=any"),
        Kind("search for nothing", f"/search?q={MISSING}"),
        Kind("search without words", "/search"),
        Kind("tags", "/tags/"),
        Kind("tags of no such name", f"/tags/?name={MISSING}"),
        Kind("tag", f"/tags/{quote(chosen.tag_path)}/"),
        Kind("months", "/months/"),
        Kind("months of a tag", f"/months/?tag={tag}"),
        Kind("month", f"/months/{chosen.month}/"),
        Kind("users", "/users/"),
        Kind("users of no such name", f"/users/?prefix={MISSING}"),
        Kind("user", f"/users/{user}/"),
        Kind("search of a user", f"/users/{user}/?q={word}"),
        Kind("hints", "/help/search"),
        Kind("keys", "/help/keys"),
        Kind("missing page", f"/{MISSING}", 404),
        Kind("bad parameter", "/search?page=abc", 400),
        Kind("too long a search", f"/search?q={'a' * 1001}", 413),
    ]


def search_path(chosen: Chosen) -> str:
    """Return the address of a search that finds much."""
    return f"/search?q={quote(chosen.tag)}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A page for Lighthouse: its name, its address, and the audits that are not meant for it."""

    name: str
    path: str
    skipped: tuple[str, ...] = ()


def pages_to_judge(chosen: Chosen) -> list[Judged]:
    """Return the pages that Lighthouse scores.

    Results are for readers, not for other search engines: they say noindex, which is all that `is-crawlable` looks at.
    The search's own entrance, without a question, is judged by everything.
    """
    return [
        Judged("home", "/"),
        Judged(f"post of {chosen.post_comments} comments", f"/{chosen.post}/"),
        Judged("search", "/search"),
        Judged("search results", search_path(chosen), ("is-crawlable",)),
    ]
