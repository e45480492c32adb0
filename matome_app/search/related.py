"""Find what is like a comment or a post: by its most telling words, and by the tags that posts share."""

from __future__ import annotations

import math
from collections import Counter
from heapq import heappush, heappushpop
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from matome_app.search.analysis import latin_words
from matome_app.search.columns import Codes
from matome_app.search.leaves import words_of_thread
from matome_app.search.postings import LATIN, WORDS
from matome_app.search.scoring import bm25f
from matome_app.search.slot_sets import Floats
from matome_app.search.snapshot import Snapshot
from matome_app.search.words import INFLECTED, VARIANT

Term = tuple[str, str]
"""A field of the word index and a term in it."""

TELLING: Final = 12
"""So many of the words of a text are compared."""
READ: Final = 20
"""So many comments of a post are read to know what it is about, those at its top."""
TITLE_WEIGHT: Final = 3
TAG_WEIGHT: Final = 2.0
SHARED: Final = 2
"""What is like another has at least so many of its telling words."""
_LEAST: Final = 2
_FREQUENT: Final = 0.1
_ALWAYS_RARE: Final = 20
"""Words that more than this share of all comments have, and more than a few, tell nothing."""
_CANDIDATES: Final = 40


def similar_comments(connection: Connection, snapshot: Snapshot, key: int, limit: int) -> tuple[int, ...]:
    """Return the keys of the comments most like one; copies of its text, and of each other's, are left out."""
    text = _texts(connection, [key]).get(key, "")
    terms = _telling(snapshot, _count(text))
    score, shared = _compare(snapshot, terms)
    score[shared < min(SHARED, len(terms))] = 0
    slots = _best(snapshot, score, _CANDIDATES)
    keys: list[int] = snapshot.columns.keys[slots].tolist()
    texts = _texts(connection, keys)
    found: list[int] = []
    seen = {text}
    for other in keys:
        if other != key and texts.get(other, text) not in seen:
            seen.add(texts[other])
            found.append(other)
    return tuple(found[:limit])


def related_posts(connection: Connection, snapshot: Snapshot, key: int, limit: int) -> tuple[int, ...]:
    """Return the keys of the posts most like one; a post that is not in the index has none."""
    if (key, limit) not in snapshot.related:
        snapshot.related[key, limit] = _related_posts(connection, snapshot, key, limit)
    return snapshot.related[key, limit]


def _related_posts(connection: Connection, snapshot: Snapshot, key: int, limit: int) -> tuple[int, ...]:
    columns = snapshot.columns
    number = next((number for number, post in enumerate(columns.posts) if post.card.key == key), None)
    if number is None:
        return ()
    slots = np.flatnonzero(columns.post == number)[:READ]
    texts = _texts(connection, columns.keys[slots].tolist())
    counts = _count(" ".join([columns.posts[number].text] * TITLE_WEIGHT))
    for text in texts.values():
        counts.update(_count(text))
    score, _ = _compare(snapshot, _telling(snapshot, counts))
    size = np.bincount(columns.post, minlength=len(columns.posts))
    by_post = np.bincount(columns.post, weights=score, minlength=len(columns.posts)) / np.sqrt(np.maximum(size, 1))
    by_post += TAG_WEIGHT * _shared_tags(snapshot, number)
    by_post[number] = 0
    best = sorted(
        np.flatnonzero(by_post > 0).tolist(),
        key=lambda n: (-round(float(by_post[n]), 6), -columns.posts[n].date, columns.posts[n].card.path),
    )
    return tuple(columns.posts[n].card.key for n in best[:limit])


def _shared_tags(snapshot: Snapshot, number: int) -> npt.NDArray[np.float64]:
    """Return for every post how rare the tags are that it shares with one."""
    tags, posts = snapshot.columns.tags, len(snapshot.columns.posts)
    own = tags.values[tags.posts == number]
    uses = np.bincount(tags.values, minlength=len(tags.names))
    rarity = np.where(uses > 0, np.log1p(posts / np.maximum(uses, 1)), 0.0)
    return np.bincount(tags.posts, weights=rarity[tags.values] * np.isin(tags.values, own), minlength=posts).astype(
        np.float64
    )


def _texts(connection: Connection, keys: list[int]) -> dict[int, str]:
    """Return the folded texts of comments."""
    if not keys:
        return {}
    marks = ", ".join("?" * len(keys))
    rows = connection.exec_driver_sql(f"SELECT key, folded FROM search_texts WHERE key IN ({marks})", tuple(keys))
    return {int(key): str(text) for key, text in rows}


def _count(text: str) -> Counter[Term]:
    """Count the words of a folded text, without the other spellings that are indexed for them."""
    counts: Counter[Term] = Counter()
    for word, count in words_of_thread().count(text).items():
        if not word.startswith((VARIANT, INFLECTED)):
            counts[WORDS, word] = count
    for run, count in Counter(latin_words(text)).items():
        counts[LATIN, run] = count
    return counts


def _telling(snapshot: Snapshot, counts: Counter[Term]) -> list[Term]:
    """Return the words that tell most of a text: often in it, rare elsewhere, but not only there.

    Those that are often in it come first: most others could not tell more, however rare, and are not looked up.
    """
    size = max(snapshot.columns.size, 1)
    weight: dict[Term, float] = {}
    most: list[float] = []
    for term, count in counts.most_common():
        if len(most) == TELLING and math.log1p(count) * math.log(1 + size / _LEAST) < most[0]:
            break
        frequency = snapshot.words.frequency(*term) if len(term[1]) > 1 else 0
        if _LEAST <= frequency <= max(size * _FREQUENT, _ALWAYS_RARE):
            weight[term] = math.log1p(count) * math.log(1 + size / frequency)
            (heappush if len(most) < TELLING else heappushpop)(most, weight[term])
    return sorted(weight, key=lambda term: (-weight[term], term))[:TELLING]


def _compare(snapshot: Snapshot, terms: list[Term]) -> tuple[Floats, Codes]:
    """Score every comment by words, and count how many of them it has."""
    score = np.zeros(snapshot.columns.size, np.float32)
    shared = np.zeros(snapshot.columns.size, np.int32)
    for field, term in terms:
        slots, weights = snapshot.words.postings(field, term)
        score[slots] += bm25f(snapshot.columns, slots, weights)
        shared[slots] += 1
    return score, shared


def _best(snapshot: Snapshot, score: Floats, limit: int) -> list[int]:
    """Return the slots of the highest scores, the newer first where they are equal."""
    slots = np.flatnonzero(score)
    order = np.lexsort((-snapshot.columns.rank[slots], -score[slots]))
    best: list[int] = slots[order][:limit].tolist()
    return best
