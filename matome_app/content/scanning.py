"""Say which files of the content folder hold posts: of the whole folder, of a part of it, or of single names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from matome_app.errors import Fault

MARKDOWN = (".md", ".markdown")
BUNDLE = ("index.md", "index.markdown")
TOP = "posts"


class SourceFile(NamedTuple):
    """A file that holds a post: its path below the content folder, and what tells cheaply whether it changed."""

    relative: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Return what stays the same as long as the file does.

        Programs that copy set the time of change (`cp -p`, `rsync -t`, a clock that was set back); the system's own
        time of the entry (ctime) moves all the same.
        """
        return self.size, self.mtime_ns, self.ctime_ns


def source_file(relative: str, status: os.stat_result) -> SourceFile:
    """Return a file as its status shows it."""
    return SourceFile(relative, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(slots=True)
class Scan:
    """What the content folder holds at one moment; `faults` are of files that cannot even be looked at.

    `links` names the posts that are symbolic links: what they point to may change without a word from the folder.
    """

    files: list[SourceFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def sort(self) -> Scan:
        """Sort by path and return the scan."""
        self.files.sort()
        self.faults.sort()
        self.links.sort()
        return self


def scan(content: Path) -> Scan:
    """List the posts' files below `content/posts`, sorted by path; a missing folder holds none."""
    found = Scan()
    root = os.fspath(content)
    if os.path.isdir(f"{root}/{TOP}"):
        _scan_folder(root, TOP, found)
    for path in content.glob("*.md") if content.is_dir() else ():
        if path.name != "_index.md":
            found.faults.append(_misplaced(path.name, "the file stands outside posts/ and is not served"))
    return found.sort()


def scan_part(content: Path, folder: str) -> Scan:
    """List the posts' files below one folder of `content`, such as `posts/2024_03`; one that is no part holds none."""
    found = Scan()
    if _is_part(os.fspath(content), folder):
        _scan_folder(os.fspath(content), folder, found)
    return found.sort()


def find(content: Path, names: Iterable[str]) -> Scan:
    """Look at single files as `scan` would; names of no post, and of files that are not there, are passed over."""
    found = Scan()
    root = os.fspath(content)
    folders: dict[str, bool] = {}
    for name in names:
        if not can_be_post(name):
            continue
        folder, _, own = name.rpartition("/")
        if folder not in folders:
            folders[folder] = _is_part(root, folder)
        if not folders[folder]:
            continue
        path = f"{root}/{name}"
        is_link = os.path.islink(path)
        try:
            bundle = folder != TOP and any(os.path.lexists(f"{root}/{folder}/{one}") for one in BUNDLE)
            status = os.stat(path)
            if is_link and _leads_out(root, name):
                found.faults.append(_foreign(name))
                continue
            _note_file(name, own, status, bundle, found)
            if is_link:
                found.links.append(name)
        except FileNotFoundError:
            if is_link:
                found.faults.append(_unreadable(name, "it is a link to nothing"))
        except OSError as error:
            found.faults.append(_unreadable(name, str(error.strerror)))
    return found.sort()


def can_be_post(relative: str) -> bool:
    """Tell by its name whether a file could be a post."""
    folder, _, name = relative.rpartition("/")
    return name.endswith(MARKDOWN) and not _is_passed_over(name) and can_hold_posts(folder)


def can_hold_posts(folder: str) -> bool:
    """Tell by its name whether posts could lie in a folder."""
    parts = folder.split("/")
    return parts[0] == TOP and not any(_is_passed_over(part) or part.endswith(MARKDOWN) for part in parts[1:])


def _is_passed_over(name: str) -> bool:
    return name.startswith((".", "_index.")) or name.endswith("~")


def _is_part(root: str, folder: str) -> bool:
    """Tell whether a scan would come to a folder: it follows no links below `posts`."""
    if not can_hold_posts(folder) or not os.path.isdir(f"{root}/{folder}"):
        return False
    parts = folder.split("/")
    return not any(os.path.islink("/".join([root, *parts[:end]])) for end in range(2, len(parts) + 1))


def _scan_folder(root: str, folder: str, found: Scan) -> None:
    try:
        with os.scandir(f"{root}/{folder}") as listing:
            entries = list(listing)
    except OSError as error:
        found.faults.append(
            Fault(folder, 1, 1, "unreadable", f"the folder cannot be read ({error.strerror}); check its permissions")
        )
        return
    # One index.md too many, right below posts/, must not make all other posts its attachments.
    bundle = folder != TOP and len(entries) > 1 and any(entry.name in BUNDLE for entry in entries)
    for entry in entries:
        name = entry.name
        if name.startswith((".", "_index.")) or name.endswith("~"):
            continue
        relative = f"{folder}/{name}"
        try:
            if name.endswith(MARKDOWN):
                status = entry.stat()
                if entry.is_symlink() and _leads_out(root, relative):
                    found.faults.append(_foreign(relative))
                    continue
                _note_file(relative, name, status, bundle, found)
                if entry.is_symlink():
                    found.links.append(relative)
            elif entry.is_dir(follow_symlinks=False):
                _scan_folder(root, relative, found)
        except OSError as error:
            found.faults.append(_unreadable(relative, str(error.strerror)))


def _leads_out(root: str, relative: str) -> bool:
    """Tell whether a link leads to a file that lies outside the content folder, or hidden in it (`.git`).

    Whoever may add a post, as by a pull request, must not be able to publish the machine's files with it. The content
    folder and its `posts` may be links themselves.
    """
    target = os.path.realpath(f"{root}/{relative}")
    for home in (os.path.realpath(root), os.path.realpath(f"{root}/{TOP}")):
        if target.startswith(f"{home}{os.sep}"):
            return any(part.startswith(".") for part in target.removeprefix(home).split(os.sep))
    return True


def _foreign(name: str) -> Fault:
    return _unreadable(name, "it is a link that leads out of the content folder; put the file itself there")


def _note_file(relative: str, name: str, status: os.stat_result, bundle: bool, found: Scan) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        found.faults.append(Fault(relative, 1, 1, "unreadable", f"{name} is {what}; a post is a text file"))
    elif bundle and not name.startswith("index."):
        found.faults.append(
            _misplaced(relative, "the file lies in the folder of another post (beside index.md) and is not served")
        )
    elif relative in (f"{TOP}/index.md", f"{TOP}/index.markdown"):
        found.faults.append(
            _misplaced(relative, "the list of posts makes itself; rename the file to serve it as a post")
        )
    else:
        found.files.append(source_file(relative, status))


def _unreadable(relative: str, reason: str) -> Fault:
    return Fault(relative, 1, 1, "unreadable", f"the file cannot be looked at ({reason})")


def _misplaced(relative: str, message: str) -> Fault:
    return Fault(relative, 1, 1, "location", f"{message}; put it at posts/<section>/<slug>/index.md", "warning", False)
