"""One run over what changed in the content folder: find it, read it, store it in batches, report it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from matome_app.config import Settings
from matome_app.content import loader
from matome_app.content.models import Post as ContentPost
from matome_app.content.permalinks import term_slug
from matome_app.content.publication import publication
from matome_app.errors import ContentError, Fault
from matome_app.progress import Listener, Phase, Progress, write_progress
from matome_app.search.engine import CommentDocument, IndexWriter, PostDocument
from matome_app.store.copying import stored_post
from matome_app.store.models import Post, Source
from matome_app.store.writing import PostWriter, forget_sources, save_source, set_meta, stamp

BATCH = 50
"""Posts that are stored in one transaction: they appear together on the site."""


@dataclass(slots=True)
class Report:
    """What a run did. `comments` counts those stored by it; `faults` are of the files it read."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    comments: int = 0
    faults: list[Fault] = field(default_factory=list)
    faulty: int = 0
    seconds: float = 0.0
    busy: bool = False

    @property
    def comments_a_second(self) -> float:
        """Return the speed of the run."""
        return self.comments / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class Changes:
    """What differs between the content folder and the store: files to read, and files that are gone."""

    scan: loader.Scan
    read: list[loader.SourceFile]
    gone: list[str]

    def __bool__(self) -> bool:
        return bool(self.read or self.gone)


def find_changes(settings: Settings, session: Session, now: datetime) -> Changes:
    """Compare stamps of files with those in the store; a file whose time has come counts as changed."""
    scan = loader.scan(settings.content_dir)
    known = {row.path: row for row in session.execute(select(Source.path, Source.size, Source.mtime_ns, Source.due_at))}
    read = []
    for file in scan.files:
        row = known.get(file.relative)
        if (
            row is None
            or (row.size, row.mtime_ns) != file.stamp
            or (row.due_at is not None and row.due_at <= _naive(now))
        ):
            read.append(file)
    read.reverse()  # paths begin with dates: the newest posts appear first while a first build goes on
    present = {file.relative for file in scan.files}
    # A folder that cannot be read, or a content folder that is not there, is no reason to drop its posts.
    unreadable = [fault.path for fault in scan.faults if fault.code == "unreadable"]
    kept = {path for path in known for place in unreadable if path == place or path.startswith(f"{place}/")}
    gone = [path for path in known if path not in present and path not in kept]
    return Changes(scan, read, gone if settings.content_dir.is_dir() else [])


class Update:
    """One run over what changed: reads files, stores posts in batches, keeps the report."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        changes: Changes,
        report: Report,
        now: datetime,
        progress: Listener,
        previous: Session | None,
    ) -> None:
        self.settings = settings
        self.session = session
        self.changes = changes
        self.report = report
        self.now = now
        self.progress = progress
        self.started = time.monotonic()
        self.previous = previous  # the store that a rebuild replaces: it has the last good versions
        self.site = loader.Site.of(settings.content_dir, changes.scan.files)
        self.writer = PostWriter(session)
        rows = session.execute(select(Post.id, Post.source, Post.path)).all()
        self.post_ids = {source: (id_, path) for id_, source, path in rows}
        self.claims = {path: source for _, source, path in rows}
        self.dropped = False
        self.hashes = {
            path: (hash_, state)
            for path, hash_, state in session.execute(select(Source.path, Source.hash, Source.state))
        }

    def all(self, index: IndexWriter) -> None:
        """Take out what is gone, then read and store what changed, batch by batch."""
        self._drop(index, self.changes.gone)
        forget_sources(self.session, self.changes.gone)
        total = len(self.changes.read)
        self._tell("posts", 0, total)
        set_meta(self.session, "finished", "no")
        for done, batch in _batches(self.changes.read, BATCH):
            for file in batch:
                self._one(file, index)
            self.writer.recount()
            stamp(self.session)
            self.session.commit()
            self._tell("posts", done, total)
        if self.dropped:
            self._admit_duplicates(index)
        self._tell("words", total, total)

    def finish(self) -> None:
        """Note that the store is whole, and commit what is left."""
        self.writer.recount()
        set_meta(self.session, "complete", "yes")
        set_meta(self.session, "finished", "yes")
        stamp(self.session)
        self.session.commit()

    def _tell(self, phase: Phase, done: int, total: int) -> None:
        moment = Progress(phase, done, total, self.report.comments, time.monotonic() - self.started)
        write_progress(self.settings.data_dir, moment)
        self.progress(moment)

    def _one(self, file: loader.SourceFile, index: IndexWriter) -> None:
        try:
            data = loader.read_bytes(self.settings.content_dir, file)
            hash_ = loader.content_hash(data)
            known_hash, state = self.hashes.get(file.relative, ("", ""))
            due = self._due(file)
            if hash_ == known_hash and state in ("live", "draft") and (due is None or due > _naive(self.now)):
                self._note(file, hash_, state, due)  # touched, not changed, and its time has not come
                return
            post, faults = loader.read_post(loader.decode(data, file.relative), file.relative, self.site)
        except ContentError as error:
            self._faulty(index, file, error.faults)
            return
        self.report.faults += faults
        if post is None:
            self._faulty(index, file, (), hash_)
            return
        self._publish(file, hash_, post, index)

    def _publish(self, file: loader.SourceFile, hash_: str, post: ContentPost, index: IndexWriter) -> None:
        state, due = publication(post.front_matter, self.now)
        other = self.claims.get(post.path, file.relative)
        if state == "live" and other < file.relative:
            self._duplicate(file, hash_, post, other)
            return
        if state == "live" and other > file.relative:  # of two files with one URL the first by name is served
            self._drop(index, [other])
            loser = next(one for one in self.changes.scan.files if one.relative == other)
            self._duplicate(loser, self.hashes.get(other, ("", ""))[0], post, file.relative)
        known = file.relative in self.post_ids
        self._drop(index, [file.relative], count=state != "live")
        if state == "live":
            self._add(post, index)
            self.report.changed += known
            self.report.added += not known
        self._note(file, hash_, state, due)

    def _duplicate(self, file: loader.SourceFile, hash_: str, post: ContentPost, other: str) -> None:
        message = f"the URL {post.url} is that of {other}, too; rename one of them"
        self.report.faults.append(Fault(file.relative, 1, 1, "duplicate", message))
        self.report.faulty += 1
        self._note(file, hash_, "duplicate", None)

    def _admit_duplicates(self, index: IndexWriter) -> None:
        """Read again the files whose URL was another's: a post has gone, perhaps that one."""
        read = {file.relative for file in self.changes.read}
        for file in self.changes.scan.files:
            if self.hashes.get(file.relative, ("", ""))[1] == "duplicate" and file.relative not in read:
                self._one(file, index)

    def _add(self, post: ContentPost, index: IndexWriter) -> None:
        post_id, keys = self.writer.add(post)
        self.post_ids[post.source] = post_id, post.path
        self.claims[post.path] = post.source
        index.add([post_document(post, post_id, keys)])
        self.report.comments += len(post.comments)

    def _drop(self, index: IndexWriter, sources: Iterable[str], *, count: bool = True) -> None:
        gone = [self.post_ids.pop(source) for source in sources if source in self.post_ids]
        ids = [id_ for id_, _ in gone]
        for _, path in gone:
            self.claims.pop(path, None)
        if ids:
            index.remove(ids)
            self.writer.remove(ids)
            self.report.removed += len(ids) if count else 0
            self.dropped = True

    def _faulty(self, index: IndexWriter, file: loader.SourceFile, faults: Iterable[Fault], hash_: str = "") -> None:
        """Keep the last good version of the post, if there is one; a rebuild takes it over from the store before."""
        self.report.faults += faults
        self.report.faulty += 1
        self._note(file, hash_, "faulty", None)
        if self.previous is not None and file.relative not in self.post_ids:
            post = stored_post(self.previous, file.relative)
            if post is not None and post.path not in self.claims:
                self._add(post, index)

    def _due(self, file: loader.SourceFile) -> datetime | None:
        return self.session.scalar(select(Source.due_at).where(Source.path == file.relative))

    def _note(self, file: loader.SourceFile, hash_: str, state: str, due: datetime | None) -> None:
        save_source(
            self.session,
            Source(path=file.relative, size=file.size, mtime_ns=file.mtime_ns, hash=hash_, state=state, due_at=due),
        )


def post_document(post: ContentPost, post_id: int, keys: range) -> PostDocument:
    """Return a post as the search engine takes it."""
    fields = post.front_matter
    return PostDocument(
        key=post_id,
        path=post.path,
        url=post.url,
        title=fields.title,
        date=fields.date.astimezone(UTC) if fields.date else None,
        tags=tuple((term_slug(tag), tag) for tag in fields.tags),
        months=fields.months,
        comments=tuple(
            CommentDocument(
                key, comment.id, comment.ordinal, comment.user, comment.created_at, comment.color, comment.text
            )
            for key, comment in zip(keys, post.comments, strict=True)
        ),
    )


def _naive(moment: datetime) -> datetime:
    """Return a moment as the store holds it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _batches(files: list[loader.SourceFile], size: int) -> Iterator[tuple[int, list[loader.SourceFile]]]:
    for at in range(0, len(files), size):
        batch = files[at : at + size]
        yield at + len(batch), batch
