"""The last gate before HTML reaches a page: what comments and posts may hold, in one place.

`clean_comment` and `clean_post` are the only ways out. Authors' raw HTML that is not allowed is not dropped but shown:
`escape_unknown_html` turns such tags into visible text before the gate would remove them.
"""

from __future__ import annotations

import html
import re
from collections import Counter

import nh3

from matome_app.content.urls_in_text import SCHEMES, safe_href

LINK_REL = "nofollow noopener noreferrer"

COMMENT_TAGS = frozenset({"a", "br", "code", "em", "strong", "p", "span", "blockquote", "wbr", "q", "mark"})
COMMENT_ATTRIBUTES = {"a": frozenset({"href", "title"})}
# Only the classes that this package's own renderers write.
COMMENT_CLASSES = {"a": frozenset({"cut-url"}), "span": frozenset({"quote-mark"})}

POST_TAGS = COMMENT_TAGS | {
    *("h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "figure", "figcaption", "img"),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("del", "sup", "sub", "kbd", "abbr", "ruby", "rt", "rp", "b", "i", "u", "s", "small"),
}
POST_ATTRIBUTES = COMMENT_ATTRIBUTES | {
    "img": frozenset({"src", "alt", "title", "width", "height", "loading"}),
    "ol": frozenset({"start", "reversed"}),
    "th": frozenset({"colspan", "rowspan", "align", "scope"}),
    "td": frozenset({"colspan", "rowspan", "align"}),
    "abbr": frozenset({"title"}),
    "*": frozenset({"lang", "dir"}),
}
_LANGUAGE_CLASS = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")

_VOID_TAGS = frozenset({"br", "hr", "img", "wbr"})
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot"})
# A parser drops these outside their places, so there they are text.
_PARENTS = {
    **dict.fromkeys(("td", "th"), frozenset({"tr"})),
    "tr": _TABLE_PARTS,
    **dict.fromkeys(("caption", "thead", "tbody", "tfoot"), frozenset({"table"})),
}
_CLOSED_BY_NEXT = {"td": "td th", "th": "td th", "tr": "tr", "thead": "thead", "tbody": "tbody", "caption": "caption"}
_MAX_DEPTH = 100

# Values hold no `<`, so that a search never runs past the next tag and the time stays linear.
_ANGLE = re.compile(
    r"<(?:(?P<closing>/)?(?P<name>[a-zA-Z][a-zA-Z0-9]*)"
    r"(?P<attributes>(?:\s+[a-zA-Z][a-zA-Z0-9-]*+(?:\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'|[^\s\"'=<>`]+))?)*+)\s*/?>)?"
)
_ATTRIBUTE = re.compile(r"([a-zA-Z][a-zA-Z0-9-]*+)(?:\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)'|([^\s\"'=<>`]+)))?")
_SUMMARY_DIVIDER = re.compile(r"<!--\s*more\s*-->")


def clean_comment(text: str) -> str:
    """Return a rendered comment with nothing left but what a comment may hold."""
    return _COMMENT_CLEANER.clean(text)


def clean_post(text: str) -> str:
    """Return a rendered piece of a post with nothing left but what a post may hold; other tags become text."""
    return _POST_CLEANER.clean(escape_unknown_html(text)).replace("\r", "\n")


def escape_unknown_html(text: str) -> str:
    """Return HTML in which every tag the gate would not keep whole is visible text.

    Comments, scripts, unclosed tags, attributes that are not allowed and closing tags without an opening one are shown
    as they were typed. A picture of another host becomes a link with its alt text and address: a page makes no request
    to another host. Hugo's `<!--more-->` alone says nothing to a reader and goes.
    """
    if "<" not in text:
        return text
    opened = _OpenTags()
    return _ANGLE.sub(lambda match: _kept_tag(match, opened) or "&lt;" + match[0][1:], _SUMMARY_DIVIDER.sub("", text))


class _OpenTags:
    """The tags opened so far, as a stack with a count of each name."""

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.count: Counter[str] = Counter()

    def may_open(self, tag: str) -> bool:
        """Say whether a parser would keep this tag here."""
        if len(self.stack) >= _MAX_DEPTH or (tag == "a" and self.count["a"]):
            return False
        parents = _PARENTS.get(tag)
        if parents is None:
            return True
        while self.stack and tag in _CLOSED_BY_NEXT.get(self.stack[-1], "").split():
            self._pop()
        return bool(self.stack) and self.stack[-1] in parents

    def open(self, tag: str) -> None:
        if tag not in _VOID_TAGS:
            self.stack.append(tag)
            self.count[tag] += 1

    def close(self, tag: str) -> bool:
        """Close a tag and what is open inside it; False when it was never opened."""
        if not self.count[tag]:
            return False
        while self._pop() != tag:
            pass
        return True

    def _pop(self) -> str:
        tag = self.stack.pop()
        self.count[tag] -= 1
        return tag


def _kept_tag(match: re.Match[str], opened: _OpenTags) -> str | None:
    """Return what stands for a tag in the page, or None where it is only text."""
    tag = (match["name"] or "").lower()
    if tag not in POST_TAGS:
        return None
    if match["closing"]:
        return match[0] if not match["attributes"] and opened.close(tag) else None
    attributes = _attributes(match["attributes"])
    if tag == "img":
        return _picture(match[0], attributes, opened)
    if tag == "a" and not attributes.get("href"):
        return None
    if not opened.may_open(tag) or not all(_allowed(tag, name, value) for name, value in attributes.items()):
        return None
    opened.open(tag)
    return match[0]


def _attributes(text: str) -> dict[str, str]:
    """Return attributes as a parser reads them: names in lower case, entities decoded, the first of a name counts."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape("".join(values)))
    return found


def _picture(tag: str, attributes: dict[str, str], opened: _OpenTags) -> str | None:
    """Return a picture of this site as it is, one of another host as a link that shows its alt text and address."""
    source = attributes.get("src", "")
    if not all(_allowed("img", name, value) for name, value in attributes.items() if name != "src"):
        return None
    if _is_local(source):
        return tag
    href = safe_href(source.strip())
    if href is None:
        return None
    alt, address = html.escape(attributes.get("alt", "")), html.escape(source)
    label = f"{alt} ({address})" if alt else address
    return label if opened.count["a"] else f'<a href="{html.escape(href)}">{label}</a>'


def _allowed(tag: str, name: str, value: str) -> bool:
    """Say whether the gate keeps this attribute with this value."""
    if name == "class":
        return bool(value.split()) and all(_allowed_class(tag, each) for each in value.split())
    if tag == "a" and name == "rel":
        return value == LINK_REL  # what the gate itself wrote
    if name not in POST_ATTRIBUTES.get(tag, frozenset()) | POST_ATTRIBUTES["*"]:
        return False
    return name != "href" or safe_href(value) is not None


def _allowed_class(tag: str, name: str) -> bool:
    return name in COMMENT_CLASSES.get(tag, frozenset()) or (tag == "code" and bool(_LANGUAGE_CLASS.fullmatch(name)))


def _is_local(source: str) -> bool:
    """Say whether a picture's address stays on this site whatever a browser makes of slashes and spaces."""
    head = re.sub(r"[\x00-\x20]", "", source)
    return bool(head) and not re.match(r"[/\\]{2}", head) and ":" not in re.split(r"[/?#\\]", head, maxsplit=1)[0]


def _filter_post_attribute(tag: str, name: str, value: str) -> str | None:
    """Decide on the attributes whose values matter: classes of our own only, pictures of this site only."""
    if name == "class":
        return " ".join(each for each in value.split() if _allowed_class(tag, each)) or None
    if tag == "img" and name == "src" and not _is_local(value):
        return None
    return value


_COMMENT_CLEANER = nh3.Cleaner(
    tags=set(COMMENT_TAGS),
    clean_content_tags=set(),
    attributes={tag: set(names) for tag, names in COMMENT_ATTRIBUTES.items()},
    allowed_classes={tag: set(names) for tag, names in COMMENT_CLASSES.items()},
    url_schemes=set(SCHEMES),
    link_rel=LINK_REL,
)
_POST_CLEANER = nh3.Cleaner(
    tags=set(POST_TAGS),
    clean_content_tags=set(),
    attributes={
        tag: set(POST_ATTRIBUTES.get(tag, ())) | ({"class"} if tag in {*COMMENT_CLASSES, "code"} else set())
        for tag in {*POST_ATTRIBUTES, *COMMENT_CLASSES, "code"}
    },
    attribute_filter=_filter_post_attribute,
    url_schemes=set(SCHEMES),
    link_rel=LINK_REL,
)
