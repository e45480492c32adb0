"""The command `flask searches`: what readers search for, where the operator keeps that (MATOME_SEARCH_LOG=1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import click
from flask.cli import with_appcontext

from matome_app.printable import printable
from matome_app.web.context import settings

if TYPE_CHECKING:
    from matome_app.search_log import Summary

HEADINGS: Final = (
    ("frequent", "most frequent"),
    ("without_hits", "without hits"),
    ("slowest", "slowest"),
)


@click.command("searches")
@click.option("--days", type=click.IntRange(1, 3650), help="Only those of so many days.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="So many of each kind.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@with_appcontext
def searches_command(days: int | None, limit: int, as_json: bool) -> None:
    """Show what is searched for most often, what finds nothing, and what takes longest."""
    from matome_app import search_log  # here, since every start imports this module

    since = datetime.now(UTC) - timedelta(days=days) if days else None
    found = search_log.read(settings().data_dir, since)
    if not found and not settings().search_log and not as_json:
        raise click.ClickException("no searches are kept; MATOME_SEARCH_LOG=1 keeps them")
    lists = _lists(search_log.summaries(found), limit)
    if as_json:
        shown = {name: [_as_json(one) for one in ones] for name, ones in lists.items()}
        click.echo("\n".join(map(printable, _json_lines({"searches": len(found), **shown}))))
        return
    click.echo(f"{len(found)} searches")
    for name, heading in HEADINGS:
        click.echo(f"\n{heading}\n{'times':>7} {'hits':>9} {'ms':>8} {'most ms':>8}  query")
        for one in lists[name]:
            click.echo(f"{one.count:>7} {one.total:>9} {one.ms:>8.1f} {one.most_ms:>8.1f}  {printable(one.q)}")


def _lists(summed: list[Summary], limit: int) -> dict[str, list[Summary]]:
    return {
        "frequent": summed[:limit],
        "without_hits": [one for one in summed if not one.total][:limit],
        "slowest": _by_time(summed)[:limit],
    }


def _by_time(summed: Iterable[Summary]) -> list[Summary]:
    return sorted(summed, key=lambda one: -one.ms)


def _json_lines(shown: dict[str, object]) -> list[str]:
    return json.dumps(shown, ensure_ascii=False, indent=1).split("\n")


def _as_json(one: Summary) -> dict[str, object]:
    return {"query": one.q, "count": one.count, "total": one.total, "ms": one.ms, "most_ms": one.most_ms}
