"""Write the figures of a long run into docs/reliability.md, between its markers, so that it can be run again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from tests.faults.killing import Outcome
from tests.faults.moments import ACTIONS

STRUCK = {
    "all": "everything",
    "parent": "the process that was started",
    "helper": "the helper that writes words",
    "builder": "the builder beside a server",
    "worker": "a worker of gunicorn",
    "ended by itself": "nobody: it had ended",
}


def write_between(page: Path, name: str, text: str) -> None:
    """Replace what stands between the markers of a name; raises ValueError where there are none."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} has no place for {name}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; a column whose head begins with `#` holds numbers."""
    lines = ["| " + " | ".join(head.lstrip("#") for head in heads) + " |"]
    lines.append("| " + " | ".join("---:" if head.startswith("#") else "---" for head in heads) + " |")
    lines += ["| " + " | ".join(re.sub(r"\s*\n\s*|\|", " ", str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def kills_table(outcomes: Sequence[Outcome], fresh_bytes: int) -> str:
    """Return what was killed how often, and what came of it."""
    rows = []
    for action, name in ACTIONS.items():
        done = [outcome for outcome in outcomes if outcome.kill.action == action]
        if done:
            rows.append(_row(name, done, fresh_bytes))
    rows.append(_row("all", outcomes, fresh_bytes))
    heads = (
        "killed during",
        "#kills",
        "when",
        "#faults",
        "#mended in, median",
        "#mended in, at most",
        "#data folder, at most",
    )
    return table(heads, rows)


def _row(name: str, done: Sequence[Outcome], fresh_bytes: int) -> tuple[object, ...]:
    recoveries = [outcome.recovery for outcome in done]
    biggest = max(outcome.bytes for outcome in done)
    return (
        name,
        len(done),
        _when(done),
        sum(bool(outcome.faults) for outcome in done),
        f"{median(recoveries):.1f} s",
        f"{max(recoveries):.1f} s",
        f"{biggest / fresh_bytes:.2f} ×" if fresh_bytes else "",
    )


def _when(done: Sequence[Outcome]) -> str:
    """Return between which seconds kills came, and what the builder said that it was at."""
    phases = Counter(outcome.phase or "elsewhere" for outcome in done)
    names = {
        "posts": "while posts are stored",
        "words": "while words are written",
        "elsewhere": "before, after, between",
    }
    said = ", ".join(f"{count} {names.get(phase, phase)}" for phase, count in phases.most_common())
    seconds = [outcome.seconds for outcome in done]
    return f"{min(seconds):.1f} to {max(seconds):.1f} s after the start: {said}"


def victims_table(outcomes: Sequence[Outcome]) -> str:
    """Return who was killed how often."""
    counts = Counter(outcome.struck for outcome in outcomes)
    rows = [(STRUCK.get(struck, struck), count) for struck, count in counts.most_common()]
    return table(("killed", "#times"), rows)
