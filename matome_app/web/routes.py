"""Addresses of views that are loaded when they are needed, so that the first page after a start waits for no other.

What every page needs has its addresses beside its views, on a blueprint, and `matome_app` imports it. Everything else
stands here, by endpoint: module of `matome_app.web` and function. A module comes with the first request for one of its
views, or before that with `load_views`, which a server calls when it has given its first answer.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, NamedTuple

from flask import Flask


class Route(NamedTuple):
    """An address, what answers it, and values that the view gets besides those in the address."""

    rule: str
    endpoint: str
    values: dict[str, str] | None = None


ROUTES: Final = (
    Route("/posts/<path:rest>", "posts.show"),
    Route("/c/<id_>", "posts.permalink"),
    Route("/c/<id_>/body", "comments.body"),
    Route("/c/<id_>/around", "comments.around"),
    Route("/c/<id_>/menu", "menu.menu"),
    Route("/c/<id_>/similar", "related.similar"),
    Route("/search", "search.results"),
    Route("/tags/", "taxonomies.tags"),
    Route("/tags/<path:rest>", "taxonomies.tag"),
    Route("/months/", "taxonomies.months"),
    Route("/months/<path:rest>", "taxonomies.month"),
    Route("/users/", "users.index"),
    Route("/users/<path:rest>", "users.show"),
    Route("/help/search", "help.search"),
    Route("/help/keys", "keys.key_map"),
    *(Route(f"/index.{form}", "feeds.site", {"form": form}) for form in ("xml", "atom")),
    *(Route(f"/posts/index.{form}", "feeds.posts", {"form": form}) for form in ("xml", "atom")),
    *(
        Route(f"/{taxonomy}/{which}index.{form}", endpoint, {"taxonomy": taxonomy, "form": form})
        for which, endpoint in (("", "feeds.terms"), ("<path:slug>/", "feeds.term"))
        for taxonomy in ("tags", "months")
        for form in ("xml", "atom")
    ),
    Route("/search.atom", "feeds.search"),
    Route("/sitemap.xml", "sitemap.sitemap"),
    Route("/sitemap-<int:n>.xml", "sitemap.part"),
    Route("/robots.txt", "sitemap.robots"),
    Route("/favicon.ico", "browsers.favicon"),
    Route("/apple-touch-icon.png", "browsers.apple_touch_icon"),
    Route("/manifest.webmanifest", "browsers.manifest"),
    Route("/opensearch.xml", "browsers.opensearch"),
    Route("/images/og/<version>/<path:name>.jpg", "og_images.card"),
    Route("/api/search", "api.search"),
    Route("/api/posts", "api.posts"),
    Route("/api/posts/<path:rest>", "api.post"),
    Route("/api/comments/<id_>", "api.comment"),
    Route("/api/openapi.json", "api.openapi"),
    Route("/healthz", "api.healthz"),
    Route("/readyz", "api.readyz"),
)


def init_app(app: Flask) -> None:
    """Give the app these addresses."""
    views = {route.endpoint: _when_asked(route.endpoint) for route in ROUTES}
    for route in ROUTES:
        app.add_url_rule(route.rule, route.endpoint, views[route.endpoint], methods=["GET"], defaults=route.values)


def load_views() -> None:
    """Load every view that is not loaded yet; raises what is wrong with its module."""
    for endpoint in dict.fromkeys(route.endpoint for route in ROUTES):
        view(endpoint)


def view(endpoint: str) -> Callable[..., Any]:
    """Return the view of an endpoint; its module is loaded, if nobody asked for it before."""
    module, _, name = endpoint.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"matome_app.web.{module}"), name)
    return found


def _when_asked(endpoint: str) -> Callable[..., Any]:
    return lambda **values: view(endpoint)(**values)
