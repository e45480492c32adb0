"""Structured data (JSON-LD, schema.org) for search engines: a post as a discussion, where it stands, the site's search.

It repeats what the page shows, and costs as many bytes. So it holds only comments outside folds, which are what the
page shows at first: at most MOST_COMMENTS of them, each cut at MOST_TEXT, and no more once they are MOST_IN_ALL
together. Of a usual post that is most of thirty comments, for 1 to 4 kB compressed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from flask_babel import gettext as _
from markupsafe import Markup

from matome_app.store.models import Comment, Post
from matome_app.web.context import settings
from matome_app.web.description import shortened
from matome_app.web.i18n import iso, local_month
from matome_app.web.urls import comment_url, external, term_url, user_url

MOST_COMMENTS: Final = 50
MOST_TEXT: Final = 500
MOST_IN_ALL: Final = 4000
"""Characters of comments."""

_UNSAFE: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""What could end the element, begin another, or end a line in a script; JSON may write it all as escapes."""

Node = dict[str, Any]


def script_text(*nodes: Node) -> Markup:
    """Return nodes as the text of a `<script type="application/ld+json">`."""
    context = {"@context": "https://schema.org"}
    data = {**context, **nodes[0]} if len(nodes) == 1 else {**context, "@graph": nodes}
    return Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE))


def website() -> Node:
    """Return the site with its search."""
    target = {"@type": "EntryPoint", "urlTemplate": f"{external('/search')}?q={{search_term_string}}"}
    return {
        "@type": "WebSite",
        "@id": external("/#site"),
        "name": settings().site_title,
        "url": external("/"),
        "inLanguage": settings().language,
        "potentialAction": {
            "@type": "SearchAction",
            "target": target,
            "query-input": "required name=search_term_string",
        },
    }


def discussion(post: Post, comments: Iterable[Comment], text: str, image: Node | None) -> Node:
    """Return a post as a discussion with the comments that stand outside its folds; `text` is what it is about."""
    url = external(post.url)
    return _without_nothing(
        {
            "@type": "DiscussionForumPosting",
            "@id": url,
            "mainEntityOfPage": url,
            "url": url,
            "headline": post.title,
            "text": text,
            "inLanguage": "ja",
            "author": {"@type": "Organization", "name": settings().site_title, "url": external("/")},
            "datePublished": iso(post.date),
            "dateModified": iso(post.changed or post.date),
            "image": image,
            "keywords": [tag.label for tag in post.tags],
            "isBasedOn": post.source_url,
            "citation": post.source_url,
            "commentCount": post.comment_count,
            "interactionStatistic": {
                "@type": "InteractionCounter",
                "interactionType": "https://schema.org/CommentAction",
                "userInteractionCount": post.comment_count,
            },
            "comment": [_comment(comment, post) for comment in _bounded(comments)],
        }
    )


def _bounded(comments: Iterable[Comment]) -> Iterator[Comment]:
    length = 0
    for comment in islice((comment for comment in comments if not comment.details), MOST_COMMENTS):
        length += len(_cut(comment.text))
        if length > MOST_IN_ALL:
            break
        yield comment


def _comment(comment: Comment, post: Post) -> Node:
    """Return one comment; search engines ask for `datePublished`, schema.org's own word for it is `dateCreated`."""
    made = iso(comment.created_at)
    return _without_nothing(
        {
            "@type": "Comment",
            "url": external(comment_url(comment, post)),
            "author": _person(comment.user),
            "dateCreated": made,
            "datePublished": made,
            "text": _cut(comment.text),
        }
    )


def _person(name: str) -> Node:
    if not name:
        return {"@type": "Person", "name": _("名無し")}
    return {"@type": "Person", "name": name, "url": external(user_url(name))}


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1].rstrip() + "…"


def breadcrumbs(post: Post) -> Node:
    """Return the way from home over the month to a post."""
    steps = [(settings().site_title, "/"), (_("月別"), "/months/")]
    steps += [(local_month(month.term.name), term_url("months", month.term.slug)) for month in post.months[:1]]
    steps.append((shortened(post.title, 110), post.url))
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": n, "name": name, "item": external(url)}
            for n, (name, url) in enumerate(steps, 1)
        ],
    }


def _without_nothing(node: Mapping[str, Any]) -> Node:
    """Return a node without what is not known."""
    return {name: value for name, value in node.items() if value not in ("", None, [])}
