"""Say what each shortcode of the content format takes, and complain of a tag that is given something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from matome_app.content.shortcode_tags import Tag, excerpt
from matome_app.errors import Severity

Complaint = tuple[int, str, Severity]
"""What is wrong with a parameter: offset, message, severity."""


@dataclass(frozen=True, slots=True)
class ShortcodeRule:
    """What one shortcode takes: text inside, names of parameters (None: any), those it needs, values without a name.

    `positional` names what the first value without a name stands for ("": none are taken).
    """

    inner: Literal["required", "forbidden", "optional"] = "forbidden"
    parameters: frozenset[str] | None = None
    required: frozenset[str] = frozenset()
    positional: str = ""

    def complaints(self, tag: Tag) -> Iterator[Complaint]:
        """Yield what is wrong with the parameters of a tag."""
        for value in tag.stray_values:
            message = f'the value "{excerpt(value.value)}" has no name and is not used: write its name before "="'
            yield value.at, message, "warning"
        names = [parameter.name for parameter in tag.parameters if parameter.name is not None]
        if len(set(names)) < len(names):
            yield from self._repeated(tag)
        if self.parameters is None:
            return
        if not self.parameters.issuperset(names):
            yield from self._unknown(tag)
        if tag.parameters and not names and not self.positional:
            first = tag.parameters[0]
            message = f'"{excerpt(first.value)}" has no name and is not used: name it {_listed(self.parameters)}'
            yield first.at, message, "warning"
        given = {*names, *([self.positional] if tag.parameters and not names else [])}
        if not self.required <= given:
            message = f'"{tag.name}" needs the parameter {_listed(self.required - given)}: add it'
            yield tag.start, message, "error"

    def _repeated(self, tag: Tag) -> Iterator[Complaint]:
        seen: set[str] = set()
        for parameter in tag.parameters:
            if parameter.name in seen:
                message = f'"{excerpt(parameter.name)}" is given twice and the last one is used: remove the other'
                yield parameter.at, message, "warning"
            elif parameter.name is not None:
                seen.add(parameter.name)

    def _unknown(self, tag: Tag) -> Iterator[Complaint]:
        known = self.parameters or frozenset()
        for parameter in tag.parameters:
            if parameter.name is not None and parameter.name not in known:
                message = f'"{tag.name}" has no parameter "{excerpt(parameter.name)}": it takes {_listed(known)}'
                yield parameter.at, message, "warning"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


_COMMENT = ShortcodeRule(
    parameters=frozenset({"body", "userName", "createdAt", "color"}), required=frozenset({"body"}), positional=""
)
_REFERENCE = ShortcodeRule(
    parameters=frozenset({"path", "lang", "outputFormat"}), required=frozenset({"path"}), positional="path"
)

KNOWN: dict[str, ShortcodeRule] = {
    "matomeQuote": _COMMENT,
    "matomeSummary": _COMMENT,
    "details": ShortcodeRule("required", frozenset({"summary", "open", "title", "class", "name"})),
    "list": ShortcodeRule(parameters=frozenset({"limit", "title", "cardView", "where", "value"})),
    "ref": _REFERENCE,
    "relref": _REFERENCE,
    # Hugo's own figure, and what the theme of the sites we succeed adds to it (the last line).
    "figure": ShortcodeRule(
        parameters=frozenset(
            {"src", "alt", "caption", "title", "link", "target", "rel", "class", "width", "height", "loading"}
            | {"attr", "attrlink"}
            | {"href", "default", "nozoom"}
        )
    ),
}
"""The shortcodes of the content format."""
