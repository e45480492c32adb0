"""Open the search engine when it is first asked: a start and the first page need neither NumPy nor Whoosh."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Engine

if TYPE_CHECKING:
    from matome_app.search.engine import SearchEngine
    from matome_app.search.terms import TermTable
    from matome_app.search.whoosh_engine import WhooshEngine


class _WhenAsked:
    """Is the engine, as soon as anything of it is wanted."""

    def __init__(self, database: Engine, folder: Path, terms: TermTable | None) -> None:
        self._arguments = database, folder, terms
        self._lock = threading.Lock()
        self._engine: WhooshEngine | None = None

    def read_from(self, connection: Connection | None) -> None:
        """Pass on what the engine should read from; that it should not any more is nothing to load it for."""
        if connection is not None or self._engine is not None:
            self.loaded().read_from(connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loaded(), name)

    def loaded(self) -> WhooshEngine:
        with self._lock:
            if self._engine is None:
                from matome_app.search.whoosh_engine import WhooshEngine

                self._engine = WhooshEngine(*self._arguments)
            return self._engine


def open_engine(database: Engine, folder: Path, terms: TermTable | None = None) -> SearchEngine:
    """Return the engine over a database and the folder of its words; loads and opens nothing yet."""
    return cast("SearchEngine", _WhenAsked(database, folder, terms))


def opened(engine: SearchEngine) -> WhooshEngine:
    """Return the engine itself, for whoever measures it; opens it if nobody asked it anything yet."""
    return engine.loaded() if isinstance(engine, _WhenAsked) else cast("WhooshEngine", engine)
