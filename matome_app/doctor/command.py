"""The command `flask doctor`: print what was looked at, in columns for people or as JSON, and what is to be done."""

from __future__ import annotations

import json
import sys

import click
from flask.cli import with_appcontext

from matome_app.web.context import runtime


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Read every content file and check every page of the database, too.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@with_appcontext
def doctor_command(deep: bool, as_json: bool) -> None:
    """Look at content, store and index side by side and say what is to be done; exit 1 when something is.

    Nothing is changed, whatever is found.
    """
    from matome_app.doctor.examine import examine  # here, since every start imports this module
    from matome_app.doctor.findings import findings
    from matome_app.doctor.printing import report

    seen = examine(runtime().settings, deep)
    found = findings(seen)
    healthy = not any(finding.level == "problem" for finding in found)
    if as_json:
        listed = [finding._asdict() for finding in found]
        click.echo(json.dumps({"healthy": healthy, "findings": listed, **seen.as_json()}, ensure_ascii=False, indent=1))
    else:
        click.echo(report(seen, found))
    sys.exit(0 if healthy else 1)
