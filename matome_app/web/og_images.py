"""The picture that other sites show beside a link to a post: its address, which changes with it, and itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from flask import Response, abort
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from matome_app.content.permalinks import url_path
from matome_app.images.cache import CannotMake
from matome_app.images.cards import HEIGHT, WIDTH, Card, card_file, card_version
from matome_app.images.fonts import find_font
from matome_app.images.reading import Picture, read_picture
from matome_app.store import queries
from matome_app.store.models import Post
from matome_app.web.context import session, settings
from matome_app.web.i18n import local_day
from matome_app.web.images import feature_file, for_ever, for_now, image_folder
from matome_app.web.urls import external

OG_SIZE: Final = (WIDTH, HEIGHT)
OG_TYPE: Final = "image/jpeg"

_VERSION: Final = re.compile(r"[0-9a-f]{16}")


class _Seen(NamedTuple):
    """What a post's card is made from."""

    card: Card
    picture: Picture | None
    font: Path


def og_image_url(post: Post) -> str:
    """Return the full address of a post's card; empty when there is no font to set its title in."""
    seen = _seen(post)
    return external(_path(post, seen)) if seen else ""


def _seen(post: Post) -> _Seen | None:
    font = find_font()
    if font is None:
        return None
    found = feature_file(post)
    count = ngettext("コメント%(num)s件", "コメント%(num)s件", post.comment_count)
    facts = _("%(day)s・%(count)s", day=local_day(post.day), count=count) if post.day else count
    card = Card(post.title, settings().site_title, facts, tuple(tag.label for tag in post.tags))
    return _Seen(card, read_picture(found[1]) if found else None, font)


def _path(post: Post, seen: _Seen) -> str:
    return url_path("images", "og", card_version(*seen), f"{post.path}.jpg").rstrip("/")


def card(version: str, name: str) -> AnyResponse:
    """Answer with a post's card; an address from before the post changed leads to today's."""
    post = queries.post_by_path(session(), name) if _VERSION.fullmatch(version) else None
    seen = _seen(post) if post else None
    if post is None or seen is None:
        abort(404)
    if version != card_version(*seen):
        return for_now(_path(post, seen))
    try:
        return for_ever(card_file(*seen, image_folder()), OG_TYPE)
    except (CannotMake, OSError):
        return Response(status=503, headers={"Retry-After": "10", "Cache-Control": "no-store"})
