"""Split a content file into front matter and body, and coerce the front matter's fields by one table of processors."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import yaml
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from matome_app.content.models import FrontMatter
from matome_app.errors import Fault


class Document(NamedTuple):
    """A content file taken apart: its front matter, its body and the line on which the body begins."""

    front_matter: FrontMatter
    body: str
    body_line: int


class TOMLHandler(BaseHandler):
    """Read TOML between `+++` with the standard library (python-frontmatter's own needs an abandoned package)."""

    FM_BOUNDARY = re.compile(r"^\+{3}\s*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str, **kwargs: object) -> dict[str, Any]:
        return tomllib.loads(fm)


class JSONHandler(BaseHandler):
    """Read a JSON object at the head of the file; its end is where the object ends, not a line of its own."""

    FM_BOUNDARY = re.compile(r"^\{", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = ""

    def load(self, fm: str, **kwargs: object) -> dict[str, Any]:
        value, _ = json.JSONDecoder().raw_decode(fm)
        return dict(value)


class _Part(NamedTuple):
    handler: BaseHandler
    source: str
    line: int
    body: str
    body_line: int
    kind: str


def read_document(text: str, path: str) -> tuple[Document, list[Fault]]:
    """Return the file's front matter and body, and every fault of the front matter; the body is there all the same."""
    part, fault = _split(text, path)
    if part is None:
        return Document(FrontMatter(title=""), text, 1), [fault] if fault else []
    try:
        values: object = part.handler.load(part.source)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        line, column = _place_of(error)
        return Document(FrontMatter(title=""), part.body, part.body_line), [
            Fault(
                path,
                part.line + line - 1,
                column,
                "front-matter",
                f"the {part.kind} front matter cannot be read: {_say(error)}",
            )
        ]
    if not isinstance(values, Mapping):
        message = (
            f"the {part.kind} front matter holds {type(values).__name__}, not fields; write one `name: value` a line"
        )
        return Document(FrontMatter(title=""), part.body, part.body_line), [
            Fault(path, part.line, 1, "front-matter", message)
        ]
    front_matter, faults = _coerce(values, part, path)
    return Document(front_matter, part.body, part.body_line), faults


def _split(text: str, path: str) -> tuple[_Part | None, Fault | None]:
    """Cut at Hugo's delimiters: the first line is one, the front matter ends at the next line that equals it."""
    start = len(text) - len(text.lstrip())
    first, _, _ = text[start:].partition("\n")
    line = text.count("\n", 0, start) + 1
    if first.startswith("{"):
        return _split_json(text, start, line, path)
    for mark, kind, handler in (("+++", "TOML", TOMLHandler()), ("---", "YAML", YAMLHandler())):
        if first.rstrip() != mark:
            continue
        close = re.compile(rf"^{re.escape(mark)}[ \t\r]*$", re.MULTILINE).search(text, start + len(first))
        if close is None:
            return None, Fault(
                path,
                line,
                1,
                "front-matter",
                f"the front matter begins with {mark} and never ends; close it with a line {mark}",
            )
        source = text[start + len(first) + 1 : close.start()]
        end = text.find("\n", close.end())
        body = text[end + 1 :] if end >= 0 else ""
        return _Part(handler, source, line + 1, body, text.count("\n", 0, close.end()) + 2, kind), None
    return None, Fault(
        path, line, 1, "front-matter", "the file has no front matter; begin it with +++ (TOML), --- (YAML) or { (JSON)"
    )


def _split_json(text: str, start: int, line: int, path: str) -> tuple[_Part | None, Fault | None]:
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError) as error:
        at, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (line, 1)
        return None, Fault(path, at, column, "front-matter", f"the JSON front matter cannot be read: {_say(error)}")
    body = text[end:]
    return _Part(JSONHandler(), text[start:end], line, body, text.count("\n", 0, end) + 1, "JSON"), None


def _place_of(error: BaseException) -> tuple[int, int]:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return mark.line + 1, mark.column + 1
    if isinstance(error, json.JSONDecodeError):
        return error.lineno, error.colno
    found = re.search(r"line (\d+), column (\d+)", str(error))
    return (int(found[1]), int(found[2])) if found else (1, 1)


def _say(error: BaseException) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "msg", None) or str(error) or type(error).__name__
    return " ".join(re.sub(r"\s*\(at .*\)$", "", str(problem)).split())


# --- coercion of fields -------------------------------------------------------------------------------------------


class _Wrong(ValueError):
    """A value a processor refuses; the message says what to write."""


def text_value(value: object) -> str:
    """Coerce to text; numbers become their decimal text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _Wrong("write text in quotation marks")


def flag_value(value: object) -> bool:
    """Coerce to a truth value: true, false, or the same in quotation marks."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _Wrong("write true or false")


def names_value(value: object) -> tuple[str, ...]:
    """Coerce to a tuple of distinct names; one text stands for a list of one."""
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else [value]
    names = (str(item) if isinstance(item, date) else text_value(item) for item in items)
    return tuple(dict.fromkeys(name for name in names if name.strip()))


def moment_value(value: object) -> datetime | None:
    """Coerce to an aware datetime: native, or text such as 2025-04-05, 2025/04/05 12:00:00 or RFC 3339.

    No offset means UTC. The written offset is kept, so that the calendar day stays the author's.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = _read_moment(value.strip())
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        raise _Wrong("write a date such as 2025-04-05T12:00:00")
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise _Wrong("the date lies outside the years 1 to 9999") from None
    return moment


def _read_moment(value: str) -> datetime:
    text = re.sub(r"^(\d{4})/(\d{1,2})/(\d{1,2})", lambda m: f"{m[1]}-{int(m[2]):02d}-{int(m[3]):02d}", value)
    text = re.sub(r"\s+([+-]\d\d:?\d\d|Z)$", r"\1", text)
    if re.match(r"\d{4}-\d\d-\d\d($|[T ])", text):  # not Python's week dates and other ISO 8601 forms that Hugo lacks
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise _Wrong("there is no such date; write one such as 2025-04-05T12:00:00") from None
    try:
        return parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        raise _Wrong("write a date such as 2025-04-05T12:00:00") from None


class _Field(NamedTuple):
    attribute: str
    process: Callable[[object], object]
    names: tuple[str, ...]


FIELDS = (
    _Field("title", text_value, ("title",)),
    _Field("date", moment_value, ("date",)),
    _Field("draft", flag_value, ("draft",)),
    _Field("tags", names_value, ("tags",)),
    _Field("months", names_value, ("months",)),
    _Field("featureimage", text_value, ("featureimage",)),
    _Field("slug", text_value, ("slug",)),
    _Field("aliases", names_value, ("aliases",)),
    _Field("lastmod", moment_value, ("lastmod", "modified")),
    _Field("publish_date", moment_value, ("publishdate", "pubdate", "published")),
    _Field("expiry_date", moment_value, ("expirydate", "unpublishdate")),
    _Field("description", text_value, ("description",)),
)
_FIELD_OF = {name: field for field in FIELDS for name in field.names}


def _coerce(values: Mapping[Any, Any], part: _Part, path: str) -> tuple[FrontMatter, list[Fault]]:
    """Run every known field through its processor; fields of themes and of Hugo that are not ours are passed over."""
    good: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in values.items():
        field = _FIELD_OF.get(str(name).lower())
        if field is None:
            continue
        try:
            good[field.attribute] = field.process(value)
        except _Wrong as wrong:
            line, column = _place_of_field(part, str(name))
            faults.append(Fault(path, line, column, "front-matter-field", f"{name} is {_shown(value)}; {wrong}"))
    for attribute, what in (("title", "a title"), ("date", "a date")):
        if attribute not in good and not any(attribute in fault.message.lower()[:12] for fault in faults):
            message = f"{attribute} is missing; give the post {what}"
            faults.append(Fault(path, part.line, 1, "front-matter-field", message, severity="warning", blocks=False))
    return FrontMatter(**{"title": "", **good}), faults


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, date) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _place_of_field(part: _Part, name: str) -> tuple[int, int]:
    """Return line and column of a field's name in the file; the head of the front matter when it cannot be told."""
    quoted = rf"""["']?{re.escape(name)}["']?\s*[=:]"""
    found = re.search(rf"^\s*{quoted}" if part.kind != "JSON" else quoted, part.source, re.MULTILINE)
    if found is None:
        return part.line, 1
    at = found.start() + len(found[0]) - len(found[0].lstrip())
    return part.line + part.source.count("\n", 0, at), at - (part.source.rfind("\n", 0, at) + 1) + 1
