"""What the head of a page says of it to search engines, to other sites that link to it, and to reader programs.

One function a kind of page reads what its view gave the template; pages that nobody foresaw are themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import quote

from flask import Flask, g, request
from flask_babel import gettext as _
from flask_babel import ngettext
from jinja2 import pass_context
from jinja2.runtime import Context

from matome_app.content.permalinks import url_path
from matome_app.store.models import Post
from matome_app.web.context import settings
from matome_app.web.description import describe, shortened
from matome_app.web.filters import number
from matome_app.web.list_params import ListParams
from matome_app.web.static import static_url
from matome_app.web.structured import breadcrumbs, discussion, script_text, website
from matome_app.web.urls import external, user_url

RSS, ATOM = "application/rss+xml", "application/atom+xml"
TITLES_NAMED: Final = 3
"""A list is described by so many of its posts."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that goes with a page."""

    type: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What other sites show beside a link; `url` is a full address."""

    url: str
    type: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class Meta:
    """What the head says; `canonical` is a path of the site, empty where the page has no address of its own."""

    canonical: str = ""
    title: str = ""
    description: str = ""
    hidden: bool = False
    feeds: Sequence[Feed] = ()
    post: Post | None = None
    image: Picture | None = None
    structured: str = ""
    published: datetime | None = None
    changed: datetime | None = None


Page = Mapping[str, Any]
"""What a view gave its template."""


def init_app(app: Flask) -> None:
    """Give templates what the head says."""
    app.jinja_env.globals.update(page_meta=page_meta)


@pass_context
def page_meta(context: Context) -> Meta:
    """Return what is said of the page that a template is making; the head and the end of the page ask for the same."""
    if "status" in context:  # an error, perhaps of a page that was half made
        return Meta(hidden=True, feeds=_site_feeds())
    if "meta" not in g:
        g.meta = _meta(context.get_all())
    return cast(Meta, g.meta)


def _meta(page: Page) -> Meta:
    found = _KINDS.get(request.endpoint or "", _other)(page)
    own = [feed for feed in found.feeds if feed.url not in {one.url for one in _site_feeds()}]
    return replace(found, feeds=[*own, *_site_feeds()], image=found.image or (_icon() if found.canonical else None))


def _site_feeds() -> list[Feed]:
    return _feeds("/", settings().site_title)


def _feeds(path: str, title: str) -> list[Feed]:
    return [Feed(RSS, title, f"{path}index.xml"), Feed(ATOM, f"{title} (Atom)", f"{path}index.atom")]


def _icon() -> Picture:
    return Picture(external(static_url("icons/icon-512.png")), "image/png", 512, 512, settings().site_title)


def _other(_page: Page) -> Meta:
    """Describe a page by its address; pieces of pages, below /c/, are none of their own."""
    return Meta(canonical=quote(request.path), hidden=request.path.startswith("/c/"))


def _post(page: Page) -> Meta:
    """Describe a post; its folds and what a choice leaves of it are views of the same."""
    post: Post = page["post"]
    part = page["part"]
    outside = [comment for comment in part.comments.values() if not comment.details]
    text = describe(post, outside)
    image = _card(post)
    shown_as_it_is = request.path == f"/{post.path}/" and not request.args
    return Meta(
        canonical=post.url,
        title=post.title,
        description=text,
        post=post,
        image=image,
        feeds=[feed for tag in post.tags[:3] for feed in _feeds(url_path("tags", tag.term.slug), tag.label)[:1]],
        structured=_structured(post, outside, text, image) if shown_as_it_is else "",
        published=post.date,
        changed=post.changed or post.date,
    )


def _structured(post: Post, comments: Sequence[Any], text: str, image: Picture | None) -> str:
    size = {"width": image.width, "height": image.height} if image else {}
    shown = {"@type": "ImageObject", "url": image.url, **size} if image else None
    return script_text(discussion(post, comments, text, shown), breadcrumbs(post))


def _card(post: Post) -> Picture | None:
    from matome_app.web.og_images import OG_SIZE, OG_TYPE, og_image_url  # here, since lists have none

    url = og_image_url(post)
    return Picture(url, OG_TYPE, *OG_SIZE, post.title) if url else None


def _list(page: Page) -> Meta:
    """Describe a list of posts by its newest; one that is filtered is nothing to find in a search engine."""
    path: str = page["path"]
    asked: ListParams = page["asked"]
    heading: str = page["heading"]
    home = path == "/"
    filtered = asked.own.is_filtered or asked.discussed
    names = [post.title for post in page["page"].rows[:TITLES_NAMED]]
    total = page["page"].total
    count = ngettext("記事%(n)s件", "記事%(n)s件", total, n=number(total))
    first = home and not request.args
    return Meta(
        canonical=asked.canonical,
        title=settings().site_title if home else heading,
        description=_about_site() if home else shortened(" | ".join([f"{heading} {count}", *names])),
        hidden=filtered,
        feeds=[] if home else _feeds(path, heading),
        structured=script_text(website()) if first else "",
    )


def _about_site() -> str:
    title = settings().site_title
    about: str = _("「%(title)s」は長い議論のまとめです。記事を読み、すべてのコメントを検索できます。", title=title)
    return about


def _terms(page: Page) -> Meta:
    """Describe the list of all tags or months."""
    tags = request.path == "/tags/"
    title = _("タグ一覧") if tags else _("月別一覧")
    about = _("記事に付いたタグと、その記事の数の一覧です。") if tags else _("記事を月ごとにまとめた一覧です。")
    return Meta(
        canonical=request.path,
        title=title,
        description=about,
        hidden=bool(page.get("name")) or ("asked" in page and page["asked"].own.is_filtered),
        feeds=_feeds(request.path, title),
    )


def _search(page: Page) -> Meta:
    """Describe the search: its entrance may be found; a search itself, search engines shall not search in turn."""
    is_entrance = request.full_path == "/search?"
    return Meta(
        canonical="/search" if is_entrance else "",
        description=_about_site(),
        hidden=not is_entrance,
        feeds=[Feed(ATOM, page["heading"], page["feed_url"])],
    )


def _users(page: Page) -> Meta:
    n = page["page"].page
    return Meta(
        canonical=f"/users/?page={n}" if n > 1 else "/users/",
        description=_("コメントした人の一覧です。名前から、その人のコメントをすべて読めます。"),
        hidden=bool(page["prefix"]),
    )


def _user(page: Page) -> Meta:
    found = _search(page)
    return replace(found, canonical=user_url(page["user"].name), description=page["heading"])


_KINDS: Final[dict[str, Callable[[Page], Meta]]] = {
    "lists.home": _list,
    "lists.index": _list,
    "taxonomies.tag": _list,
    "taxonomies.month": _list,
    "taxonomies.tags": _terms,
    "taxonomies.months": _terms,
    "posts.show": _post,
    "search.results": _search,
    "users.index": _users,
    "users.show": _user,
}
