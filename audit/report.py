"""Write what an audit found as docs/audit.md, and say what falls short of the site's promises."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.lighthouse import CATEGORIES, Verdict
from audit.nu import Checked, Message
from audit.pages import Chosen

LEAST_SCORE = 98
NAMES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "good practice",
    "seo": "SEO",
}


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that was found."""

    content: Chosen
    versions: dict[str, str]
    checked: Checked
    verdicts: list[Verdict]


def shortcomings(audit: Audit) -> list[str]:
    """Return what falls short: each error in the HTML, each score below `LEAST_SCORE`, that nothing was looked at."""
    found = [f"{text} ({', '.join(pages)})" for text, pages in _by_text(audit.checked.of("error")).items()]
    for verdict in audit.verdicts:
        for name in CATEGORIES:
            if verdict.score(name) < LEAST_SCORE:
                lost = "; ".join(one for one in verdict.median.lost if one.startswith(name))
                found.append(f"{verdict.page.name}: {NAMES[name]} {verdict.score(name)} of {LEAST_SCORE}: {lost}")
    if not audit.checked.documents:
        found.append("no page was checked")
    if not audit.verdicts:
        found.append("no page was judged")
    return found


def write(audit: Audit, folder: Path) -> Path:
    """Write audit.md into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "audit.md"
    path.write_text("\n".join(_lines(audit)) + "\n", encoding="utf-8")
    return path


def _lines(audit: Audit) -> Iterator[str]:
    content = audit.content
    yield "# Audit"
    yield ""
    judges = ", ".join(f"{name} {version}" for name, version in audit.versions.items())
    yield _paragraph(
        "Written by `make audit`, which serves the site as deploy/ sets it up (nginx with gzip before gunicorn), has"
        " the Nu HTML checker read a page of every kind, and lets Lighthouse judge four pages with its mobile preset:"
        f" a middling phone, a slow network. Content: {content.posts:,} posts with {content.comments:,} comments."
        f" Judged with {judges}."
    )
    yield ""
    yield from _scores(audit.verdicts)
    yield from _html(audit.checked)


def _scores(verdicts: list[Verdict]) -> Iterator[str]:
    yield f"## Lighthouse: at least {LEAST_SCORE} in each"
    yield ""
    if not verdicts:
        yield "Nothing was judged."
        yield ""
        return
    metrics = list(verdicts[0].median.metrics)
    yield f"| page | {' | '.join(NAMES[name] for name in CATEGORIES)} | {' | '.join(metrics)} |"
    yield f"|---|{'---|' * (len(CATEGORIES) + len(metrics))}"
    for verdict in verdicts:
        cells = [_score(verdict.score(name)) for name in CATEGORIES] + list(verdict.median.metrics.values())
        yield f"| {verdict.page.name} | {' | '.join(cells)} |"
    yield ""
    runs = len(verdicts[0].runs)
    cpu = min(verdict.median.cpu for verdict in verdicts)
    yield _paragraph(
        f"A score is the median of {runs} {'run' if runs == 1 else 'runs'}; the times are those of the run in the"
        f" middle, on a machine that Lighthouse's own measure of processors puts at {cpu:,.0f}."
    )
    for verdict in verdicts:
        if verdict.page.skipped:
            yield ""
            yield _paragraph(
                f"`{'`, `'.join(verdict.page.skipped)}` is left out for {verdict.page.name}: they are for readers, and"
                " ask other search engines by noindex to leave them alone, which is what this audit looks at. The"
                " entrance of the search, whose address holds no question, is judged by everything."
            )
    yield ""


def _score(score: int) -> str:
    return str(score) if score >= LEAST_SCORE else f"**{score}**"


def _html(checked: Checked) -> Iterator[str]:
    errors, warnings = checked.of("error"), checked.of("warning")
    yield "## Nu HTML checker: no error"
    yield ""
    yield f"{len(checked.documents)} documents, {_count(errors)} errors, {_count(warnings)} warnings."
    yield ""
    yield _paragraph("Read were: " + ", ".join(checked.documents) + ".")
    for title, messages in (("Errors", errors), ("Warnings", warnings)):
        if messages:
            yield ""
            yield f"### {title}"
            yield ""
            for text, pages in _by_text(messages).items():
                yield f"- {_escape(text)} ({', '.join(pages)})"


def _count(messages: list[Message]) -> int:
    return sum(message.times for message in messages)


def _by_text(messages: list[Message]) -> dict[str, list[str]]:
    pages: dict[str, list[str]] = {}
    for message in messages:
        pages.setdefault(message.text, []).append(message.page)
    return pages


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _escape(text: str) -> str:
    return text.replace("<", "&lt;").replace("|", "\\|")
