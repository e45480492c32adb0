"""Write a text so that a terminal or a log shows what it holds: one line that controls nothing."""

from __future__ import annotations

from typing import Final

# Controls; marks, overrides and isolates of direction, joiners, separators of lines, byte order marks; tags, unseen.
_CONTROLS: Final = (
    *(*range(0x20), *range(0x7F, 0xA0), 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F)),
    *(*range(0x2060, 0x2070), 0xFEFF, *range(0xE0000, 0xE0080)),
)


def _escape(code: int) -> str:
    units = chr(code).encode("utf-16-be").hex()
    return f"\\x{code:02x}" if code < 0x7F else "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))


_ESCAPES: Final = {code: _escape(code) for code in _CONTROLS} | {ord("\t"): "\\t", ord("\n"): "\\n"}


def printable(text: str) -> str:
    """Return a text in which what would end the line, control a terminal or turn its direction is an escape.

    In JSON, which escapes the first 32 characters itself, these are its own escapes: it stays JSON.
    """
    return text.translate(_ESCAPES)
