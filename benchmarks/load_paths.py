"""Draw the addresses that a site is asked for under load, from its own posts and texts; one seed, one list."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from benchmarks.texts import connect

SEED: Final = 20250405
SAMPLE: Final = 8_000
"""Comments that words are drawn from."""
SEARCHES: Final = 20_000
FREQUENT: Final = 1_000
LONG: Final = 3
"""Characters of a term that an index of trigrams can look up."""

_WORD = re.compile(r"[一-鿿々]{2,6}|[ァ-ヺー]{2,12}|[a-z][a-z0-9+#.]{1,14}[a-z0-9+#]")
_RUN = re.compile(r"[ぁ-ゖァ-ヺー一-鿿々]{4,}")


@dataclass(frozen=True, slots=True)
class Paths:
    """What there is to ask for: posts, folds, and searches of which none comes twice.

    `searches` have only terms of three characters and more, which the peer can look up, too; `frequent` are the words
    of so many that most comments hold, in no order; `any_searches` are as readers type them: words of two characters
    and filters among them.
    """

    posts: list[str]
    folds: list[str]
    searches: list[str]
    frequent: list[str]
    any_searches: list[str]


def draw(database: Path, searches: int = SEARCHES, seed: int = SEED) -> Paths:
    """Draw from a site's database (`matome.sqlite3` of a generation)."""
    with closing(connect(database)) as connection:
        posts = [url for (url,) in connection.execute("SELECT url FROM posts ORDER BY id DESC")]
        folds = [
            f"{url}details/{n}"
            for url, n in connection.execute(
                "SELECT url, n FROM folds JOIN posts ON posts.id = post_id WHERE parent = 0 ORDER BY post_id DESC, n"
            )
        ]
        texts = [text for (text,) in connection.execute("SELECT folded FROM search_texts ORDER BY key")]
        months = [m for (m,) in connection.execute("SELECT DISTINCT month FROM search_post_months ORDER BY month")]
    chance = random.Random(seed)
    chance.shuffle(posts)
    chance.shuffle(folds)
    texts = chance.sample(texts, min(len(texts), SAMPLE))
    return Paths(
        posts,
        folds,
        list(islice(fresh(texts, chance, LONG), searches)),
        frequent(texts, chance, LONG),
        list(islice(_filtered(fresh(texts, chance, 2), months, chance), searches)),
    )


def fresh(texts: Iterable[str], chance: random.Random, least: int) -> Iterator[str]:
    """Yield different searches, terms of so many characters or more: a word, two words of one text, or a piece of it.

    The more often a word stands in the texts, the earlier it comes. Ends when nothing new is found any more.
    """
    words = [[word for word in _WORD.findall(text) if len(word) >= least] for text in texts]
    words = [found for found in words if found]
    runs = [run for text in texts for run in _RUN.findall(text)]
    seen: set[str] = set()
    kinds = ("word", "two", "piece", "word", "two")
    in_vain = 0
    number = 0
    while words and runs and in_vain < 1000:
        query = _one(kinds[number % len(kinds)], words, runs, chance, least)
        number += 1
        if query in seen:
            in_vain += 1
            continue
        in_vain = 0
        seen.add(query)
        yield query


def frequent(texts: Iterable[str], chance: random.Random, least: int, most: int = FREQUENT) -> list[str]:
    """Return the words of so many characters or more that most of the texts hold, shuffled."""
    counts = Counter(word for text in texts for word in set(_WORD.findall(text)) if len(word) >= least)
    words = sorted(counts, key=lambda word: (-counts[word], word))[:most]
    chance.shuffle(words)
    return words


def _one(kind: str, words: list[list[str]], runs: list[str], chance: random.Random, least: int) -> str:
    found = chance.choice(words)
    if kind == "word":
        return chance.choice(found)
    if kind == "two":
        return " ".join(dict.fromkeys((chance.choice(found), chance.choice(found))))
    run = chance.choice(runs)
    length = chance.randint(max(least, 3), 6)
    start = chance.randrange(max(1, len(run) - length + 1))
    return run[start : start + length]


def _filtered(searches: Iterable[str], months: list[str], chance: random.Random) -> Iterator[str]:
    """Give every fifth search a filter, as a query string's rest."""
    for number, search in enumerate(searches):
        yield f"{search} month:{chance.choice(months)}" if months and number % 5 == 4 else search


def search_path(query: str) -> str:
    """Return the address of the results page."""
    return f"/search?{urlencode({'q': query})}"


def write(paths: Iterable[str], file: Path) -> Path:
    """Write addresses, one a line, in ASCII."""
    file.write_text("".join(f"{quote(path, safe='/?=&%+:#,;@~')}\n" for path in paths), encoding="ascii")
    return file
