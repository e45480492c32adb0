"""A post with its folds, and the permalinks of its comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from matome_app.content.permalinks import sanitize_path
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Comment, Fold, Post, Segments
from matome_app.web import htmx
from matome_app.web.context import search_params, session
from matome_app.web.files import bundle_file
from matome_app.web.related import related_posts
from matome_app.web.thread import NONE, Matches, find_matches
from matome_app.web.urls import comment_url, fold_url

blueprint = Blueprint("posts", __name__)

THREAD = "thread"
"""The view of a post in which its own search box shows what it finds."""

_FOLD = re.compile(r"(?P<post>.+)/details/(?P<n>[0-9]{1,6})")


@blueprint.get("/posts/<path:rest>")
def show(rest: str) -> Response:
    """Answer for everything below /posts/: a post, one of its folds, a file of its bundle, or an old address."""
    path = "posts/" + rest.strip("/")
    post = queries.post_by_path(session(), path)
    if post is not None:
        return _page(post) if rest.endswith("/") else redirect(_with_args(post.url), 301)
    fold = _FOLD.fullmatch(path)
    if fold and (post := queries.post_by_path(session(), fold["post"])) is not None:
        return _fold(post, int(fold["n"]))
    return bundle_file("posts/" + rest.lstrip("/")) or _moved(path) or abort(404)


def _with_args(url: str) -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{url}?{query}" if query else url


def _moved(path: str) -> Response | None:
    """Redirect from an alias, or from the same path in other letters."""
    tidy = sanitize_path(path).strip("/")
    post = queries.post_of_alias(session(), tidy)
    if post is None and tidy != path and tidy.count("/") == path.count("/"):
        post = queries.post_by_path(session(), tidy)
    return redirect(post.url, 301) if post else None


def redirect_alias(path: str) -> Response | None:
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
    matches: Matches = NONE

    def segments(self, n: int = 0) -> Segments:
        """Return the segments of a fold (0: of the post itself)."""
        return self.folds[n].segments if n else self.post.segments

    @property
    def url(self) -> str:
        """Return the post's address with the search it is seen with."""
        query = urlencode(self._asked())
        return f"{self.post.url}{'?' + query if query else ''}"

    def folds_around(self, comment: Comment) -> list[int]:
        """Return the folds a comment is in, the outermost first."""
        around: list[int] = []
        n = comment.details
        while n and n in self.folds:
            around.insert(0, n)
            n = self.folds[n].parent
        return around

    @property
    def everywhere(self) -> SearchParams:
        """Return the same search over all posts."""
        return SearchParams(q=self.matches.q)

    def fold_href(self, n: int) -> str:
        """Return the address that opens a fold besides those already open: several stay open without JavaScript."""
        query = urlencode([*(("open", str(m)) for m in sorted(self.open - {n})), *self._asked()])
        return f"{fold_url(self.post, n)}{'?' + query if query else ''}"

    def fold_source(self, n: int) -> str:
        """Return the address of the inside of a fold, for htmx."""
        query = urlencode(self._asked())
        return f"{fold_url(self.post, n)}{'?' + query if query else ''}"

    def _asked(self) -> list[tuple[str, str]]:
        """Return the search that goes along to other folds."""
        found = self.matches
        return [("q", found.q), *([("view", THREAD)] if found.alone else [])] if found else []


def _part(post: Post, opened: Iterable[int]) -> Part:
    folds = queries.folds_of(session(), post) if any(kind == "details" for kind, _ in post.segments) else {}
    matches = _matches(post, folds)
    wanted = frozenset(n for n in opened if n in folds)
    if matches.alone:
        wanted |= matches.folds.keys()
    for n in tuple(wanted):  # a fold inside a fold is seen only when those around it are open
        while (n := folds[n].parent) != 0:
            wanted |= {n}
    comments = queries.comments_of(session(), post, {0, *wanted})
    shown = [post.segments, *(folds[n].segments for n in wanted)]
    return Part(post, comments, folds, wanted, _newest(shown), matches)


def _matches(post: Post, folds: Mapping[int, Fold]) -> Matches:
    """Return what the query of the URL finds in a post."""
    return find_matches(post, folds, search_params(), alone=request.args.get("view") == THREAD)


def _newest(shown: Iterable[Segments]) -> tuple[Post, ...]:
    """Return the newest posts, as many as the longest of the lists in the segments wants."""
    limit = max((int(value) for segments in shown for kind, value in segments if kind == "list"), default=0)
    return tuple(queries.newest_posts(session(), limit)) if limit else ()


def _page(post: Post, opened: Iterable[int] = ()) -> Response:
    part = _part(post, opened)
    if htmx.wants_fragment():
        response = htmx.render("posts/show.html", "posts/_thread.html", part=part, post=post)
        response.headers["HX-Replace-Url"] = part.url
        return response
    older, newer = queries.neighbours(session(), post)
    return htmx.render(
        "posts/show.html",
        "posts/_thread.html",
        part=part,
        post=post,
        older=older,
        newer=newer,
        related=related_posts(post),
    )


def _fold(post: Post, n: int) -> Response:
    if n not in (folds := queries.folds_of(session(), post)):
        abort(404)
    if not htmx.wants_fragment():
        also = (
            int(value)
            for value in request.args.getlist("open")
            if value.isascii() and value.isdigit() and len(value) < 7
        )
        return _page(post, {n, *also})
    comments = queries.comments_of(session(), post, {n})
    part = Part(post, comments, folds, newest=_newest([folds[n].segments]), matches=_matches(post, folds))
    return htmx.render("posts/show.html", "posts/_fold.html", part=part, n=n, post=post)


@blueprint.get("/c/<id_>")
def permalink(id_: str) -> Response:
    """Redirect to a comment on its post's page, its fold open."""
    comment = queries.comment_by_id(session(), id_)
    if comment is None:
        abort(404)
    return redirect(comment_url(comment, comment.post, search_params().q))
