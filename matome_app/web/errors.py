"""Turn errors into helpful pages, or JSON below /api/; a reader never sees a traceback."""

from __future__ import annotations

import logging
import re
import time
from typing import Final

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from matome_app.errors import N_, BadSearch, IndexUnavailable
from matome_app.privacy import without_message
from matome_app.store.known import get_meta
from matome_app.web import htmx
from matome_app.web.context import runtime, session, settings
from matome_app.web.i18n import translate
from matome_app.web.requests import request_id

logger = logging.getLogger("matome")

TITLES: Final = {
    400: N_("この条件では表示できません"),
    404: N_("ページが見つかりません"),
    405: N_("この操作はできません"),
    413: N_("長すぎます"),
    500: N_("エラーが起きました"),
    503: N_("準備中です"),
}
MESSAGES: Final = {
    400: N_("アドレスを読み取れませんでした。検索してみてください。"),
    404: N_("アドレスが変わったか、なくなったページです。検索してみてください。"),
    405: N_("このアドレスは表示にだけ使えます。"),
}
MINUTE: Final = 60.0
_said: dict[str, float] = {}
_NEAR: Final = re.compile("(fts5: |near |no such column: ).*", re.DOTALL)
"""What of a message of SQLite's comes before a piece of the statement, which may be one of the search."""

UNKNOWN: Final = N_("この要求には答えられません。")


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
    return _answer(error.status, translate(error.message))


def unavailable(_error: IndexUnavailable) -> Response:
    """Answer before the first build has begun, or where there is no content at all."""
    content = settings().content_dir
    if not content.is_dir():
        message = _(
            "記事のフォルダがありません。探した場所：%(folder)s（MATOME_CONTENT_DIR で変えられます）", folder=content
        )
        return _answer(503, message)
    response = _answer(503, _("記事を読み込んでいます。まもなく表示されます。"), retry=True)
    response.headers["Retry-After"] = "5"
    return response


def not_found(error: NotFound) -> AnyResponse:
    """Redirect from an old address of a post; otherwise say that there is nothing."""
    from matome_app.web.posts import redirect_alias  # here, since a start has nothing to be redirected

    try:
        moved = redirect_alias(request.path)
    except Exception:  # whatever is wrong with the store, the answer is still that there is no such page
        moved = None
    return moved or (unavailable(IndexUnavailable(str(error))) if _is_growing() else http_error(error))


def _is_growing() -> bool:
    """Tell whether posts are still being read for the first time: what is not there may be there in a moment."""
    if request.blueprint == "static":
        return False
    try:
        return get_meta(session(), "complete") == "no"
    except (IndexUnavailable, DBAPIError):
        return False


def http_error(error: HTTPException) -> Response:
    """Answer for any HTTP error with the page of its status."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    response = _answer(status, _(MESSAGES.get(status, UNKNOWN)))
    if isinstance(error.get_response(), AnyResponse) and "Allow" in error.get_response().headers:
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def database_error(error: DBAPIError) -> Response:
    """Answer when the store cannot be read right now; it is said once a minute, damage once."""
    said = str(error.orig).partition("\n")[0]
    said = _NEAR.sub(r"\1…", said)
    if not runtime().report_error(error) and _is_news(said):
        logger.error("the store cannot be read: %s", said, extra={"event": "store"})
    response = _answer(503, _("データを読めませんでした。しばらくしてからもう一度お試しください。"), retry=True)
    response.headers["Retry-After"] = "10"
    return response


def unexpected(error: Exception) -> Response:
    """Log what nobody foresaw, and apologise; from damaged files anything can come."""
    if runtime().is_suspect():
        return unavailable(IndexUnavailable(str(error)))
    # What it says may hold what was searched for, as text or as a parameter of a statement.
    shown = without_message(error) if request.args else error
    logger.error("unexpected error at %s", request.path, exc_info=shown, extra={"event": "unexpected"})
    return _answer(500, _("申し訳ありません。しばらくしてからもう一度お試しください。"))


def _is_news(said: str) -> bool:
    """Tell whether an error was not said within the last minute."""
    now = time.monotonic()
    if now - _said.get(said, -MINUTE) < MINUTE:
        return False
    _said[said] = now
    return True


def _answer(status: int, message: str, *, retry: bool = False) -> Response:
    title = _(TITLES[status]) if status in TITLES else _("エラー %(status)s", status=status)
    # What went wrong here is in the log under this id, for the reader to quote.
    id_ = {"request_id": request_id()} if status >= 500 else {}
    if request.path.startswith("/api/"):
        response = jsonify(error={"status": status, "message": message, **id_})
    else:
        context = {"status": status, "title": title, "message": message, **id_}
        if htmx.wants_fragment():
            page = render_template("errors/_error.html", **context, fragment=True)
        else:
            page = render_template("errors/error.html", **context, retry=retry, progress=runtime().progress())
        response = make_response(page)
    response.status_code = status
    response.vary.update(htmx.READ_HEADERS)
    return response
