"""Make Japanese texts that look like comments: words and their order by how often they occur, none of them copied.

A word is drawn by the word before it where that pair is frequent, else by its class after the class before. What each
post talks of is drawn once and comes back in its comments. Words too rare to be counted are composed of two others of
their class, with ranks that go on as Zipf's law has it, so that new ones turn up however many comments are made.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, Final

import numpy as np

from benchmarks.chance import GAMMA, Dice, Indexes, Numbers, Table, keyed, mix
from benchmarks.figures import END, LEAST_WORD, URL, unpack

TOPICAL = 160
"""Of 256 words that are drawn by class, so many are those the post talks of."""
TOPICS_BITS = 5
"""A post has 2 ** this many words to talk of in each class, the first ones far likelier."""
OCTAVES = 6
CUT_URLS = 300
"""URLs of a thousand that end in three dots."""
REST = -1
"""Stands for all words after a word that are drawn by class."""
URL_LENGTH = 45

_ENDERS: Final = frozenset("。！？!?")
_TOPICAL = re.compile(r"名詞/(普通名詞|固有名詞)/[CKLX]")
_KEPT_COMPOSED = 300_000


class Language:
    """Makes texts out of statistics."""

    def __init__(self, statistics: dict[str, Any]) -> None:
        classes = statistics["classes"]
        self.words: list[str] = [word for _, words, _ in classes for word in words]
        self.counts = np.array([count for *_, counts in classes for count in counts], np.int64)
        self.names: list[str] = [name for name, _, _ in classes]
        self.starts = np.cumsum([0, *(len(words) for _, words, _ in classes)])
        self.hosts: list[str] = [host for host, _ in statistics["hosts"]]
        self._host_table = Table.of([(range(len(self.hosts)), [count for _, count in statistics["hosts"]])])
        self._classes_of = np.repeat(np.arange(len(classes)), np.diff(self.starts))
        self._end = int(self.starts[self.names.index(END)])
        self._period = self.words.index("。")
        self._is_unknown = np.zeros(len(self.words), bool)
        self._is_unknown[self.starts[:-1]] = True
        self._is_unknown[self._end] = False
        self._is_ender = np.array([word in _ENDERS for word in self.words])
        self._is_topical = np.array([_TOPICAL.fullmatch(name) is not None for name in self.names])
        self._build_tables(statistics)
        self._measure()
        self._composed: dict[tuple[int, int], str] = {}

    def _build_tables(self, statistics: dict[str, Any]) -> None:
        rows = [unpack(row) for row in statistics["pairs"]]
        by_class = self.counts.copy()
        for following, counts in rows:
            by_class[np.array(following, np.int64)] -= np.array(counts, np.int64)
        self._following = Table.of(
            ([*following, REST], [*counts, int(count) - sum(counts)])
            for (following, counts), count in zip(rows, self.counts, strict=True)
        )
        self._between = Table.of(map(unpack, statistics["between"]))
        borders = list(zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True))
        self._inside = Table.of((range(first, last), by_class[first:last].tolist()) for first, last in borders)

    def _measure(self) -> None:
        """Note how long words are, and how far the ranks of unknown words reach."""
        lengths = np.array([len(word) for word in self.words], np.int64)
        for first, last in zip(self.starts[:-1], self.starts[1:], strict=True):
            lengths[first] = lengths[first:last].sum() // max(1, last - first - 1)
        lengths[self.starts[self.names.index(URL)]] = URL_LENGTH
        lengths[self._end] = 0
        self._lengths = lengths
        unknown = self.counts[self.starts[:-1]]
        self._heads = np.maximum(8, unknown * 10 // (LEAST_WORD * OCTAVES * 7)).astype(np.uint64)

    def write(self, keys: Numbers, posts: Numbers, lengths: Indexes) -> list[str]:
        """Return a text for each key, about as long as asked for; texts of a post share what they talk of."""
        texts: list[Indexes] = []
        tokens: list[Indexes] = []
        unknown: list[Indexes] = []
        composed = len(self.words)
        alive = np.arange(len(keys))
        word = np.full(len(keys), self._end)
        written = np.zeros(len(keys), np.int64)
        step = 0
        while alive.size:
            numbers = mix(keys[alive] + np.uint64(step * GAMMA & 0xFFFFFFFFFFFFFFFF))
            following, numbers = self._draw(word, numbers, posts[alive])
            shown, following, written, ended = self._judge(word, following, written, lengths[alive])
            rare = np.flatnonzero(self._is_unknown[shown])
            classes = self._classes_of[shown[rare]]
            ranks = self._ranks(classes, self._by_topic(numbers[rare], classes, posts[alive[rare]]))
            shown[rare] = composed + np.arange(len(rare))
            composed += len(rare)
            unknown.append(np.stack((classes, ranks.astype(np.int64)), axis=1))
            texts.append(alive)
            tokens.append(shown)
            alive, word, written = alive[~ended], following[~ended], written[~ended]
            step += 1
        return self._join(len(keys), np.concatenate(texts), np.concatenate(tokens), np.concatenate(unknown))

    def _draw(self, word: Indexes, numbers: Numbers, posts: Numbers) -> tuple[Indexes, Numbers]:
        """Return the words after some words, and the numbers that tell unknown ones apart."""
        following = self._following.draw(word, numbers)
        rest = np.flatnonzero(following == REST)
        numbers = mix(numbers)
        classes = self._between.draw(self._classes_of[word[rest]], numbers[rest])
        numbers[rest] = self._by_topic(mix(numbers[rest]), classes, posts[rest])
        following[rest] = self._inside.draw(classes, numbers[rest])
        return following, numbers

    def _by_topic(self, numbers: Numbers, classes: Indexes, posts: Numbers) -> Numbers:
        """Replace some numbers by one of those that the post has for its topics."""
        one, other = (numbers >> np.uint64(8)) & np.uint64(0xFFF), (numbers >> np.uint64(20)) & np.uint64(0xFFF)
        topic = (one * other) >> np.uint64(24 - TOPICS_BITS)
        is_topical = self._is_topical[classes] & ((numbers & np.uint64(0xFF)) < TOPICAL)
        return np.where(is_topical, mix(posts + (classes.astype(np.uint64) << np.uint64(8)) + topic), numbers)

    def _judge(
        self, word: Indexes, following: Indexes, written: Indexes, lengths: Indexes
    ) -> tuple[Indexes, Indexes, Indexes, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Return what is written, what the next word follows, how much that is, and which texts are long enough."""
        shown = following.copy()
        is_end = following == self._end
        shown[is_end & ~self._is_ender[word] & (word != self._end)] = self._period
        written = written + self._lengths[shown]
        is_too_long = written > lengths + 25
        shown[is_too_long] = self._period
        ended = is_too_long | (written >= lengths - 25) & (is_end | self._is_ender[shown])
        following[is_end & (word != self._end)] = self._period  # it goes on with a sentence that is not the first one
        return shown, following, written, ended

    def _ranks(self, classes: Indexes, numbers: Numbers) -> Numbers:
        """Return ranks of unknown words as Dice.rank does."""
        octaves = (((numbers >> np.uint64(8)) & np.uint64(0xFFFF)) * np.uint64(OCTAVES)) >> np.uint64(16)
        heads = self._heads[classes]
        wide = heads << octaves
        ranks: Numbers = wide - heads + (((numbers >> np.uint64(32)) * wide) >> np.uint64(32))
        return ranks

    def _join(self, count: int, texts: Indexes, tokens: Indexes, unknown: Indexes) -> list[str]:
        order = np.argsort(texts, kind="stable")
        ends = np.searchsorted(texts[order], np.arange(count + 1)).tolist()
        words = self.words + [self.compose(place, rank) for place, rank in unknown.tolist()]
        line = tokens[order].tolist()
        look = words.__getitem__
        return ["".join(map(look, line[first:last])).lstrip() for first, last in pairwise(ends)]

    def compose(self, place: int, rank: int) -> str:
        """Return the word of a class that has a rank among the rare ones: always the same, and seldom any other's."""
        known = self._composed.get((place, rank))
        if known is None:
            if len(self._composed) > _KEPT_COMPOSED:
                self._composed.clear()
            dice = Dice(keyed(place, rank))
            known = self._url(dice) if self.names[place] == URL else self._of_two(place, dice)
            self._composed[place, rank] = known
        return known

    def _of_two(self, place: int, dice: Dice) -> str:
        first, last = int(self.starts[place]) + 1, int(self.starts[place + 1])
        head = self.words[first + dice.below(last - first)]
        tail = self.words[first + dice.below(last - first)].lstrip()
        return head[: 1 + dice.below(len(head))] + tail[dice.below(len(tail)) :]

    def _url(self, dice: Dice) -> str:
        zero = np.zeros(1, np.int64)
        host = self.hosts[int(self._host_table.draw(zero, np.array([dice.bits()], np.uint64))[0])]
        parts = [self.latin(dice).lower() for _ in range(dice.below(4))]
        if dice.chance(300):
            parts.append(str(dice.below(100_000_000)))
        return f"https://{host}/{'/'.join(parts)}{'...' if parts and dice.chance(CUT_URLS) else ''}"

    def latin(self, dice: Dice) -> str:
        """Return a Latin word of letters and digits."""
        place = self.names.index("名詞/普通名詞/L")
        return re.sub("[^A-Za-z0-9]", "", self._of_two(place, dice)) or "x"
