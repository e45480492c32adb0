"""One run over what changed in the content folder: read it, store it in batches, report it."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from matome_app.changes import Changes, naive
from matome_app.config import Settings
from matome_app.content import loader
from matome_app.content.models import Post as ContentPost
from matome_app.content.permalinks import post_path, term_slug
from matome_app.content.publication import publication
from matome_app.content.scanning import SourceFile, find
from matome_app.content.settling import FRESH, Unsettled, read_settled
from matome_app.errors import ContentError, Fault
from matome_app.progress import Listener, Phase, Progress, write_progress
from matome_app.search.engine import CommentDocument, IndexWriter, PostDocument
from matome_app.store.copying import stored_post
from matome_app.store.known import (
    Known,
    Stored,
    duplicate_sources,
    linking_sources,
    stored_sources,
)
from matome_app.store.models import Source
from matome_app.store.writing import PostWriter, forget_sources, get_meta, save_source, set_meta, stamp

logger = logging.getLogger("matome")

BATCH = 50
"""Posts that are stored in one transaction: they appear together on the site."""

FIRST = 4
"""Posts in the first transaction of a large run."""

WHOLE = 200
"""From so many changed files on, what is known is read at once instead of file by file."""

TELL = 0.25
"""Seconds between two messages about the progress within a batch."""


@dataclass(slots=True)
class Report:
    """What a run did. `comments` counts those stored by it; `faults` are of the files it read.

    `unsettled` are files that somebody is writing: what is served of them stays, and the next run looks at them again.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    comments: int = 0
    faults: list[Fault] = field(default_factory=list)
    faulty: int = 0
    seconds: float = 0.0
    busy: bool = False
    unsettled: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether there is anything to report."""
        return bool(self.added or self.changed or self.removed or self.faulty)

    @property
    def comments_a_second(self) -> float:
        """Return the speed of the run."""
        return self.comments / self.seconds if self.seconds else 0.0


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
        self.told = 0.0
        self.previous = previous  # the store that a rebuild replaces: it has the last good versions
        self.site = loader.Site(settings.content_dir, listing=self._files)
        self.writer = PostWriter(session)
        self.known = Known(session, whole=len(changes.read) > WHOLE)
        self.leaving: dict[str, Stored] = {}  # gone, perhaps only moved: their posts go when the new ones come
        self.appeared: set[str] = set()  # parts of the paths of posts that came or went: what links to them changes
        self.dropped = False
        self.is_seen = False  # whether this run changes what readers see

    def all(self, index: IndexWriter) -> None:
        """Take out what is gone, then read and store what changed, batch by batch."""
        gone = self._confirmed()
        self.leaving = self._perhaps_moved(gone)
        if {get_meta(self.session, "complete"), get_meta(self.session, "finished")} != {"yes"}:
            self.is_seen = True
        set_meta(self.session, "finished", "no")
        self._forget(index, [path for path in gone if path not in self.leaving])
        total = len(self.changes.read)
        self._tell("posts", 0, total)
        done = 0
        waiting: list[SourceFile] = []
        for batch in _batches(self.changes.read, BATCH):
            for file in batch:
                if not self._one(file, index):
                    waiting.append(file)
                self._tell("posts", done, total, seldom=True)
            done += len(batch)
            if done == total:
                self._forget(index, list(self.leaving))
            self._commit()
            self._tell("posts", done, total)
        self._forget(index, list(self.leaving))
        self._wait_for(waiting, index)
        if self.dropped:
            self._admit_duplicates(index)
        self._follow_links(index)
        self._tell("words", total, total)

    def finish(self) -> None:
        """Note that the store is whole, and commit what is left."""
        self.writer.recount()
        set_meta(self.session, "complete", "yes")
        set_meta(self.session, "finished", "yes")
        set_meta(self.session, "looked", naive(self.now).isoformat())
        if self.is_seen:
            stamp(self.session)
        self.session.commit()

    def _commit(self) -> None:
        if self.is_seen:
            self.writer.recount()
            stamp(self.session)
        self.session.commit()

    def _confirmed(self) -> list[str]:
        """Return the files that are gone for good: programs that replace a file may take it away for a moment."""
        if self.changes.gone and self.changes.patience:
            time.sleep(FRESH)
        found = find(self.settings.content_dir, self.changes.gone)
        back = {file.relative for file in found.files} | {fault.path for fault in found.faults if fault.blocks}
        self.report.unsettled += sorted(back)
        return [path for path in self.changes.gone if path not in back]

    def _perhaps_moved(self, gone: Collection[str]) -> dict[str, Stored]:
        """Return those of the files that are gone whose size a new file has."""
        if not gone or not self.changes.read:
            return {}
        sizes = {file.size for file in self.changes.read}
        rows = stored_sources(self.session, gone)
        return {path: row for path, row in rows.items() if row.size in sizes}

    def _wait_for(self, files: list[SourceFile], index: IndexWriter) -> None:
        """Read files that were being written once they are whole; those that stay open are left to the next run."""
        ends = time.monotonic() + self.changes.patience
        while files and time.monotonic() < ends:
            time.sleep(FRESH)
            files = [file for file in files if not self._one(file, index)]
        self.report.unsettled += [file.relative for file in files]
        for file in files:
            if self.changes.patience:
                logger.warning("%s is being written; it is read by the next run", file.relative)

    def _tell(self, phase: Phase, done: int, total: int, *, seldom: bool = False) -> None:
        now = time.monotonic()
        if seldom and now - self.told < TELL:
            return
        self.told = now
        moment = Progress(phase, done, total, self.report.comments, now - self.started)
        write_progress(self.settings.data_dir, moment)
        self.progress(moment)

    def _files(self) -> Iterable[SourceFile]:
        """Return all files of the site for links that name a post by a part of its path."""
        if len(self.changes.read) > WHOLE:
            return self.changes.scan.files
        found = {path: SourceFile(path, *row.stamp) for path, row in stored_sources(self.session).items()}
        found |= {file.relative: file for file in self.changes.scan.files}
        return [found[path] for path in sorted(found.keys() - set(self.changes.gone))]

    def _one(self, file: SourceFile, index: IndexWriter, *, again: bool = False) -> bool:
        """Read a file and store what it says; False when it is being written. `again`: though it is the same."""
        try:
            data, file = read_settled(self.settings.content_dir, file)
            hash_ = loader.content_hash(data)
            row = self.known.source(file.relative)
            comes = file.relative in self.changes.due
            if row and hash_ == row.hash and row.state in ("live", "draft") and not comes and not again:
                self._note(file, hash_, row.state, row.due_at)  # touched, not changed, and its time has not come
                return True
            self.site.asked.clear()
            post, faults = loader.read_post(loader.decode(data, file.relative), file.relative, self.site)
        except Unsettled:
            return False
        except ContentError as error:
            self._faulty(index, file, error.faults)
            return True
        self.report.faults += faults
        if post is None:
            self._faulty(index, file, (), hash_)
        else:
            self._publish(file, hash_, post, index)
        return True

    def _publish(self, file: SourceFile, hash_: str, post: ContentPost, index: IndexWriter) -> None:
        state, due = publication(post.front_matter, self.now)
        other = self.known.claim(post.path) or file.relative
        self._forget(index, [path for path, row in self.leaving.items() if path == other or row.hash == hash_])
        other = self.known.claim(post.path) or file.relative
        if state == "live" and other < file.relative:
            self._accuse(file.relative, post, other)
            self._note(file, hash_, "duplicate", None)
            return
        if state == "live" and other > file.relative:  # of two files with one URL the first by name is served
            self._drop(index, [other])
            self._accuse(other, post, file.relative)
            row = self.known.source(other)
            if row:
                self._note(SourceFile(other, *row.stamp), row.hash, "duplicate", None)
        before = self.known.post(file.relative)
        self._drop(index, [file.relative], count=state != "live")
        if state == "live":
            self._add(post, index)
            self.report.changed += before is not None
            self.report.added += before is None
        if (before is not None) is not (state == "live"):
            self._appear(file.relative)
        self._note(file, hash_, state, due, "\n".join(sorted(self.site.asked)))

    def _accuse(self, relative: str, post: ContentPost, other: str) -> None:
        message = f"the URL {post.url} is that of {other}, too; rename one of them"
        fault = Fault(relative, 1, 1, "duplicate", message)
        if fault not in self.report.faults:
            self.report.faults.append(fault)
            self.report.faulty += 1

    def _admit_duplicates(self, index: IndexWriter) -> None:
        """Read again the files whose URL was another's: a post has gone, perhaps that one."""
        for file in find(self.settings.content_dir, duplicate_sources(self.session)).files:
            self._one(file, index)

    def _appear(self, source: str) -> None:
        self.appeared.update(post_path(source).split("/"))

    def _follow_links(self, index: IndexWriter) -> None:
        """Read again the posts that link to one that came or went, as if they had changed."""
        if not self.appeared:
            return
        linking = {
            path
            for path, names in linking_sources(self.session).items()
            if any(name.rpartition("/")[2] in self.appeared for name in names)
        }
        for file in find(self.settings.content_dir, linking - {file.relative for file in self.changes.read}).files:
            self._one(file, index, again=True)

    def _add(self, post: ContentPost, index: IndexWriter) -> None:
        self.is_seen = True
        post_id, keys = self.writer.add(post)
        self.known.put(post.source, post_id, post.path)
        index.add([post_document(post, post_id, keys)])
        self.report.comments += len(post.comments)

    def _drop(self, index: IndexWriter, sources: Iterable[str], *, count: bool = True) -> None:
        ids = [post[0] for source in sources if (post := self.known.take(source))]
        if ids:
            self.is_seen = True
            index.remove(ids)
            self.writer.remove(ids)
            self.report.removed += len(ids) if count else 0
            self.dropped = True

    def _forget(self, index: IndexWriter, sources: Collection[str]) -> None:
        """Take out the posts of files that are gone, and what is known of the files."""
        if sources:
            self._drop(index, sources)
            forget_sources(self.session, sources)
            for source in sources:
                self.leaving.pop(source, None)
                self._appear(source)

    def _faulty(self, index: IndexWriter, file: SourceFile, faults: Iterable[Fault], hash_: str = "") -> None:
        """Keep the last good version of the post, if there is one; a rebuild takes it over from the store before."""
        self.report.faults += faults
        self.report.faulty += 1
        if self.known.source(file.relative) is None:
            self._appear(file.relative)
        self._note(file, hash_, "faulty", None)
        if self.previous is not None and self.known.post(file.relative) is None:
            post = stored_post(self.previous, file.relative)
            if post is not None and self.known.claim(post.path) is None:
                self._add(post, index)

    def _note(self, file: SourceFile, hash_: str, state: str, due: datetime | None, links: str | None = None) -> None:
        row = Stored(file.relative, *file.stamp, hash_, state, due)
        source = Source(**row._asdict())
        if links is not None:
            source.links = links
        save_source(self.session, source)
        self.known.note(row)


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


def _batches(files: list[SourceFile], size: int) -> Iterator[list[SourceFile]]:
    """Yield files in batches of a size; of many files the first batches are small: soon there is something to read."""
    at, step = 0, FIRST if len(files) > size else size
    while at < len(files):
        yield files[at : at + step]
        at, step = at + step, min(step * 2, size)
