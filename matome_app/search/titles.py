"""Match words against the titles and tags of posts, which are few enough to be read through."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from matome_app.search.analysis import latin_runs
from matome_app.search.columns import Columns, Flags
from matome_app.search.latin import read_latin
from matome_app.search.leaves import without_long_vowel
from matome_app.search.query import Group, Term


def pattern_of(term: Term) -> str:
    """Return the regular expression that finds a term in folded text, as the index does."""
    literal = term.quoted or term.excluded
    if term.text.isascii() and latin_runs(term.text):
        return read_latin(term.text, literal).pattern
    stem = term.text if literal else without_long_vowel(term.text)
    return re.escape(stem) + ("ー?" if stem != term.text else "")


@lru_cache(maxsize=256)
def _compiled(term: Term) -> re.Pattern[str]:
    return re.compile(pattern_of(term))


def posts_with(columns: Columns, group: Group) -> Flags:
    """Tell of every post whether its title or a tag holds a word of the group."""
    flags = np.zeros(len(columns.posts), bool)
    for part in group.parts:
        if isinstance(part, Term) and not part.excluded:
            # One pass over all titles: no pattern matches NUL, so none reaches from one post into the next.
            found = [match.start() for match in _compiled(part).finditer(columns.titles)]
            flags[np.searchsorted(columns.title_starts, found, side="right") - 1] = True
    return flags
