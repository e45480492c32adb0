"""Say, when nothing is found, what would be: words spelled otherwise or dropped, filters loosened, a wider scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from matome_app.errors import Message, listed
from matome_app.search.analysis import fold
from matome_app.search.chips import filter_chips
from matome_app.search.clauses import is_sought
from matome_app.search.engine import Suggestion
from matome_app.search.params import SearchParams
from matome_app.search.query import Group, Query, Term, quoted
from matome_app.search.slips import other_typings

if TYPE_CHECKING:
    from matome_app.search.snapshot import Snapshot

MOST_GROUPS: Final = 8
"""So many words are looked at; a query of more is rarely a few letters from one that finds something."""
MOST_SPELLINGS: Final = 3
MOST_ABSENT: Final = 3
"""For so many words that nobody wrote others are looked for."""

Count = Callable[[SearchParams], int]


class Candidate(NamedTuple):
    """A search, its query as it is shown, why it is offered, and whether it holds words other than those typed."""

    params: SearchParams
    q: str
    why: Message
    respelled: bool = False


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
        candidates.append(Candidate(params.replace(scope="post"), params.q, Message("同じスレッド内で探す")))
    return _finding(candidates, count) or _finding(_further(snapshot, params, query, absent), count)


def _finding(candidates: Iterable[Candidate], count: Count) -> tuple[Suggestion, ...]:
    """Return the candidates that find something, each once."""
    found: dict[SearchParams, Suggestion] = {}
    for one in candidates:
        if one.params not in found and (total := count(one.params)):
            found[one.params] = Suggestion(one.q, total, one.why, one.params, one.respelled)
    return tuple(found.values())


def _further(snapshot: Snapshot, params: SearchParams, query: Query, absent: list[Group]) -> Iterator[Candidate]:
    """Yield what is further away than one change: without all words nobody wrote, without filters, single words."""
    bare = SearchParams(q=params.q, scope=params.scope, sort=params.sort)
    rest = Query(tuple(group for group in query.groups if group not in absent))
    if absent and rest.groups:
        q = " ".join(group.source for group in rest.groups)
        what = listed([group.label for group in absent])
        yield Candidate(params.replace(q=q), q, _without(what))
        yield Candidate(bare.replace(q=q), q, Message("%(what)sと絞り込みを外す", what=what))
    for q, word in _respelled(snapshot, query, absent):
        why = Message("もしかして%(what)s、絞り込みなし", what=quoted(word))
        yield Candidate(bare.replace(q=q), q, why, respelled=True)
    for group in query.groups[:MOST_GROUPS]:
        if is_sought(group):
            yield Candidate(
                params.replace(q=group.source), group.source, Message("%(what)sだけで探す", what=group.label)
            )
            why = Message("%(what)sだけで、絞り込みなし", what=group.label)
            yield Candidate(bare.replace(q=group.source), group.source, why)
    for group in absent[:MOST_ABSENT]:
        term = group.parts[0]
        if len(group.parts) == 1 and isinstance(term, Term):
            for word in _meant(snapshot, term.text):
                what = quoted(word)
                alone = Message("もしかして%(what)sだけで探す", what=what)
                bare_alone = Message("もしかして%(what)sだけで、絞り込みなし", what=what)
                yield Candidate(params.replace(q=word), word, alone, respelled=True)
                yield Candidate(bare.replace(q=word), word, bare_alone, respelled=True)


def _spelled(snapshot: Snapshot, params: SearchParams, query: Query, absent: list[Group]) -> Iterator[Candidate]:
    """Yield the search with a word that nobody wrote replaced by what was perhaps meant."""
    for q, word in _respelled(snapshot, query, absent):
        yield Candidate(params.replace(q=q), q, did_you_mean(word), respelled=True)


def _respelled(snapshot: Snapshot, query: Query, absent: list[Group]) -> Iterator[tuple[str, str]]:
    """Yield the query with a word that nobody wrote replaced, and what was perhaps meant by the word."""
    for group in absent[:MOST_ABSENT]:
        term = group.parts[0]
        if len(group.parts) == 1 and isinstance(term, Term):
            for word in _meant(snapshot, term.text):
                yield query.replacing(group, f'"{word}"' if term.quoted else word), word


def _meant(snapshot: Snapshot, text: str) -> list[str]:
    """Return the words a text may stand for: typed with the IME in the wrong state, or misspelled."""
    typed = [word for word in other_typings(text) if not word.isascii() or snapshot.words.has_latin(fold(word))]
    from matome_app.search.spelling import nearest_words  # here: the page of results takes only a sentence of this

    return list(dict.fromkeys([*typed, *nearest_words(text, snapshot.words)]))[:MOST_SPELLINGS]


def did_you_mean(word: str) -> Message:
    """Say that a word was perhaps meant."""
    return Message("もしかして%(what)s", what=quoted(word))


def _without(what: Message) -> Message:
    return Message("%(what)sを外す", what=what)


def _unquoted(params: SearchParams, query: Query) -> Iterator[Candidate]:
    """Yield the query with each phrase as words that may stand apart."""
    for group in query.groups[:MOST_GROUPS]:
        term = group.parts[0]
        if group.kind == "phrase" and isinstance(term, Term):
            q = query.replacing(group, term.shown)
            yield Candidate(params.replace(q=q), q, Message("%(what)sの引用符を外す", what=group.label))


def _dropped(params: SearchParams, query: Query) -> Iterator[Candidate]:
    """Yield the query without each of its groups."""
    if len(query.groups) > 1:
        for group in query.groups[:MOST_GROUPS]:
            q = query.without(group)
            yield Candidate(params.replace(q=q), q, _without(group.label))


def _loosened(params: SearchParams) -> Iterator[Candidate]:
    """Yield the search without each of its filters, and without all of them."""
    chips = filter_chips(params)
    for chip in chips:
        yield Candidate(chip.without, params.q, _without(chip.label))
    if len(chips) > 1:
        bare = SearchParams(q=params.q, scope=params.scope, sort=params.sort)
        yield Candidate(bare, params.q, Message("絞り込みをすべて外す"))
