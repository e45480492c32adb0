"""Read content files: the only module that touches the content folder. Files become posts or faults."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from matome_app.content.body import read_body
from matome_app.content.front_matter import read_document
from matome_app.content.models import FrontMatter, Post
from matome_app.content.permalinks import post_path, sanitize_path, url_path
from matome_app.content.publication import publication
from matome_app.content.shortcodes import parse
from matome_app.errors import ContentError, Fault

logger = logging.getLogger("matome")

MARKDOWN = (".md", ".markdown")
LARGEST = 10_000_000
"""The largest content file that is read, in bytes; a real post is 40 kB."""

_SOURCE = re.compile(r"引用元\s*[：:]\s*(?:\[[^\]\n]*\]\(\s*<?(https?://[^\s<>)]+)|<?(https?://[^\s<>]+))")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that holds a post: its path below the content folder, and what tells cheaply whether it changed."""

    relative: str
    size: int
    mtime_ns: int

    @property
    def stamp(self) -> tuple[int, int]:
        """Return size and time of change; when they are the same the file is taken to be the same."""
        return self.size, self.mtime_ns


@dataclass(slots=True)
class Scan:
    """What the content folder holds at one moment; `faults` are of files that cannot even be looked at."""

    files: list[SourceFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def scan(content: Path) -> Scan:
    """List the posts' files below `content/posts`, sorted by path; a missing folder holds none."""
    found = Scan()
    if (content / "posts").is_dir():
        _scan_folder(content, "posts", found)
    for path in sorted(content.glob("*.md")) if content.is_dir() else ():
        if path.name != "_index.md":
            found.faults.append(_misplaced(path.name, "the file stands outside posts/ and is not served"))
    found.files.sort(key=lambda file: file.relative)
    return found


def _scan_folder(content: Path, folder: str, found: Scan) -> None:
    try:
        entries = sorted(os.scandir(content / folder), key=lambda entry: entry.name)
    except OSError as error:
        found.faults.append(
            Fault(folder, 1, 1, "unreadable", f"the folder cannot be read ({error.strerror}); check its permissions")
        )
        return
    # One index.md too many, right below posts/, must not make all other posts its attachments.
    bundle = folder != "posts" and any(entry.name in ("index.md", "index.markdown") for entry in entries)
    for entry in entries:
        relative = f"{folder}/{entry.name}"
        if entry.name.startswith((".", "_index.")) or entry.name.endswith("~"):
            continue
        try:
            is_folder = entry.is_dir(follow_symlinks=not entry.is_symlink())
            if is_folder and not entry.name.endswith(MARKDOWN):
                _scan_folder(content, relative, found)
            elif entry.name.endswith(MARKDOWN):
                _note_file(entry, relative, bundle, found)
        except OSError as error:
            found.faults.append(Fault(relative, 1, 1, "unreadable", f"the file cannot be looked at ({error.strerror})"))


def _note_file(entry: os.DirEntry[str], relative: str, bundle: bool, found: Scan) -> None:
    status = entry.stat()
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        found.faults.append(Fault(relative, 1, 1, "unreadable", f"{entry.name} is {what}; a post is a text file"))
    elif bundle and not entry.name.startswith("index."):
        found.faults.append(
            _misplaced(relative, "the file lies in the folder of another post (beside index.md) and is not served")
        )
    elif relative in ("posts/index.md", "posts/index.markdown"):
        found.faults.append(
            _misplaced(relative, "the list of posts makes itself; rename the file to serve it as a post")
        )
    else:
        found.files.append(SourceFile(relative, status.st_size, status.st_mtime_ns))


def _misplaced(relative: str, message: str) -> Fault:
    return Fault(relative, 1, 1, "location", f"{message}; put it at posts/<section>/<slug>/index.md", "warning", False)


def read_bytes(content: Path, file: SourceFile) -> bytes:
    """Return a file's bytes; raises ContentError when it is too large or cannot be read."""
    if file.size > LARGEST:
        message = f"the file has {file.size:,} bytes, more than the {LARGEST:,} a post may have; split it"
        raise ContentError([Fault(file.relative, 1, 1, "unreadable", message)])
    try:
        with open(content / file.relative, "rb") as handle:
            return handle.read(LARGEST + 1)
    except OSError as error:
        message = f"the file cannot be read ({error.strerror}); check its permissions"
        raise ContentError([Fault(file.relative, 1, 1, "unreadable", message)]) from None


def content_hash(data: bytes) -> str:
    """Return what stands for a file's content in the store."""
    return sha256(data).hexdigest()[:32]


def decode(data: bytes, relative: str) -> str:
    """Return the text of a file; raises ContentError naming line and byte when it is not UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ContentError([Fault(relative, line, column, "encoding", message)]) from None
    # Markdown reads NUL as U+FFFD. Line ends stay as they are: Hugo keeps them inside quotes.
    return text.replace("\0", "\ufffd")


@dataclass(frozen=True, slots=True)
class Site:
    """What links need to know: the content folder and the files of all posts in it, by path."""

    content: Path
    files: Mapping[str, SourceFile]

    @classmethod
    def of(cls, content: Path, files: Iterable[SourceFile]) -> Site:
        return cls(content, {post_path(file.relative): file for file in files})

    @property
    def paths(self) -> Collection[str]:
        """Return the paths of all posts, published or not."""
        return self.files.keys()

    def is_published(self, path: str) -> bool:
        """Tell whether a post can be linked to; of a broken file an earlier version may be served, so it can."""
        file = self.files[path]
        try:
            document, faults = read_document(decode(read_bytes(self.content, file), file.relative), file.relative)
        except ContentError:
            return True
        return bool(faults) or publication(document.front_matter, datetime.now(UTC))[0] == "live"


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of one post (`body.Links`)."""

    site: Site
    folder: str
    path: str

    def page(self, target: str) -> str | None:
        target, _, anchor = target.partition("#")
        end = f"#{anchor}" if anchor else ""
        name = sanitize_path(re.sub(r"(?:/_?index)?\.(?:md|markdown)$", "", target.strip())).strip("/")
        if not name and anchor:
            return end
        sections = {"", "posts", "tags", "months", "users"} | {path.rsplit("/", 1)[0] for path in self.site.paths}
        if target.startswith("/") and name in sections:
            return (url_path(name) if name in ("", "posts", "tags", "months", "users") else url_path("posts")) + end
        beside = f"{self.path.rsplit('/', 1)[0]}/{name}"
        for candidate in (name, beside):
            if candidate in self.site.paths:
                return url_path(candidate) + end if self.site.is_published(candidate) else None
        matches = [path for path in self.site.paths if name and path.endswith(f"/{name}")]
        return url_path(matches[0]) + end if len(matches) == 1 and self.site.is_published(matches[0]) else None

    def image(self, source: str) -> str | None:
        if not source or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\\", source.strip()):
            return None
        source = source.strip()
        if source.startswith("/"):
            return None if ".." in source.split("/") else source
        parts = [part for part in source.split("/") if part not in ("", ".")]
        return None if ".." in parts or not parts else url_path(self.path, *parts).rstrip("/")

    def has_image(self, source: str) -> bool:
        return source.startswith("/") or (self.site.content / self.folder / source).is_file()


def read_post(text: str, file: str, site: Site) -> tuple[Post | None, list[Fault]]:
    """Read a content file's text; the post is None when a fault blocks it. All faults come together, in order."""
    try:
        return _read_post(text, file, site)
    except Exception as error:  # a mistake of ours in one file must not keep the others from being served
        logger.exception("%s: reading the post failed", file)
        message = f"the post cannot be read, which is our fault ({type(error).__name__}); please report it"
        return None, [Fault(file, 1, 1, "unreadable", message)]


def _read_post(text: str, file: str, site: Site) -> tuple[Post | None, list[Fault]]:
    document, faults = read_document(text, file)
    nodes, syntax = parse(document.body, path=file, line=document.body_line)
    front_matter = document.front_matter
    path = post_path(file, front_matter.slug)
    folder = file.rsplit("/", 1)[0]
    body = read_body(nodes, source=document.body, post=path, file=file, links=_Links(site, folder, path))
    faults = sorted([*faults, *syntax, *body.faults])
    if any(fault.blocks and fault.severity == "error" for fault in faults):
        return None, faults
    source = _SOURCE.search(document.body)
    post = Post(
        path=path,
        url=url_path(path),
        source=file,
        front_matter=front_matter if front_matter.title.strip() else _titled(front_matter, path),
        source_url=(source[1] or source[2]) if source else "",
        segments=body.segments,
        details=body.details,
        comments=body.comments,
    )
    return post, faults


def _titled(front_matter: FrontMatter, path: str) -> FrontMatter:
    values = {name: getattr(front_matter, name) for name in FrontMatter.__dataclass_fields__}
    return FrontMatter(**{**values, "title": path.rsplit("/", 1)[-1]})


def load_post(content: Path, file: SourceFile, site: Site) -> tuple[Post, list[Fault]]:
    """Read a file into a post and its lesser faults; raises ContentError when a fault blocks it."""
    post, faults = read_post(decode(read_bytes(content, file), file.relative), file.relative, site)
    if post is None:
        raise ContentError(faults)
    return post, faults
