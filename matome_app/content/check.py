"""Check content files as an author would want it before publishing: every fault, drafts included, nothing is stored."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from matome_app.content import loader
from matome_app.content.models import Post
from matome_app.errors import ContentError, Fault


def check(content: Path, assets: Path, paths: Sequence[Path] = ()) -> Iterator[Fault]:
    """Yield the faults of all files below `content`, or of those given (files or folders), sorted by file and line.

    Paths of faults are relative to `content`.
    """
    scan = loader.scan(content)
    site = loader.Site.of(content, scan.files)
    files, faults = list(scan.files), list(scan.faults)
    if paths:
        files, faults = _chosen(content, paths, scan)
    claimed: dict[str, str] = {}
    for file in files:
        faults += _check_file(content, assets, file, site, claimed)
    yield from sorted(faults)


def _chosen(content: Path, paths: Sequence[Path], scan: loader.Scan) -> tuple[list[loader.SourceFile], list[Fault]]:
    files: dict[str, loader.SourceFile] = {}
    faults: list[Fault] = []
    for path in paths:
        relative = os.path.relpath(path.absolute(), content)
        below = "" if relative == "." else f"{relative}/"
        found = [file for file in scan.files if file.relative == relative or file.relative.startswith(below)]
        found_faults = [fault for fault in scan.faults if fault.path == relative or fault.path.startswith(below)]
        files |= {file.relative: file for file in found}
        faults += found_faults
        if found or found_faults:
            continue
        try:
            status = path.stat()
        except OSError as error:
            faults.append(
                Fault(relative, 1, 1, "unreadable", f"the file cannot be read ({error.strerror}); check its name")
            )
            continue
        if not path.is_dir():
            files[relative] = loader.SourceFile(relative, status.st_size, status.st_mtime_ns)
    return list(files.values()), faults


def _check_file(
    content: Path, assets: Path, file: loader.SourceFile, site: loader.Site, claimed: dict[str, str]
) -> list[Fault]:
    try:
        post, faults = loader.load_post(content, file, site)
    except ContentError as error:
        return list(error.faults)
    other = claimed.setdefault(post.path, file.relative)
    if other != file.relative:
        faults.append(
            Fault(file.relative, 1, 1, "duplicate", f"the URL {post.url} is that of {other}, too; rename one of them")
        )
    return faults + _check_image(content, assets, file, post)


def _check_image(content: Path, assets: Path, file: loader.SourceFile, post: Post) -> list[Fault]:
    name = post.front_matter.featureimage.strip()
    if not name:
        return []
    try:
        found = (content / file.relative).parent.joinpath(name).is_file() or (assets / name.lstrip("/")).is_file()
    except (OSError, ValueError):
        found = False
    message = (
        f"featureimage is {name[:80]!r}, which is neither beside the post nor in {assets.name}/; put the picture there"
    )
    return [] if found else [Fault(file.relative, 1, 1, "link", message, "warning", False)]
