"""What templates use besides their context: times, numbers and addresses, registered in one place."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from matome_app.web import htmx, urls
from matome_app.web.context import runtime, settings

SMALL_BUILD = 20
"""A build of fewer posts is over before anyone could read about it."""


def init_app(app: Flask) -> None:
    """Register filters and globals with Jinja."""
    app.jinja_env.filters.update(iso=iso, local_time=local_time, local_day=local_day, number=number, rfc822=rfc822)
    app.jinja_env.globals.update(
        anchor_url=urls.anchor_url,
        building=building,
        comment_url=urls.comment_url,
        external=urls.external,
        fold_url=urls.fold_url,
        from_search_box=htmx.from_search_box,
        image_url=urls.image_url,
        list_url=urls.list_url,
        search_url=urls.search_url,
        settings=settings,
        static_url=urls.static_url,
        term_url=urls.term_url,
        time_element=time_element,
        user_url=urls.user_url,
        with_query=urls.with_query,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def iso(moment: datetime | None) -> str:
    """Return a stored (naive, UTC) moment as ISO 8601 with `Z`."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z" if moment else ""


def local_time(moment: datetime) -> str:
    """Return a stored moment as it is shown: in the site's time zone."""
    here = moment.replace(tzinfo=UTC).astimezone(settings().timezone)
    return f"{here.year}年{here.month}月{here.day}日 {here.hour}:{here.minute:02d}"


def local_day(day: str) -> str:
    """Return a day such as 2025-04-05 as it is shown."""
    year, month, date = day.split("-")
    return f"{int(year)}年{int(month)}月{int(date)}日"


def time_element(moment: datetime | None) -> Markup:
    """Return a `<time>` element for a stored moment; nothing without one."""
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(iso(moment), escape(local_time(moment)))


def rfc822(moment: datetime) -> str:
    """Return a stored moment as RSS wants it."""
    return format_datetime(moment.replace(tzinfo=UTC))


def building() -> dict[str, Any]:
    """Return how far a build has come that readers should know of: one that has posts still to store."""
    progress = runtime().progress()
    return progress if progress.get("total", 0) > SMALL_BUILD else {}


def number(value: int) -> str:
    """Return a number with commas."""
    return f"{value:,}"
