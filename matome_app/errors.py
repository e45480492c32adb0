"""Name everything that can be wrong with content, settings, a search or the index; every other module may import it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """Something to say to a reader that can be said in any language: a Japanese text, and what fills its `%(name)s`.

    Values are texts that need no translation, numbers, or messages themselves. `str()` says it in Japanese; the pages
    say it in the language of the site (web/i18n.py).
    """

    text: str
    values: tuple[tuple[str, str | int | Message], ...]

    def __init__(self, text: str, /, **values: str | int | Message) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "values", tuple(values.items()))

    def __str__(self) -> str:
        return self.said(str)

    def said(self, gettext: Callable[[str], str]) -> str:
        """Return the message in the language into which `gettext` translates."""
        text = gettext(self.text)
        if not self.values:
            return text
        return text % {name: one.said(gettext) if isinstance(one, Message) else one for name, one in self.values}


def N_(text: str) -> str:
    """Mark a text that stands in a table for the catalogues; whoever says it translates it."""
    return text


def listed(parts: Sequence[Message]) -> Message:
    """Return parts, of which there is one at least, as one: with commas."""
    return reduce(lambda first, second: Message("%(first)s、%(second)s", first=first, second=second), parts)


def either(parts: Sequence[Message]) -> Message:
    """Return parts, of which there is one at least, as one: any of them is enough."""
    return reduce(lambda first, second: Message("%(first)sまたは%(second)s", first=first, second=second), parts)


class MatomeError(Exception):
    """Base of the errors this package raises on purpose."""


class SettingError(MatomeError):
    """A setting has a value the site cannot start with; the message is one line that names it."""


class IndexUnavailable(MatomeError):
    """There is no store or index to answer from yet."""


class DataFolderError(MatomeError):
    """The data folder cannot be written; the message is one line that names it."""


class BadSearch(MatomeError):
    """A search or list URL asks for something that cannot be answered; `status` is 400, 404 or 413."""

    def __init__(self, message: Message, status: int = 400) -> None:
        super().__init__(str(message))
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in one content file.

    `line` and `column` count from 1 (characters, not bytes); `code` is one of `CODES`. A fault that `blocks` keeps the
    file's new version from being served; any other is reported and the post is served all the same.
    """

    path: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = "error"
    blocks: bool = True

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.code}: {self.message}"

    def as_json(self) -> dict[str, str | int]:
        """Return the fault as `flask check --json` prints it."""
        return {key: value for key, value in asdict(self).items() if key != "blocks"}


CODES = {
    "front-matter": "the front matter as a whole cannot be read",
    "front-matter-field": "a field of the front matter has a value of the wrong kind",
    "shortcode-syntax": "a shortcode cannot be read",
    "shortcode-unclosed": "a shortcode, comment or fold is opened and never closed",
    "shortcode-unknown": "a shortcode this site does not know (a warning)",
    "shortcode-parameter": "a parameter of a shortcode is missing, unknown or has a wrong value",
    "encoding": "the file is not UTF-8 text",
    "unreadable": "the file cannot be read, or is too large",
    "link": "a ref, relref or image points to nothing",
    "location": "a Markdown file stands where no post can be (a warning)",
    "duplicate": "two files claim the same URL",
}


class ContentError(MatomeError):
    """A content file that cannot be served as it is, with every fault found in it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
