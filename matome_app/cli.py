"""The commands `flask index` and `flask check`: thin, everything they do is elsewhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from matome_app import ingest
from matome_app.config import Settings
from matome_app.content import check
from matome_app.doctor.command import doctor_command
from matome_app.errors import DataFolderError, Fault
from matome_app.progress import Progress
from matome_app.web.context import runtime

PHASES = {"posts": "posts", "words": "words of the index"}


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    app.cli.add_command(index_command)
    app.cli.add_command(check_command)
    app.cli.add_command(doctor_command)


@click.command("index")
@click.option("--rebuild", is_flag=True, help="Build everything again beside the live index, then swap.")
@click.option("--watch", is_flag=True, help="Go on, and bring in every change of the content folder within a second.")
@click.option("--no-wait", is_flag=True, help="End at once when another process is building.")
@with_appcontext
def index_command(rebuild: bool, watch: bool, no_wait: bool) -> None:
    """Bring store and index up to date with the content folder."""
    settings = runtime().settings
    if not settings.content_dir.is_dir():
        raise click.ClickException(
            f"there is no content folder at {settings.content_dir}; name it with MATOME_CONTENT_DIR"
        )
    _index_once(settings, rebuild, wait=not no_wait)
    if watch:
        import watchfiles  # here, since every start imports this module and one command needs it

        click.echo(f"watching {settings.content_dir}; end with Ctrl+C", err=True)
        # The timeout is for posts whose time comes, and for what changed before the watch began.
        for _ in watchfiles.watch(
            settings.content_dir, yield_on_timeout=True, rust_timeout=5_000, debounce=300, step=100
        ):
            if not ingest.is_up_to_date(settings):
                _index_once(settings, rebuild=False, wait=True)


def _index_once(settings: Settings, rebuild: bool, *, wait: bool) -> None:
    try:
        with _Bar() as bar:
            report = ingest.run(settings, rebuild=rebuild, wait=wait, progress=bar.show)
    except DataFolderError as error:
        raise click.ClickException(str(error)) from None
    if report.busy:
        return
    click.echo(
        f"index: {report.added} added, {report.changed} changed, {report.removed} removed, {report.faulty} faulty; "
        f"{report.comments:,} comments in {report.seconds:.1f} s ({report.comments_a_second:,.0f} a second)",
        err=True,
    )


class _Bar:
    """A progress bar on a terminal; elsewhere a line now and then."""

    def __init__(self) -> None:
        self.bar: click._termui_impl.ProgressBar[int] | None = None
        self.done = 0
        self.said = -1

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self.bar is not None:
            self.bar.render_finish()

    def show(self, moment: Progress) -> None:
        """Show how far a run has come."""
        phase, done, total = moment.phase, moment.done, moment.total
        if not sys.stderr.isatty():
            self._say(phase, done, total)
            return
        if self.bar is None and phase == "posts":
            self.bar = click.progressbar(length=max(total, 1), label="indexing posts", file=sys.stderr, show_pos=True)
            self.bar.render_progress()
        if self.bar is not None and phase == "posts":
            self.bar.update(done - self.done)
            self.done = done
        elif self.bar is not None and phase == "words":
            self.bar.label = "indexing words"
            self.bar.render_progress()

    def _say(self, phase: str, done: int, total: int) -> None:
        tenth = done * 10 // max(total, 1)
        if phase == "posts" and total and tenth != self.said:
            self.said = tenth
            click.echo(f"indexing: {done:,} of {total:,} posts", err=True)


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of faults.")
@click.argument("paths", nargs=-1, type=click.Path())
@with_appcontext
def check_command(as_json: bool, paths: tuple[str, ...]) -> None:
    """Check content files, all or those given; exit 1 when there are errors."""
    settings: Settings = runtime().settings
    if not paths and not settings.content_dir.is_dir():
        raise click.ClickException(
            f"there is no content folder at {settings.content_dir}; name it with MATOME_CONTENT_DIR"
        )
    faults = list(
        _as_seen_from_here(settings, check.check(settings.content_dir, settings.assets_dir, [Path(p) for p in paths]))
    )
    if as_json:
        click.echo(json.dumps([fault.as_json() for fault in faults], ensure_ascii=False, indent=1))
    else:
        for fault in faults:
            click.echo(str(fault) if fault.severity == "error" else f"{fault} (warning)")
        errors = sum(fault.severity == "error" for fault in faults)
        click.echo(f"{errors} errors, {len(faults) - errors} warnings", err=True)
    sys.exit(1 if any(fault.severity == "error" for fault in faults) else 0)


def _as_seen_from_here(settings: Settings, faults: Iterable[Fault]) -> Iterable[Fault]:
    for fault in faults:
        path = os.path.relpath(settings.content_dir / fault.path)
        yield Fault(path, fault.line, fault.column, fault.code, fault.message, fault.severity, fault.blocks)
