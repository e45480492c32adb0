"""Files that lie beside the text: pictures of the assets folder and of a post's bundle, and no other files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, abort, send_file

from matome_app.store import queries
from matome_app.web.context import session, settings
from matome_app.web.headers import SANDBOX, share
from matome_app.web.urls import is_file

blueprint = Blueprint("files", __name__)

KINDS: Final = {
    ".apng": "image/apng",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jfif": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".jxl": "image/jxl",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
"""The files that are served, by the end of their names, and as what: never as anything that a browser would run."""


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Answer with a picture of the assets folder."""
    return _send(asset_path(name) or abort(404))


def bundle_file(path: str) -> Response | None:
    """Answer with a file that lies in the folder of a published post; None when there is none."""
    found = _bundle_path(path)
    return _send(found) if found else None


def original(address: str) -> Path | None:
    """Return the file that is served at an address, written without the slash before it; None when there is none."""
    folder, _, name = address.partition("/")
    if folder == "assets":
        return asset_path(name)
    return _bundle_path(address) if folder == "posts" else None


def asset_path(name: str) -> Path | None:
    """Return a file of the assets folder by its path below it; None when there is none that may be served."""
    return _path_inside(settings().assets_dir, name)


def path_in_bundle(folder: str, name: str) -> Path | None:
    """Return a file of a published post's bundle, whose folder is `Post.folder`; None when none may be served."""
    bundle = settings().content_dir / folder
    found = _path_inside(bundle, name)
    return None if found is None or _lies_in_another_bundle(bundle, name) else found


def _bundle_path(path: str) -> Path | None:
    parts = path.split("/")
    post = queries.bundle_around(session(), ["/".join(parts[:n]) for n in range(len(parts) - 1, 1, -1)][:8])
    return path_in_bundle(post.folder, path.removeprefix(f"{post.path}/")) if post else None


def _lies_in_another_bundle(folder: Path, name: str) -> bool:
    """Tell whether a post lies between a bundle's folder and the file: unpublished, or the file would be its own."""
    inner = [folder / parent for parent in Path(name).parents if parent != Path(".")]
    return any(is_file(path / index) for path in inner for index in ("index.md", "index.markdown"))


def _path_inside(folder: Path, name: str) -> Path | None:
    """Return a picture below a folder; never a file that is hidden or lies elsewhere, whatever a link calls it."""
    if not _may_be_served(name) or not is_file(folder / name):
        return None
    path, home = (folder / name).resolve(), folder.resolve()
    return path if path.is_relative_to(home) and _may_be_served(path.relative_to(home).as_posix()) else None


def _may_be_served(name: str) -> bool:
    """Tell by its name below a folder whether a file may be served."""
    if "\0" in name or "\\" in name or any(part.startswith(".") or not part for part in name.split("/")):
        return False
    return Path(name).suffix.lower() in KINDS


def _send(path: Path) -> Response:
    """Send a picture; an SVG that is opened by itself runs nothing."""
    response = send_file(path, mimetype=KINDS[path.suffix.lower()], max_age=3600)
    response.headers["Content-Security-Policy"] = SANDBOX
    share(response)
    return response
