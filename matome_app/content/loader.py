"""Read content files into posts or faults, and say where the links of a post lead."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from matome_app.content.body import read_body
from matome_app.content.front_matter import read_document
from matome_app.content.models import FrontMatter, Post
from matome_app.content.permalinks import post_path, sanitize_path, url_path
from matome_app.content.publication import publication
from matome_app.content.scanning import Scan, SourceFile, find, scan
from matome_app.content.settling import LARGEST, refuse_large, unreadable
from matome_app.content.shortcodes import parse
from matome_app.errors import ContentError, Fault

logger = logging.getLogger("matome")

__all__ = [
    "LARGEST",
    "Scan",
    "Site",
    "SourceFile",
    "content_hash",
    "decode",
    "load_post",
    "read_bytes",
    "read_post",
    "scan",
]

_SOURCE = re.compile(r"引用元\s*[：:]\s*(?:\[[^\]\n]*\]\(\s*<?(https?://[^\s<>)]+)|<?(https?://[^\s<>]+))")


def read_bytes(content: Path, file: SourceFile) -> bytes:
    """Return a file's bytes as they are at this moment; raises ContentError when it is too large or cannot be read."""
    refuse_large(file)
    try:
        with open(content / file.relative, "rb") as handle:
            return handle.read(LARGEST + 1)
    except OSError as error:
        raise unreadable(file, error) from None


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


class Site:
    """What links need to know: the content folder and the files of all posts in it, by path.

    The whole list is asked for only when a link needs it; most name a list of posts, or a post by the name of its file.
    """

    def __init__(
        self,
        content: Path,
        files: Mapping[str, SourceFile] | None = None,
        listing: Callable[[], Iterable[SourceFile]] = tuple,
    ) -> None:
        self.content = content
        self._files = files
        self._listing = listing
        self._sections: frozenset[str] | None = None
        self.asked: set[str] = set()
        """Names that links asked for since somebody emptied this: posts, and folders of posts."""

    @classmethod
    def of(cls, content: Path, files: Iterable[SourceFile]) -> Site:
        """Return the site of files that are known."""
        return cls(content, _by_path(files))

    @property
    def files(self) -> Mapping[str, SourceFile]:
        """Return the files of all posts, published or not, by path."""
        if self._files is None:
            self._files = _by_path(self._listing())
        return self._files

    def file(self, path: str) -> SourceFile | None:
        """Return the file of the post at a path, if there is one."""
        if not path.startswith("posts/"):
            return None
        if self._files is None:
            names = [f"{path}{end}" for end in (".md", ".markdown", "/index.md", "/index.markdown")]
            files = [file for file in find(self.content, names).files if post_path(file.relative) == path]
            if files:
                return files[-1]
        return self.files.get(path)

    @property
    def sections(self) -> Collection[str]:
        """Return the paths of the folders that posts lie in."""
        if self._sections is None:
            self._sections = frozenset(path.rsplit("/", 1)[0] for path in self.files)
        return self._sections

    def ending(self, name: str) -> list[str]:
        """Return the paths whose last parts are a name."""
        return [path for path in self.files if name and path.endswith(f"/{name}")]

    def is_published(self, path: str) -> bool:
        """Tell whether a post can be linked to; of a broken file an earlier version may be served, so it can."""
        file = self.file(path)
        if file is None:
            return False
        try:
            document, faults = read_document(decode(read_bytes(self.content, file), file.relative), file.relative)
        except ContentError:
            return True
        return bool(faults) or publication(document.front_matter, datetime.now(UTC))[0] == "live"


def _by_path(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    return {post_path(file.relative): file for file in files}


def _name_of(target: str) -> str:
    """Return the path that a link names, as posts' paths are written."""
    return sanitize_path(re.sub(r"(?:/_?index)?\.(?:md|markdown)$", "", target.strip())).strip("/")


_LISTS = ("tags", "months", "users", "posts", "")


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of one post (`body.Links`)."""

    site: Site
    folder: str
    path: str

    def page(self, target: str) -> str | None:
        target, _, anchor = target.partition("#")
        end = f"#{anchor}" if anchor else ""
        name = _name_of(target)
        if not name and anchor:
            return end
        if target.startswith("/") and name in _LISTS:
            return url_path(name) + end
        self.site.asked.add(name)
        for candidate in self._candidates(name):
            if self.site.file(candidate):
                return url_path(candidate) + end if self.site.is_published(candidate) else None
        if target.startswith("/") and name in self.site.sections:
            return url_path("posts") + end
        matches = self.site.ending(name)
        return url_path(matches[0]) + end if len(matches) == 1 and self.site.is_published(matches[0]) else None

    def is_unpublished(self, target: str) -> bool:
        name = _name_of(target.partition("#")[0])
        there = [path for path in self._candidates(name) if self.site.file(path)] or self.site.ending(name)
        return any(not self.site.is_published(path) for path in there)

    def _candidates(self, name: str) -> tuple[str, str]:
        """Return the paths that a name may stand for: from the top, and from the post's own folder."""
        return name, f"{self.path.rsplit('/', 1)[0]}/{name}"

    def image(self, source: str) -> str | None:
        if not source or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\\", source.strip()):
            return None
        source = source.strip()
        if source.startswith("/"):
            return None if ".." in source.split("/") else source
        parts = [part for part in source.split("/") if part not in ("", ".")]
        return None if ".." in parts or not parts else url_path(self.path, *parts).rstrip("/")

    def has_image(self, source: str) -> bool:
        return source.startswith("/") or os.path.isfile(self.site.content / self.folder / source)


def read_post(text: str, file: str, site: Site) -> tuple[Post | None, list[Fault]]:
    """Read a content file's text; the post is None when a fault blocks it. All faults come together, in order."""
    try:
        return _read_post(text, file, site)
    except Exception as error:  # a mistake of ours in one file must not keep the others from being served
        logger.exception("%s: reading the post failed", file, extra={"event": "unexpected"})
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
