"""The command `flask index`: a run over the content folder, with a bar in a terminal and lines in a log."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click
from flask.cli import with_appcontext

from matome_app.cli.bar import Bar
from matome_app.config import Settings
from matome_app.errors import DataFolderError
from matome_app.store.generations import prepare_folder
from matome_app.web.context import runtime

if TYPE_CHECKING:
    from matome_app.update import Report
from matome_app.watching.serving import PARENT

logger = logging.getLogger("matome")


@click.command("index")
@click.option("--rebuild", is_flag=True, help="Build everything again beside the live index, then swap.")
@click.option("--watch", is_flag=True, help="Go on, and bring in every change of the content folder within a second.")
@click.option("--no-wait", is_flag=True, help="End at once when another process is building.")
@with_appcontext
def index_command(rebuild: bool, watch: bool, no_wait: bool) -> None:
    """Bring store and index up to date with the content folder."""
    settings = runtime().settings
    if watch and (parent := os.environ.get(PARENT)):
        _watch_for(settings, int(parent))
        return
    if not settings.content_dir.is_dir():
        raise click.ClickException(
            f"there is no content folder at {settings.content_dir}; name it with MATOME_CONTENT_DIR"
        )
    try:
        _index_once(settings, rebuild, wait=not no_wait)
    except (DataFolderError, OSError) as error:
        if not watch:
            raise click.ClickException(str(error)) from None
        logger.error("%s", error, extra={"event": "index-failed"})
    if watch:
        _watch(settings)


def _index_once(settings: Settings, rebuild: bool, *, wait: bool) -> None:
    from matome_app import ingest  # here, since every start imports this module

    with Bar(settings.log_format) as bar:
        report = ingest.run(settings, rebuild=rebuild, wait=wait, progress=bar.show)
    if report.busy:
        return
    if report or rebuild:
        _say(settings, report)
    elif sys.stderr.isatty():
        click.echo("index: nothing has changed", err=True)


def _watch(settings: Settings) -> None:
    """Watch in the foreground, as the only process that does."""
    from matome_app.watching import watch
    from matome_app.watching.serving import take_watch_lock

    try:
        prepare_folder(settings.data_dir)
        lock = take_watch_lock(settings.data_dir, wait=False)
        if lock is None:
            click.echo("another process is watching; taking over when it ends (Ctrl+C ends this one)", err=True)
            lock = take_watch_lock(settings.data_dir, wait=True)
    except (OSError, DataFolderError) as error:
        raise click.ClickException(str(error)) from None
    assert lock is not None
    with lock:
        click.echo(f"watching {settings.content_dir}; end with Ctrl+C", err=True)
        watch(settings, lambda report: _say(settings, report))


def _watch_for(settings: Settings, parent: int) -> None:
    """Watch for a server, which holds the lock and says nothing to the keyboard."""
    from matome_app.watching import watch
    from matome_app.watching.serving import end_with_parent

    os.environ.pop(PARENT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent(parent)
    watch(settings, lambda report: _say(settings, report))


def _say(settings: Settings, report: Report) -> None:
    """Say what a run did, in one line."""
    line = (
        f"index: {report.added} added, {report.changed} changed, {report.removed} removed, {report.faulty} faulty; "
        f"{report.comments:,} comments in {report.seconds:.1f} s ({report.comments_a_second:,.0f} a second)"
    )
    if settings.log_format == "json":
        names = ("added", "changed", "removed", "faulty", "comments")
        facts: dict[str, Any] = {name: getattr(report, name) for name in names}
        logger.info(line, extra={"event": "index", **facts, "seconds": round(report.seconds, 3)})
    else:
        click.echo(line, err=True)
