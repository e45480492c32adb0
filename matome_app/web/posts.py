"""Lists of posts, a post with its folds, and what lies beside it: bundle files, pictures, permalinks of comments."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flask import Blueprint, Response, abort, redirect, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from matome_app.content.permalinks import sanitize_path
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Comment, Fold, Post
from matome_app.web import htmx
from matome_app.web.context import PAGE_SIZE, search_params, session, settings
from matome_app.web.urls import comment_url, is_file, list_url, with_query

blueprint = Blueprint("posts", __name__)

TAGS_SHOWN = 30
_FOLD = re.compile(r"(?P<post>.+)/details/(?P<n>[0-9]{1,6})")
_SHOWN_INLINE = ("image/", "audio/", "video/", "text/plain", "application/pdf")


@blueprint.get("/")
def home() -> AnyResponse:
    """Show the newest posts."""
    return post_list("/", search_params(), heading="")


@blueprint.get("/posts/")
def index() -> AnyResponse:
    """Show the posts that the filters leave, newest first."""
    return post_list("/posts/", search_params(), heading="記事一覧")


def post_list(path: str, params: SearchParams, *, heading: str, preset: SearchParams | None = None) -> AnyResponse:
    """Answer with a list of posts; `preset` holds the filters that the path itself stands for."""
    if params.q:
        return redirect(with_query("/search", params))
    narrowed = _merge(preset, params)
    page = queries.posts_page(session(), narrowed, PAGE_SIZE)
    return htmx.render(
        "posts/list.html",
        "posts/_list.html",
        heading=heading,
        path=path,
        params=narrowed,
        page=page,
        page_url=lambda n: with_query(path, params.replace(page=n)),
        tags=queries.tag_counts(session(), narrowed, TAGS_SHOWN),
        toggle_url=lambda name, value: list_url(narrowed.toggled(name, value)),
        change_url=lambda **changes: list_url(narrowed.replace(**changes)),
        totals=queries.totals(session()) if path == "/" and not narrowed.is_filtered else None,
    )


def _merge(preset: SearchParams | None, params: SearchParams) -> SearchParams:
    if preset is None:
        return params
    narrowed = params.replace(page=params.page, month=params.month or preset.month)
    for tag in preset.tags:
        narrowed = narrowed.with_tag(tag).replace(page=params.page)
    return narrowed


@blueprint.get("/posts/<path:rest>")
def show(rest: str) -> AnyResponse:
    """Answer for everything below /posts/: a post, one of its folds, a file of its bundle, or an old address."""
    path = "posts/" + rest.strip("/")
    post = queries.post_by_path(session(), path)
    if post is not None:
        return _page(post) if rest.endswith("/") else redirect(_with_args(post.url), 301)
    fold = _FOLD.fullmatch(path)
    if fold and (post := queries.post_by_path(session(), fold["post"])) is not None:
        return _fold(post, int(fold["n"]))
    return _bundle_file("posts/" + rest.lstrip("/")) or _moved(path) or abort(404)


def _with_args(url: str) -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{url}?{query}" if query else url


def _moved(path: str) -> AnyResponse | None:
    """Redirect from an alias, or from the same path in other letters."""
    tidy = sanitize_path(path).strip("/")
    post = queries.post_of_alias(session(), tidy) or (queries.post_by_path(session(), tidy) if tidy != path else None)
    return redirect(post.url, 301) if post else None


def redirect_alias(path: str) -> AnyResponse | None:
    """Redirect an address that nothing else answers for, when a post once had it."""
    post = queries.post_of_alias(session(), sanitize_path(path).strip("/"))
    return redirect(post.url, 301) if post else None


@dataclass(frozen=True, slots=True)
class Part:
    """A post's page, ready for its template: segments with the comments and folds they name."""

    post: Post
    comments: dict[int, Comment]
    folds: dict[int, Fold]
    open: frozenset[int] = frozenset()
    newest: tuple[Post, ...] = field(default=())

    def segments(self, n: int = 0) -> Iterable[list[str | int]]:
        """Return the segments of a fold (0: of the post itself)."""
        return self.folds[n].segments if n else self.post.segments

    def fold_href(self, n: int) -> str:
        """Return the address that opens a fold besides those already open: several stay open without JavaScript."""
        others = "&".join(f"open={m}" for m in sorted(self.open - {n}))
        return f"{self.post.url}details/{n}{'?' + others if others else ''}"


def _part(post: Post, opened: Iterable[int]) -> Part:
    folds = queries.folds_of(session(), post) if _holds(post.segments, "details") else {}
    wanted = frozenset(n for n in opened if n in folds)
    for n in tuple(wanted):  # a fold inside a fold is seen only when those around it are open
        while (n := folds[n].parent) != 0:
            wanted |= {n}
    comments = queries.comments_of(session(), post, {0, *wanted})
    limit = max((int(s[1]) for s in post.segments if s[0] == "list"), default=0)
    return Part(post, comments, folds, wanted, tuple(queries.newest_posts(session(), limit)) if limit else ())


def _holds(segments: Iterable[list[str | int]], kind: str) -> bool:
    return any(segment[0] == kind for segment in segments)


def _page(post: Post, opened: Iterable[int] = ()) -> AnyResponse:
    older, newer = queries.neighbours(session(), post)
    return htmx.render(
        "posts/show.html", "posts/show.html", part=_part(post, opened), post=post, older=older, newer=newer
    )


def _fold(post: Post, n: int) -> AnyResponse:
    if n not in (folds := queries.folds_of(session(), post)):
        abort(404)
    if not htmx.wants_fragment():
        also = (
            int(value)
            for value in request.args.getlist("open")
            if value.isascii() and value.isdigit() and len(value) < 7
        )
        return _page(post, {n, *also})
    part = Part(post, queries.comments_of(session(), post, {n}), folds)
    return htmx.render("posts/show.html", "posts/_fold.html", part=part, n=n, post=post)


@blueprint.get("/c/<id_>")
def permalink(id_: str) -> AnyResponse:
    """Redirect to a comment on its post's page, its fold open."""
    comment = queries.comment_by_id(session(), id_)
    if comment is None:
        abort(404)
    return redirect(comment_url(comment, comment.post))


@blueprint.get("/progress")
def progress() -> AnyResponse:
    """Show how far a build has come: the banner alone for htmx, otherwise back to the posts."""
    return htmx.render("_progress.html", "_progress.html") if htmx.wants_fragment() else redirect("/")


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> AnyResponse:
    """Answer with a picture of the assets folder."""
    return _file_inside(settings().assets_dir, name) or abort(404)


def _bundle_file(path: str) -> AnyResponse | None:
    """Answer with a file that lies beside a published post's index.md."""
    folder, _, name = path.rpartition("/")
    below = ""
    while folder.startswith("posts/"):
        post = queries.post_by_path(session(), folder)
        if post is not None and post.folder and not name.endswith((".md", ".markdown")):
            return _file_inside(settings().content_dir / post.folder, f"{below}{name}")
        folder, _, part = folder.rpartition("/")
        below = f"{part}/{below}"
    return None


def _file_inside(folder: Path, name: str) -> AnyResponse | None:
    """Send a file below a folder; never one that is hidden or lies elsewhere, and nothing that a browser would run."""
    if "\0" in name or "\\" in name or any(part.startswith(".") or not part for part in name.split("/")):
        return None
    path = folder / name
    if not is_file(path) or not path.resolve().is_relative_to(folder.resolve()):
        return None
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    inline = kind.startswith(_SHOWN_INLINE)
    response: Response = send_file(
        path, mimetype=kind if inline else "application/octet-stream", as_attachment=not inline, max_age=3600
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
