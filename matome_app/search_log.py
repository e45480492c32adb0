"""Keep what is searched for, where the operator wants that (MATOME_SEARCH_LOG=1), and sum it up.

A search is a line of JSON at the end of a file in the data folder: what was typed, which filters were set (not to
what), how many comments it found, how long it took, and the minute. Nothing of it says who searched, and a minute is
too coarse to be joined to a line of a server's log. Any number of processes append at once: a line is one write. The
file is put aside when it is large, in the place of the one before, so there are never more than two.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger("matome")

FILE: Final = "searches.jsonl"
OLD: Final = "searches.1.jsonl"
MOST_BYTES: Final = 4_000_000
"""So large is the file before it is put aside: some 30,000 searches."""

WHILE_TYPING: Final = timedelta(minutes=1)
"""Within so many whole minutes a search that goes on from one that was typed takes its place."""

SAY_AGAIN: Final = 600.0
_BEGIN: Final = '{"at":'
_said = -SAY_AGAIN


@dataclass(frozen=True, slots=True)
class Search:
    """One search. `at` is in UTC, to the minute; `typed` tells that it was sent while the reader was typing."""

    at: datetime
    q: str
    normal: str
    filters: tuple[str, ...]
    total: int
    ms: float
    typed: bool = False

    def as_line(self) -> bytes:
        """Return the line of the file."""
        facts = {
            "at": self.at.strftime("%Y-%m-%dT%H:%MZ"),
            "q": self.q,
            "normal": self.normal,
            "filters": self.filters,
            "total": self.total,
            "ms": round(self.ms, 1),
            "typed": self.typed,
        }
        return (json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Summary:
    """All searches that say the same: as typed last, how often, found last (without filters, if it can be), times."""

    q: str
    count: int
    total: int
    ms: float
    most_ms: float


def normalised(q: str) -> str:
    """Return a query in the form in which equal ones are counted together: width, case and spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", q).casefold().split())


def record(folder: Path, q: str, filters: Iterable[str], total: int, ms: float, *, typed: bool) -> None:
    """Append a search; what prevents it (a full disk, a folder that cannot be written) costs a line in the log."""
    search = Search(datetime.now(UTC), q, normalised(q), tuple(filters), total, ms, typed)
    try:
        _append(folder / FILE, search.as_line())
    except OSError as error:
        _say(error)


def _append(path: Path, line: bytes) -> None:
    if _write(path, line, MOST_BYTES):
        return
    _put_aside(path)
    _write(path, line, 2 * MOST_BYTES)  # where it cannot be put aside, it does not grow for ever


def _write(path: Path, line: bytes, most: int) -> bool:
    """Append a line, unless the file would be larger than that."""
    with _opened(path) as descriptor:
        fits = os.fstat(descriptor).st_size + len(line) <= most
        if fits:
            os.write(descriptor, line)
    return fits


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _put_aside(path: Path) -> None:
    """Make place for a new file, once, however many processes want to."""
    with _opened(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # another is at it
        if os.path.samestat(os.fstat(descriptor), os.stat(path)) and os.fstat(descriptor).st_size > MOST_BYTES // 2:
            os.replace(path, path.with_name(OLD))


def _say(error: OSError) -> None:
    global _said
    now = time.monotonic()
    if now - _said >= SAY_AGAIN:
        _said = now
        logger.warning("what is searched for cannot be kept (%s)", error.strerror, extra={"event": "search-log"})


def read(folder: Path, since: datetime | None = None) -> list[Search]:
    """Return the searches that are kept, oldest first, without those that were only on the way to another."""
    found = (search for name in (OLD, FILE) for search in _read_file(folder / name))
    return list(_settled(search for search in found if since is None or search.at >= since))


def _read_file(path: Path) -> Iterator[Search]:
    try:
        lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return
    for line in lines:
        # Where a disk was full, a line is cut off and the next one begins in its middle.
        for text in {line, line[max(line.rfind(_BEGIN), 0) :]}:
            try:
                yield _from(json.loads(text))
            except (ValueError, KeyError, TypeError):
                continue
            break


def _from(facts: Mapping[str, Any]) -> Search:
    at = datetime.strptime(facts["at"], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    filters = tuple(str(one) for one in facts["filters"])
    q, normal = str(facts["q"]), str(facts["normal"])
    return Search(at, q, normal, filters, int(facts["total"]), float(facts["ms"]), bool(facts["typed"]))


def _settled(searches: Iterable[Search]) -> Iterator[Search]:
    """Leave out what was sent while the reader was still typing what comes next.

    Nobody knows who typed, so this is told by the words: a typed search whose words the next ones within a minute begin
    with was on the way to them. Equal searches by two people stay two, unless both were typed within that minute.
    """
    waiting: list[Search] = []
    for search in searches:
        still = []
        for one in waiting:
            if search.at - one.at > WHILE_TYPING:
                yield one
            elif search.filters != one.filters or not search.normal.startswith(one.normal):
                still.append(one)
        waiting = [*still, search] if search.typed else still
        if not search.typed:
            yield search
    yield from waiting


def summaries(searches: Iterable[Search]) -> list[Summary]:
    """Return the searches summed up by their normalised words, those that were asked most often first."""
    from statistics import median  # here, since servers that keep searches sum up none

    groups: dict[str, list[Search]] = {}
    for search in searches:
        groups.setdefault(search.normal, []).append(search)
    summed = [
        Summary(
            q=group[-1].q,
            count=len(group),
            total=max(group, key=lambda one: (not one.filters, one.at)).total,
            ms=median(one.ms for one in group),
            most_ms=max(one.ms for one in group),
        )
        for group in groups.values()
    ]
    return sorted(summed, key=lambda one: (-one.count, one.q))
