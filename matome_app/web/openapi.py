"""The OpenAPI document of the JSON API: what may be asked, and all that may be answered.

Parameters are those of `search.params`, with its bounds; tests compare paths with routes and answers with shapes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from matome_app.search.params import MAX_QUERY, MAX_VALUE, MAX_VALUES, NAMES, SCOPES, SORTS
from matome_app.web.context import PAGE_SIZE
from matome_app.web.openapi_shapes import Schema, ref, schemas, text

MAX_PAGE: Final = 999_999_999
"""The largest page that `search.params` reads as a number."""

_DAY: Final = text(anyOf=[{"format": "date"}, {"maxLength": 0}])
_SEVERAL: Final = {"type": "array", "uniqueItems": True, "maxItems": MAX_VALUES}

QUERY: Final[dict[str, tuple[str, Schema, dict[str, Any]]]] = {
    "q": (
        'Words (all must match), `"exact phrase"`, `-word`, `OR`, `user:`, `tag:`, `month:`, `after:`, `before:`; '
        "what is not understood is plain text.",
        text(maxLength=MAX_QUERY, default=""),
        {"word": "SQLite", "phrase": '"busy_timeout"', "either": "SQLite OR PostgreSQL -Redis"},
    ),
    "tag": (
        "Repeatable; all must hold. In any case, or as the tag's address spells it.",
        _SEVERAL | {"items": text(maxLength=MAX_VALUE)},
        {"one": ["SQLite"]},
    ),
    "month": ("A month, or what a post names instead.", text(maxLength=MAX_VALUE), {"month": "2026/05"}),
    "user": (
        "Repeatable; any of them. As the posts write it.",
        _SEVERAL | {"items": text(maxLength=MAX_VALUE)},
        {"two": ["kotatsu_ops", "northbound"]},
    ),
    "color": (
        "`any` for highlighted comments, or one colour.",
        text(pattern="^(any|#[0-9a-fA-F]{6})?$"),
        {"any": "any", "one": "#45d325"},
    ),
    "post": (
        "The path of one post.",
        text(maxLength=MAX_VALUE),
        {"path": "posts/2026_05/2026_05_12_sqlite_in_production"},
    ),
    "after": ("A day in UTC, inclusive. `2026/5/1` is read, too.", _DAY, {"day": "2026-05-01"}),
    "before": ("A day in UTC, inclusive.", _DAY, {"day": "2026-12-31"}),
    "scope": (
        "Whether all words stand in one comment, or anywhere in one thread.",
        text(enum=["", *SCOPES], default=SCOPES[0]),
        {},
    ),
    "sort": ("The order; without words `relevance` is `newest`.", text(enum=["", *SORTS], default=SORTS[0]), {}),
    "page": (
        f"The page, of {PAGE_SIZE} rows; 404 past the last one.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1},
        {"first": 1},
    ),
}
"""What a query string may hold: meaning, schema, examples. Of a name that is no array the first value counts, white
space at both ends does not, and an empty one is not given, as a form sends it."""

_SECTION: Final = text(pattern="^[^/]+$")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the document; callers leave it as it is."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "matome",
            "version": "1.0.0",
            "summary": "Digests of discussions: every comment can be searched and linked to.",
            "description": (
                "Unknown parameters are ignored; a value that cannot be read is refused with the parameter's name. "
                "Answers carry an ETag: with `If-None-Match` it costs nothing to ask whether it still holds. "
                "A server in front may answer 429 or 503 itself; both say when to come back (`Retry-After`)."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "reading", "description": "Searches, posts and comments."},
            {"name": "operating", "description": "For whoever watches over the site."},
        ],
        "paths": _paths(),
        "components": {
            "schemas": schemas(),
            "parameters": {name: _in_query(name) for name in NAMES} | {"If-None-Match": _IF_NONE_MATCH},
            "responses": _responses(),
            "headers": _HEADERS,
        },
    }


_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an answer that is there already: 304 where it still holds.",
    "schema": text(),
}

_HEADERS: Final = {
    "ETag": {
        "description": "Names the state of the content; missing while the site is built.",
        "schema": text(pattern='^W/"[0-9a-f]+"$'),
    },
    "Last-Modified": {"description": "When the content last changed.", "schema": text()},
    "Cache-Control": {
        "description": "Answers may be kept, and are asked for again each time.",
        "required": True,
        "schema": text(),
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "X-Content-Type-Options": {"required": True, "schema": text(const="nosniff")},
}


def _in_query(name: str) -> dict[str, Any]:
    described, schema, examples = QUERY[name]
    parameter: dict[str, Any] = {"name": name, "in": "query", "description": described, "schema": schema}
    if schema["type"] == "array":
        parameter |= {"style": "form", "explode": True}
    if examples:
        parameter["examples"] = {key: {"value": value} for key, value in examples.items()}
    return parameter


def _in_path(name: str, described: str, schema: Schema, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": described,
        "schema": schema,
        "example": example,
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Content-Type-Options", *names)}


def _json(described: str, shape: str, *headers: str) -> dict[str, Any]:
    content = {"application/json": {"schema": ref(shape)}}
    return {"description": described, "headers": _headers(*headers), "content": content}


def _responses() -> dict[str, Any]:
    """Return the answers that several operations share."""
    return {
        "NotModified": {
            "description": "The answer that `If-None-Match` names still holds.",
            "headers": _headers("ETag", "Last-Modified", "Cache-Control"),
        },
        "BadValue": _json("A parameter cannot be read; the message names it.", "Error"),
        "NotFound": _json("There is no such post, comment or page.", "Error"),
        "TooLong": _json(f"`q` has more than {MAX_QUERY} characters.", "Error"),
        "NotYet": _json("The site is not built yet, or cannot be read right now.", "Error", "Retry-After"),
    }


_LINKS: Final[dict[str, dict[str, Any]]] = {
    "search": {
        "FirstComment": {"operationId": "comment", "parameters": {"id": "$response.body#/hits/0/id"}},
        "InItsPost": {"operationId": "search", "parameters": {"post": "$response.body#/hits/0/post/path"}},
    },
    "posts": {"CommentsOfFirst": {"operationId": "search", "parameters": {"post": "$response.body#/posts/0/path"}}},
    "post": {"FirstComment": {"operationId": "comment", "parameters": {"id": "$response.body#/comments/0/id"}}},
    "comment": {"MostLikeIt": {"operationId": "comment", "parameters": {"id": "$response.body#/similar/0/id"}}},
}
"""Where answers lead to, by operation."""

_SHARED: Final = {"304": "NotModified", "400": "BadValue", "404": "NotFound", "413": "TooLong", "503": "NotYet"}


def _get(name: str, summary: str, shape: str, statuses: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    """Return an operation that reads what the content says."""
    answers = {
        "200": _json("The answer.", shape, "ETag", "Last-Modified", "Cache-Control"),
        **{status: {"$ref": f"#/components/responses/{_SHARED[status]}"} for status in statuses.split()},
    }
    if name in _LINKS:
        answers["200"] |= {"links": _LINKS[name]}
    asked = [*parameters, {"$ref": "#/components/parameters/If-None-Match"}]
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "tags": ["reading"],
            "parameters": asked,
            "responses": answers,
        }
    }


def _paths() -> dict[str, Any]:
    filters = [{"$ref": f"#/components/parameters/{name}"} for name in NAMES]
    section = _in_path("section", "The folder of the post.", _SECTION, "2026_05")
    slug = _in_path("slug", "The post's own name.", _SECTION, "2026_05_12_sqlite_in_production")
    alone = _in_path("slug", "The post's own name.", _SECTION, "about")
    comment = _in_path(
        "id", "The comment's id; one that an edit of its body has changed is found, too.", _SECTION, "o75aohudacsgqbav"
    )
    return {
        "/api/search": _get("search", "Search over all comments", "Search", "304 400 404 413 503", *filters),
        "/api/posts": _get("posts", "The posts that the filters leave", "Posts", "304 400 404 413 503", *filters),
        "/api/posts/{section}/{slug}": _get(
            "post", "A post with all its comments", "Post", "304 404 503", section, slug
        ),
        "/api/posts/{slug}": _get("single", "A post that lies in no folder", "Post", "304 404 503", alone),
        "/api/comments/{id}": _get("comment", "A comment with its post", "Comment", "304 404 503", comment),
        "/api/openapi.json": _get("openapi", "This document", "Document", "304"),
        "/healthz": _standing(
            "healthz", "Whether the process answers", {"200": _json("It does.", "Health", "Cache-Control")}
        ),
        "/readyz": _standing(
            "readyz",
            "Whether store and index can be used",
            {
                "200": _json("They are whole.", "Readiness", "Cache-Control"),
                "503": _json("Not yet, or not right now.", "Readiness", "Cache-Control"),
            },
        ),
    }


def _standing(name: str, summary: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"operationId": name, "summary": summary, "tags": ["operating"], "responses": answers}}
