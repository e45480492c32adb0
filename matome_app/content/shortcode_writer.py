"""Write a shortcode so that reading it gives the same values, choosing among the ways Hugo has to quote a value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from matome_app.content.shortcode_lexer import GO_SPACE
from matome_app.content.shortcode_tags import RIGHT, Delimiter

_NAME = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_/-]*")
_PARAMETER_NAME = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9_.-]*")
_UNQUOTED = re.compile(rf'[^"\\`{GO_SPACE}][^{GO_SPACE}]*')


def write(name: str, params: Mapping[str, str], *, delimiter: Delimiter = "<", inner: str | None = None) -> str:
    """Write a shortcode with named parameters; `inner` (Markdown, taken as it is) adds a closer.

    Raises ValueError, with the reason, for a name or a value that no shortcode can hold.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a shortcode: only a-z, 0-9, _, - and / may stand in it")
    left, right = "{{" + delimiter, RIGHT[delimiter]
    words = [left, name, *(f"{key}={_quote(key, value)}" for key, value in params.items()), right]
    closer = "" if inner is None else f"{inner}{left} /{name} {right}"
    return " ".join(words) + closer


def _quote(name: str, value: str) -> str:
    if not _PARAMETER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a parameter: only a-z, 0-9, _, - and . may stand in it")
    one_line = "\n" not in value and "\\`" not in value
    if one_line and '"' not in value and not value.endswith("\\"):
        return f'"{value}"'
    if "`" not in value:
        return f"`{value}`"
    if one_line and '"' not in value:
        return f'\\"{value}\\"'  # the value ends in a backslash, which would escape a plain quotation mark
    if "\n" not in value and "\\" not in value:
        return '"' + value.replace('"', '\\"') + '"'
    if _UNQUOTED.fullmatch(value):
        return value
    trouble = "a line break" if "\n" in value else "a backslash"
    raise ValueError(f"the value of {name} holds a backtick and {trouble}: no quotation in a shortcode can hold both")
