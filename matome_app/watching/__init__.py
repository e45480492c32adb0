"""Bring every change of the content folder to the site as it happens: `flask index --watch`, or beside a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from matome_app.config import Settings
from matome_app.watching.serving import start_watching

if TYPE_CHECKING:
    from matome_app.update import Report

__all__ = ["start_watching", "watch"]


def watch(settings: Settings, on_report: Callable[[Report], None]) -> None:
    """Keep the site right until the process ends; every run that found something to do is reported.

    What goes wrong in a run is logged in one line and tried again.
    """
    from matome_app.watching.loop import Watch  # here, since servers import this module and never listen themselves

    Watch(settings, on_report).run()
