"""Say, when nothing is found, what would be: words spelled otherwise or dropped, filters loosened, a wider scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from matome_app.search.analysis import fold
from matome_app.search.chips import filter_chips
from matome_app.search.clauses import is_sought
from matome_app.search.engine import Suggestion
from matome_app.search.params import SearchParams
from matome_app.search.query import Group, Query, Term
from matome_app.search.slips import other_typings
from matome_app.search.snapshot import Snapshot
from matome_app.search.spelling import nearest_words

MOST_GROUPS: Final = 8
"""So many words are looked at; a query of more is rarely a few letters from one that finds something."""
MOST_SPELLINGS: Final = 3
MOST_ABSENT: Final = 3
"""For so many words that nobody wrote others are looked for."""

Count = Callable[[SearchParams], int]
Candidate = tuple[SearchParams, str, str]
"""A search, its query as it is shown, and why it is offered."""


def suggest(
    snapshot: Snapshot, params: SearchParams, query: Query, count: Count, holding: Callable[[Group], int]
) -> tuple[Suggestion, ...]:
    """Return searches that find something, each with its true total from `count`; `holding` counts a word alone."""
    absent = [group for group in query.groups[:MOST_GROUPS] if is_sought(group) and not holding(group)]
    candidates = [
        *_spelled(snapshot, params, query, absent),
        *_unquoted(params, query),
        *_dropped(params, query),
        *_loosened(params),
    ]
    if params.scope == "comment" and sum(map(is_sought, query.groups)) > 1:
        candidates.append((params.replace(scope="post"), params.q, "同じスレッド内で探す"))
    return _finding(candidates, count) or _finding(_further(snapshot, params, query, absent), count)


def _finding(candidates: Iterable[Candidate], count: Count) -> tuple[Suggestion, ...]:
    """Return the candidates that find something, each once."""
    found: dict[SearchParams, Suggestion] = {}
    for changed, q, why in candidates:
        if changed not in found and (total := count(changed)):
            found[changed] = Suggestion(q, total, why, changed)
    return tuple(found.values())


def _further(snapshot: Snapshot, params: SearchParams, query: Query, absent: list[Group]) -> Iterator[Candidate]:
    """Yield what is further away than one change: without all words nobody wrote, without filters, single words."""
    bare = SearchParams(q=params.q, scope=params.scope, sort=params.sort)
    rest = Query(tuple(group for group in query.groups if group not in absent))
    if absent and rest.groups:
        q = " ".join(group.source for group in rest.groups)
        why = "、".join(group.label for group in absent)
        yield params.replace(q=q), q, f"{why}を外す"
        yield bare.replace(q=q), q, f"{why}と絞り込みを外す"
    for _, q, why in _spelled(snapshot, params, query, absent):
        yield bare.replace(q=q), q, f"{why}、絞り込みなし"
    for group in query.groups[:MOST_GROUPS]:
        if is_sought(group):
            yield params.replace(q=group.source), group.source, f"{group.label}だけで探す"
            yield bare.replace(q=group.source), group.source, f"{group.label}だけで、絞り込みなし"
    for group in absent[:MOST_ABSENT]:
        term = group.parts[0]
        if len(group.parts) == 1 and isinstance(term, Term):
            for word in _meant(snapshot, term.text):
                yield params.replace(q=word), word, f"もしかして「{word}」だけで探す"
                yield bare.replace(q=word), word, f"もしかして「{word}」だけで、絞り込みなし"


def _spelled(snapshot: Snapshot, params: SearchParams, query: Query, absent: list[Group]) -> Iterator[Candidate]:
    """Yield the query with a word that nobody wrote replaced by what was perhaps meant."""
    for group in absent[:MOST_ABSENT]:
        term = group.parts[0]
        if len(group.parts) == 1 and isinstance(term, Term):
            for word in _meant(snapshot, term.text):
                q = query.replacing(group, f'"{word}"' if term.quoted else word)
                yield params.replace(q=q), q, f"もしかして「{word}」"


def _meant(snapshot: Snapshot, text: str) -> list[str]:
    """Return the words a text may stand for: typed with the IME in the wrong state, or misspelled."""
    typed = [word for word in other_typings(text) if not word.isascii() or snapshot.words.has_latin(fold(word))]
    return list(dict.fromkeys([*typed, *nearest_words(text, snapshot.words)]))[:MOST_SPELLINGS]


def _unquoted(params: SearchParams, query: Query) -> Iterator[Candidate]:
    """Yield the query with each phrase as words that may stand apart."""
    for group in query.groups[:MOST_GROUPS]:
        term = group.parts[0]
        if group.kind == "phrase" and isinstance(term, Term):
            q = query.replacing(group, term.shown)
            yield params.replace(q=q), q, f"{group.label}の引用符を外す"


def _dropped(params: SearchParams, query: Query) -> Iterator[Candidate]:
    """Yield the query without each of its groups."""
    if len(query.groups) > 1:
        for group in query.groups[:MOST_GROUPS]:
            q = query.without(group)
            yield params.replace(q=q), q, f"{group.label}を外す"


def _loosened(params: SearchParams) -> Iterator[Candidate]:
    """Yield the search without each of its filters, and without all of them."""
    chips = filter_chips(params)
    for chip in chips:
        yield chip.without, params.q, f"{chip.label}を外す"
    if len(chips) > 1:
        yield SearchParams(q=params.q, scope=params.scope, sort=params.sort), params.q, "絞り込みをすべて外す"
