"""Draw the queries to ask sites of every size: the same ones, as each made site holds the posts of the smaller ones."""

from __future__ import annotations

import random
import re
from itertools import islice

from benchmarks.made import Maker
from benchmarks.queries import SEED, Query, mix
from benchmarks.texts import Texts, Values, tokens
from matome_app.search.analysis import fold
from matome_app.search.words import Words

QUERIES = 400
SAMPLE = 4_000
"""Comments that the words are drawn from."""
CHARACTERS = ("の", "は", "が", "て", "い", "を", "と", "な", "ー", "a", "1", "人", "見", "中")
THREE = 24

_QUOTE = re.compile(r'matomeQuote body="([^"]*)" userName="([^"]*)"')
_TAGS = re.compile(r"^tags = \[(.*)\]$", re.MULTILINE)


def query_log(queries: int = QUERIES, comments: int = SAMPLE) -> list[Query]:
    """Return different queries: one to three words, common and rare ones, phrases, parts of words, filters, characters.

    The same seed, in an order of chance.
    """
    texts, values = _sample(comments)
    chance = random.Random(SEED)
    log = dict.fromkeys(Query(character, "character") for character in CHARACTERS[: queries // 8])
    cut = ([word for word in dict.fromkeys(words.split()) if len(word) > 1] for words in texts.words)
    several = [words for words in cut if len(words) >= 3]
    for words in chance.sample(several, min(len(several), THREE, queries // 10)):
        log[Query(" ".join(chance.sample(words, 3)), "three words")] = None
    log.update(dict.fromkeys(mix([], texts, values, least=queries - len(log), drawn=queries - len(log))))
    drawn = list(islice(log, queries))
    chance.shuffle(drawn)
    return drawn


def _sample(comments: int) -> tuple[Texts, Values]:
    words = Words()
    folded: list[str] = []
    owners: list[int] = []
    users: dict[str, int] = {}
    tags: dict[str, int] = {}
    months: dict[str, int] = {}
    for number, (name, text) in enumerate(Maker().make(comments)):
        for body, user in _QUOTE.findall(text):
            folded.append(fold(body.replace("<br>", " ")))
            owners.append(number)
            users[user] = users.get(user, 0) + 1
        months[name[:7].replace("_", "/")] = 1
        found = _TAGS.search(text)
        for tag in re.findall(r'"([^"]*)"', found[1]) if found else ():
            tags[tag] = tags.get(tag, 0) + 1
    cut = [" ".join(tokens(words, one)) for one in folded]
    most = [sorted(counts, key=lambda name: (-counts[name], name))[:30] for counts in (tags, months, users)]
    return Texts(list(range(len(folded))), owners, folded, cut), Values(*most)
