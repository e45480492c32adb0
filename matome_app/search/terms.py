"""Read the table of names that mean the same thing (GC, garbage collection), and look names up in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
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
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _wrong(path, line, "not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SettingError(f"MATOME_TERMS_FILE={str(path)!r}: cannot be read ({error.strerror}); name a file") from None
    try:
        table = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        raise _wrong(path, int(found[1]) if found else source.count("\n") + 1, f"not TOML: {error}") from None
    return TermTable.of(list(_groups(path, source, table)))


def _groups(path: Path, source: str, table: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the groups of a table after checking each."""
    groups = table.get("group", [])
    if set(table) - {"group"} or not isinstance(groups, list):
        name = next(iter(set(table) - {"group"}), "group")
        raise _wrong(path, _line(source, name), f"{name}: unknown; write every group as [[group]] with terms = [...]")
    if len(groups) > MOST_GROUPS:
        raise _wrong(path, 1, f"{len(groups)} groups; {MOST_GROUPS} are the most")
    starts = [number for number, line in enumerate(source.splitlines(), 1) if line.strip().startswith("[[group]]")]
    seen: dict[str, str] = {}
    for number, group in enumerate(groups):
        start = starts[number] if number < len(starts) else 1
        terms = group.get("terms") if isinstance(group, dict) else None
        if not isinstance(terms, list) or set(group) != {"terms"}:
            raise _wrong(path, start, 'a group is one line: terms = ["one name", "another name"]')
        if not 2 <= len(terms) <= MOST_TERMS:
            raise _wrong(path, start, f"a group of {len(terms)} terms; write 2 to {MOST_TERMS}")
        for term in terms:
            value = f'"{term}"' if isinstance(term, str) and f'"{term}"' in source else str(term)
            _check(path, _line(source, value, start), term, seen)
        yield terms


def _check(path: Path, line: int, term: object, seen: dict[str, str]) -> None:
    if not isinstance(term, str):
        raise _wrong(path, line, f"{term!r}: a term is text; put it in quotes")
    key = _key(term)
    if len(key) < 2 or len(term) > LONGEST:
        raise _wrong(path, line, f"{term!r}: a term has 2 to {LONGEST} characters; write another or leave it out")
    if '"' in term:
        raise _wrong(path, line, f"{term!r}: a term holds no quotation mark; leave it out")
    if key in seen:
        raise _wrong(path, line, f"{term!r}: the same as {seen[key]!r} before; keep one of them")
    seen[key] = term


def _line(source: str, value: str, start: int = 1) -> int:
    """Return the first line from `start` on that holds a value, `start` when none does as it is."""
    lines = source.splitlines()
    return next((number for number in range(start, len(lines) + 1) if value in lines[number - 1]), start)


def _wrong(path: Path, line: int, what: str) -> SettingError:
    return SettingError(f"MATOME_TERMS_FILE: {path}:{line}: {what}")
