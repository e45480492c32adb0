"""Pictures of posts: their smaller copies, and what templates need to show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from flask import Blueprint, Flask, abort, redirect, render_template, send_file
from markupsafe import Markup
from werkzeug.wrappers import Response

from matome_app.content.permalinks import url_path
from matome_app.images.cache import CannotMake
from matome_app.images.patterns import pattern
from matome_app.images.reading import Picture, read_picture
from matome_app.images.resizing import copy_of, copy_widths
from matome_app.store.models import Post
from matome_app.web.context import settings
from matome_app.web.files import asset_path, original, path_in_bundle
from matome_app.web.static import A_YEAR

blueprint = Blueprint("images", __name__)

FALLBACK_WIDTH: Final = 640
"""The copy for browsers that know nothing of `srcset`."""

_IMAGE: Final = re.compile(r"""<img\b(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_ATTRIBUTE: Final = re.compile(r"""\s([a-z]+)="([^"]*)\"""")
"""HTML comes from nh3, which writes names in lower case and quotes every value."""

_VERSION: Final = re.compile(r"[0-9a-f]{16}")


def init_app(app: Flask) -> None:
    """Give templates what shows pictures."""
    app.jinja_env.globals.update(picture=picture, pattern=pattern_of)
    app.jinja_env.filters.update(with_images=with_images)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture as a template shows it; `avif` and `webp` are `srcset`s, empty where it is served as it is.

    A width of 0 says that nothing is known of it.
    """

    src: str
    width: int
    height: int
    avif: str = ""
    webp: str = ""


def picture(post: Post) -> Shown | None:
    """Return a post's feature picture; None when it has none that can be shown."""
    found = feature_file(post)
    read = read_picture(found[1]) if found else None
    return _shown(read, found[0]) if found and read else None


def feature_file(post: Post) -> tuple[str, Path] | None:
    """Return the address (without the slash before it) and the file of a post's feature picture, where it exists."""
    name = post.featureimage.strip().lstrip("/")
    if post.folder and (path := path_in_bundle(post.folder, name)):
        return f"{post.path}/{name}", path
    return (f"assets/{name}", path) if (path := asset_path(name)) else None


def pattern_of(post: Post) -> Markup:
    """Return the inside of the SVG that stands for a post without picture."""
    return Markup(pattern([tag.label for tag in post.tags] or [post.path]))


@lru_cache(maxsize=4096)
def _shown(read: Picture, address: str) -> Shown:
    if not read.resizable:
        return Shown(url_path(address).rstrip("/"), read.width, read.height)
    widths = copy_widths(read)

    def srcset(kind: str) -> str:
        return ", ".join(f"{copy_url(read, address, width, kind)} {width}w" for width in widths)

    fallback = max((width for width in widths if width <= FALLBACK_WIDTH), default=widths[0])
    return Shown(copy_url(read, address, fallback, "webp"), read.width, read.height, srcset("avif"), srcset("webp"))


def copy_url(read: Picture, address: str, width: int, kind: str) -> str:
    """Return the address of a copy; it changes with the picture, so that browsers may keep it for ever."""
    # A comma would end an address in a `srcset`.
    return url_path("images", read.hash, str(width), f"{address}.{kind}").rstrip("/").replace(",", "%2C")


@blueprint.get("/images/<version>/<int:width>/<path:name>.<any(avif,webp):kind>")
def copy(version: str, width: int, name: str, kind: str) -> Response:
    """Answer with a copy of a picture that readers may see; one that cannot be made is replaced by the original."""
    path = original(name) if _VERSION.fullmatch(version) else None
    read = read_picture(path) if path else None
    if path is None or read is None:
        abort(404)
    widths = copy_widths(read)
    if read.resizable and version != read.hash:  # a page from before the picture was replaced
        near = min(widths, key=lambda one: abs(one - width))
        return for_now(copy_url(read, name, near, kind))
    if width not in widths:
        abort(404)
    if read.resizable:
        try:
            return for_ever(copy_of(read, width, kind, image_folder()), f"image/{kind}")
        except (CannotMake, OSError):
            pass
    return for_now(url_path(name).rstrip("/"))


def with_images(html: str, post: Post) -> Markup:
    """Return HTML of a post with its pictures in the widths used; those of other posts stay as they are, but lazy."""
    if "<img" not in html:
        return Markup(html)
    return Markup(_IMAGE.sub(lambda found: _in_text(found[0], post), html))


def _in_text(tag: str, post: Post) -> str:
    attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
    source = urlsplit(urljoin(post.url, attributes.get("src", "")))
    address = unquote(source.path).lstrip("/")
    path = _file_of(post, address) if not source.netloc else None
    read = read_picture(path) if path else None
    return render_template(
        "_picture_in_text.html",
        shown=_shown(read, address) if read else Shown(attributes.get("src", ""), 0, 0),
        alt=attributes.get("alt", ""),
        title=attributes.get("title", ""),
    ).strip()


def _file_of(post: Post, address: str) -> Path | None:
    """Return the file at an address if it lies in the assets folder or in this post's own bundle."""
    if address.startswith("assets/"):
        return asset_path(address.removeprefix("assets/"))
    inside = address.removeprefix(f"{post.path}/")
    return path_in_bundle(post.folder, inside) if post.folder and inside != address else None


def image_folder() -> Path:
    """Return the folder of what is made from pictures."""
    return settings().data_dir / "images"


def for_ever(path: Path, mimetype: str) -> Response:
    """Send a file whose address changes with its content."""
    response = send_file(path, mimetype=mimetype, etag=path.name, max_age=A_YEAR)
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.cache_control.no_cache = None
    return response


def for_now(address: str) -> Response:
    """Redirect to what answers today."""
    response = redirect(address)
    response.cache_control.no_store = True
    return response
