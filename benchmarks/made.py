"""Write a content folder of made posts, as large as asked for: `python -m benchmarks.made FOLDER --comments 100000`.

The posts are in Hugo's format and follow the figures of statistics.json.xz (see benchmarks/counting.py): words and
their order, lengths, folds, users, colours, times, tags. The same seed makes the same bytes on every machine, and a
smaller folder is the beginning of a larger one, but for the last post, which has the comments that are left.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.chance import Dice, keyed, mix
from benchmarks.figures import SHARES, load
from benchmarks.language import Language

SEED: Final = 20250405
BATCH: Final = 40_000
"""Comments that are made at a time."""
LAST_DAY: Final = datetime(2025, 8, 31)
POSTS_A_DAY: Final = 7
COLORS: Final = ("#ff5733", "#45d325", "#785bff", "#ff5c5c", "#ff33a1", "#38d3d3")
BLANK, COLORED, SAME_USER, NEWER_USER = 1, 455, 265, 300
"""Of a thousand comments: without a text, with a colour, by a user of the post, by one of the many rare users."""
UNFOLDED: Final = 28
"""Posts of a thousand without a fold."""
USERS, USER_OCTAVES, RARE_OCTAVES = 200, 8, 12
KANJI: Final = "名詞/普通名詞/C"

_SYLLABLES: Final = tuple(
    re.findall(
        "[a-z]+",
        "ka mi to lo ren sh dan el ra no ki be ta vi jo ma ster an do ri gu pe lu net co de by te ha wk so zen fi x ba"
        " jin us",
    )
)


@dataclass(frozen=True, slots=True)
class Outline:
    """A post without its texts: its number, and how many comments it has."""

    number: int
    comments: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.made", description=__doc__)
    parser.add_argument("folder", type=Path, help="the content folder to write; it must not hold posts yet")
    parser.add_argument("--comments", type=int, default=10_000, help="how many comments in all (%(default)s)")
    parser.add_argument("--posts", type=int, help="how many posts; without it they have 80 comments each, mostly")
    parser.add_argument("--seed", type=int, default=SEED, help="another one makes other posts (%(default)s)")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    posts = write(options.folder, options.comments, posts=options.posts, seed=options.seed)
    print(f"{options.folder}: {posts:,} posts, {options.comments:,} comments, {time.perf_counter() - started:.1f} s")


def write(folder: Path, comments: int, *, posts: int | None = None, seed: int = SEED) -> int:
    """Write posts with so many comments in all into a content folder; return how many posts these are."""
    if (folder / "posts").exists():
        raise SystemExit(f"{folder} holds posts already; name another folder")
    maker = Maker(seed)
    count = 0
    for name, text in maker.make(comments, posts):
        path = folder / "posts" / name / "index.md"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        count += 1
    return count


class Maker:
    """Makes posts out of statistics and a seed."""

    def __init__(self, seed: int = SEED) -> None:
        self.seed = seed
        self.statistics, self.language = _language()
        self.tags: list[str] = [tag for tag, count in self.statistics["tags"] for _ in range(count)]
        self.rare_tags: int = self.statistics["rare_tags"]

    def make(self, comments: int, posts: int | None = None) -> Iterator[tuple[str, str]]:
        """Yield the name of each post below posts/ and its text."""
        batch: list[Outline] = []
        for outline in self.outlines(comments, posts):
            batch.append(outline)
            if sum(one.comments for one in batch) >= BATCH:
                yield from self._make(batch)
                batch = []
        yield from self._make(batch)

    def outlines(self, comments: int, posts: int | None) -> Iterator[Outline]:
        """Yield posts until they have all comments; with a number of posts, they have about the same number each."""
        number = 0
        while comments > 0 or number < (posts or 0):
            dice = Dice(keyed(self.seed, 0, number))
            if posts is None:
                size = round(dice.along(self.statistics["comments"], SHARES))
            else:
                left = posts - number
                size = comments if left <= 1 else min(comments, dice.below(2 * comments // left + 1))
            size = min(comments, max(size, posts is None))
            comments -= size
            yield Outline(number, size)
            number += 1

    def _make(self, batch: Sequence[Outline]) -> Iterator[tuple[str, str]]:
        """Write the texts of some posts all at once, which is what makes it fast."""
        if not batch:
            return
        posts = np.array([keyed(self.seed, 1, one.number) for one in batch], np.uint64)
        sizes = np.array([one.comments + 1 for one in batch])
        of_post = np.repeat(posts, sizes)
        places = np.arange(len(of_post)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        keys = mix(of_post ^ mix(places.astype(np.uint64)))
        texts = iter(self.language.write(keys, of_post, self._lengths(keys, places)))
        for outline, key in zip(batch, posts.tolist(), strict=True):
            title = next(texts)
            yield self._post(outline, Dice(key), title, [next(texts) for _ in range(outline.comments)])

    def _lengths(self, keys: np.ndarray[Any, np.dtype[np.uint64]], places: np.ndarray[Any, Any]) -> Any:
        """Draw how long each text is; the first of a post is its title."""
        shares = (mix(keys) >> np.uint64(32)).astype(np.float64) / 2**32 * 100
        titles, bodies = (_interpolate(shares, self.statistics[name]) for name in ("titles", "lengths"))
        return np.where(places == 0, titles, bodies).astype(np.int64)

    def _post(self, outline: Outline, dice: Dice, title: str, bodies: Sequence[str]) -> tuple[str, str]:
        start = LAST_DAY - timedelta(days=outline.number // POSTS_A_DAY)
        title = title.replace("<br>", " ").replace("'", "’").rstrip("。 ")
        words = [self.language.latin(dice).lower() for _ in range(2 + dice.below(4))]
        name = f"{start:%Y_%m}/{start:%Y_%m_%d}_{'_'.join(words)}_{outline.number}"
        source = f"https://news.ycombinator.com/item?id={42_900_000 + outline.number}"
        tags = ", ".join(f'"{tag}"' for tag in self._tags(dice))
        head = (
            f"+++\ndate = '{start:%Y-%m-%dT%H:%M:%S}'\nmonths = '{start:%Y/%m}'\ndraft = false\ntitle = '{title}'\n"
            f"tags = [{tags}]\n+++\n\n> {title}\n\n引用元：[{source}]({source})\n\n"
        )
        return name, head + self._comments(start, dice, bodies) + '\n\n[記事一覧へ]({{% ref "/posts/" %}})\n'

    def _tags(self, dice: Dice) -> Sequence[str]:
        """Draw five tags, some of them met nowhere else."""
        count = 10 if dice.chance(10) else 5 - dice.chance(60)
        return list(dict.fromkeys(self._tag(dice) for _ in range(count)))

    def _tag(self, dice: Dice) -> str:
        place = dice.below(len(self.tags) + self.rare_tags)
        if place < len(self.tags):
            return self.tags[place]
        names = self.language.names
        first = names.index("名詞/普通名詞/K" if dice.chance(500) else "名詞/普通名詞/C")
        head, tail = (
            self.language.compose(kind, dice.below(1 << 20)) for kind in (first, names.index("名詞/普通名詞/C"))
        )
        return f"{head.strip()}{tail.strip()}"

    def _comments(self, start: datetime, dice: Dice, bodies: Sequence[str]) -> str:
        """Write the comments, the first ones as they are and the others in folds of 20 or 30."""
        size = 20 if dice.chance(450) else 30
        free = len(bodies) if dice.chance(UNFOLDED) else size
        users: list[str] = []
        lines = []
        for place, body in enumerate(bodies):
            number, inside = divmod(place - free, size)
            if number >= 0 and inside == 0:
                if number > 0:
                    lines.append(_closer(dice))
                lines.append(f'{{{{< details summary="もっとコメントを表示（{number + 1}）">}}}}')
            lines.append(self._comment(start, dice, body, users))
        if len(bodies) > free:
            lines.append(_closer(dice))
        return "\n\n".join(lines)

    def _comment(self, start: datetime, dice: Dice, body: str, users: list[str]) -> str:
        if users and dice.chance(SAME_USER):
            user = users[dice.below(len(users))]
        else:
            user = user_name(dice.rank(USERS, RARE_OCTAVES if dice.chance(NEWER_USER) else USER_OCTAVES))
            users.append(user)
        at = start + timedelta(seconds=int(dice.along(self.statistics["hours"], SHARES) * 3600))
        color = COLORS[dice.below(len(COLORS))] if dice.chance(COLORED) else ""
        text = "" if dice.chance(BLANK) else body.replace("{{", "{ {").replace("}}", "} }")
        return (
            f'{{{{<matomeQuote body="{text}" userName="{user}" createdAt="{at:%Y-%m-%dT%H:%M:%S}" color="{color}">}}}}'
        )


@cache
def _language() -> tuple[dict[str, Any], Language]:
    """Return what is the same for all seeds, made once."""
    statistics = load()
    return statistics, Language(statistics)


def _interpolate(shares: Any, points: Sequence[float]) -> Any:
    """Return the values at some shares, as np.interp does; its rounding may differ from machine to machine."""
    known, values = np.array(SHARES, np.float64), np.array(points)
    place = np.searchsorted(known, shares, side="right") - 1
    part = (shares - known[place]) / (known[place + 1] - known[place])
    return values[place] + part * (values[place + 1] - values[place])


def _closer(dice: Dice) -> str:
    return "{{< /details >}}" if dice.chance(360) else "{{</details >}}"


def user_name(rank: int) -> str:
    """Return the name of the user who writes the n-th most."""
    dice = Dice(keyed(2, rank))
    name = "".join(_SYLLABLES[dice.below(len(_SYLLABLES))] for _ in range(2 + dice.below(3)))
    if dice.chance(77):
        place = 1 + dice.below(len(name) - 1)
        name = f"{name[:place]}{'-' if dice.chance(270) else '_'}{name[place:]}"
    if dice.chance(163):
        name += str(dice.below(1000 if dice.chance(400) else 100))
    if dice.chance(150):
        name = name.title()
    return name[:15]


if __name__ == "__main__":
    main()
