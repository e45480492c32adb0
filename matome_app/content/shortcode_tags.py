"""What the shortcode lexer hands on: tags, parameters, comments, faults, and lines and columns for offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Delimiter = Literal["<", "%"]

RIGHT: dict[Delimiter, str] = {"<": ">}}", "%": "%}}"}
_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")
_FLOAT = re.compile(r"[-+]?[0-9]*\.[0-9]+")


class RawParameter(NamedTuple):
    """A parameter as the lexer finds it: `name` is None when it is positional, `at` the offset of the value's text."""

    name: str | None
    value: str
    quoted: bool
    at: int


@dataclass(slots=True)
class Tag:
    """One `{{< … >}}`; offsets count from the start of the text, `end` is the first character after the tag."""

    start: int
    delimiter: Delimiter
    name: str = ""
    name_at: int = 0
    end: int = 0
    closing: bool = False
    self_closing: bool = False
    inline: bool = False
    parameters: list[RawParameter] = field(default_factory=list)
    stray_values: list[RawParameter] = field(default_factory=list)
    kind: Literal["", "named", "positional"] = ""
    value_may_follow: bool = False
    swallowed: RawParameter | None = None

    @property
    def right(self) -> str:
        """Return the characters that end the tag."""
        return RIGHT[self.delimiter]


class Comment(NamedTuple):
    """`{{</* … */>}}`: `text` is what Hugo prints for it."""

    text: str
    end: int


class BrokenTag(Exception):
    """A tag that cannot be read: what is wrong, where, and the offset at which reading can go on."""

    def __init__(self, tag: Tag, at: int, message: str, *, resume: int | None = None, unclosed: bool = False) -> None:
        super().__init__(message)
        self.tag, self.at, self.message, self.unclosed = tag, at, message, unclosed
        self.resume = max(at if resume is None else resume, tag.start + 3)


class Locator:
    """Turn offsets into lines and columns that count from 1 (the first line has the number given)."""

    def __init__(self, source: str, first_line: int = 1) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", source))]
        self._first_line = first_line
        self._index, self._low, self._high = 0, 0, 0

    def locate(self, offset: int) -> tuple[int, int]:
        """Return (line, column); neighbouring questions are answered from the line last asked for."""
        if not self._low <= offset < self._high:
            self._index = bisect_right(self._starts, offset) - 1
            self._low = self._starts[self._index]
            self._high = self._starts[self._index + 1] if self._index + 1 < len(self._starts) else offset + 1
        return self._first_line + self._index, offset - self._low + 1


def typed(text: str) -> bool | int | float | str:
    """Return what Hugo makes of an unquoted value: a bool, a 64-bit integer, a float, or the text itself."""
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text) and -(2**63) <= (number := int(text)) < 2**63:
        return number
    return float(text) if _FLOAT.fullmatch(text) else text


def excerpt(text: str, limit: int = 40) -> str:
    """Return the beginning of a text for a message, on one line."""
    first = text[: limit + 1].split("\n", 1)[0]
    return first if first == text else first[:limit] + "…"
