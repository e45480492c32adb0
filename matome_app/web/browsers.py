"""What browsers fetch of the site itself: a description of its search, its manifest, and icons at their usual names."""

from __future__ import annotations

from typing import Final

from flask import Response, jsonify, send_from_directory
from flask_babel import gettext as _

from matome_app.config import ROOT
from matome_app.web.context import settings
from matome_app.web.feeds import xml
from matome_app.web.static import static_url

ICONS: Final = ROOT / "static" / "icons"
A_DAY: Final = 86_400
BAR, PAPER = "#ffffff", "#fbfaf7"
"""Colours of the light theme: the bar above a page, as its `theme-color` says, and the page before it is there."""


def favicon() -> Response:
    """Answer with the icon that browsers ask for unasked."""
    return _icon("favicon.ico", "image/x-icon")


def apple_touch_icon() -> Response:
    """Answer with the icon that iOS asks for unasked."""
    return _icon("apple-touch-icon.png", "image/png")


def _icon(name: str, mimetype: str) -> Response:
    response = send_from_directory(ICONS, name, mimetype=mimetype, max_age=A_DAY)
    response.cache_control.public = True
    response.cache_control.no_cache = None
    return response


def manifest() -> Response:
    """Say how the site stands on a home screen: as a page of the browser, which keeps its address and buttons."""
    title = settings().site_title
    response = jsonify(
        name=title,
        short_name=title[:12],
        description=_("長い議論のまとめを読み、コメントを検索できます"),
        lang=settings().language,
        dir="ltr",
        id="/",
        start_url="/",
        scope="/",
        display="minimal-ui",
        theme_color=BAR,
        background_color=PAPER,
        icons=[
            {"src": static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            _png("icon-192.png", 192),
            _png("icon-512.png", 512),
            {**_png("maskable-192.png", 192), "purpose": "maskable"},
            {**_png("maskable-512.png", 512), "purpose": "maskable"},
        ],
    )
    response.mimetype = "application/manifest+json"
    return response


def _png(name: str, size: int) -> dict[str, str]:
    return {"src": static_url(f"icons/{name}"), "sizes": f"{size}x{size}", "type": "image/png"}


def opensearch() -> Response:
    """Describe the search to browsers."""
    return xml("feeds/opensearch.xml", "application/opensearchdescription+xml")
