"""Read the table of names that mean the same thing (GC, garbage collection), and look names up in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from matome_app.errors import SettingError
from matome_app.search.analysis import fold

OURS: Final = Path(__file__).with_name("terms.toml")
MOST_GROUPS: Final = 5000
MOST_TERMS: Final = 20
LONGEST: Final = 100
_LONG_VOWEL = re.compile(r"(?<=[ァ-ヺー]{3})ー(?![ァ-ヺー])")
_AT_LINE = re.compile(r"at line ([0-9]+)")
_JOINTS = re.compile(r"[\s\-_]+")


@dataclass(frozen=True, slots=True)
class TermTable:
    """Groups of names as they are written. Looking one up takes the same time however many there are."""

    groups: tuple[tuple[str, ...], ...] = ()
    _group_of: Mapping[str, int] = field(default_factory=dict, repr=False)
    _longest: int = 1

    @classmethod
    def of(cls, groups: Sequence[Sequence[str]]) -> TermTable:
        """Make a table; of a name in several groups the last counts."""
        numbers = {_key(name): number for number, names in enumerate(groups) for name in names}
        longest = max((key.count(" ") + 1 for key in numbers), default=1)
        return cls(tuple(map(tuple, groups)), numbers, longest)

    def __len__(self) -> int:
        return len(self.groups)

    def others(self, folded: str) -> tuple[str, ...]:
        """Return the other names of a folded name, in the order of the file; () when it has none."""
        number = self._group_of.get(_key(folded))
        if number is None:
            return ()
        return tuple(name for name in self.groups[number] if _key(name) != _key(folded))

    def starting_with(self, words: Sequence[str]) -> tuple[int, tuple[str, ...]]:
        """Return how many of some folded words, at least two from the first, are one name, and its other names."""
        for length in range(min(self._longest, len(words)), 1, -1):
            if names := self.others(" ".join(words[:length])):
                return length, names
        return 0, ()


def _key(name: str) -> str:
    """Return a name as it is compared: a hyphen is a space, ー at the end of a long katakana word may be missing."""
    return _LONG_VOWEL.sub("", _JOINTS.sub(" ", fold(name)).strip())


@lru_cache(maxsize=8)
def load_terms(path: Path | None = None) -> TermTable:
    """Read a table (None: ours); raises SettingError with one line that names file, line, value and what to do."""
    path = path or OURS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingError(f"MATOME_TERMS_FILE={str(path)!r}: cannot be read ({error.strerror}); name a file") from None
    try:
        source = content.decode().removeprefix("\ufeff")  # some editors begin every file with it
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _wrong(path, line, f"{content[error.start]:#04x} is not UTF-8; save the file as UTF-8") from None
    try:
        table = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else source.count("\n") + 1
        raise _wrong(path, line, f"not TOML: {error}; correct it") from None
    groups = _groups(path, source, table)
    _check_terms(path, source, groups)
    return TermTable.of(groups)


def _groups(path: Path, source: str, table: Mapping[str, Any]) -> list[list[Any]]:
    """Return the groups of a table, each with the right number of terms."""
    unknown = next((name for name in table if name != "group"), "")
    groups = table.get("group", [])
    if unknown or not isinstance(groups, list):
        name = unknown or "group"
        what = f"{name!r}: unknown; write every group as [[group]] with terms = [...]"
        raise _wrong(path, _line(source, name), what)
    if len(groups) > MOST_GROUPS:
        raise _wrong(path, _start(source, MOST_GROUPS), f"{len(groups)} groups; {MOST_GROUPS} are the most")
    found = []
    for number, group in enumerate(groups):
        terms = group.get("terms") if isinstance(group, dict) else None
        if not isinstance(terms, list) or set(group) != {"terms"}:
            what = f'{_short(group)}: write a group as terms = ["one name", "another name"]'
            raise _wrong(path, _start(source, number), what)
        if not 2 <= len(terms) <= MOST_TERMS:
            what = f"{_short(terms)}: a group has 2 to {MOST_TERMS} terms, not {len(terms)}; add some or leave some out"
            raise _wrong(path, _start(source, number), what)
        found.append(terms)
    return found


def _check_terms(path: Path, source: str, groups: Sequence[Sequence[object]]) -> None:
    """Check every term, and that none is there twice."""
    seen: dict[str, str] = {}
    for number, terms in enumerate(groups):
        for term in terms:
            what = _what_is_wrong(term, seen)
            if what:
                value = f'"{term}"' if isinstance(term, str) and f'"{term}"' in source else str(term)
                raise _wrong(path, _line(source, value, _start(source, number)), f"{_short(term)}: {what}")
            seen[_key(str(term))] = str(term)


def _what_is_wrong(term: object, seen: Mapping[str, str]) -> str:
    """Say what is wrong with a term and what to do; "" when nothing is."""
    if not isinstance(term, str):
        return "a term is text; put it in quotes"
    key = _key(term)
    if len(key) < 2 or len(term) > LONGEST:
        return f"a term has 2 to {LONGEST} characters; write another or leave it out"
    if '"' in term:
        return "a term holds no quotation mark; leave it out"
    if key in seen:
        return f"the same as {seen[key]!r} before; keep one of them"
    return ""


def _start(source: str, number: int) -> int:
    """Return the line where a group begins, counted from 0; 1 when the groups are written in another way."""
    lines = source.split("\n")
    starts = [at for at, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*group\s*\]\]", line)]
    return starts[number] if number < len(starts) else 1


def _line(source: str, value: str, start: int = 1) -> int:
    """Return the first line from `start` on that holds a value outside a comment, `start` when none does as it is."""
    lines = source.split("\n")
    numbers = (number for number in range(start, len(lines) + 1) if not lines[number - 1].lstrip().startswith("#"))
    return next((number for number in numbers if value in lines[number - 1]), start)


def _short(value: object) -> str:
    """Return a value on one short line."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _wrong(path: Path, line: int, what: str) -> SettingError:
    return SettingError(f"MATOME_TERMS_FILE: {path}:{line}: {what}")
