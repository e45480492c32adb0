"""What templates use besides their context: numbers, languages and addresses, registered in one place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Flask
from markupsafe import Markup

from matome_app.content.visible import visible
from matome_app.web import htmx, urls
from matome_app.web.context import settings
from matome_app.web.i18n import iso
from matome_app.web.static import static_url

_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_LANG = {language: Markup(f' lang="{language}"') for language in ("ja", "en")}
_NO_LANG = Markup("")


def init_app(app: Flask) -> None:
    """Register filters and globals with Jinja."""
    app.jinja_env.filters.update(iso=iso, lang=lang, number=number, rfc822=rfc822, visible=visible)
    app.jinja_env.globals.update(
        anchor_url=urls.anchor_url,
        comment_url=urls.comment_url,
        external=urls.external,
        fold_url=urls.fold_url,
        from_search_box=htmx.from_search_box,
        list_url=urls.list_url,
        search_url=urls.search_url,
        settings=settings,
        static_url=static_url,
        term_url=urls.term_url,
        user_url=urls.user_url,
        with_query=urls.with_query,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def rfc822(moment: datetime) -> str:
    """Return a stored moment as RSS wants it."""
    return format_datetime(moment.replace(tzinfo=UTC))


def number(value: int) -> str:
    """Return a number with commas."""
    return f"{value:,}"


def lang(text: str) -> Markup:
    """Return the `lang` attribute of a text in another language than the interface: English, or Japanese."""
    if _JAPANESE.search(text):
        language = "ja"
    elif _LATIN_WORD.search(text):
        language = "en"
    else:
        return _NO_LANG
    return _LANG[language] if language != settings().language else _NO_LANG
