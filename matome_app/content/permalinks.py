"""Turn file names and terms into Hugo's addresses, and give comments ids that stay."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

_PATH_MARKS = frozenset("./\\_#+~-@")
_HEX = frozenset("0123456789abcdefABCDEF")
_SAFE_IN_URL = "/+~@!$&'(),;=:"


def sanitize_path(text: str) -> str:
    """Return text as Hugo writes it into paths: white space becomes a hyphen, most signs go.

    Letters, digits, marks and `._#+~-@/\\` stay: the rule of Hugo 0.147 (`paths.Sanitize`), lower-cased.
    """
    out: list[str] = []
    hyphen_due = after_hyphen = False
    for i, c in enumerate(text):
        if _stays_in_path(text, i, c):
            after_hyphen = c == "-"
            if hyphen_due and not after_hyphen:
                out.append("-")
            hyphen_due = False
            out.append(c)
        elif out and not after_hyphen and c.isspace():
            hyphen_due = True
    return "".join(out).lower()


def _stays_in_path(text: str, i: int, c: str) -> bool:
    if c in _PATH_MARKS or c.isalpha() or unicodedata.category(c)[0] == "M" or unicodedata.category(c) == "Nd":
        return True
    return c == "%" and len(text) > i + 2 and text[i + 1] in _HEX and text[i + 2] in _HEX


def term_slug(term: str) -> str:
    """Return the path of a taxonomy term below `/tags/` or `/months/`, not yet percent-encoded; never empty."""
    segments = [s for s in sanitize_path(term).split("/") if s not in ("", ".", "..")]
    if segments:
        return "/".join(segments)
    # Nothing Hugo would keep (a tag of signs only): its code points, so that the page has an address at all.
    return "-".join(f"u{ord(c):04x}" for c in term.strip()) or "u0000"


def url_path(*parts: str) -> str:
    """Join decoded path parts into a URL path with slashes at both ends, percent-encoded."""
    joined = "/".join(p.strip("/") for p in parts if p.strip("/"))
    return f"/{quote(joined, safe=_SAFE_IN_URL)}/" if joined else "/"


def post_path(relative: str, slug: str = "") -> str:
    """Return a post's path from its file below `content/`: `posts/a/b/index.md` and `posts/a/b.md` are `posts/a/b`."""
    stem = relative.rsplit(".", 1)[0]
    stem = stem.removesuffix("/index")
    if slug.strip().strip("/"):
        stem = "/".join([*stem.split("/")[:-1], slug.strip().strip("/")])
    segments = [s for s in sanitize_path(stem).split("/") if s not in ("", ".", "..")]
    return "/".join(segments)


def comment_ids(post: str, comments: Iterable[tuple[str, datetime | None, str]]) -> list[str]:
    """Return an id for each (user, time, body) of a post: 12 characters of who and when, 4 of what was said.

    An id depends on its own comment alone, so edits elsewhere never change it; when the body itself is edited, the
    first 12 characters still find the comment. Only the exact repetition of a comment is told apart by its order.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    ids = []
    for user, moment, body in comments:
        when = moment.astimezone(UTC).isoformat() if moment else ""
        key = (user, when, body)
        bits = (_digest(60, post, user, when) << 20) | _digest(20, body, str(seen[key] or ""))
        ids.append(base64.b32encode(bits.to_bytes(10, "big")).decode("ascii").lower())
        seen[key] += 1
    return ids


def _digest(bits: int, *parts: str) -> int:
    """Return the first bits of a hash of texts."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - bits)
