"""Files that lie beside the text: pictures of the assets folder, and what is in a post's bundle."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

from matome_app.store import queries
from matome_app.web.context import session, settings
from matome_app.web.urls import is_file

blueprint = Blueprint("files", __name__)

SHOWN_INLINE = ("image/", "audio/", "video/", "text/plain", "application/pdf")


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Answer with a picture of the assets folder."""
    return _file_inside(settings().assets_dir, name) or abort(404)


def bundle_file(path: str) -> Response | None:
    """Answer with a file that lies in the folder of a published post; None when there is none."""
    parts = path.split("/")
    post = queries.bundle_around(session(), ["/".join(parts[:n]) for n in range(len(parts) - 1, 1, -1)][:8])
    if post is None or path.endswith((".md", ".markdown")):
        return None
    folder, name = settings().content_dir / post.folder, path.removeprefix(f"{post.path}/")
    return None if _lies_in_another_bundle(folder, name) else _file_inside(folder, name)


def _lies_in_another_bundle(folder: Path, name: str) -> bool:
    """Tell whether a post lies between a bundle's folder and the file: unpublished, or the file would be its own."""
    inner = [folder / parent for parent in Path(name).parents if parent != Path(".")]
    return any(is_file(path / index) for path in inner for index in ("index.md", "index.markdown"))


def _file_inside(folder: Path, name: str) -> Response | None:
    """Send a file below a folder; never one that is hidden or lies elsewhere, and nothing that a browser would run."""
    if "\0" in name or "\\" in name or any(part.startswith(".") or not part for part in name.split("/")):
        return None
    path = folder / name
    if not is_file(path) or not path.resolve().is_relative_to(folder.resolve()):
        return None
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    inline = kind.startswith(SHOWN_INLINE)
    response = send_file(
        path, mimetype=kind if inline else "application/octet-stream", as_attachment=not inline, max_age=3600
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
