"""Break a title into lines as Japanese is set: no 。 at the start of a line, Latin words whole, lengths even."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

Measure = Callable[[str], float]
"""Takes a text, returns its width in pixels."""

ELLIPSIS: Final = "…"

# JIS X 4051 and "Requirements for Japanese Text Layout", 3.1.7 and 3.1.8: what may not begin and not end a line.
NOT_FIRST: Final = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー’”）〕］｝〉》」』】〗〙〟»°′″℃％‰…‥〜～–"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ,.!?:;)]}%、｡｣､･"
)
NOT_LAST: Final = frozenset("‘“（〔［｛〈《「『【〖〘〝«￥＄£￡([{｢")
_INSEPARABLE: Final = frozenset("…‥―—")

_UNIT: Final = re.compile(r"\s+|[0-9A-Za-zÀ-ɏͰ-ӿ’'\-+#&@_./:,%$!?*=()\[\]~]+|.", re.DOTALL)
_STOPS: Final = frozenset("、。，．！？」』】）：；!?,.:;)]")

_PARTICLES: Final = frozenset("はがをにへともでのや")
"""They belong to what is before them. (Some begin a word: that costs a good break here and there.)"""

_COSTS: Final = {
    # What stands before a break and after it. A particle belongs to the word before, an ending to its stem.
    ("hiragana", "kanji"): 2,
    ("hiragana", "katakana"): 2,
    ("hiragana", "latin"): 2,
    ("hiragana", "hiragana"): 11,
    ("kanji", "kanji"): 10,
    ("kanji", "hiragana"): 17,
    ("katakana", "katakana"): 40,
    ("katakana", "hiragana"): 16,
    ("latin", "hiragana"): 16,
    ("latin", "kanji"): 9,
}
_OTHER_COST: Final = 6
_MORE_LINES: Final = 8
_UNEVEN: Final = 60
"""Weight of a line's squared deviation from the even length, against the costs of breaks."""


class Lines(NamedTuple):
    """A text in lines, and how bad their lengths and breaks are (0: not at all; a break inside a word costs 40)."""

    lines: list[str]
    cost: float


def break_lines(text: str, measure: Measure, width: float, most: int) -> Lines | None:
    """Return a text in few lines that are as even as breaks at good places allow; None when `most` do not hold it."""
    units = _units(text, measure, width)
    if not units:
        return Lines([], 0)
    widths = [measure(unit) for unit in units]
    fewest = max(1, math.ceil(sum(widths) / width))
    found: Lines | None = None
    for count in range(fewest, most + 1):
        best = _best_ends(units, widths, width, count)
        if best is None:
            continue
        cost = best[0] + _MORE_LINES * (count - fewest)
        if found is None or cost < found.cost:
            ends = best[1]
            pairs = zip([0, *ends[:-1]], ends, strict=True)
            found = Lines(["".join(units[start:end]).strip() for start, end in pairs], cost)
    return found


def shorten(text: str, measure: Measure, width: float, most: int) -> list[str]:
    """Return `most` lines that hold as much of a text as fits, with an ellipsis at the end where some is left out."""
    units = _units(text, measure, width)
    low, high = 0, len(units)
    while low < high:
        middle = (low + high + 1) // 2
        if break_lines(_cut(units, middle), measure, width, most) is None:
            high = middle - 1
        else:
            low = middle
    found = break_lines(_cut(units, low), measure, width, most)
    return found.lines if found else []


def _cut(units: Sequence[str], n: int) -> str:
    if n == len(units):
        return "".join(units)
    return "".join(units[:n]).rstrip("".join(NOT_LAST) + "、。，．・,. ") + ELLIPSIS


def _units(text: str, measure: Measure, width: float) -> list[str]:
    """Cut a text into what no line break may part; a Latin word that is wider than a line falls apart."""
    units: list[str] = []
    for found in _UNIT.finditer(" ".join(text.split())):
        unit = found[0]
        whole = [unit] if measure(unit) <= width else list(unit)
        for part in whole:
            if units and len(whole) == 1 and _keep_together(units[-1], part) and measure(units[-1] + part) <= width:
                units[-1] += part
            else:
                units.append(part)
    return units


def _keep_together(before: str, after: str) -> bool:
    if before.isspace() or after.isspace():
        return False
    a, b = before[-1], after[0]
    return b in NOT_FIRST or a in NOT_LAST or (a == b and a in _INSEPARABLE)


def _best_ends(
    units: Sequence[str], widths: Sequence[float], width: float, count: int
) -> tuple[float, list[int]] | None:
    """Return the least cost of `count` lines, and where each ends; None when they hold too little."""
    sums = [0.0]
    for each in widths:
        sums.append(sums[-1] + each)
    even = sums[-1] / count
    # best[i]: the least cost of setting the first i units in the lines so far, and where those lines end.
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for line in range(1, count + 1):
        following: dict[int, tuple[float, list[int]]] = {}
        for start, (cost, ends) in best.items():
            for end in range(start + 1, len(units) + 1):
                wide = _trimmed(units, widths, sums, start, end)
                if wide > width:
                    break
                if (end == len(units)) != (line == count):
                    continue
                price = cost + _UNEVEN * ((wide - even) / even) ** 2 + _cost_of_break(units, end)
                if end not in following or price < following[end][0]:
                    following[end] = (price, [*ends, end])
        best = following
    return best.get(len(units))


def _trimmed(units: Sequence[str], widths: Sequence[float], sums: Sequence[float], start: int, end: int) -> float:
    """Return the width of a line without the spaces at its ends."""
    wide = sums[end] - sums[start]
    if units[start].isspace():
        wide -= widths[start]
    if end - 1 > start and units[end - 1].isspace():
        wide -= widths[end - 1]
    return wide


def _cost_of_break(units: Sequence[str], end: int) -> float:
    if end == len(units):
        return 0
    before, after = units[end - 1], units[end]
    if before.isspace():
        return 1
    if after.isspace():
        return 1.5  # the space would begin the next line: the same place, but one unit earlier
    a, b = before[-1], after[0]
    if a in _STOPS:
        return 0
    if b in NOT_LAST:
        return 1
    if b in _PARTICLES:
        return 17
    if a == "の":
        return 5
    return _COSTS.get((_script(a), _script(b)), _OTHER_COST)


def _script(char: str) -> str:
    if "ぁ" <= char <= "ゟ":
        return "hiragana"
    if "゠" <= char <= "ヿ" or "ｦ" <= char <= "ﾟ":
        return "katakana"
    if "㐀" <= char <= "鿿" or char in "々〆" or char > "\U0001ffff":
        return "kanji"
    return "latin" if char.isalnum() else "other"
