"""Bring what changed in the content folder into store and index; nothing else is touched."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from matome_app.config import Settings
from matome_app.content import loader
from matome_app.content.models import FrontMatter
from matome_app.content.models import Post as ContentPost
from matome_app.content.permalinks import term_slug
from matome_app.errors import ContentError, Fault
from matome_app.runtime import Reader, clear_progress, open_reader, write_progress
from matome_app.search.engine import CommentDocument, IndexWriter, PostDocument
from matome_app.store.generations import (
    Generation,
    current_generation,
    new_generation,
    prepare_folder,
    publish,
    remove_others,
    write_lock,
)
from matome_app.store.models import SCHEMA_VERSION, Base, Post, Source
from matome_app.store.writing import PostWriter, forget_sources, get_meta, save_source, set_meta

logger = logging.getLogger("matome")

CONTENT_VERSION = "1"
"""Changes whenever the reading of content gives another result for the same file."""

BATCH = 50
"""Posts that are stored in one transaction: they appear together on the site."""

BULK = 200
"""From so many changed files on, the index is written in the way that is fast for many."""

Progress = Callable[[str, int, int], None]
"""Is told the phase, how many posts are done and how many there are to do."""


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


def versions() -> str:
    """Return what the stored posts depend on besides their files."""
    return f"schema {SCHEMA_VERSION}, content {CONTENT_VERSION}"


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


def is_up_to_date(settings: Settings) -> bool:
    """Tell whether the current generation says what the content folder says; cheap enough for every start."""
    generation = current_generation(settings.data_dir, settings.database_url)
    if generation is None:
        return False
    reader = open_reader(generation)
    try:
        with reader.store.sessions() as session:
            facts = [get_meta(session, name) for name in ("versions", "complete", "finished")]
            if facts != [versions(), "yes", "yes"] or not reader.engine.is_current(session.connection()):
                return False
            return not find_changes(settings, session, datetime.now(UTC))
    except DBAPIError as error:
        logger.warning("the store cannot be read (%s); it will be built again", error.orig)
        return False
    finally:
        reader.store.close()


def run(settings: Settings, *, rebuild: bool = False, wait: bool = True, progress: Progress | None = None) -> Report:
    """Bring store and index up to date with the content folder and return a report.

    Raises DataFolderError. With `wait` false the run does nothing (`busy`) while another process is at it.
    """
    start = time.perf_counter()
    prepare_folder(settings.data_dir)
    with write_lock(settings.data_dir, wait=wait) as held:
        if not held:
            return Report(busy=True)
        try:
            report = _run_locked(settings, rebuild, progress or (lambda phase, done, total: None))
        finally:
            clear_progress(settings.data_dir)
    report.seconds = time.perf_counter() - start
    return report


def _run_locked(settings: Settings, rebuild: bool, progress: Progress) -> Report:
    data = settings.data_dir
    current = None if rebuild else _usable(current_generation(data, settings.database_url))
    first = current is None and current_generation(data, settings.database_url) is None
    generation = current or new_generation(data, settings.database_url)
    reader = open_reader(generation)
    try:
        if current is None:
            _create(reader, settings)
        if first:
            publish(data, generation)  # the first build is served while it grows
        report = _update(settings, reader, progress)
        if current is None and not first:
            publish(data, generation)
        remove_others(data, generation)
        return report
    finally:
        reader.store.close()


def _usable(generation: Generation | None) -> Generation | None:
    """Return the generation if it can be updated; otherwise say why it must be built again."""
    if generation is None:
        return None
    reader = open_reader(generation)
    try:
        with reader.store.sessions() as session:
            made_by = get_meta(session, "versions")
            if made_by != versions():
                logger.info("building again: the store is of %s, this is %s", made_by, versions())
                return None
            if not reader.engine.is_current(session.connection()):
                logger.info("building again: the analyzer, its dictionary or the terms have changed")
                return None
        return generation
    except DBAPIError as error:
        logger.warning("building again: the store cannot be read (%s)", error.orig)
        return None
    finally:
        reader.store.close()


def _create(reader: Reader, settings: Settings) -> None:
    engine = reader.store.engine
    if settings.database_url:
        Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with reader.store.sessions.begin() as session:
        connection = session.connection()
        reader.engine.create_tables(connection)
        reader.engine.clear(connection)
        set_meta(session, "versions", versions())
        set_meta(session, "complete", "no")


def _update(settings: Settings, reader: Reader, progress: Progress) -> Report:
    now = datetime.now(UTC)
    # Store and index share one connection and one transaction: a post and what finds it are committed together.
    with (
        reader.store.engine.connect() as connection,
        Session(connection, join_transaction_mode="control_fully", expire_on_commit=False) as session,
    ):
        changes = find_changes(settings, session, now)
        report = Report(faults=list(changes.scan.faults))
        reader.engine.complete(session.connection())
        session.commit()
        if changes or {get_meta(session, "complete"), get_meta(session, "finished")} != {"yes"}:
            run = _Run(settings, session, changes, report, now, progress)
            with reader.engine.writer(session.connection(), bulk=len(changes.read) > BULK) as index:
                run.all(index)
                index.commit()
                run.finish()
    for fault in report.faults:
        logger.log(logging.ERROR if fault.severity == "error" else logging.WARNING, "%s", fault)
    return report


class _Run:
    """One run over what changed: reads files, stores posts in batches, keeps the report."""

    def __init__(
        self, settings: Settings, session: Session, changes: Changes, report: Report, now: datetime, progress: Progress
    ) -> None:
        self.settings = settings
        self.session = session
        self.changes = changes
        self.report = report
        self.now = now
        self.progress = progress
        self.site = loader.Site.of(settings.content_dir, changes.scan.files)
        self.writer = PostWriter(session)
        self.post_ids = {
            source: (id_, path) for id_, source, path in session.execute(select(Post.id, Post.source, Post.path))
        }
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
            self.session.commit()
            self._tell("posts", done, total)
        self._tell("words", total, total)

    def finish(self) -> None:
        """Note that the store is whole, and commit what is left."""
        self.writer.recount()
        set_meta(self.session, "complete", "yes")
        set_meta(self.session, "finished", "yes")
        self.session.commit()

    def _tell(self, phase: str, done: int, total: int) -> None:
        write_progress(self.settings.data_dir, phase, done, total)
        self.progress(phase, done, total)

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
            self._faulty(file, error.faults)
            return
        self.report.faults += faults
        if post is None:
            self._faulty(file, (), hash_)
            return
        self._publish(file, hash_, post, index)

    def _publish(self, file: loader.SourceFile, hash_: str, post: ContentPost, index: IndexWriter) -> None:
        state, due = publication(post.front_matter, self.now)
        if state == "live" and (other := self._claimed_by_other(post.path, file.relative)):
            self._faulty(
                file,
                [
                    Fault(
                        file.relative,
                        1,
                        1,
                        "duplicate",
                        f"the URL {post.url} is that of {other}, too; rename one of them",
                    )
                ],
                hash_,
            )
            return
        known = file.relative in self.post_ids
        self._drop(index, [file.relative], count=state != "live")
        if state == "live":
            self._add(post, index)
            self.report.changed += known
            self.report.added += not known
        self._note(file, hash_, state, due)

    def _claimed_by_other(self, path: str, source: str) -> str:
        return next((other for other, (_, taken) in self.post_ids.items() if taken == path and other != source), "")

    def _add(self, post: ContentPost, index: IndexWriter) -> None:
        post_id, keys = self.writer.add(post)
        self.post_ids[post.source] = post_id, post.path
        index.add([post_document(post, post_id, keys)])
        self.report.comments += len(post.comments)

    def _drop(self, index: IndexWriter, sources: Iterable[str], *, count: bool = True) -> None:
        ids = [self.post_ids.pop(source)[0] for source in sources if source in self.post_ids]
        if ids:
            index.remove(ids)
            self.writer.remove(ids)
            self.report.removed += len(ids) if count else 0

    def _faulty(self, file: loader.SourceFile, faults: Iterable[Fault], hash_: str = "") -> None:
        """Keep the last good version of the post, if there is one."""
        self.report.faults += faults
        self.report.faulty += 1
        self._note(file, hash_, "faulty", None)

    def _due(self, file: loader.SourceFile) -> datetime | None:
        return self.session.scalar(select(Source.due_at).where(Source.path == file.relative))

    def _note(self, file: loader.SourceFile, hash_: str, state: str, due: datetime | None) -> None:
        save_source(
            self.session,
            Source(path=file.relative, size=file.size, mtime_ns=file.mtime_ns, hash=hash_, state=state, due_at=due),
        )


def publication(fields: FrontMatter, now: datetime) -> tuple[str, datetime | None]:
    """Return a post's state now (live, draft, future, expired) and when time alone changes it (naive UTC)."""
    if fields.draft:
        return "draft", None
    starts = fields.publish_date or fields.date
    if fields.expiry_date and fields.expiry_date <= now:
        return "expired", None
    if starts and starts > now:
        return "future", starts.astimezone(UTC).replace(tzinfo=None)
    return "live", fields.expiry_date.astimezone(UTC).replace(tzinfo=None) if fields.expiry_date else None


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
