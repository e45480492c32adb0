"""What templates use besides their context: numbers, languages and addresses, registered in one place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial

from flask import Flask
from markupsafe import Markup

from matome_app.config import Settings
from matome_app.content.visible import visible
from matome_app.store.found import Tag
from matome_app.web import htmx, urls
from matome_app.web.context import settings
from matome_app.web.i18n import iso
from matome_app.web.static import static_url

_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_LANG = {language: Markup(f' lang="{language}"') for language in ("ja", "en")}
_NO_LANG = Markup("")


def init_app(app: Flask, chosen: Settings) -> None:
    """Register filters and globals with Jinja."""
    # A page of hits asks for the language a hundred times: what it is made of is not looked up again each time.
    app.jinja_env.filters.update(
        iso=iso, lang=partial(lang_beside, language=chosen.language), number=number, rfc822=rfc822, visible=visible
    )
    app.jinja_env.filters.update(tag_labels=partial(tag_labels, language=chosen.language))
    app.jinja_env.globals.update(
        anchor_url=urls.anchor_url,
        comment_url=urls.comment_url,
        external=urls.external,
        fold_url=urls.fold_url,
        from_search_box=htmx.from_search_box,
        list_url=urls.list_url,
        search_url=urls.search_url,
        settings=lambda: chosen,
        static_url=static_url,
        term_url=urls.term_url,
        user_url=lru_cache(maxsize=4096)(urls.user_url),  # the same few say most of it
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
    return lang_beside(text, settings().language)


def lang_beside(text: str, language: str) -> Markup:
    """Return the `lang` attribute of a text beside others in a language."""
    if _JAPANESE.search(text):
        own = "ja"
    elif _LATIN_WORD.search(text):
        own = "en"
    else:
        return _NO_LANG
    return _LANG[own] if own != language else _NO_LANG


def tag_labels(tags: Sequence[Tag], language: str) -> Markup:
    """Return the labels of a post's tags one after the other, each with its own direction and language."""
    return _tag_labels(tuple([tag.label for tag in tags]), language)


# Posts are found again and again, by other words each time.
@lru_cache(maxsize=4096)
def _tag_labels(labels: tuple[str, ...], language: str) -> Markup:
    one = Markup("<bdi{}>{}</bdi> ")
    return Markup("").join(one.format(lang_beside(label, language), visible(label)) for label in labels)
