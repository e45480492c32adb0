"""Read what a reader types into the search box: words, phrases, exclusions, OR and filters.

What is understood is obeyed, anything else is plain text; no input is an error. A query is groups that must all hold;
a group is one part, or several of which one must hold (`a OR b c` is a or b, and c).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final, Literal

from matome_app.errors import N_, Message, either
from matome_app.search.params import read_day

Field = Literal["user", "tag", "month", "after", "before"]

MAX_TERMS: Final = 32
FIELDS: Final[tuple[Field, ...]] = ("user", "tag", "month", "after", "before")
_QUOTES: Final = '"“”„‟〝〞〟'
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ITEM = re.compile(
    rf"""
    (?P<minus>-(?=\w|[{_QUOTES}]))?
    (?: (?P<field>user|tag|month|after|before):(?=\S) )?
    (?: [{_QUOTES}] (?P<quoted>[^{_QUOTES}]*) [{_QUOTES}]
      | [{_QUOTES}] (?P<unclosed>[^{_QUOTES}]+) \Z
      | (?P<plain>\S+) )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NAMED: Final = {
    "user": N_("ユーザー「%(value)s」"),
    "tag": N_("タグ「%(value)s」"),
    "month": N_("月「%(value)s」"),
    "after": N_("以後「%(value)s」"),
    "before": N_("以前「%(value)s」"),
}
_NAMED_EXCLUDED: Final = {
    "user": N_("除外ユーザー「%(value)s」"),
    "tag": N_("除外タグ「%(value)s」"),
    "month": N_("除外月「%(value)s」"),
    "after": N_("除外以後「%(value)s」"),
    "before": N_("除外以前「%(value)s」"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase: as typed (after NFKC) and folded."""

    shown: str
    text: str
    quoted: bool = False
    excluded: bool = False

    @property
    def label(self) -> Message:
        """The term as it is named on the page."""
        return Message("除外「%(text)s」", text=self.shown) if self.excluded else quoted(self.shown)


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a comment or its post; `day` is set for after and before."""

    field: Field
    value: str
    excluded: bool = False
    day: date | None = None

    @property
    def label(self) -> Message:
        """The condition as it is named on the page."""
        return filter_label(self.field, self.value, self.excluded)


Part = Term | Filter


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of which one must hold; `source` is what to type for it."""

    parts: tuple[Part, ...]
    source: str

    @property
    def label(self) -> Message:
        """The group as it is named on the page."""
        return either([part.label for part in self.parts])

    @property
    def kind(self) -> str:
        """What kind of chip shows the group."""
        part = self.parts[0]
        if len(self.parts) > 1:
            return "or"
        if part.excluded:
            return "not"
        if isinstance(part, Filter):
            return part.field
        return "phrase" if part.quoted else "word"


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, understood. `dropped` counts the parts beyond `MAX_TERMS`, which are not searched."""

    groups: tuple[Group, ...] = ()
    dropped: int = 0

    def terms(self) -> Iterator[Term]:
        """Yield the terms that a comment may hold, not the excluded ones."""
        for group in self.groups:
            for part in group.parts:
                if isinstance(part, Term) and not part.excluded:
                    yield part

    def without(self, group: Group) -> str:
        """Return what to type for everything but a group."""
        return " ".join(other.source for other in self.groups if other is not group)

    def replacing(self, group: Group, source: str) -> str:
        """Return what to type with one group written differently."""
        return " ".join(source if other is group else other.source for other in self.groups)


@dataclass(frozen=True, slots=True)
class _Item:
    source: str
    part: Part | None
    """None for a bare OR."""


def quoted(text: str) -> Message:
    """Name words on the page."""
    return Message("「%(text)s」", text=text)


def both(first: Message, second: Message) -> Message:
    """Return two names of words as one that says that both must be there."""
    return Message("%(first)sかつ%(second)s", first=first, second=second)


def filter_label(field: Field, value: str, excluded: bool = False) -> Message:
    """Name a filter on the page."""
    return Message((_NAMED_EXCLUDED if excluded else _NAMED)[field], value=value)


def parse(q: str) -> Query:
    """Read a query."""
    text = unicodedata.normalize("NFKC", _UNSTORABLE.sub("\ufffd", q))
    items = list(_items(text))
    kept = _first(items)
    return Query(_grouped(kept), _parts(items) - _parts(kept))


def _parts(items: list[_Item]) -> int:
    return sum(item.part is not None for item in items)


def _first(items: list[_Item]) -> list[_Item]:
    """Keep the items up to the last part that is allowed."""
    counts = accumulate(item.part is not None for item in items)
    return [item for item, count in zip(items, counts, strict=True) if count <= MAX_TERMS]


def _items(text: str) -> Iterator[_Item]:
    position = 0
    while match := _ITEM.search(text, position):
        position = match.end()
        source = match[0]
        yield _Item(source, None) if source == "OR" else _Item(source, _part(match))


def _part(match: re.Match[str]) -> Part:
    """Make a term or a filter of an item."""
    excluded = match["minus"] is not None
    if match["plain"] is not None:
        quoted, value = False, match["plain"]
    else:
        quoted, value = True, (match["quoted"] if match["quoted"] is not None else match["unclosed"]).strip()
    if match["field"] and value:
        field = next(name for name in FIELDS if name == match["field"].lower())
        if field not in ("after", "before"):
            return Filter(field, value.replace("-", "/") if field == "month" else value, excluded)
        if day := read_day(value):
            return Filter(field, day.isoformat(), excluded, day)
    if match["field"] or not value:
        return _term(match[0].strip(), quoted=False, excluded=False)
    return _term(value, quoted, excluded)


def _term(shown: str, quoted: bool, excluded: bool) -> Term:
    return Term(shown, unicodedata.normalize("NFKC", shown).casefold(), quoted, excluded)


def _grouped(items: list[_Item]) -> tuple[Group, ...]:
    """Join the neighbours of each OR; an OR with nothing on one side is a word."""
    groups: list[Group] = []
    joining = False
    for number, item in enumerate(items):
        if item.part is None and groups and any(later.part for later in items[number + 1 :]):
            joining = True
            continue
        part = item.part or _term(item.source, quoted=False, excluded=False)
        if joining:
            last = groups.pop()
            groups.append(Group((*last.parts, part), f"{last.source} OR {item.source}"))
        else:
            groups.append(Group((part,), item.source))
        joining = False
    return tuple(groups)
