"""Files that lie beside the text: pictures of the assets folder, and what is in a post's bundle."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

from matome_app.store import queries
from matome_app.web.context import session, settings
from matome_app.web.urls import is_file

blueprint = Blueprint("files", __name__)

KINDS = {".avif": "image/avif", ".webp": "image/webp"}
"""What Python 3.11 and 3.12 know only where the system has a table of its own."""

SHOWN_INLINE = ("image/", "audio/", "video/", "text/plain", "application/pdf")


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
    if name.endswith((".md", ".markdown")):
        return None
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
    """Return a file below a folder; never one that is hidden or lies elsewhere."""
    if "\0" in name or "\\" in name or any(part.startswith(".") or not part for part in name.split("/")):
        return None
    path = folder / name
    return path if is_file(path) and path.resolve().is_relative_to(folder.resolve()) else None


def _send(path: Path) -> Response:
    """Send a file, as nothing that a browser would run."""
    kind = KINDS.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    inline = kind.startswith(SHOWN_INLINE)
    response = send_file(
        path, mimetype=kind if inline else "application/octet-stream", as_attachment=not inline, max_age=3600
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
