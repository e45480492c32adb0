"""Read the query string of a search or a list once, into a value that is trimmed, bounded and hashable."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeVar

from matome_app.errors import BadSearch, Message, listed

Scope = Literal["comment", "post"]
Sort = Literal["relevance", "newest", "oldest"]
Choice = TypeVar("Choice", bound=str)

SCOPES: Final[tuple[Scope, ...]] = ("comment", "post")
SORTS: Final[tuple[Sort, ...]] = ("relevance", "newest", "oldest")
MAX_QUERY: Final = 1000
MAX_VALUE: Final = 300
MAX_VALUES: Final = 20
NAMES: Final = ("q", "tag", "month", "user", "color", "post", "after", "before", "scope", "sort", "page")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DATE = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_COLOR = re.compile(r"#[0-9a-f]{6}")
_PAGE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class SearchParams:
    """What a search or a list asks for.

    `tags` must all hold (label in any case, or slug), `users` any of them (as written), `month` is a term such as
    `2025/04`, `color` is "", "any" or "#rrggbb", `post` a path `posts/…`; `after` and `before` are UTC days, inclusive.
    """

    q: str = ""
    tags: tuple[str, ...] = ()
    month: str = ""
    users: tuple[str, ...] = ()
    color: str = ""
    post: str = ""
    after: date | None = None
    before: date | None = None
    scope: Scope = "comment"
    sort: Sort = "relevance"
    page: int = 1

    @classmethod
    def from_args(cls, pairs: Iterable[tuple[str, str]]) -> SearchParams:
        """Read (name, value) pairs of a query string; unknown names are ignored, the first of a repeated name counts.

        Raises BadSearch: 413 for a query over 1,000 characters, 400 for a value that cannot be read.
        """
        given: dict[str, list[str]] = {}
        for name, raw in pairs:
            if name not in NAMES:
                continue
            if name == "q" and len(raw) > MAX_QUERY:
                message = Message(
                    "q=%(length)s文字: 検索語は%(most)s文字以内にしてください。", length=len(raw), most=MAX_QUERY
                )
                raise BadSearch(message, status=413)
            if value := _clean(raw):
                given.setdefault(name, []).append(value)
        first = {name: values[0] for name, values in given.items()}
        return cls(
            q=first.get("q", ""),
            tags=_several("tag", given.get("tag", []), str.lower),
            month=_short("month", first.get("month", "")),
            users=_several("user", given.get("user", []), str),
            color=_color(first.get("color", "")),
            post=_short("post", first.get("post", "")).strip("/"),
            after=_day("after", first.get("after", "")),
            before=_day("before", first.get("before", "")),
            scope=_choice("scope", first.get("scope", ""), SCOPES),
            sort=_choice("sort", first.get("sort", ""), SORTS),
            page=_page(first.get("page", "")),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """Return what differs from the defaults as (name, value) pairs in a fixed order, for `from_args`."""
        # A page of results has hundreds of links: what is not set costs nothing.
        pairs = [("q", self.q)] if self.q else []
        pairs += [("tag", tag) for tag in self.tags if tag]
        if self.month:
            pairs.append(("month", self.month))
        pairs += [("user", user) for user in self.users if user]
        if self.color:
            pairs.append(("color", self.color))
        if self.post:
            pairs.append(("post", self.post))
        if self.after:
            pairs.append(("after", self.after.isoformat()))
        if self.before:
            pairs.append(("before", self.before.isoformat()))
        if self.scope != "comment":
            pairs.append(("scope", self.scope))
        if self.sort != "relevance":
            pairs.append(("sort", self.sort))
        if self.page != 1:
            pairs.append(("page", str(self.page)))
        return pairs

    def replace(self, **changes: Any) -> SearchParams:
        """Return a copy with fields changed; it starts at page 1 unless `page` is given."""
        values = {"page": 1, **changes}
        copy = object.__new__(SearchParams)
        for name in _FIELDS:  # a page of results has hundreds of links: `dataclasses.replace` takes five times as long
            object.__setattr__(copy, name, values.pop(name) if name in values else getattr(self, name))
        if values:
            raise TypeError(f"a search has no {', '.join(values)}")
        return copy

    def with_tag(self, tag: str) -> SearchParams:
        """Return the search narrowed to a tag, too."""
        return self if self.has_tag(tag) else self.replace(tags=(*self.tags, tag))

    def without_tag(self, tag: str) -> SearchParams:
        """Return the search without a tag, in whichever case it is written."""
        return self.replace(tags=tuple(one for one in self.tags if one.lower() != tag.lower()))

    def with_user(self, user: str) -> SearchParams:
        """Return the search widened to (or, when there is none yet, narrowed to) a user."""
        return self if user in self.users else self.replace(users=(*self.users, user))

    def without_user(self, user: str) -> SearchParams:
        """Return the search without a user."""
        return self.replace(users=tuple(one for one in self.users if one != user))

    def has_tag(self, tag: str) -> bool:
        """Tell whether a tag is asked for, in whichever case it is written."""
        return tag.lower() in map(str.lower, self.tags)

    def toggled(self, name: str, value: str) -> SearchParams:
        """Return the search with a value of `tag`, `user` or a single parameter set, or taken away where it is set."""
        if name == "tag":
            return self.without_tag(value) if self.has_tag(value) else self.with_tag(value)
        if name == "user":
            return self.without_user(value) if value in self.users else self.with_user(value)
        return self.replace(**{name: "" if getattr(self, name) == value else value})

    @property
    def is_filtered(self) -> bool:
        """Tell whether anything but the words narrows the search."""
        return bool(
            self.tags or self.month or self.users or self.color or self.post or self.after is not None or self.before
        )


_FIELDS: Final = tuple(field.name for field in dataclasses.fields(SearchParams))


def _clean(value: str) -> str:
    """Trim a value and replace what no database stores (NUL, lone surrogates)."""
    return _UNSTORABLE.sub("\ufffd", value).strip()


def too_long(name: str, value: str) -> Message:
    """Return what is said of a value of more than `MAX_VALUE` characters."""
    return Message(
        "%(name)s=%(value)s…: 値は%(most)s文字以内にしてください。", name=name, value=value[:20], most=MAX_VALUE
    )


def _short(name: str, value: str) -> str:
    if len(value) > MAX_VALUE:
        raise BadSearch(too_long(name, value))
    return value


def _several(name: str, values: list[str], same: Callable[[str], str]) -> tuple[str, ...]:
    """Drop repeated values (those with the same key) and keep the order."""
    kept = {same(value): value for value in reversed([_short(name, value) for value in values])}
    if len(kept) > MAX_VALUES:
        raise BadSearch(
            Message(
                "%(name)s=%(count)s個: 一度に指定できるのは%(most)s個までです。減らしてください。",
                name=name,
                count=len(kept),
                most=MAX_VALUES,
            )
        )
    return tuple(reversed(kept.values()))


def _color(value: str) -> str:
    color = value.lower()
    if color in ("", "any") or _COLOR.fullmatch(color):
        return color
    message = Message("color=%(value)s: any か #45d325 のような6桁の色を指定してください。", value=value[:40])
    raise BadSearch(message)


def read_day(value: str) -> date | None:
    """Read a day written 2025-04-05 or 2025/4/5, in any width; None when it is not a day."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", value))
    if not found:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def _day(name: str, value: str) -> date | None:
    if value and read_day(value) is None:
        raise BadSearch(
            Message("%(name)s=%(value)s: 日付は 2025-04-05 のように指定してください。", name=name, value=value[:40])
        )
    return read_day(value)


def _choice(name: str, value: str, choices: tuple[Choice, ...]) -> Choice:
    for choice in choices:
        if value in ("", choice):
            return choice
    raise BadSearch(
        Message(
            "%(name)s=%(value)s: %(choices)s のどれかを指定してください。",
            name=name,
            value=value[:40],
            choices=listed([Message(choice) for choice in choices]),
        )
    )


def _page(value: str) -> int:
    if not value:
        return 1
    if _PAGE.fullmatch(value) and int(value) > 0:
        return int(value)
    raise BadSearch(Message("page=%(value)s: ページは1以上の数で指定してください。", value=value[:40]))
