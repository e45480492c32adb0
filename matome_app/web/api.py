"""The same data as JSON: searches, posts, comments, and whether the site is alive and ready."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify
from sqlalchemy.exc import DBAPIError

from matome_app.content.permalinks import sanitize_path
from matome_app.errors import IndexUnavailable
from matome_app.search.engine import FacetValue, Suggestion
from matome_app.search.params import SearchParams
from matome_app.state import noted_damage, read_state
from matome_app.status import for_the_public, is_replacing
from matome_app.store import queries
from matome_app.store.known import get_meta
from matome_app.store.models import Comment, Post
from matome_app.web.conditional import forget_tags
from matome_app.web.context import PAGE_SIZE, runtime, search_params, session, settings
from matome_app.web.hits import Found
from matome_app.web.i18n import iso, translate
from matome_app.web.related import related_posts, similar_comments
from matome_app.web.search import find
from matome_app.web.urls import anchor_url, search_url


def search() -> Response:
    """Answer a search as DESIGN section 5 lays down."""
    params = search_params()
    result, found = find(params)
    facets = {name: [_value(params, name, v) for v in values] for name, values in result.facets.items()}
    # Most months stand in both lists with the same count: an address is made once.
    months = dict(zip(result.facets.get("month", ()), facets.get("month", []), strict=True))
    return jsonify(
        query=params.q,
        total=result.total,
        page=result.page,
        pages=result.pages,
        took_ms=round(result.took_ms, 2),
        hits=[_hit(one) for one in found],
        facets=facets,
        posts=[{"path": p.path, "url": p.url, "title": p.title, "hits": p.hits} for p in result.posts],
        suggestions=[_suggestion(s) for s in result.suggestions],
        totals=result.totals,
        read=[
            {
                "kind": chip.kind,
                "label": translate(chip.label),
                "count": chip.count,
                "variants": chip.variants,
                "url": search_url(chip.without),
            }
            for chip in result.chips
        ],
        months=[months.get(month) or _value(params, "month", month) for month in result.months],
        late=result.late,
        inflections=[{**_suggestion(s), "url": search_url(s.params)} for s in result.inflections],
    )


def _value(params: SearchParams, name: str, value: FacetValue) -> dict[str, Any]:
    return {
        "value": value.value,
        "label": value.label,
        "count": value.count,
        "selected": value.selected,
        "url": search_url(params.toggled(name, value.value)),
    }


def _suggestion(suggestion: Suggestion) -> dict[str, Any]:
    return {"q": suggestion.q, "total": suggestion.total, "why": translate(suggestion.why)}


def _hit(found: Found) -> dict[str, Any]:
    comment = found.comment
    return {
        "id": comment.id,
        "url": anchor_url(comment, comment.post),
        "post": {
            "path": comment.post.path,
            "title": comment.post.title,
            "tags": [tag.label for tag in comment.post.tags],
        },
        "ordinal": comment.ordinal,
        "details": comment.details,
        "user": comment.user,
        "created_at": iso(comment.created_at),
        "color": comment.color,
        "text": comment.text,
        "snippet": str(found.snippet),
        "match": found.hit.match,
        "via": found.hit.via,
    }


def posts() -> Response:
    """List posts; the filters of the pages work here, too."""
    page = queries.posts_page(session(), search_params(), PAGE_SIZE)
    rows = [{**_post(post), "comments": post.comment_count} for post in page.rows]
    return jsonify(total=page.total, page=page.page, pages=page.pages, posts=rows)


def post(rest: str) -> Response:
    """Answer with a post and all its comments."""
    path = f"posts/{rest.strip('/')}"
    found = queries.post_by_path(session(), path) or queries.post_by_path(session(), sanitize_path(path)) or abort(404)
    folds = queries.folds_of(session(), found)
    comments = queries.comments_of(session(), found)
    return jsonify(
        **_post(found),
        details=[
            {"n": fold.n, "summary": fold.summary, "parent": fold.parent, "comments": fold.comments}
            for fold in folds.values()
        ],
        comments=[_comment(comment) for comment in comments.values()],
        related=[{"path": other.path, "url": other.url, "title": other.title} for other in related_posts(found)],
    )


def comment(id_: str) -> Response:
    """Answer with one comment."""
    found = queries.comment_by_id(session(), id_) or abort(404)
    return jsonify(
        **_comment(found),
        url=anchor_url(found, found.post),
        post={
            "path": found.post.path,
            "url": found.post.url,
            "title": found.post.title,
            "tags": [tag.label for tag in found.post.tags],
        },
        similar=[{"id": one.id, "url": anchor_url(one, one.post)} for one in similar_comments(found)],
    )


def _post(post: Post) -> dict[str, Any]:
    return {
        "path": post.path,
        "url": post.url,
        "title": post.title,
        "date": post.date_text,
        "months": [month.label for month in post.months],
        "tags": [tag.label for tag in post.tags],
        "featureimage": post.featureimage,
        "source_url": post.source_url,
    }


def _comment(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "ordinal": comment.ordinal,
        "details": comment.details,
        "user": comment.user,
        "created_at": iso(comment.created_at),
        "color": comment.color,
        "text": comment.text,
        "html": comment.html,
    }


def openapi() -> Response:
    """Answer with what all of these may be asked, and what they answer."""
    from matome_app.web.openapi import document  # few read it, and it is no part of a start

    return jsonify(document())


def healthz() -> Response:
    """Say that the process answers."""
    return _of_this_moment(jsonify(status="ok"))


def _of_this_moment(answer: Response) -> Response:
    """Return an answer that nobody may keep: it tells of the process, not of the content."""
    answer.cache_control.no_store = True
    forget_tags()
    return answer


def readyz() -> tuple[Response, int]:
    """Say whether store and index can be used: 503 until the first build is whole, with how far it has come."""
    data = settings().data_dir
    progress = {name: value for name, value in runtime().progress().items() if name != "pid"}
    facts: dict[str, int | None] = {"generation": None, "posts": None, "comments": None}
    try:
        complete = get_meta(session(), "complete") == "yes"
        posts, comments = queries.totals(session())
        facts = {"generation": queries.generation(session()), "posts": posts, "comments": comments}
        status = "ready" if complete else "building"
        state = status if not complete else "rebuilding" if progress and is_replacing(data) else "ready"
        state = "damaged" if noted_damage(data) else state
    except IndexUnavailable:
        status, state = "unavailable", "building" if progress else "unavailable"
    except DBAPIError as error:
        status = "unavailable"
        state = status if "locked" in str(error.orig) or "busy" in str(error.orig) else "damaged"
    known = read_state(data)
    answer = jsonify(
        status=status,
        state=state,
        **facts,
        progress=progress,
        last_run=known.get("run"),
        last_error=for_the_public(known.get("error")),
        last_rebuild=for_the_public(known.get("rebuild")),
    )
    return _of_this_moment(answer), 200 if status == "ready" else 503
