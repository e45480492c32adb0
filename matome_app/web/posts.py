"""A post with its folds, and the permalinks of its comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from flask import abort, redirect, request
from werkzeug.wrappers import Response

from matome_app.content.permalinks import sanitize_path
from matome_app.content.reading import A_MINUTE
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Fold, Post, Segments
from matome_app.store.threads import comments_chosen, people_of
from matome_app.web import htmx
from matome_app.web.context import search_params, session
from matome_app.web.files import bundle_file
from matome_app.web.part import ALL, FEW, THREAD, Part, People
from matome_app.web.related import related_posts
from matome_app.web.thread import Matches, find_matches, is_chosen
from matome_app.web.urls import comment_url

_FOLD = re.compile(r"(?P<post>.+)/details/(?P<n>[0-9]{1,6})")
_NUMBER = re.compile(r"[0-9]{1,6}")


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


def _page(post: Post, opened: Iterable[int] = ()) -> Response:
    part = _part(post, opened)
    if htmx.wants_fragment():
        response = htmx.render("posts/show.html", "posts/_thread.html", part=part, post=post)
        # Typing replaces the address; a choice is something to come back from.
        typed = htmx.comes_from("thread-search")
        response.headers["HX-Replace-Url" if typed else "HX-Push-Url"] = part.url
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
        a_minute=A_MINUTE,
    )


def _part(post: Post, opened: Iterable[int]) -> Part:
    folds = _folds(post)
    asked = _asked()
    matches = _matches(post, folds, asked)
    people = People(*people_of(session(), post, None if request.args.get("people") == ALL else FEW))
    if asked.is_filtered:
        keys = matches.keys if matches and matches.ready else None
        chosen = comments_chosen(session(), post, asked.users, asked.color, keys)
        return Part(post, {}, folds, matches=matches, asked=asked, chosen=chosen, people=people)
    wanted = _open(folds, opened, matches)
    comments = queries.comments_of(session(), post, {0, *wanted})
    shown = [post.segments, *(folds[n].segments for n in wanted)]
    return Part(post, comments, folds, wanted, _newest(shown), matches, asked, people=people)


def _folds(post: Post) -> dict[int, Fold]:
    return queries.folds_of(session(), post) if any(kind == "details" for kind, _ in post.segments) else {}


def _asked() -> SearchParams:
    """Return what the URL asks of a post; raises BadSearch. Other parameters of a search do not count here."""
    params = search_params()
    return SearchParams(q=params.q, users=params.users, color=params.color)


def _open(folds: Mapping[int, Fold], opened: Iterable[int], matches: Matches) -> frozenset[int]:
    """Return the folds to show open: those the URL names, those that a search of the thread needs."""
    named = request.args.getlist("open")
    wanted = set(folds) if ALL in named else {int(n) for n in named if _NUMBER.fullmatch(n)} & folds.keys()
    wanted |= folds.keys() & set(opened)
    if matches.alone:
        wanted |= matches.folds.keys()
    for n in tuple(wanted):  # a fold inside a fold is seen only when those around it are open
        while (n := folds[n].parent) != 0:
            wanted.add(n)
    return frozenset(wanted)


def _matches(post: Post, folds: Mapping[int, Fold], asked: SearchParams) -> Matches:
    """Return what the query of the URL finds in a post, among the comments that are chosen."""
    return find_matches(post, folds, asked, alone=request.args.get("view") == THREAD)


def _newest(shown: Iterable[Segments]) -> tuple[Post, ...]:
    """Return the newest posts, as many as the longest of the lists in the segments wants."""
    limit = max((int(value) for segments in shown for kind, value in segments if kind == "list"), default=0)
    return tuple(queries.newest_posts(session(), limit)) if limit else ()


def _fold(post: Post, n: int) -> Response:
    if n not in (folds := queries.folds_of(session(), post)):
        abort(404)
    if not htmx.wants_fragment():
        return _page(post, {n})
    asked = _asked()
    matches = _matches(post, folds, asked)
    comments = queries.comments_of(session(), post, {n})
    if asked.is_filtered:
        comments = {ordinal: one for ordinal, one in comments.items() if is_chosen(one, asked)}
    part = Part(post, comments, folds, newest=_newest([folds[n].segments]), matches=matches, asked=asked)
    return htmx.render("posts/show.html", "posts/_fold.html", part=part, n=n, post=post)


def permalink(id_: str) -> Response:
    """Redirect to a comment on its post's page, its fold open."""
    comment = queries.comment_by_id(session(), id_)
    if comment is None:
        abort(404)
    return redirect(comment_url(comment, comment.post, search_params().q))
