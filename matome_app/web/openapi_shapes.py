"""The shapes of what the JSON API answers, as schemas of its OpenAPI document: closed, so that a check can fail."""

from __future__ import annotations

from typing import Any, Final

from matome_app.search.answer import MOST_POSTS
from matome_app.search.params import SCOPES
from matome_app.web.context import PAGE_SIZE

Schema = dict[str, Any]

CHIP_KINDS: Final = ("word", "phrase", "or", "not", "user", "tag", "month", "after", "before", "color", "post")
FACETS: Final = ("tag", "user", "month")


def ref(name: str) -> Schema:
    """Return a reference to one of `schemas`."""
    return {"$ref": f"#/components/schemas/{name}"}


def closed(described: str = "", /, **properties: Schema) -> Schema:
    """Return an object that has these properties, all of them, and no others."""
    shape: Schema = {"description": described} if described else {}
    shape |= {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return shape


def with_optional(shape: Schema, **properties: Schema) -> Schema:
    """Return an object that may have further properties."""
    return shape | {"properties": {**shape["properties"], **properties}}


def some(items: Schema, described: str = "", **bounds: int) -> Schema:
    """Return an array."""
    return ({"description": described} if described else {}) | {"type": "array", "items": items, **bounds}


def text(described: str = "", **more: Any) -> Schema:
    """Return a string."""
    return ({"description": described} if described else {}) | {"type": "string", **more}


def number(described: str = "", minimum: int = 0) -> Schema:
    """Return a whole number."""
    return ({"description": described} if described else {}) | {"type": "integer", "minimum": minimum}


def or_null(schema: Schema) -> Schema:
    """Return what may also be null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema | {"type": [schema["type"], "null"]}


_TITLE: Final = text("The title of the post.")
_PATH: Final = text("The path of the post, without slashes at its ends.", pattern="^posts/[^/].*$")
_POST_URL: Final = text("The address of the post on this site, percent-encoded.", pattern=r"^/posts/[!-~]+/$")
_TAGS: Final = some(text(), "The tags, as the post spells them and in its order.")
_ANCHOR: Final = text("The post with the anchor of the comment.", pattern=r"^/posts/[!-~]+/#c-[!-~]+$")
_SEARCH_URL: Final = text("A search on this site, percent-encoded.", pattern=r"^/search(\?[!-~]+)?$")
_ORDINAL: Final = number("The place of the comment in its post, from 1.", 1)
_FOLD: Final = number("The fold it stands in, 0 outside of any.")
_USER: Final = text('Who said it, "" where the post does not tell.')
_SAID: Final = text(
    'When, in UTC, "" where the post does not tell.',
    pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$",
)
_COLOR: Final = text('The colour that highlights it, "" for none.', pattern="^(#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}))?$")
_TEXT: Final = text("The whole body as plain text, its lines broken by line feeds.")
_MOMENT: Final = text("A moment in UTC.", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\+00:00)$")


def schemas() -> dict[str, Schema]:
    """Return all shapes by name."""
    return _searching() | _reading() | _standing()


def _searching() -> dict[str, Schema]:
    """Return the shapes of `/api/search`."""
    facets = {name: some(ref("FacetValue")) for name in FACETS}
    suggestion: dict[str, Schema] = {
        "q": text("What to type as `q`."),
        "total": number("How many comments that finds."),
        "why": text("Why it is offered, in the language of the site."),
    }
    return {
        "Search": closed(
            query=text("The words of the search, trimmed."),
            total=number("How many comments were found; paging reaches them all."),
            page=number("The page this is.", 1),
            pages=number("How many there are.", 1),
            took_ms={"description": "What the search took, in milliseconds.", "type": "number", "minimum": 0},
            hits=some(ref("Hit"), "Comments whose body matches.", maxItems=PAGE_SIZE),
            facets={
                "description": "What would narrow the search; a facet that `late` names is missing.",
                "type": "object",
                "properties": facets,
                "additionalProperties": False,
            },
            posts=some(ref("PostHit"), "Posts whose title or tags match.", maxItems=MOST_POSTS),
            suggestions=some(closed(**suggestion), "Where nothing was found: searches that would find something."),
            totals=closed("How many comments each scope finds.", **{scope: number() for scope in SCOPES}),
            read=some(ref("Part"), "How the search was understood, part by part."),
            months=some(
                ref("FacetValue"),
                "Every month from the first to the last; while one is chosen, the others with what they would find.",
            ),
            late=some(text(enum=list(FACETS)), "Facets that took too long to count."),
            inflections=some(
                closed(**suggestion, url=_SEARCH_URL), "Searches for other forms of a word, with what these alone find."
            ),
        ),
        "Hit": closed(
            id=ref("CommentId"),
            url=_ANCHOR,
            post=closed(path=_PATH, title=_TITLE, tags=_TAGS),
            ordinal=_ORDINAL,
            details=_FOLD,
            user=_USER,
            created_at=_SAID,
            color=_COLOR,
            text=_TEXT,
            snippet=text("HTML: a piece of the text, escaped, what was found in `<mark>`."),
            match=text("Whether the words stand whole in it.", enum=["word", "partial"]),
            via=some(text(), "The spellings it was found by, where no word stands in it as typed."),
        ),
        "FacetValue": closed(
            value=text("What to give as the parameter of the facet's name."),
            label=text("What to show."),
            count=number("How many of the hits have it."),
            selected={"description": "Whether the search asks for it.", "type": "boolean"},
            url=_SEARCH_URL | {"description": "The search with the value, or without it where it is selected."},
        ),
        "PostHit": closed(path=_PATH, url=_POST_URL, title=_TITLE, hits=number("Comments found in it.")),
        "Part": closed(
            kind=text(enum=list(CHIP_KINDS)),
            label=text("The part as the site's pages name it."),
            count=or_null(number("How many comments hold it; null for what is not counted.")),
            variants=some(text(), "Other spellings that are searched along."),
            url=_SEARCH_URL | {"description": "The search without this part."},
        ),
        "CommentId": text("What a comment is known by, over rebuilds and machines.", pattern="^[a-z2-7]{16}$"),
    }


def _reading() -> dict[str, Schema]:
    """Return the shapes of posts and comments."""
    post: dict[str, Schema] = {
        "path": _PATH,
        "url": _POST_URL,
        "title": _TITLE,
        "date": text(
            'As its author wrote it, with the offset, "" for none.',
            pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:.]+)?)?$",
        ),
        "months": some(text(), "Its months, such as `2026/05`."),
        "tags": _TAGS,
        "featureimage": text('Its picture: a path below `/assets/` or a file beside the post, "" for none.'),
        "source_url": text('Where the discussion took place, "" where the post does not tell.'),
    }
    comment: dict[str, Schema] = {
        "id": ref("CommentId"),
        "ordinal": _ORDINAL,
        "details": _FOLD,
        "user": _USER,
        "created_at": _SAID,
        "color": _COLOR,
        "text": _TEXT,
        "html": text("The body as safe HTML."),
    }
    link = closed(path=_PATH, url=_POST_URL, title=_TITLE)
    return {
        "Posts": closed(
            total=number("How many posts the filters leave."),
            page=number("The page this is.", 1),
            pages=number("How many there are.", 1),
            posts=some(closed(**post, comments=number("How many comments it has.")), maxItems=PAGE_SIZE),
        ),
        "Post": closed(
            **post,
            details=some(ref("Fold"), "Its folds, in order."),
            comments=some(closed(**comment), "All its comments, those in folds too, in order."),
            related=some(link, "Posts like it."),
        ),
        "Fold": closed(
            n=number("Its number, from 1.", 1),
            summary=text("What it is titled."),
            parent=number("The fold it stands in, 0 outside of any."),
            comments=number("How many comments are in it."),
        ),
        "Comment": closed(
            **comment,
            url=_ANCHOR,
            post=closed(path=_PATH, url=_POST_URL, title=_TITLE, tags=_TAGS),
            similar=some(closed(id=ref("CommentId"), url=_ANCHOR), "The comments most like it."),
        ),
        "Error": closed(
            "Every error of addresses below `/api/`.",
            error=with_optional(
                closed(
                    status={
                        "description": "The status of the answer.",
                        "type": "integer",
                        "minimum": 400,
                        "maximum": 599,
                    },
                    message=text("What is wrong and what to do, in the language of the site.", minLength=1),
                ),
                request_id=text("From 500 on, what to quote when asking about it; also in `X-Request-ID`."),
            ),
        ),
    }


def _standing() -> dict[str, Schema]:
    """Return the shapes of `/healthz` and `/readyz`."""
    seconds: Schema = {"type": "number", "minimum": 0}
    progress = {
        "phase": text(enum=["posts", "words"]),
        "done": number("Posts read."),
        "total": number("Posts to read."),
        "comments": number("Comments stored so far."),
        "seconds": seconds,
        "comments_a_second": number(),
        "seconds_left": {"type": ["number", "null"]},
    }
    return {
        "Document": {
            "description": "An OpenAPI document.",
            "type": "object",
            "properties": {"openapi": text(const="3.1.0"), "info": {"type": "object"}, "paths": {"type": "object"}},
            "required": ["openapi", "info", "paths", "components"],
        },
        "Health": closed(status=text(const="ok")),
        "Readiness": closed(
            status=text(enum=["ready", "building", "unavailable"]),
            state=text(
                "`building` is a first build, `rebuilding` one beside a site that is served.",
                enum=["ready", "building", "rebuilding", "unavailable", "damaged"],
            ),
            generation=or_null(number("The number of the state that readers see: it grows with every change.")),
            posts=or_null(number()),
            comments=or_null(number()),
            progress={
                "description": "How far a run has come; empty while there is none.",
                "type": "object",
                "properties": progress,
                "additionalProperties": False,
            },
            last_run=or_null(
                closed(
                    start=_MOMENT,
                    end=_MOMENT,
                    seconds=seconds,
                    added=number(),
                    changed=number(),
                    removed=number(),
                    faulty=number(),
                    comments=number(),
                )
            ),
            last_error=or_null(closed(message=text(), at=_MOMENT)),
            last_rebuild=or_null(closed(reason=text(), at=_MOMENT)),
        ),
    }
