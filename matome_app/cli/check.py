"""The command `flask check`: what is wrong with content files, for people and as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from flask.cli import with_appcontext

from matome_app.config import Settings
from matome_app.errors import Fault
from matome_app.printable import printable
from matome_app.web.context import runtime


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of faults.")
@click.argument("paths", nargs=-1, type=click.Path())
@with_appcontext
def check_command(as_json: bool, paths: tuple[str, ...]) -> None:
    """Check content files, all or those given; exit 1 when there are errors."""
    from matome_app.content import check  # here, since every start imports this module

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
            click.echo(printable(str(fault)) + ("" if fault.severity == "error" else " (warning)"))
        errors = sum(fault.severity == "error" for fault in faults)
        click.echo(f"{errors} errors, {len(faults) - errors} warnings", err=True)
    sys.exit(1 if any(fault.severity == "error" for fault in faults) else 0)


def _as_seen_from_here(settings: Settings, faults: Iterable[Fault]) -> Iterable[Fault]:
    for fault in faults:
        path = os.path.relpath(settings.content_dir / fault.path)
        yield Fault(path, fault.line, fault.column, fault.code, fault.message, fault.severity, fault.blocks)
