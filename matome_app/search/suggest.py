"""Say, when nothing is found, what would be: with a word dropped, or a Latin word spelled as it is in the index."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from typing import Final

from matome_app.search.engine import Suggestion
from matome_app.search.params import SearchParams
from matome_app.search.postings import LATIN
from matome_app.search.query import Group, Query, Term
from matome_app.search.snapshot import WordReader

MOST: Final = 5
MOST_GROUPS: Final = 6
LONGEST: Final = 20
_LETTERS: Final = string.ascii_lowercase + string.digits


def suggest(
    params: SearchParams, query: Query, words: WordReader, count: Callable[[SearchParams], int]
) -> tuple[Suggestion, ...]:
    """Return searches that find something, each with its true total from `count`."""
    tried = [*_spelled(query, words), *_dropped(query)]
    found: list[Suggestion] = []
    for q, why in tried:
        changed = params.replace(q=q, sort=params.sort)
        total = count(changed)
        if total:
            found.append(Suggestion(q, total, why, changed))
    if params.is_filtered and query.groups:
        bare = SearchParams(q=params.q, scope=params.scope, sort=params.sort)
        if total := count(bare):
            found.append(Suggestion(params.q, total, "絞り込みを外す", bare))
    return tuple(found[:MOST])


def _dropped(query: Query) -> Iterator[tuple[str, str]]:
    """Yield the query without each of its groups."""
    if len(query.groups) > 1:
        for group in query.groups[:MOST_GROUPS]:
            yield query.without(group), f"{group.label}を外す"


def _spelled(query: Query, words: WordReader) -> Iterator[tuple[str, str]]:
    """Yield the query with a Latin word that nobody wrote replaced by the nearest that somebody did."""
    for group in query.groups[:MOST_GROUPS]:
        term = group.parts[0]
        if len(group.parts) == 1 and isinstance(term, Term) and not term.excluded and _is_word(term.text):
            near = nearest(term.text, lambda word: words.frequency(LATIN, word))
            if near:
                yield query.replacing(group, _quoted_like(group, near)), f"もしかして「{near}」"


def _is_word(text: str) -> bool:
    return 3 <= len(text) <= LONGEST and text.isascii() and text.isalnum()


def _quoted_like(group: Group, word: str) -> str:
    return f'"{word}"' if group.kind == "phrase" else word


def nearest(word: str, frequency: Callable[[str], int]) -> str:
    """Return the most frequent word one edit away from a word that does not occur; "" when there is none."""
    if frequency(word):
        return ""
    best = max(sorted(_one_edit(word)), key=frequency)
    return best if frequency(best) else ""


def _one_edit(word: str) -> set[str]:
    """Return all words one deletion, swap, replacement or insertion away: about 73 a letter."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    near = {a + b[1:] for a, b in cuts if b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    near |= {a + c + b[1:] for a, b in cuts if b for c in _LETTERS}
    near |= {a + c + b for a, b in cuts for c in _LETTERS}
    return near - {word, ""}
