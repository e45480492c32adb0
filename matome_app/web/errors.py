"""Turn errors into helpful pages, or JSON below /api/; a reader never sees a traceback."""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify, make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from matome_app.errors import BadSearch, IndexUnavailable
from matome_app.web import htmx
from matome_app.web.context import runtime, settings
from matome_app.web.posts import redirect_alias

logger = logging.getLogger("matome")

TITLES = {
    400: "この条件では表示できません",
    404: "ページが見つかりません",
    405: "この操作はできません",
    413: "長すぎます",
    500: "エラーが起きました",
    503: "準備中です",
}


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(BadSearch, bad_search)
    app.register_error_handler(IndexUnavailable, unavailable)
    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(DBAPIError, database_error)
    app.register_error_handler(Exception, unexpected)


def bad_search(error: BadSearch) -> Response:
    """Answer for a URL that asks for what cannot be."""
    return _answer(error.status, error.message)


def unavailable(_error: IndexUnavailable) -> Response:
    """Answer before the first build has begun, or where there is no content at all."""
    content = settings().content_dir
    if not content.is_dir():
        return _answer(
            503, f"記事のフォルダがありません。探した場所：{content}（MATOME_CONTENT_DIR で変えられます）", retry=False
        )
    response = _answer(503, "記事を読み込んでいます。まもなく表示されます。", retry=True)
    response.headers["Retry-After"] = "5"
    return response


def not_found(error: NotFound) -> AnyResponse:
    """Redirect from an old address of a post; otherwise say that there is nothing."""
    try:
        moved = redirect_alias(request.path)
    except Exception:  # whatever is wrong with the store, the answer is still that there is no such page
        moved = None
    return moved or http_error(error)


def http_error(error: HTTPException) -> Response:
    """Answer for any HTTP error with the page of its status."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    message = (
        "住所が変わったか、なくなったページです。検索してみてください。"
        if status == 404
        else (error.description or error.name)
    )
    response = _answer(status, message)
    if isinstance(error.get_response(), AnyResponse) and "Allow" in error.get_response().headers:
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def database_error(error: DBAPIError) -> Response:
    """Answer when the store cannot be read right now."""
    logger.error("the store cannot be read: %s", str(error.orig).partition("\n")[0])
    response = _answer(503, "データを読めませんでした。しばらくしてからもう一度お試しください。", retry=True)
    response.headers["Retry-After"] = "10"
    return response


def unexpected(error: Exception) -> Response:
    """Log what nobody foresaw, and apologise."""
    logger.exception("unexpected error at %s", request.path, exc_info=error)
    return _answer(500, "申し訳ありません。しばらくしてからもう一度お試しください。")


def _answer(status: int, message: str, *, retry: bool = False) -> Response:
    title = TITLES.get(status, f"エラー {status}")
    if request.path.startswith("/api/"):
        response = jsonify(error={"status": status, "message": message})
    elif htmx.wants_fragment():
        response = make_response(
            render_template("errors/_error.html", status=status, title=title, message=message, fragment=True)
        )
    else:
        context = {
            "status": status,
            "title": title,
            "message": message,
            "retry": retry,
            "progress": runtime().progress(),
        }
        response = make_response(render_template("errors/error.html", **context))
    response.status_code = status
    response.vary.update(htmx.READ_HEADERS)
    return response
