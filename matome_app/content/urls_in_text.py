"""Find the bare web addresses in a text where Japanese and punctuation stand directly around them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

SCHEMES = frozenset({"http", "https", "mailto"})

# ASCII that may stand in an address, and accented Latin letters (Köln). Any other character, Japanese above all, ends
# it.
# An `h` that begins another address ends this one where the two are glued together (`https://a/b...https://a/bcd`).
_ADDRESS = re.compile(
    r"(?i)https?://[0-9a-z\u00c0-\u024f][-0-9a-z._~%:@\u00c0-\u024f]*+"
    r"(?:[/?#](?:[!#-;=?@\[\]^_a-gi-z{|}~\u00c0-\u024f]|h(?!ttps?://)|(?<!\.\.\.)(?<![,;])h)*+)?"
)
_BRACKET = re.compile(r"[()\[\]{}]")
_OPENERS = {")": "(", "]": "[", "}": "{"}
_FOOTNOTE = re.compile(r"\[[0-9]{1,3}\]$")
_TRAILING = ".,;:!?'\"*_~([{"
_HAS_PATH = re.compile(r"[^/]*//[^/?#]*[/?#]")
_PLAIN_ADDRESS = re.compile(r"[!#-;=?-~]*")


class TextUrl(NamedTuple):
    """An address in a text up to `end`; `cut` says that the writer's text ends in `...` for what was left out of it."""

    href: str
    end: int
    cut: bool


def find_url(text: str, start: int) -> TextUrl | None:
    """Return the web address that begins at `start` of the text, or None."""
    match = _ADDRESS.match(text, start)
    if match is None or (start and text[start - 1].isascii() and text[start - 1].isalnum()):
        return None
    end = _without_foreign_bracket(text, start, match.end())
    end = start + len(_FOOTNOTE.sub("", text[start:end]))
    stem = start + len(text[start:end].rstrip(_TRAILING))  # the punctuation after it is the sentence's
    cut = _cut(text, start, stem, end)
    href = safe_href(text[start : cut[0] if cut else stem])
    return None if href is None else TextUrl(href, cut[1] if cut else stem, bool(cut))


def strip_cut(address: str) -> tuple[str, bool]:
    """Return an address without the `...` that shows that it was cut, and whether it was."""
    for mark in ("...", "…"):
        if address.endswith(mark) and _HAS_PATH.match(address):
            return address.removesuffix(mark), True
    return address, False


def safe_href(address: str) -> str | None:
    """Return an address as a link may carry it, in ASCII, or None where it may not be a link.

    Only http, https and mailto, and addresses without a scheme. Broken `%` escapes are left as they are.
    """
    head = re.split(r"[/?#\\]", address, maxsplit=1)[0]
    if ":" in unquote(head) and not re.match(r"(?i)(?:https?://(?=[^\s/])|mailto:[^\s:])", address):
        return None  # whatever it says: a scheme of another kind, or one in disguise
    if not _PLAIN_ADDRESS.fullmatch(address):
        address = quote(address, safe="!#$%&'()*+,/:;=?@[]~|^{}\\", errors="replace")
    try:
        urlsplit(address)
    except ValueError:  # half an IPv6 address
        return None
    return address or None


def _without_foreign_bracket(text: str, start: int, end: int) -> int:
    """Return the position of the first closing bracket that was not opened in the address, else its end."""
    opened: list[str] = []
    for match in _BRACKET.finditer(text, start, end):
        opener = _OPENERS.get(match[0])
        if opener is None:
            opened.append(match[0])
        elif not opened or opened.pop() != opener:
            return match.start()
    return end


def _cut(text: str, start: int, stem: int, end: int) -> tuple[int, int] | None:
    """Return where the `...` that stands for the rest of a cut address begins and ends. A host alone is never cut."""
    dots = text.find("...", stem, end)
    begin, after = (dots, dots + 3) if dots >= 0 else (end, end + 1)
    if dots < 0 and not text.startswith("…", end):
        return None
    return (begin, after) if _HAS_PATH.match(text, start, begin) else None
