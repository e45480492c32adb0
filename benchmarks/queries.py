"""Draw the queries to measure with: those of a file, and words, pairs, phrases and filters from the texts themselves.

The same texts and the same seed give the same queries.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from benchmarks.texts import Texts, Values
from matome_app.search.query import Filter, Term, parse

SEED = 20250405
LEAST = 320
"""Queries in all, at the least."""
DRAWN = 180
"""Of these drawn from the texts, at the least."""
COMMON, MIDDLE, RARE = 100, 2000, 5
"""The most frequent words, up to these ranks, and what occurs in so few comments."""
ALWAYS = ("の", "使う", "思う", "AI")

_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺー一-鿿々]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A search: what is typed, of what kind it is, and the filters in its URL."""

    q: str
    kind: str
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """The parameters of the URL."""
        return [("q", self.q), *self.filters]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query wants of a text, for engines that know no filters: folded terms.

    One of each group must be there, and none of `unwanted`.
    """

    groups: tuple[tuple[str, ...], ...]
    unwanted: tuple[str, ...] = ()

    @property
    def terms(self) -> list[str]:
        """All terms that may be there."""
        return [term for group in self.groups for term in group]

    @property
    def is_japanese(self) -> bool:
        """Whether every term has a character beyond ASCII, so that it is sought as a substring."""
        return not any(map(str.isascii, self.terms))


def wanted(query: Query) -> Wanted | None:
    """Read a query for engines that only know words; None when there is no word in it."""
    groups, unwanted = [], []
    for group in parse(query.q).groups:
        terms = [part for part in group.parts if isinstance(part, Term)]
        if positive := tuple(term.text for term in terms if not term.excluded):
            groups.append(positive)
        unwanted += [term.text for term in terms if term.excluded and len(group.parts) == 1]
    return Wanted(tuple(groups), tuple(unwanted)) if groups else None


def is_plain(query: Query) -> bool:
    """Tell whether a query filters by nothing but words, in the URL or in what is typed."""
    parts = [part for group in parse(query.q).groups for part in group.parts]
    return not query.filters and not any(isinstance(part, Filter) for part in parts)


def read_queries(path: Path) -> list[Query]:
    """Read the lines of a file of queries: `q`, `params` and `note` are used."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_query(json.loads(line)) for line in lines if line.strip()]


def _query(line: dict[str, object]) -> Query:
    params = line.get("params") or {}
    assert isinstance(params, dict), line
    pairs = [(name, value) for name, values in params.items() for value in _as_list(values)]
    return Query(str(line["q"]), "given", tuple(pairs))


def _as_list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def mix(given: Sequence[Query], texts: Texts, values: Values, least: int = LEAST, drawn: int = DRAWN) -> list[Query]:
    """Put the given queries and enough drawn ones together, each once, in an order of chance."""
    chance = random.Random(SEED)
    queries = dict.fromkeys(given)
    queries.update(dict.fromkeys(_Drawer(texts, values, chance).draw(max(drawn, least - len(queries)))))
    mixed = list(queries)
    chance.shuffle(mixed)
    return mixed


@dataclass
class _Drawer:
    """Draws queries of every kind in turn."""

    texts: Texts
    values: Values
    chance: random.Random
    japanese: list[tuple[str, int]] = field(init=False)
    latin: list[tuple[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        held: Counter[str] = Counter()
        for words in self.texts.words:
            held.update(dict.fromkeys(words.split(), 1))
        ranked = sorted(held.items(), key=lambda item: (-item[1], item[0]))
        self.japanese = [item for item in ranked if _JAPANESE.fullmatch(item[0])]
        self.latin = [item for item in ranked if item[0].isascii() and not item[0].isdecimal() and len(item[0]) > 1]

    def draw(self, count: int) -> Iterator[Query]:
        """Yield different queries: the fixed ones, then one of each kind in turn until there are enough."""
        always = [Query(q, "common word") for q in ALWAYS]
        kinds: list[Callable[[], Query]] = [
            lambda: Query(self._frequent(), "common word"),
            lambda: Query(self._one(self.japanese[COMMON:MIDDLE] or self.japanese), "middling word"),
            lambda: Query(self._one(self._rare()), "rare word"),
            lambda: Query(" ".join(self._pair()), "two words"),
            lambda: Query(f'"{self._cut(4, 14)}"', "phrase"),
            lambda: Query(self._cut(2, 6), "substring"),
            lambda: Query(self._one(self.latin[:COMMON]), "latin"),
            lambda: Query(self._one(self.latin[COMMON:] or self.latin), "latin"),
            self._filtered,
            self._combined,
        ]
        turns = (kinds[n % len(kinds)]() for n in range(count * 20))  # small contents run out of different queries
        return islice(dict.fromkeys([*always, *turns]), count)

    def _frequent(self) -> str:
        """Draw a common word, the more frequent the likelier."""
        words = self.japanese[:COMMON]
        (drawn,) = self.chance.choices([word for word, _ in words], [count for _, count in words])
        return drawn

    def _one(self, words: Sequence[tuple[str, int]]) -> str:
        return self.chance.choice(words)[0]

    def _rare(self) -> list[tuple[str, int]]:
        return [item for item in self.japanese if item[1] <= RARE and len(item[0]) > 1] or self.japanese

    def _pair(self) -> list[str]:
        """Draw two words of two or more characters that stand in one comment."""
        while True:
            words = [word for word in self.chance.choice(self.texts.words).split() if len(word) > 1]
            if len(set(words)) > 1:
                return self.chance.sample(sorted(set(words)), 2)

    def _cut(self, least: int, most: int) -> str:
        """Cut some characters out of a text, wherever they begin and end."""
        while True:
            found: str = self.chance.choice(_JAPANESE.findall(self.chance.choice(self.texts.folded)) or [""])
            length = self.chance.randint(least, most)
            if len(found) >= length:
                start = self.chance.randrange(len(found) - length + 1)
                return found[start : start + length]

    def _filtered(self) -> Query:
        name, values = self.chance.choice(
            [("tag", self.values.tags), ("month", self.values.months), ("user", self.values.users)]
        )
        word = self.chance.choice([self._frequent(), self._one(self.japanese[:MIDDLE]), ""])
        filters = ((name, self.chance.choice(values)),) if values else ()
        return Query(word, "filter", filters)

    def _combined(self) -> Query:
        first, second = self._pair()
        joined = self.chance.choice(["{} OR {}", "{} -{}"])
        return Query(joined.format(first, second), "operator")


def kinds(queries: Iterable[Query]) -> dict[str, int]:
    """Count the queries of each kind."""
    return dict(sorted(Counter(query.kind for query in queries).items()))
