"""Keep the full-text indexes small: merge their pieces, drop what was deleted, give free pages back.

SQLite merges pieces of one size as they come, but what was deleted takes its room until the piece that has it is merged
as well; so now and then everything is merged, a little in each transaction and not for long after each change.
"""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Connection

from matome_app.search.tables import CHANGED, FULL_TEXT, fetch, get_meta, set_meta

SHARE: Final = 8
"""When one in so many posts came or went since everything was merged, it is merged again …"""
LEAST: Final = 6
"""… but not before so many did."""
SECONDS: Final = 0.3
"""For so long a change goes on merging after it was committed; the next one continues."""

_AT_ONCE: Final = 4
"""When there are so many pieces of one size they are merged; it is SQLite's own number."""
_PAGES: Final = 500
"""Pages that one transaction merges, or gives back."""
_MERGED: Final = "merged_posts"
"""What `tables.CHANGED` was when merging everything began."""
_MERGING: Final = "merging"


def merge_as_written(connection: Connection, yes: bool) -> None:
    """Say whether pieces are merged whenever some are written; a first build merges them once, at its end."""
    for name in FULL_TEXT:
        pieces = _AT_ONCE if yes else 0
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('automerge', {pieces})")


def compact(connection: Connection, *, whole: bool) -> None:
    """Do what there is to merge and to give back, `whole` at once and to its end; commits many times."""
    until = None if whole else time.monotonic() + SECONDS
    changed = int(get_meta(connection, CHANGED) or 0)
    posts = int(connection.exec_driver_sql("SELECT count(*) FROM search_posts").scalar() or 0)
    if whole or changed - int(get_meta(connection, _MERGED) or 0) >= max(LEAST, posts // SHARE):
        for name in FULL_TEXT:
            _merge(connection, name, -_PAGES)  # all pieces are to become one; from then on only as far as that goes
        set_meta(connection, _MERGED, str(changed))
        set_meta(connection, _MERGING, "yes")
        connection.commit()
    if get_meta(connection, _MERGING) == "yes" and _merge_on(connection, until):
        set_meta(connection, _MERGING, "")
        connection.commit()
    _give_back(connection, until)


def _merge_on(connection: Connection, until: float | None) -> bool:
    """Merge until all is done or time is up; tell whether all is done."""
    for name in FULL_TEXT:
        while _merge(connection, name, _PAGES):
            if _is_over(until):
                return False
    return True


def _merge(connection: Connection, name: str, pages: int) -> bool:
    """Merge some pages of an index in a transaction of its own; tell whether there was anything to do."""
    before = _changes(connection)
    connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('merge', {pages})")
    after = _changes(connection)
    connection.commit()
    return after - before >= 2  # one is this statement


def _changes(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT total_changes()").scalar() or 0)


def _give_back(connection: Connection, until: float | None) -> None:
    """Cut free pages off the file where they are more than it needs for the next changes."""
    for _ in range(_pragma(connection, "freelist_count") // _PAGES + 1):
        if _pragma(connection, "freelist_count") * SHARE < _pragma(connection, "page_count") or _is_over(until):
            return
        fetch(connection, f"PRAGMA incremental_vacuum({_PAGES})")  # goes on as long as rows are asked for
        connection.commit()


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)


def _is_over(until: float | None) -> bool:
    return until is not None and time.monotonic() > until
