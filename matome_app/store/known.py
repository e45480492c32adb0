"""What the store knows of content files and the posts made of them: asked for one by one, or all at once for a build.

A small change must not cost more on a large site, so nothing here reads a whole table unless it is told to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from matome_app.store.models import Meta, Post, Source

CHUNK = 500
"""Names in one statement; SQLite takes 32,766 at most."""


def get_meta(session: Session, name: str) -> str | None:
    """Return a fact about the store, or None."""
    return session.scalar(select(Meta.value).where(Meta.name == name))


class Stored(NamedTuple):
    """A content file as it was last read (`models.Source`)."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    hash: str
    state: str
    due_at: datetime | None

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Return what `content.scanning.SourceFile.stamp` was."""
        return self.size, self.mtime_ns, self.ctime_ns


# Written out, since SQLite uses an index of a part of a table only where the condition names no parameter.
_DUPLICATE = text("state = 'duplicate'")
_LINKING = text("links != ''")

_COLUMNS = (Source.path, Source.size, Source.mtime_ns, Source.ctime_ns, Source.hash, Source.state, Source.due_at)


def stored_sources(session: Session, paths: Iterable[str] | None = None) -> dict[str, Stored]:
    """Return the content files that are known, all or those named, by path."""
    if paths is None:
        return {row[0]: Stored(*row) for row in session.execute(select(*_COLUMNS))}
    rows: dict[str, Stored] = {}
    for chunk in _chunks(sorted(paths)):
        found = session.execute(select(*_COLUMNS).where(Source.path.in_(chunk)))
        rows |= {row[0]: Stored(*row) for row in found}
    return rows


def stored_stamps(session: Session, paths: Iterable[str] | None = None) -> dict[str, tuple[int, int, int]]:
    """Return by what content files were known when they were last read, all or those named, by path."""
    if paths is not None:
        return {path: row.stamp for path, row in stored_sources(session, paths).items()}
    rows = session.connection().exec_driver_sql("SELECT path, size, mtime_ns, ctime_ns FROM sources").cursor
    assert rows is not None
    return {path: (size, mtime, ctime) for path, size, mtime, ctime in rows.fetchall()}


def sources_below(session: Session, folder: str) -> list[str]:
    """Return the content files that are known to lie in a folder, at any depth."""
    # All that begin with "folder/" lie between it and "folder0": "0" is the character after "/".
    between = and_(Source.path > f"{folder}/", Source.path < f"{folder}0")
    return list(session.scalars(select(Source.path).where(between).order_by(Source.path)))


def due_sources(session: Session, now: datetime) -> list[str]:
    """Return the content files whose time has come; `now` is naive UTC."""
    return list(session.scalars(select(Source.path).where(Source.due_at <= now)))


def untimely_sources(session: Session, now: datetime) -> list[str]:
    """Return the content files that were published or taken away by a clock ahead of this one; `now` is naive UTC.

    None unless the last run that changed anything had a later time: then its clock, or this one, is wrong.
    """
    looked = session.scalar(select(Meta.value).where(Meta.name == "looked"))
    if not looked or looked <= now.isoformat():
        return []
    early = select(Post.source).where(Post.date > now)
    return list(session.scalars(early.union(select(Source.path).where(Source.state == "expired"))))


def next_due(session: Session, after: datetime) -> datetime | None:
    """Return when time alone will next change a post, in naive UTC."""
    return session.scalar(select(func.min(Source.due_at)).where(Source.due_at > after))


def duplicate_sources(session: Session) -> list[str]:
    """Return the content files whose URL is that of another."""
    return list(session.scalars(select(Source.path).where(_DUPLICATE).order_by(Source.path)))


def linking_sources(session: Session) -> Mapping[str, Sequence[str]]:
    """Return the names that content files link to, by file; few do."""
    rows = session.execute(select(Source.path, Source.links).where(_LINKING))
    return {path: links.split("\n") for path, links in rows}


def source_count(session: Session) -> int:
    """Return how many content files are known."""
    return session.scalar(select(func.count()).select_from(Source)) or 0


class Known:
    """Files and posts as they are stored now; whoever changes them says so here (`put`, `take`, `note`)."""

    def __init__(self, session: Session, *, whole: bool) -> None:
        self._session = session
        self._whole = whole  # everything is in the tables below: what is not there does not exist
        self._sources: dict[str, Stored | None] = {}
        self._posts: dict[str, tuple[int, str] | None] = {}
        self._claims: dict[str, str | None] = {}
        if whole:
            self._sources.update(stored_sources(session))
            for id_, source, path in session.execute(select(Post.id, Post.source, Post.path)):
                self._posts[source] = id_, path
                self._claims[path] = source

    def source(self, path: str) -> Stored | None:
        """Return a content file as it was last read."""
        if path not in self._sources and not self._whole:
            self._sources[path] = stored_sources(self._session, [path]).get(path)
        return self._sources.get(path)

    def post(self, source: str) -> tuple[int, str] | None:
        """Return number and path of the post that a content file made."""
        if source not in self._posts and not self._whole:
            self._posts[source] = self._row(select(Post.id, Post.path).where(Post.source == source))
        return self._posts.get(source)

    def claim(self, path: str) -> str | None:
        """Return the content file of the post at a path."""
        if path not in self._claims and not self._whole:
            row = self._row(select(Post.source).where(Post.path == path))
            self._claims[path] = row[0] if row else None
        return self._claims.get(path)

    def put(self, source: str, post_id: int, path: str) -> None:
        """Note that a post was stored."""
        self._posts[source] = post_id, path
        self._claims[path] = source

    def take(self, source: str) -> tuple[int, str] | None:
        """Note that the post of a content file is taken out, and return what it was."""
        post = self.post(source)
        self._posts[source] = None
        if post:
            self._claims[post[1]] = None
        return post

    def note(self, stored: Stored) -> None:
        """Note how a content file was read."""
        self._sources[stored.path] = stored

    def _row(self, query: Any) -> Any:
        row = self._session.execute(query).first()
        return tuple(row) if row else None


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[at : at + CHUNK] for at in range(0, len(items), CHUNK))
