"""Put together all that is known of a site: content, store, index, files, processes, the last run."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from matome_app import judging
from matome_app.config import Settings
from matome_app.doctor import content, database
from matome_app.progress import read_progress
from matome_app.search.analysis import analyzer_version
from matome_app.search.word_index import open_reader
from matome_app.state import noted_damage, read_state, seal_of
from matome_app.status import builder, is_replacing, watcher
from matome_app.store.generations import Generation, all_generations, current_generation, leftovers

PACKAGES: Final = ("flask", "sqlalchemy", "whoosh3", "numpy", "sudachipy", "sudachidict-core", "watchfiles")


@dataclass(slots=True)
class Words:
    """The Whoosh index of a generation: its documents, or why it cannot be read."""

    documents: int | None = None
    error: str = ""


@dataclass(slots=True)
class Examination:
    """Everything that was looked at; sizes are in bytes, times ISO 8601 in UTC."""

    content_dir: Path
    data_dir: Path
    deep: bool
    content: content.Content
    generation: Generation | None = None
    named: str = ""
    database: database.Database = field(default_factory=database.Database)
    words: Words = field(default_factory=Words)
    versions: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    free: int | None = None
    has_data: bool = False
    can_write: bool = False
    builder: int | None = None
    watcher: int | None = None
    replacing: bool = False
    progress: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    noted: str = ""
    seal: str = "none"
    others: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    @property
    def is_building(self) -> bool:
        """Tell whether a process is at work, so that counts move while they are looked at."""
        return self.builder is not None or bool(self.progress)

    def as_json(self) -> dict[str, Any]:
        """Return what was looked at as JSON holds it."""
        seen = asdict(self)
        seen |= {"content_dir": str(self.content_dir), "data_dir": str(self.data_dir)}
        seen["generation"] = self.generation and {"name": self.generation.name, "number": self.database.generation}
        return seen


def examine(settings: Settings, deep: bool) -> Examination:
    """Look at a site, with `deep` at every content file and every page of the database; nothing is changed."""
    data = settings.data_dir
    generation = current_generation(data, settings.database_url)
    path = generation.database if generation else None
    seen = Examination(settings.content_dir, data, deep, content.look_into(settings, path, deep), generation)
    seen.versions = _versions()
    seen.has_data = data.is_dir()
    folder = data if seen.has_data else _above(data)
    seen.can_write = os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
    seen.free = _free(data)
    if seen.has_data:
        _look_at_folder(seen, settings)
    if generation is not None:
        seen.database = database.look_into(generation.database, deep)
        seen.words = _words(generation.words)
        seen.seal = _seal(seen.state.get("seal"), generation)
    return seen


def _look_at_folder(seen: Examination, settings: Settings) -> None:
    data = seen.data_dir
    with suppress(OSError, UnicodeDecodeError):
        seen.named = (data / "current").read_text(encoding="ascii").strip()[:40]
    seen.builder, seen.watcher = builder(data), watcher(data)
    seen.replacing, seen.progress = is_replacing(data), read_progress(data)
    seen.state, seen.noted = read_state(data), str(noted_damage(data))
    seen.sizes = _sizes(data)
    if seen.generation is not None and not seen.generation.database.is_relative_to(data):
        seen.sizes[str(seen.generation.database)] = _size(seen.generation.database)
    kept = [seen.generation] if seen.generation else []
    seen.others = [one.name for one in all_generations(data, settings.database_url) if one not in kept]
    seen.leftovers = [path.name for path in leftovers(data, *kept)]


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found | {"store": judging.versions(), "analyzer": analyzer_version()}


def _words(folder: Path) -> Words:
    try:
        reader = open_reader(folder)
        if reader is None:
            return Words()
        with reader:
            return Words(reader.doc_count())
    except Exception as error:  # whatever damaged files make Whoosh raise
        return Words(error=f"{type(error).__name__}: {error}".partition("\n")[0])


def _seal(seal: Any, generation: Generation) -> str:
    """Return whether the files are as the last run left them: holds, none, or what differs."""
    if not isinstance(seal, dict) or not isinstance(seal.get("files"), dict):
        return "none"
    found = seal_of(generation.name, generation.folder, generation.database)
    if found is None:
        return "none"  # a log waits: something was written since, and by us
    if found["generation"] != seal.get("generation"):
        return f"{generation.name} was put in the place of {seal.get('generation')}"
    left, here = seal["files"], found["files"]
    for name in sorted({*left, *here}, key=lambda name: (name in left, name)):
        if left.get(name) != here.get(name):
            return f"{name} {'is gone' if name not in here else 'came' if name not in left else 'was changed'}"
    return "holds"


def _sizes(data: Path) -> dict[str, int]:
    """Return the bytes of what lies in the data folder; of a generation, of each thing in it."""
    sizes = {}
    with suppress(OSError):
        for entry in sorted(os.scandir(data), key=lambda one: one.name):
            is_generation = entry.is_dir() and entry.name.startswith("g") and entry.name[1:].isdigit()
            inner = sorted(Path(entry.path).iterdir()) if is_generation else [Path(entry.path)]
            for path in inner:
                sizes[path.relative_to(data).as_posix()] = _size(path)
    return sizes


def _size(path: Path) -> int:
    with suppress(OSError):
        if path.is_dir():
            return sum(_size(entry) for entry in path.iterdir())
        return path.stat().st_size
    return 0


def _free(data: Path) -> int | None:
    try:
        return shutil.disk_usage(data if data.is_dir() else _above(data)).free
    except OSError:
        return None


def _above(path: Path) -> Path:
    """Return the nearest folder around a path that is there."""
    return next((folder for folder in path.parents if folder.is_dir()), Path("/"))
