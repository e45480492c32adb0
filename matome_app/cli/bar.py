"""Show how far a run has come: a bar that moves in a terminal, a line for every tenth in a log."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import click

from matome_app.progress import Progress

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

logger = logging.getLogger("matome")

FEW: Final = 20
"""Runs over fewer posts are done before anybody has read a line about them."""

LABELS: Final = {"posts": "indexing posts", "words": "indexing words"}


class Bar:
    """Listens to a run and shows it on standard error."""

    def __init__(self, log_format: str = "text") -> None:
        self._log_format = log_format
        self._is_terminal = sys.stderr.isatty()
        self._bar: ProgressBar[Progress] | None = None
        self._done = 0
        self._said = -1

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def show(self, moment: Progress) -> None:
        """Show how far a run has come."""
        if self._is_terminal:
            self._draw(moment)
        elif moment.phase == "posts" and moment.total >= FEW:
            self._say(moment)

    def _draw(self, moment: Progress) -> None:
        if self._bar is None:
            self._bar = click.progressbar(
                length=max(moment.total, 1),
                label=LABELS[moment.phase],
                file=sys.stderr,
                show_eta=False,
                show_percent=True,
                item_show_func=lambda shown: "" if shown is None else described(shown),
            )
        self._bar.label = LABELS.get(moment.phase, moment.phase)
        self._bar.current_item = moment
        if moment.phase == "posts":
            self._bar.make_step(moment.done - self._done)
            self._done = moment.done
        self._bar.render_progress()

    def _say(self, moment: Progress) -> None:
        tenth = moment.done * 10 // moment.total
        if tenth == self._said:
            return
        self._said = tenth
        line = f"indexing: {described(moment)}"
        if self._log_format == "json":
            facts = {"done": moment.done, "total": moment.total, "comments": moment.comments}
            logger.info(line, extra={"event": "progress", **facts})
        else:
            click.echo(line, err=True)


def described(moment: Progress) -> str:
    """Return posts, comments, comments a second and the time left as a line."""
    parts = [f"{moment.done:,} of {moment.total:,} posts"]
    if moment.comments:
        parts += [f"{moment.comments:,} comments", f"{moment.comments_a_second:,.0f} a second"]
    if moment.seconds_left and moment.done < moment.total:
        minutes, seconds = divmod(round(moment.seconds_left), 60)
        parts.append(f"{minutes}:{seconds:02d} left" if minutes else f"{seconds} s left")
    return ", ".join(parts)
