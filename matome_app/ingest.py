"""Bring what changed in the content folder into store and index; nothing else is touched.

Whoever builds holds the lock, takes away what killed processes left, updates the generation or builds another beside it
(`judging` says which), and seals the files at the end (`state`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from matome_app import state
from matome_app.changes import find_changes
from matome_app.config import Settings
from matome_app.errors import DataFolderError
from matome_app.judging import Verdict, is_finished, is_sealed, judge, versions
from matome_app.progress import Listener, clear_progress
from matome_app.readers import Reader, open_reader
from matome_app.store.generations import (
    Generation,
    all_generations,
    clean_up,
    current_generation,
    new_generation,
    prepare_folder,
    publish,
    remove_others,
    write_lock,
)
from matome_app.store.models import SCHEMA_VERSION, Base
from matome_app.store.session import Store, bring_in_log
from matome_app.store.writing import get_meta, set_meta, stamp
from matome_app.update import Report, Update

logger = logging.getLogger("matome")

BULK = 200
"""From so many changed files on, the index is written in the way that is fast for many."""

AHEAD = 1000
"""How far above the last known number the states of a store begin whose predecessor cannot say its own."""

FIRST: Final = "there is no index yet"


def run(
    settings: Settings,
    *,
    rebuild: bool = False,
    wait: bool = True,
    progress: Listener | None = None,
    paths: Collection[str] | None = None,
) -> Report:
    """Bring store and index up to date with the content folder and return a report.

    With `paths`, names of files relative to the content folder, only these are looked at. With `wait` false the run
    does nothing (`busy`) while another process is at it. Raises DataFolderError, with what was committed in place.
    """
    start, began = time.perf_counter(), state.now()
    data = settings.data_dir
    prepare_folder(data)
    with write_lock(data, wait=wait) as held:
        if not held:
            return Report(busy=True)
        try:
            report, wrote = _run_locked(settings, rebuild, progress or (lambda moment: None), paths)
            report.seconds = time.perf_counter() - start
            _note_run(data, report, began, wrote)
        except (OSError, DBAPIError) as error:
            line = _what_went_wrong(data, error)
            with suppress(OSError):
                state.write_state(data, error={"message": line, "at": state.now()})
            raise DataFolderError(line) from error
        finally:
            with suppress(OSError):
                clear_progress(data)
    return report


def _what_went_wrong(data: Path, error: OSError | DBAPIError) -> str:
    """Return one line for an error of the system or of the store."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename else ""
    else:
        reason, where = str(error.orig).partition("\n")[0], ""
    return f"the index could not be written: {reason}{where}; what was stored stays, look at the disk of {data}"


def _note_run(data: Path, report: Report, began: str, wrote: bool) -> None:
    """Write down what a run did; one that found nothing to do leaves everything as it is."""
    known = state.read_state(data)
    if not wrote and known.get("run") and not known.get("error"):
        return
    names = ("added", "changed", "removed", "faulty", "comments")
    facts = {"start": began, "end": state.now(), "seconds": round(report.seconds, 3)}
    state.write_state(data, run=facts | {name: getattr(report, name) for name in names}, error=None)


def _run_locked(
    settings: Settings, rebuild: bool, progress: Listener, paths: Collection[str] | None
) -> tuple[Report, bool]:
    """Run, and return the report and whether anything was written."""
    data, url = settings.data_dir, settings.database_url
    current = current_generation(data, url) or _recovered(settings)
    if current is None:
        known = state.read_state(data)
        lost = "the store is lost" if known.get("seal") or known.get("run") else FIRST
        return _build(settings, Verdict(lost, damaged=True), None, progress)
    clean_up(data, current, database_url=url)
    sealed = is_sealed(data, current)
    verdict = Verdict("asked for") if rebuild else judge(data, current, sealed)
    if verdict.reason:
        return _build(settings, verdict, current, progress)
    state.forget_damage(data)
    reader = open_reader(current)
    try:
        return _update(settings, reader, progress, None, sealed=sealed, paths=paths)
    finally:
        reader.store.close()


def _recovered(settings: Settings) -> Generation | None:
    """Make the newest whole generation the current one, where the file that names it was lost."""
    for generation in all_generations(settings.data_dir, settings.database_url):
        reader = open_reader(generation)
        try:
            with reader.store.sessions() as session:
                whole = get_meta(session, "complete") == "yes" and get_meta(session, "versions") == versions()
        except DBAPIError:
            whole = False
        finally:
            reader.store.close()
        if whole:
            reason = "the file that names the current generation was lost"
            logger.warning("%s; %s is served again", reason, generation.name, extra={"event": "damage"})
            publish(settings.data_dir, generation)
            return generation
    return None


def _build(settings: Settings, verdict: Verdict, old: Generation | None, progress: Listener) -> tuple[Report, bool]:
    """Build a new generation beside the old one and swap; where there is nothing to read, it is served as it grows."""
    data, url = settings.data_dir, settings.database_url
    first = verdict.reason == FIRST
    logger.log(
        logging.WARNING if verdict.damaged and not first else logging.INFO,
        "building: %s" if first else "building again: %s",
        verdict.reason,
        extra={"event": "rebuild", "reason": verdict.reason},
    )
    state.write_state(data, rebuild={"reason": verdict.reason, "at": state.now()}, seal=None)
    generation = new_generation(data, url)
    clean_up(data, *([old] if old else []), generation, database_url=url)
    reader = open_reader(generation, use="create")
    try:
        with _previous(old) as previous:
            _create(reader, *_last_state(data, old, previous))
            if verdict.damaged:
                state.forget_damage(data)
                publish(data, generation)
            report, _ = _update(settings, reader, progress, _same_tables(previous), sealed=False, paths=None)
        state.forget_damage(data)
        publish(data, generation)
    except BaseException:
        reader.store.close()
        if old is not None and not verdict.damaged:
            remove_others(data, old, database_url=url)
        raise
    finally:
        reader.store.close()
    remove_others(data, generation, database_url=url)
    return report, True


@contextmanager
def _previous(old: Generation | None) -> Iterator[Session | None]:
    """Yield a session on the store that a rebuild replaces, if there is one that can be read."""
    if old is None:
        yield None
        return
    store = Store(old.database_url, "read")
    try:
        with store.sessions() as session:
            try:
                get_meta(session, "versions")
            except DBAPIError:
                yield None
            else:
                yield session
    finally:
        store.close()


def _same_tables(previous: Session | None) -> Session | None:
    """Return the session on the store before if posts can be taken over from it."""
    if previous is None or not (get_meta(previous, "versions") or "").startswith(f"schema {SCHEMA_VERSION},"):
        return None
    return previous


def _last_state(data: Path, old: Generation | None, previous: Session | None) -> tuple[int, str]:
    """Return number and time of the last state that readers may have seen."""
    if previous is not None:
        with suppress(DBAPIError, ValueError):
            return int(get_meta(previous, "generation") or 0), get_meta(previous, "changed") or ""
    known = state.read_state(data).get("number")
    number = known if isinstance(known, int) else 0
    return number + AHEAD * (old is not None or number > 0), ""


def _create(reader: Reader, number: int, changed: str) -> None:
    Base.metadata.create_all(reader.store.engine)
    with reader.store.sessions.begin() as session:
        connection = session.connection()
        reader.engine.create_tables(connection)
        reader.engine.clear(connection)
        set_meta(session, "versions", versions())
        set_meta(session, "complete", "no")
        set_meta(session, "generation", str(number))
        if changed:
            set_meta(session, "changed", changed)


def _update(
    settings: Settings,
    reader: Reader,
    progress: Listener,
    previous: Session | None,
    *,
    sealed: bool,
    paths: Collection[str] | None,
) -> tuple[Report, bool]:
    """Bring in what changed; return the report and whether anything was written."""
    data, now = settings.data_dir, datetime.now(UTC)
    number = 0
    # Store and index share one connection and one transaction: a post and what finds it are committed together.
    with (
        reader.store.engine.connect() as connection,
        Session(connection, join_transaction_mode="control_fully", expire_on_commit=False) as session,
    ):
        if not is_finished(session):
            paths = None  # a run that was cut off left more to do than these
        changes = find_changes(settings, session, now, paths)
        report = Report(faults=list(changes.scan.faults))
        stale = not reader.engine.words_are_current(session.connection())
        wrote = bool(changes) or not is_finished(session) or not sealed or stale
        if wrote:
            state.write_state(data, seal=None)
            if stale:
                _renew_words(reader, session)
            elif not sealed and reader.engine.complete(session.connection()):
                stamp(session)
            session.commit()
        if changes or stale or not is_finished(session):
            update = Update(settings, session, changes, report, now, progress, previous)
            with reader.engine.writer(session.connection(), bulk=len(changes.read) > BULK) as index:
                update.all(index)
                index.commit()
                update.finish()
                index.confirm()
        number = int(get_meta(session, "generation") or 0)
    for fault in report.faults:
        level = logging.ERROR if fault.severity == "error" else logging.WARNING
        place = {"path": fault.path, "line": fault.line, "column": fault.column, "code": fault.code}
        logger.log(level, "%s", fault, extra={"event": "fault", **place})
    if wrote:
        _seal(data, reader, number)
    return report, wrote


def _renew_words(reader: Reader, session: Session) -> None:
    """Make the words anew, and nothing else: what is found does not depend on them, only in which order."""
    reason = "their dictionary has changed, or they are damaged"
    logger.info("writing the words again: %s", reason, extra={"event": "words", "reason": reason})
    reader.engine.renew_words(session.connection())
    stamp(session)


def _seal(data: Path, reader: Reader, number: int) -> None:
    """Bring everything into the files and write down how they are left."""
    reader.store.close()
    generation = reader.generation
    bring_in_log(generation.database)
    state.write_state(data, seal=state.seal_of(generation.name, generation.folder, generation.database), number=number)
