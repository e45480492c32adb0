"""The interface's language: texts by gettext, written in Japanese and translated by catalogues; dates by locale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache, partial, reduce
from typing import Final

from babel import Locale, dates
from babel.support import Translations
from flask import Flask
from flask_babel import Babel, get_translations, gettext
from markupsafe import Markup, escape

from matome_app.config import ROOT, Settings
from matome_app.content.visible import visible
from matome_app.errors import Message
from matome_app.web import texts
from matome_app.web.context import settings

CATALOGUES: Final = ROOT / "matome_app" / "translations"


def init_app(app: Flask, chosen: Settings) -> None:
    """Let `_()` speak the language that the settings name, in templates and in views."""
    Babel(
        app,
        default_locale=chosen.language,
        default_timezone="UTC",
        default_translation_directories=str(CATALOGUES),
    )
    # Where there is no catalogue, as of the language of the msgids, they speak for themselves.
    texts.install(app.jinja_env, Translations.load(CATALOGUES, [chosen.language]))
    app.jinja_env.filters.update(
        bdi=bdi,
        quoted=quoted,
        local_time=local_time,
        local_day=local_day,
        local_month=partial(_local_month, language=chosen.language),  # a page names a dozen of them
        translate=translate,
    )
    app.jinja_env.globals.update(time_element=partial(time_element, chosen=chosen))


def ngettext(singular: str, plural: str, count: int, /, **values: str) -> str:
    """Return a text for so many things; as in templates, `num` among the values may be the number as it is shown."""
    return str(get_translations().ungettext(singular, plural, count)) % {"num": count, **values}


def translate(message: Message) -> str:
    """Return a message as the site's language says it."""
    return message.said(gettext)


def bdi(text: str) -> Markup:
    """Return a text whose direction says nothing about what stands around it, as a value for a message."""
    return Markup("<bdi>{}</bdi>").format(visible(text))


def quoted(names: Iterable[str]) -> Markup:
    """Return names in quotation marks, one after the other."""
    marked = [Markup(gettext("「%(text)s」")) % {"text": bdi(name)} for name in names]
    return reduce(_side_by_side, marked)


def _side_by_side(first: Markup, second: Markup) -> Markup:
    return Markup(gettext("%(first)s%(second)s")) % {"first": first, "second": second}


def local_time(moment: datetime) -> str:
    """Return a stored moment as it is shown: in the site's time zone, as its language writes it."""
    return _local_time(moment, settings())


def _local_time(moment: datetime, chosen: Settings) -> str:
    here = moment.replace(tzinfo=UTC).astimezone(chosen.timezone)
    return f"{_long_date(here.date(), chosen.language)} {_short_time(here.hour, here.minute, chosen.language)}"


# Of moments hardly any comes again, of days and of minutes nearly all do.
@lru_cache(maxsize=8192)
def _long_date(day: date, language: str) -> str:
    return dates.format_date(day, "long", Locale.parse(language))


@lru_cache(maxsize=2 * 24 * 60)
def _short_time(hour: int, minute: int, language: str) -> str:
    return _plain(dates.format_time(time(hour, minute), "short", locale=Locale.parse(language)))


def _plain(text: str) -> str:
    """Return a text without the narrow spaces that not every font has."""
    return text.replace("\u202f", " ")


def local_day(day: str) -> str:
    """Return a day such as 2025-04-05 as it is shown."""
    return _local_day(day, settings().language)


@lru_cache(maxsize=4096)
def _local_day(day: str, language: str) -> str:
    return dates.format_date(datetime.fromisoformat(day), "long", Locale.parse(language))


def local_month(month: str) -> str:
    """Return a month such as 2025/04 as it is shown; a term that is no month as it is."""
    return _local_month(month, settings().language)


@lru_cache(maxsize=1024)
def _local_month(month: str, language: str) -> str:
    try:
        first = datetime.strptime(month, "%Y/%m")
    except ValueError:
        return month
    return dates.format_skeleton("yMMMM", first, locale=Locale.parse(language))


def iso(moment: datetime | None) -> str:
    """Return a stored (naive, UTC) moment as ISO 8601 with `Z`."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z" if moment else ""


def time_element(moment: datetime | None, chosen: Settings) -> Markup:
    """Return a `<time>` element for a stored moment, as a site with these settings shows it; nothing without one."""
    if moment is None:
        return Markup("")
    return Markup(f'<time datetime="{iso(moment)}">{escape(_local_time(moment, chosen))}</time>')
