"""Tell whether a generation may be served and updated as it is, or must be built again, and why.

At every start that costs next to nothing: what a run left is sealed (`state`). Only where the seal does not hold is
there a deep look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from matome_app import state
from matome_app.changes import find_changes
from matome_app.config import Settings
from matome_app.readers import Reader, open_reader
from matome_app.store.generations import Generation, current_generation, leftovers
from matome_app.store.models import SCHEMA_VERSION
from matome_app.store.writing import get_meta

logger = logging.getLogger("matome")

CONTENT_VERSION = "1"
"""Changes whenever the reading of content gives another result for the same file."""


def versions() -> str:
    """Return what the stored posts depend on besides their files."""
    return f"schema {SCHEMA_VERSION}, content {CONTENT_VERSION}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a generation must be built again ("" when it need not be), and whether it cannot be read meanwhile."""

    reason: str = ""
    damaged: bool = False


def is_up_to_date(settings: Settings) -> bool:
    """Tell whether a run would find nothing to do; cheap enough for every start."""
    data = settings.data_dir
    generation = current_generation(data, settings.database_url)
    if generation is None or not is_sealed(data, generation):
        return False
    if leftovers(data, generation) or state.noted_damage(data):
        return False
    reader = open_reader(generation, use="read")
    try:
        if _outdated(reader).reason:
            return False
        with reader.store.sessions() as session:
            if not is_finished(session) or not reader.engine.words_are_current(session.connection()):
                return False
            return not find_changes(settings, session, datetime.now(UTC))
    except DBAPIError:
        return False
    finally:
        reader.store.close()


def judge(data: Path, generation: Generation, sealed: bool) -> Verdict:
    """Find out whether a generation can be updated; looks deep where it was not left as a run leaves it."""
    note = state.noted_damage(data)
    if note.certain:
        return Verdict(str(note), damaged=True)
    reader = open_reader(generation)
    try:
        verdict = _outdated(reader)
        return verdict if verdict.reason or (sealed and not note) else _examine(data, reader)
    except DBAPIError as error:
        return Verdict(f"the store cannot be read ({_first_line(error)})", damaged=True)
    finally:
        reader.store.close()


def _outdated(reader: Reader) -> Verdict:
    """Compare what the generation was made with, and what is here now; raises DBAPIError."""
    with reader.store.sessions() as session:
        made_by = get_meta(session, "versions") or "nothing that is known"
        if made_by != versions():
            return Verdict(_difference(made_by, versions()))
        if not reader.engine.is_current(session.connection()):
            return Verdict("the analysis of texts has changed")
    return Verdict()


def _difference(before: str, after: str) -> str:
    """Say what differs between two lists of versions: `schema 2 -> 3`."""
    old = dict(part.rpartition(" ")[::2] for part in before.split(", "))
    new = dict(part.rpartition(" ")[::2] for part in after.split(", "))
    parts = [f"{name} {old[name]} -> {new[name]}" for name in new if name in old and old[name] != new[name]]
    return ", ".join(parts) or f"the store is of {before}, this is {after}"


def _examine(data: Path, reader: Reader) -> Verdict:
    """Look through a whole generation; raises DBAPIError."""
    if state.read_state(data).get("seal"):
        logger.warning(
            "the files of the index were changed from outside; looking through them", extra={"event": "seal-broken"}
        )
        state.write_state(data, seal=None)
    else:
        logger.info("the last run did not come to its end; looking through what it left", extra={"event": "unsealed"})
    checks: tuple[Callable[[Session], str], ...] = (_broken_pages, _lost_text)
    with reader.store.sessions() as session:
        for check in checks:
            if wrong := check(session):
                return Verdict(f"the store is damaged ({wrong})", damaged=True)
        # An interrupted run leaves words behind or ahead of the store, which `complete` mends.
        reader.engine.complete(session.connection())
        session.commit()
        if is_finished(session) and (lines := reader.engine.verify(session.connection())):
            return Verdict(f"the index is damaged ({lines[0]})", damaged=True)
    return Verdict()


def _broken_pages(session: Session) -> str:
    found = str(session.execute(text("PRAGMA quick_check(1)")).scalar() or "")
    return "" if found == "ok" else " ".join(found.split())


def _lost_text(session: Session) -> str:
    """Find zeros where text should be: a file filled with zeros in places may still be sound in its structure."""
    for table, column in (("comments", "text"), ("posts", "segments"), ("folds", "segments")):
        query = f"SELECT 1 FROM {table} WHERE instr(CAST({column} AS BLOB), x'00') LIMIT 1"
        if session.execute(text(query)).first():
            return f"texts of {table} are lost"
    return ""


def is_sealed(data: Path, generation: Generation) -> bool:
    """Tell whether the files of a generation are as the last run left them."""
    seal = state.read_state(data).get("seal")
    return bool(seal) and seal == state.seal_of(generation.name, generation.folder, generation.database)


def is_finished(session: Session) -> bool:
    """Tell whether the last run over a store came to its end."""
    return {get_meta(session, "complete"), get_meta(session, "finished")} == {"yes"}


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).partition("\n")[0]
