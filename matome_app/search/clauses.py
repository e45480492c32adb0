"""Read a query as clauses that must all hold, joining words that together are one name of the term table."""

from __future__ import annotations

from dataclasses import dataclass

from matome_app.search.query import Group, Query, Term
from matome_app.search.terms import TermTable


@dataclass(frozen=True, slots=True)
class Clause:
    """Groups that must hold together, or instead of them one of the names (`garbage collection`: GC)."""

    groups: tuple[Group, ...]
    names: tuple[str, ...] = ()


def is_sought(group: Group) -> bool:
    """Tell whether a group is something to find, not a lone filter or exclusion."""
    return len(group.parts) > 1 or (isinstance(group.parts[0], Term) and not group.parts[0].excluded)


def clauses(query: Query, table: TermTable) -> list[Clause]:
    """Return what a query seeks; lone filters and exclusions are left out."""
    found: list[Clause] = []
    groups = [group for group in query.groups if is_sought(group)]
    at = 0
    while at < len(groups):
        length, names = table.starting_with(_words_from(groups, at))
        found.append(Clause(tuple(groups[at : at + max(length, 1)]), names))
        at += max(length, 1)
    return found


def _words_from(groups: list[Group], at: int) -> list[str]:
    """Return the folded words from a place on, up to the first group that is no plain word."""
    words: list[str] = []
    for group in groups[at:]:
        term = plain_word(group)
        if term is None:
            break
        words.append(term.text)
    return words


def plain_word(group: Group) -> Term | None:
    """Return the word of a group that is nothing else: not quoted, not excluded, no OR."""
    term = group.parts[0]
    plain = len(group.parts) == 1 and isinstance(term, Term) and not term.quoted and not term.excluded
    return term if plain and isinstance(term, Term) else None


def plain_runs(query: Query) -> list[tuple[Term, ...]]:
    """Return the plain words that follow each other in a query, where there are at least two."""
    runs: list[list[Term]] = [[]]
    for group in query.groups:
        term = plain_word(group)
        if term is not None:
            runs[-1].append(term)
        elif is_sought(group):
            runs.append([])
    return [tuple(run) for run in runs if len(run) > 1]
