"""Bring what changed in the content folder into store and index; nothing else is touched."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from matome_app.config import Settings
from matome_app.progress import Listener, clear_progress
from matome_app.runtime import Reader, open_reader
from matome_app.store.generations import (
    Generation,
    current_generation,
    new_generation,
    prepare_folder,
    publish,
    remove_others,
    write_lock,
)
from matome_app.store.models import SCHEMA_VERSION, Base
from matome_app.store.session import Store
from matome_app.store.writing import get_meta, set_meta, stamp
from matome_app.update import Report, Update, find_changes

logger = logging.getLogger("matome")

CONTENT_VERSION = "1"
"""Changes whenever the reading of content gives another result for the same file."""

BULK = 200
"""From so many changed files on, the index is written in the way that is fast for many."""


def versions() -> str:
    """Return what the stored posts depend on besides their files."""
    return f"schema {SCHEMA_VERSION}, content {CONTENT_VERSION}"


def is_up_to_date(settings: Settings) -> bool:
    """Tell whether the current generation says what the content folder says; cheap enough for every start."""
    generation = current_generation(settings.data_dir, settings.database_url)
    if generation is None:
        return False
    reader = open_reader(generation)
    try:
        with reader.store.sessions() as session:
            facts = [get_meta(session, name) for name in ("versions", "complete", "finished")]
            if facts != [versions(), "yes", "yes"] or not reader.engine.is_current(session.connection()):
                return False
            return not find_changes(settings, session, datetime.now(UTC))
    except DBAPIError as error:
        logger.warning("the store cannot be read (%s); it will be built again", error.orig)
        return False
    finally:
        reader.store.close()


def run(settings: Settings, *, rebuild: bool = False, wait: bool = True, progress: Listener | None = None) -> Report:
    """Bring store and index up to date with the content folder and return a report.

    Raises DataFolderError. With `wait` false the run does nothing (`busy`) while another process is at it.
    """
    start = time.perf_counter()
    prepare_folder(settings.data_dir)
    with write_lock(settings.data_dir, wait=wait) as held:
        if not held:
            return Report(busy=True)
        try:
            report = _run_locked(settings, rebuild, progress or (lambda moment: None))
        finally:
            clear_progress(settings.data_dir)
    report.seconds = time.perf_counter() - start
    return report


def _run_locked(settings: Settings, rebuild: bool, progress: Listener) -> Report:
    data = settings.data_dir
    current = None if rebuild else _usable(current_generation(data, settings.database_url))
    first = current is None and current_generation(data, settings.database_url) is None
    generation = current or new_generation(data, settings.database_url)
    reader = open_reader(generation)
    try:
        if current is None:
            _create(reader, settings)
        if first:
            publish(data, generation)  # the first build is served while it grows
        with _previous(data, settings, generation) as previous:
            if current is None and previous is not None:
                _carry_on(reader, previous)
            report = _update(settings, reader, progress, previous)
        if current is None and not first:
            publish(data, generation)
        remove_others(data, generation)
        return report
    finally:
        reader.store.close()


@contextmanager
def _previous(data: Path, settings: Settings, generation: Generation) -> Iterator[Session | None]:
    """Yield a session on the store that a rebuild replaces, if there is one of the same tables."""
    old = current_generation(data)
    if settings.database_url or old is None or old == generation:
        yield None
        return
    store = Store(old.database_url)
    try:
        with store.sessions() as session:
            try:
                made_by = get_meta(session, "versions") or ""
            except DBAPIError:
                made_by = ""  # broken: that may be why it is replaced
            yield session if made_by.startswith(f"schema {SCHEMA_VERSION},") else None
    finally:
        store.close()


def _carry_on(reader: Reader, previous: Session) -> None:
    """Let the numbers of a new store begin above those of the store it replaces."""
    with reader.store.sessions.begin() as session:
        for name in ("generation", "changed"):
            if value := get_meta(previous, name):
                set_meta(session, name, value)


def _usable(generation: Generation | None) -> Generation | None:
    """Return the generation if it can be updated; otherwise say why it must be built again."""
    if generation is None:
        return None
    reader = open_reader(generation)
    try:
        with reader.store.sessions() as session:
            made_by = get_meta(session, "versions")
            if made_by != versions():
                logger.info("building again: the store is of %s, this is %s", made_by, versions())
                return None
            if not reader.engine.is_current(session.connection()):
                logger.info("building again: the analyzer, its dictionary or the terms have changed")
                return None
        return generation
    except DBAPIError as error:
        logger.warning("building again: the store cannot be read (%s)", error.orig)
        return None
    finally:
        reader.store.close()


def _create(reader: Reader, settings: Settings) -> None:
    engine = reader.store.engine
    if settings.database_url:
        Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with reader.store.sessions.begin() as session:
        connection = session.connection()
        reader.engine.create_tables(connection)
        reader.engine.clear(connection)
        set_meta(session, "versions", versions())
        set_meta(session, "complete", "no")


def _update(settings: Settings, reader: Reader, progress: Listener, previous: Session | None) -> Report:
    now = datetime.now(UTC)
    # Store and index share one connection and one transaction: a post and what finds it are committed together.
    with (
        reader.store.engine.connect() as connection,
        Session(connection, join_transaction_mode="control_fully", expire_on_commit=False) as session,
    ):
        changes = find_changes(settings, session, now)
        report = Report(faults=list(changes.scan.faults))
        if reader.engine.complete(session.connection()):
            stamp(session)
        session.commit()
        if changes or {get_meta(session, "complete"), get_meta(session, "finished")} != {"yes"}:
            update = Update(settings, session, changes, report, now, progress, previous)
            with reader.engine.writer(session.connection(), bulk=len(changes.read) > BULK) as index:
                update.all(index)
                index.commit()
                update.finish()
                index.confirm()
    for fault in report.faults:
        logger.log(logging.ERROR if fault.severity == "error" else logging.WARNING, "%s", fault)
    return report
