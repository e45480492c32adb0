"""Print an examination for a terminal of 80 characters: aligned columns, then what is to be done."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from matome_app.doctor.examine import Examination
from matome_app.doctor.findings import Finding
from matome_app.printable import printable

WIDTH: Final = 80
LABEL: Final = 16
COLUMN: Final = 12
ROWS: Final = ("posts", "drafts", "future", "expired", "faulty", "duplicates", "comments", "users", "tags")
SELDOM: Final = ("future", "expired", "duplicates")
"""Rows that are left out where there are none."""
SMALL: Final = 50_000
"""Files of fewer bytes are not listed."""
_STATES: Final = {"drafts": "draft", "duplicates": "duplicate"}


def report(seen: Examination, found: Sequence[Finding]) -> str:
    """Return all of it as text."""
    parts = [_counts(seen), _facts(seen), _sizes(seen), _versions(seen), _findings(found)]
    return "\n\n".join("\n".join(printable(line.rstrip()) for line in part) for part in parts)


def _counts(seen: Examination) -> Iterator[str]:
    content, database = seen.content, seen.database
    yield _row("", ["content", "store", "index"])
    yield _row("files", [content.files if content.exists else None, database.store.get("files")])
    for name in ROWS:
        state = _STATES.get(name, name)
        in_content = content.counts.get("live" if name == "posts" else state)
        in_store = database.store.get(name)
        if in_store is None and database.store:
            in_store = database.states.get(state, 0)
        if name not in SELDOM or in_content or in_store:
            yield _row(name, [in_content, in_store, database.index.get(name)])
    yield _row("ranked by words", [None, None, seen.words.documents])
    if kept := database.store.get("kept"):
        yield _row("kept of faulty", [None, kept])


def _row(label: str, cells: Iterable[int | str | None]) -> str:
    return f"{label:<{LABEL}}" + "".join(f"{_cell(cell):>{COLUMN}}" for cell in cells)


def _cell(cell: int | str | None) -> str:
    return "-" if cell is None else cell if isinstance(cell, str) else f"{cell:,}"


def _facts(seen: Examination) -> Iterator[str]:
    yield from _fact("content", str(seen.content_dir) + ("" if seen.content.exists else " (is not there)"))
    changes = seen.content.changes
    if changes is not None:
        yield from _fact("to bring in", ", ".join(f"{count:,} {name}" for name, count in changes.items()))
    if seen.content.faults:
        yield from _fact(
            "faults", ", ".join(f"{code} {count:,}" for code, count in sorted(seen.content.faults.items()))
        )
    yield from _fact("data", str(seen.data_dir) + ("" if seen.has_data else " (is not there)"))
    yield from _fact("generation", _generation(seen))
    yield from _fact("builder", _process(seen.builder) + _progress(seen.progress))
    yield from _fact("watcher", _process(seen.watcher))
    yield from _fact("last run", _run(seen.state.get("run")))
    yield from _fact("last error", _event(seen.state.get("error"), "message"))
    yield from _fact("last rebuild", _event(seen.state.get("rebuild"), "reason"))
    if seen.generation is not None:
        yield from _fact("seal", seen.seal)
    if seen.database.checked is not None:
        yield from _fact("quick_check", "; ".join(seen.database.checked) or "ok")


def _fact(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        f"{label:<{LABEL}}{text}",
        WIDTH,
        subsequent_indent=" " * LABEL,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _generation(seen: Examination) -> str:
    if seen.generation is None:
        return f"{seen.named} (is gone)" if seen.named else "none"
    if seen.database.error:
        return f"unreadable, in {seen.generation.name}"
    state = "complete" if seen.database.is_complete else "not complete"
    beside = f"; beside it {', '.join(seen.others)}" if seen.others else ""
    return f"{seen.database.generation:,} in {seen.generation.name}, {state}{beside}"


def _process(number: int | None) -> str:
    return "none" if number is None else f"process {number}"


def _progress(progress: dict[str, Any]) -> str:
    if not progress:
        return ""
    left = progress.get("seconds_left")
    end = f", about {left:,.0f} s left" if left is not None else ""
    return f", {progress['done']:,} of {progress['total']:,} posts, {progress['comments']:,} comments{end}"


def _run(run: Any) -> str:
    if not isinstance(run, dict):
        return "none"
    counts = ", ".join(f"{run.get(name, 0):,} {name}" for name in ("added", "changed", "removed", "faulty"))
    return f"{_moment(run.get('end'))}, {run.get('seconds', 0):,.1f} s: {counts}; {run.get('comments', 0):,} comments"


def _event(event: Any, name: str) -> str:
    return f"{_moment(event.get('at'))}: {event.get(name)}" if isinstance(event, dict) else "none"


def _moment(moment: Any) -> str:
    return str(moment or "?")[:19].replace("T", " ") + " UTC"


def _sizes(seen: Examination) -> Iterator[str]:
    yield f"{'on disk':<{LABEL + COLUMN}}{'MB':>{COLUMN}}"
    large = [(name, size) for name, size in seen.sizes.items() if size >= SMALL]
    for name, size in [*sorted(large, key=lambda item: -item[1]), ("all", sum(seen.sizes.values()))]:
        yield f"  {name:<{LABEL + COLUMN - 2}}{size / 1e6:>{COLUMN},.1f}"
    if seen.free is not None:
        yield f"  {'free':<{LABEL + COLUMN - 2}}{seen.free / 1e6:>{COLUMN},.1f}"


def _versions(seen: Examination) -> Iterator[str]:
    stored = {"store": seen.database.meta.get("versions"), "analyzer": seen.database.search_meta.get("analyzer")}
    for name, version in stored.items():
        here = seen.versions[name]
        yield from _fact(name, here if version in (here, None) else f"{version}; the program has {here}")
    yield from _fact(
        "versions", ", ".join(f"{name} {one}" for name, one in seen.versions.items() if name not in stored)
    )


def _findings(found: Sequence[Finding]) -> Iterator[str]:
    problems = [finding for finding in found if finding.level == "problem"]
    yield "what to do" if problems else "nothing is to be done"
    for number, finding in enumerate(problems, 1):
        yield from _item(f"{number}.", finding.line)
    for finding in found:
        if finding.level == "note":
            yield from _item("-", finding.line)


def _item(mark: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {mark} ",
        subsequent_indent=" " * (3 + len(mark)),
        break_long_words=False,
        break_on_hyphens=False,
    )
