"""Ask all engines the same queries, query by query in turn, so that the load of the machine hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import fuse as fuse_module
from benchmarks.fuse import Fuse
from benchmarks.ours import BEST_COLD, BEST_WARM, COLD, WARM, Ours
from benchmarks.queries import Query, Wanted, is_plain, wanted
from benchmarks.results import Contender, Spread
from benchmarks.rival import Rival, bytes_in, matches
from benchmarks.rivals import Scan
from benchmarks.texts import Texts

Times = dict[Query, list[float]]


@dataclass
class Contest:
    """Our application, the rivals (opened) and Fuse.js, which is asked only so many queries: each takes it seconds."""

    ours: Ours
    rivals: Sequence[Rival]
    fuse: Fuse
    fuse_queries: int = 24
    times: dict[str, Times] = field(default_factory=dict)
    found_by_fuse: dict[Query, frozenset[int]] = field(default_factory=dict)

    def run(self, queries: Sequence[Query], rounds: int) -> None:
        """Time everything: our own requests by themselves, with cold and with warm caches; then all engines in turn."""
        for query in queries[:20]:  # the process is warm, its caches are not
            self.ours.request(query)
        for_fuse = set([query for query in queries if fuse_module.suits(query)][: self.fuse_queries])
        for _ in range(rounds):
            for query in queries:
                self.ours.cold(query)
        for query in queries:
            self.ours.request(query)
            self.ours.request(query, fragment=True)
        for _ in range(rounds):
            for query in queries:
                self.ours.warm(query)
        for number in range(rounds):
            for query in queries:
                self.ours.best(query, is_cold=True)
                self.ours.best(query, is_cold=False)
                self._ask_rivals(query)
                if number == 0 and query in for_fuse:
                    self._ask_fuse(query)

    def _ask_rivals(self, query: Query) -> None:
        sought = wanted(query)
        for rival in self.rivals:
            if sought is not None and rival.answers(sought):
                started = time.perf_counter()
                rival.best(sought)
                ms = (time.perf_counter() - started) * 1000
                self.times.setdefault(rival.name, {}).setdefault(query, []).append(ms)

    def _ask_fuse(self, query: Query) -> None:
        answer = self.fuse.search(query.q)
        self.found_by_fuse[query] = answer.keys
        self.times.setdefault(fuse_module.NAME, {})[query] = [answer.ms]


def spread(times: Times) -> Spread | None:
    """Summarize the median time of each query; None when there is none."""
    return Spread.of([statistics.median(values) for values in times.values()]) if times else None


@dataclass(frozen=True, slots=True)
class Recall:
    """Of the Japanese queries, for how many an engine found all that holds the characters, and the mean share."""

    complete: float
    mean: float


def truths(queries: Sequence[Query], texts: Texts) -> dict[Query, set[int]]:
    """Return, for every plain query of Japanese words, the keys of all comments that hold them, if there are any."""
    found = {}
    for query in queries:
        sought = wanted(query)
        if sought is not None and sought.is_japanese and is_plain(query):
            keys = {key for key, text in zip(texts.keys, texts.folded, strict=True) if matches(sought, text)}
            if keys:
                found[query] = keys
    return found


def recall(shares: Sequence[float]) -> Recall | None:
    """Summarize the shares found of each query."""
    if not shares:
        return None
    return Recall(sum(share == 1 for share in shares) / len(shares), statistics.mean(shares))


def share(found: set[int] | frozenset[int], truth: set[int]) -> float:
    """Return the share of the truth that was found."""
    return len(truth & found) / len(truth)


def contenders(
    contest: Contest, queries: Sequence[Query], texts: Texts, build: Mapping[str, float], own: tuple[float, int]
) -> list[Contender]:
    """Compute the rows of the table; `own` is the seconds and bytes of our index."""
    truth = truths(queries, texts)
    return [
        *_ours(contest.ours, queries, truth, own),
        *(_rival(contest, rival, queries, truth, build) for rival in contest.rivals),
        _fuse(contest, truth, texts),
    ]


def _ours(
    ours: Ours, queries: Sequence[Query], truth: Mapping[Query, set[int]], own: tuple[float, int]
) -> list[Contender]:
    found = recall([share(ours.every(query.q), keys) for query, keys in truth.items()])
    rows = (
        ("matome, whole answer, cold", "`/api/search`: facets, totals, snippets of 20 hits; caches empty", COLD),
        ("matome, whole answer, warm", "the same with warm caches", WARM),
        ("matome, 20 best, cold", "only the work of the others: the ids of the 20 best; caches empty", BEST_COLD),
        ("matome, 20 best, warm", "the same with warm caches", BEST_WARM),
    )
    count = len(queries)
    return [
        _row(name, note, spread(ours.times[times]), (count, count), found, own, is_ours=True)
        for name, note, times in rows
    ]


def _rival(
    contest: Contest,
    rival: Rival,
    queries: Sequence[Query],
    truth: Mapping[Query, set[int]],
    build: Mapping[str, float],
) -> Contender:
    asked = [sought for sought in map(wanted, queries) if sought is not None]
    found = recall([share(_every(rival, wanted(query)), keys) for query, keys in truth.items()])
    index = None if isinstance(rival, Scan) else (build[rival.name], bytes_in(rival.folder))
    answered = sum(map(rival.answers, asked))
    return _row(rival.name, rival.note, spread(contest.times.get(rival.name, {})), (answered, len(asked)), found, index)


def _every(rival: Rival, sought: Wanted | None) -> set[int]:
    return rival.every(sought) if sought is not None and rival.answers(sought) else set()


def _fuse(contest: Contest, truth: Mapping[Query, set[int]], texts: Texts) -> Contender:
    """Compute the row of Fuse.js: posts found of the posts with a comment that holds the words."""
    post_of = dict(zip(texts.keys, texts.posts, strict=True))
    answers = contest.found_by_fuse
    posts = {query: {post_of[key] for key in keys} for query, keys in truth.items() if query in answers}
    shares = [share(answers[query], held) for query, held in posts.items()]
    times = spread(contest.times.get(fuse_module.NAME, {}))
    return _row(fuse_module.NAME, fuse_module.NOTE, times, (len(answers), len(answers)), recall(shares), None)


def _row(
    name: str,
    note: str,
    times: Spread | None,
    answered: tuple[int, int],
    found: Recall | None,
    index: tuple[float, int] | None,
    is_ours: bool = False,
) -> Contender:
    complete, mean = (found.complete, found.mean) if found else (None, None)
    seconds, size = index or (None, None)
    return Contender(name, note, times, *answered, complete, mean, seconds, size, is_ours)
