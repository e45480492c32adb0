"""Read the shortcodes of a post into a tree, as Hugo does, and collect what is wrong with them; write them back.

A shortcode inside a code span or a code fence is still a shortcode, as in Hugo. What cannot be read stays in the tree
as text, so that the sources of the top-level nodes, joined, are always the text that was parsed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from matome_app.content.shortcode_lexer import Lexer
from matome_app.content.shortcode_rules import KNOWN, ShortcodeRule
from matome_app.content.shortcode_tags import (
    BrokenTag,
    Comment,
    Delimiter,
    Locator,
    RawParameter,
    Tag,
    excerpt,
    typed,
)
from matome_app.content.shortcode_writer import write
from matome_app.errors import Fault, Severity

__all__ = ["KNOWN", "Node", "Parameter", "Shortcode", "ShortcodeRule", "Text", "parse", "write"]

_INLINE = ShortcodeRule(inner="required")
_UNKNOWN = ShortcodeRule(inner="optional")


@dataclass(frozen=True, slots=True)
class Text:
    """Text between shortcodes, or what a `{{</* … */>}}` comment shows; `source` is what stands in the file for it."""

    value: str
    line: int
    column: int
    source: str


class Parameter(NamedTuple):
    """One parameter; `name` is None when it is positional, `line` and `column` are where its value begins."""

    name: str | None
    value: str
    quoted: bool
    line: int
    column: int

    @property
    def typed(self) -> bool | int | float | str:
        """Return the value as Hugo types it: only an unquoted one can be a bool, an int or a float."""
        return self.value if self.quoted else typed(self.value)


# Compared by identity: comparing field by field would recurse as deep as an author nests folds.
@dataclass(frozen=True, slots=True, eq=False)
class Shortcode:
    """A shortcode with everything in it; `closed` says that it has a closer or closes itself."""

    name: str
    delimiter: Delimiter
    parameters: tuple[Parameter, ...]
    self_closing: bool
    closed: bool
    inner: tuple[Node, ...] = field(repr=False)
    line: int
    column: int
    document: str = field(repr=False)
    start: int
    end: int

    @property
    def source(self) -> str:
        """Return the shortcode as it stands in the file, up to the end of its closer."""
        return self.document[self.start : self.end]

    @property
    def params(self) -> dict[str, str] | tuple[str, ...]:
        """Return named values by their names (the last of a name wins), or positional values in order."""
        if self.parameters and self.parameters[0].name is not None:
            return {parameter.name or "": parameter.value for parameter in self.parameters}
        return tuple(parameter.value for parameter in self.parameters)

    def parameter(self, key: str | int) -> Parameter | None:
        """Return a parameter by its name or its position (from 0), or None."""
        if isinstance(key, str):
            return next((parameter for parameter in reversed(self.parameters) if parameter.name == key), None)
        positional = self.parameters[key : key + 1] if key >= 0 else ()
        return positional[0] if positional and positional[0].name is None else None

    def get(self, key: str | int, default: str = "") -> str:
        """Return a value by its name or its position (from 0)."""
        parameter = self.parameter(key)
        return default if parameter is None else parameter.value


Node = Text | Shortcode


def parse(
    source: str, *, path: str = "", line: int = 1, rules: Mapping[str, ShortcodeRule] | None = None
) -> tuple[tuple[Node, ...], tuple[Fault, ...]]:
    """Read a text into nodes and the faults found in it, in their order; never raises, whatever the text.

    `path` goes into the faults, `line` is the number of the line of the file on which the text begins.
    """
    parser = _Parser(source, path, line, KNOWN if rules is None else rules)
    return parser.run(), tuple(sorted(parser.faults, key=lambda fault: (fault.line, fault.column)))


@dataclass(frozen=True, slots=True)
class _Open:
    """A shortcode that waits for its closer; `index` is its place among the nodes read so far."""

    tag: Tag
    required: bool
    index: int


class _Parser:
    """Keep one flat list of nodes, out of which a closer cuts those after its opening: no recursion, however deep."""

    def __init__(self, source: str, path: str, line: int, rules: Mapping[str, ShortcodeRule]) -> None:
        self.source, self.path, self.rules = source, path, rules
        self.faults: list[Fault] = []
        self._lexer = Lexer(source)
        self._locator = Locator(source, line)
        self._nodes: list[Node] = []
        self._open: list[_Open] = []
        self._open_names: Counter[str] = Counter()
        self._broken_names: Counter[str] = Counter()

    def run(self) -> tuple[Node, ...]:
        at = 0
        while (start := self._lexer.find_opening(at)) >= 0:
            self._add_text(at, start)
            at = self._read(start)
        self._add_text(at, len(self.source))
        while self._open:
            self._abandon(self._open.pop(), len(self.source))
        return tuple(self._nodes)

    def _read(self, start: int) -> int:
        """Read the tag at `start` into the tree and return the offset after it."""
        try:
            item = self._lexer.read(start)
        except BrokenTag as broken:
            return self._keep_broken(start, broken)
        if self._open and self._open[-1].tag.inline and not (isinstance(item, Tag) and item.closing):
            message = "an inline shortcode cannot hold another shortcode: close it first"
            tag = item if isinstance(item, Tag) else Tag(start, "<")
            return self._keep_broken(start, BrokenTag(tag, start, message, resume=item.end))
        if isinstance(item, Comment):
            self._nodes.append(Text(item.text, *self._locator.locate(start), self.source[start : item.end]))
        elif item.closing:
            self._close(item)
        else:
            self._enter(item)
        return item.end

    def _keep_broken(self, start: int, broken: BrokenTag) -> int:
        self._fault(broken.at, "shortcode-unclosed" if broken.unclosed else "shortcode-syntax", broken.message)
        tag = broken.tag
        if tag.closing and tag.name and self._open_names[tag.name]:
            tag.end = broken.resume
            self._close(tag)  # what it closes is plain, and a second fault for it would only distract
        else:
            if not tag.closing:
                self._broken_names[tag.name] += 1
            self._add_text(start, broken.resume)
        return broken.resume

    def _enter(self, tag: Tag) -> None:
        rule = _INLINE if tag.inline else self.rules.get(tag.name)
        if rule is None or tag.inline:
            self._warn_of_unknown(tag)
        if rule is not None:
            self._check(tag, rule)
        inner = (rule or _UNKNOWN).inner
        if inner != "forbidden" and not tag.self_closing:
            self._open.append(_Open(tag, inner == "required", len(self._nodes)))
            self._open_names[tag.name] += 1
        self._nodes.append(self._node(tag, tag.end, (), closed=tag.self_closing))

    def _close(self, tag: Tag) -> None:
        name = tag.name or (self._open[-1].tag.name if self._open else "")
        if not self._open_names[name]:
            self._refuse_closer(tag)
            return
        while (opened := self._open.pop()).tag.name != name:
            self._abandon(opened, tag.start)
        self._finish(opened, tag.end, closed=True)

    def _finish(self, opened: _Open, end: int, *, closed: bool) -> None:
        inner = tuple(self._nodes[opened.index + 1 :])
        del self._nodes[opened.index :]
        self._nodes.append(self._node(opened.tag, end, inner, closed=closed))
        self._open_names[opened.tag.name] -= 1

    def _abandon(self, opened: _Open, end: int) -> None:
        """Give up waiting for a closer: what must have one keeps all up to `end`, what may have one holds nothing."""
        if not opened.required:
            self._open_names[opened.tag.name] -= 1
            return
        name = opened.tag.name
        message = f'"{excerpt(name)}" is opened here and never closed: add {{{{< /{excerpt(name)} >}}}} where it ends'
        self._fault(opened.tag.start, "shortcode-unclosed", message)
        self._finish(opened, end, closed=False)

    def _refuse_closer(self, tag: Tag) -> None:
        self._add_text(tag.start, tag.end)
        if self._broken_names[tag.name]:
            self._broken_names[tag.name] -= 1  # its opening is reported already
            return
        rule = self.rules.get(tag.name)
        if rule is not None and rule.inner == "forbidden":
            message = f'"{excerpt(tag.name)}" holds nothing, so nothing closes it: remove this closing shortcode'
            self._fault(tag.start, "shortcode-syntax", message)
        else:
            message = f'no "{excerpt(tag.name)}" is open here to be closed: remove this, or add what it should close'
            self._fault(tag.name_at or tag.start, "shortcode-syntax", message)

    def _warn_of_unknown(self, tag: Tag) -> None:
        if tag.inline:
            message = f'the inline shortcode "{excerpt(tag.name)}" is not run here: write out what it should show'
        else:
            remedy = "correct its name, or write {{</* … */>}} to show it"
            message = f'the shortcode "{excerpt(tag.name)}" is unknown: {remedy}'
        self._fault(tag.start, "shortcode-unknown", message, "warning")

    def _check(self, tag: Tag, rule: ShortcodeRule) -> None:
        """Compare what a known shortcode is given with what it takes."""
        if tag.self_closing and rule.inner == "forbidden":
            message = f'"{tag.name}" holds nothing, so it need not close itself: write {tag.right} without the slash'
            self._fault(tag.start, "shortcode-syntax", message, "warning")
        for at, message, severity in rule.complaints(tag):
            self._fault(at, "shortcode-parameter", message, severity)

    def _node(self, tag: Tag, end: int, inner: tuple[Node, ...], *, closed: bool) -> Shortcode:
        parameters = tuple(self._parameters(tag.parameters))
        line, column = self._locator.locate(tag.start)
        document = self.source
        return Shortcode(
            tag.name, tag.delimiter, parameters, tag.self_closing, closed, inner, line, column, document, tag.start, end
        )

    def _parameters(self, raw: Iterable[RawParameter]) -> Iterable[Parameter]:
        for name, value, quoted, at in raw:
            yield Parameter(name, value, quoted, *self._locator.locate(at))

    def _add_text(self, start: int, end: int) -> None:
        if start < end:
            value = self.source[start:end]
            self._nodes.append(Text(value, *self._locator.locate(start), value))

    def _fault(self, at: int, code: str, message: str, severity: Severity = "error") -> None:
        line, column = self._locator.locate(at)
        self.faults.append(Fault(self.path, line, column, code, message, severity, blocks=severity == "error"))
