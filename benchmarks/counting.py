"""Count what made content is drawn from: words, which word follows which, lengths, tags; figures, no sentences.

`python -m benchmarks.counting --content FOLDER` writes statistics.json.xz anew, beside this file. It is needed only to
count other texts: what the repository holds is counted from some 119,000 translated comments.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import sudachipy

from benchmarks.figures import (
    BREAK,
    END,
    LEAST_HOST,
    LEAST_PAIR,
    LEAST_TAG,
    LEAST_WORD,
    PATH,
    URL,
    percentiles,
    save,
)
from matome_app.content.front_matter import read_document

_QUOTE = re.compile(r'\{\{<\s*matomeQuote body="([^"]*)" userName="[^"]*" createdAt="([^"]*)"')
_PARTS = re.compile(r"(https?://[!-~]+|<br ?/?>)")
_HOST = re.compile(r"https?://([^/?#:]+)")
_CLOSER = "details >}}"
_NEVER = re.compile(r'["\\`\x00-\x1f]|\{\{|\}\}')
_SCRIPTS: Final = (
    ("K", re.compile(r"[ァ-ヺー・]+")),
    ("H", re.compile(r"[ぁ-ゖー]+")),
    ("D", re.compile(r"[0-9０-９.,]+")),
    ("L", re.compile(r"[!-~À-ɏ]+")),
    ("C", re.compile(r"[一-鿿々]+")),
)
_CHUNK = 8000

Token = tuple[str, str]
"""A class of words, and a word as it stands in the text, with the space before it when there is one."""


def main() -> None:
    """Count a content folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting", description=__doc__)
    parser.add_argument("--content", type=Path, required=True, help="a content folder with many comments")
    parser.add_argument("--output", type=Path, default=PATH, help="the file to write (%(default)s)")
    options = parser.parse_args()
    texts = [path.read_text(encoding="utf-8") for path in sorted(options.content.rglob("index.md"))]
    cutter = Cutter()
    streams = (cutter.cut(body) for text in texts for body, _ in _QUOTE.findall(text))
    save({**count_words(streams), **count_posts(texts)}, options.output)
    print(f"{options.output}: {options.output.stat().st_size:,} bytes")


class Cutter:
    """Cuts bodies into Sudachi's longest words, punctuation, line breaks and URLs."""

    def __init__(self) -> None:
        self._met: dict[Token, Token] = {}
        self._tokenizer = sudachipy.Dictionary().tokenizer(mode=sudachipy.SplitMode.C)

    def cut(self, body: str) -> list[Token]:
        """Return the tokens of a body in order."""
        tokens: list[Token] = []
        for part in filter(None, _PARTS.split(body)):
            if part.startswith("http"):
                tokens.append((URL, part))
            elif part.startswith("<br"):
                tokens.append((BREAK, BREAK))
            else:
                tokens += self._cut(part)
        return [self._met.setdefault(token, token) for token in tokens]

    def _cut(self, text: str) -> Iterator[Token]:
        gap = ""
        for start in range(0, len(text), _CHUNK):
            for morpheme in self._tokenizer.tokenize(text[start : start + _CHUNK]):
                surface = morpheme.surface()
                if surface.isspace():
                    gap = " "
                elif not _NEVER.search(surface):
                    kinds = morpheme.part_of_speech()
                    kind = f"{kinds[0]}/{kinds[1]}" if kinds[0] in ("名詞", "助詞") else kinds[0]
                    yield f"{kind}/{_script(surface)}", gap + surface
                    gap = ""


def _script(surface: str) -> str:
    """Say in which script a word is; X is kanji with others."""
    for name, pattern in _SCRIPTS:
        if pattern.fullmatch(surface):
            return name
    return "X" if re.search(r"[一-鿿々]", surface) else "O"


def count_words(streams: Iterable[Sequence[Token]]) -> dict[str, Any]:
    """Count words by class, pairs of words, and for rarer pairs which class follows which.

    `classes` are [name, [words], [counts]], the first word of each being "", its unknown words. Words are numbered
    through all classes in order. `pairs` are, for each word in order, the steps between the numbers of the words after
    it and how often each is: [step, count, step, count ...]. `between` is the same for classes, of all other pairs.
    """
    kept = [list(stream) for stream in streams]
    found = Counter(token for stream in kept for token in stream)
    classes = _classes(found, len(kept))
    numbers = {(name, word): 0 for name, words, _ in classes for word in words}
    numbers.update({token: number for number, token in enumerate(numbers)})
    class_of = [place for place, (_, words, _) in enumerate(classes) for _ in words]
    end = numbers[END, ""]
    pairs: Counter[tuple[int, int]] = Counter()
    for stream in kept:
        known = (numbers.get(token, numbers.get((token[0], ""))) for token in stream)
        line = [end, *(number for number in known if number is not None), end]
        pairs.update(pairwise(line))
    often = {pair: count for pair, count in pairs.items() if count >= LEAST_PAIR}
    between: Counter[tuple[int, int]] = Counter()
    for (first, second), count in pairs.items():
        if count < LEAST_PAIR:
            between[class_of[first], class_of[second]] += count
    hosts: Counter[str] = Counter()
    for (name, word), count in found.items():
        if name == URL and (host := _HOST.match(word)):
            hosts[host[1]] += count
    return {
        "classes": classes,
        "pairs": _rows(often, len(numbers)),
        "between": _rows(between, len(classes)),
        "hosts": [[host, count] for host, count in _ranked(hosts) if count >= LEAST_HOST and host.isascii()],
    }


def _classes(found: Counter[Token], comments: int) -> list[tuple[str, list[str], list[int]]]:
    by_class: dict[str, Counter[str]] = {END: Counter({"": comments}), URL: Counter({"": 0})}
    for (name, word), count in found.items():
        by_class.setdefault(name, Counter())[word if count >= LEAST_WORD and name != URL else ""] += count
    classes = []
    for name, words in sorted(by_class.items()):
        known = [item for item in _ranked(words) if item[0]]
        if known or name in (END, URL):  # nothing can be made of unknown words alone
            rows = [("", words[""]), *known]
            classes.append((name, [word for word, _ in rows], [count for _, count in rows]))
    return classes


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _rows(pairs: dict[tuple[int, int], int], size: int) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in range(size)]
    before = [0] * size
    for (first, second), count in sorted(pairs.items()):
        rows[first] += (second - before[first], count)
        before[first] = second
    return rows


def count_posts(texts: Sequence[str]) -> dict[str, Any]:
    """Count tags, comments a post, how long comments and titles are, and how many hours after the post they came."""
    tags: Counter[str] = Counter()
    lengths, sizes, hours, titles, free = [], [], [], [], []
    for text in texts:
        fields = read_document(text, "")[0].front_matter
        tags.update(fields.tags)
        titles.append(len(fields.title))
        if fields.date is None:
            continue
        start = fields.date.replace(tzinfo=None)
        comments = _QUOTE.findall(text)
        sizes.append(len(comments))
        free.append(len(_QUOTE.findall(text.split("{{< details", 1)[0])))
        lengths += [len(body) for body, _ in comments]
        hours += [
            (moment - start).total_seconds() / 3600 for moment in map(_moment, (at for _, at in comments)) if moment
        ]
    return {
        "tags": [[tag, count] for tag, count in _ranked(tags) if count >= LEAST_TAG],
        "rare_tags": sum(count for count in tags.values() if count < LEAST_TAG),
        "lengths": percentiles(lengths),
        "comments": percentiles(sizes),
        "titles": percentiles(titles),
        "hours": percentiles(hours),
        "unfolded": percentiles(free),
    }


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


if __name__ == "__main__":
    main()
