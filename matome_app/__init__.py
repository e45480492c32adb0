"""The application factory: wiring only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from matome_app import background, cli, log
from matome_app.config import ROOT, read_settings
from matome_app.errors import DataFolderError, SettingError
from matome_app.runtime import Runtime
from matome_app.web import (
    building,
    compiled,
    conditional,
    context,
    errors,
    files,
    filters,
    headers,
    i18n,
    lists,
    meta,
    query_strings,
    requests,
    routes,
    static,
    templates,
)
from matome_app.web import images as image_pages  # by its own name it would hide a package of matome_app

CANNOT_START = 4
"""Exit code of a start that a setting stopped; gunicorn takes it as a reason not to try again."""


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the application.

    Settings come from `MATOME_*` and, before them, from `config`: settings without the prefix, Flask's own keys, and
    `BUILD` (default True: bring the index up to date in the background when this process serves). Raises SettingError
    and DataFolderError when `config` is given; otherwise prints their one line and ends the process.
    """
    try:
        return _create(config)
    except (SettingError, DataFolderError) as error:
        if config is not None:
            raise
        log.cannot_start(error, os.environ.get("MATOME_LOG_FORMAT", ""))
        raise SystemExit(CANNOT_START) from None


def _count(app: Flask) -> None:
    """Have requests counted; what that needs is not loaded where it is not wanted."""
    from matome_app.web import metric_files

    folder = metric_files.prepare()
    from matome_app.web import metrics

    metrics.init_app(app, folder)


def _create(config: Mapping[str, Any] | None) -> Flask:
    app = Flask(
        "matome_app",
        root_path=str(ROOT / "matome_app"),
        instance_path=str(ROOT / "instance"),
        template_folder=str(ROOT / "templates"),
        static_folder=None,  # web.static serves it, under names that hold a hash
    )
    app.config.from_prefixed_env("MATOME", loads=str)
    app.config.from_mapping(config or {})
    settings = read_settings(app.config)
    log.set_up_log(settings.log_format)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # a commenter's name may hold two
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n, x_prefix=n)  # type: ignore[method-assign]
    templates.init_app(app)
    query_strings.init_app(app)
    requests.init_app(app, settings)
    if settings.metrics and background.is_serving():
        _count(app)
    Htmx(app)
    runtime = Runtime(settings)
    context.init_app(app, runtime)
    i18n.init_app(app, settings)
    compiled.init_app(app, settings)
    filters.init_app(app, settings)
    for module in (building, meta, headers, conditional, errors, cli, image_pages, routes):
        module.init_app(app)
    for module in (static, building, lists, files, image_pages):
        app.register_blueprint(module.blueprint)
    if app.config.get("BUILD", True) and background.is_serving():
        background.begin(app, runtime, routes.load_views)
    return app
