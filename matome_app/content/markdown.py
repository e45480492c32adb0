"""Turn a post's Markdown into safe HTML with Python-Markdown, and cut it into segments where shortcodes stood.

Shortcodes arrive as placeholders: words without meaning to Markdown, which the extension below carries through. Unlike
Hugo, nothing an author typed disappears: raw HTML is shown as text, and a link to an unsafe address as it was typed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from markdown import Markdown
from markdown.blockprocessors import ReferenceProcessor
from markdown.extensions import Extension
from markdown.extensions.tables import TableExtension
from markdown.inlinepatterns import InlineProcessor, SimpleTagInlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from matome_app.content.inline import CUT_TITLE
from matome_app.content.models import Segment
from matome_app.content.sanitize import clean_post
from matome_app.content.urls_in_text import find_url, safe_href

ImageResolver = Callable[[str], str | None]
"""Takes the address of an image as written; returns the site-relative address it is served at, or None."""

_INLINE_TAGS = "kbd|sub|sup|mark|ruby|rt|rp|b|i|u|s|small"


class _BareURLs(InlineProcessor):
    """Link addresses that stand in the text, by the same rules as in comments."""

    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[etree.Element | None, int | None, int | None]:  # type: ignore[override]
        found = find_url(data, m.start())
        if found is None:
            return None, None, None
        link = etree.Element(
            "a", {"href": found.href} | ({"class": "cut-url", "title": CUT_TITLE} if found.cut else {})
        )
        link.text = AtomicString(data[m.start() : found.end])
        return link, m.start(), found.end


class _InlineTags(InlineProcessor):
    """Let a few harmless elements without attributes be HTML; all other tags stay text."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[etree.Element, int, int]:  # type: ignore[override]
        if m["name"] is None:
            return etree.Element("br"), m.start(), m.end()
        element = etree.Element(m["name"].lower())
        element.text = m["inner"]
        return element, m.start(), m.end()


class _UsedReferences(ReferenceProcessor):
    """Take `[name]: address` out of the text only where the name is used; a lone one stays visible."""

    def run(self, parent: etree.Element, blocks: list[str]) -> bool:
        found = self.RE.search(blocks[0])
        whole = "\n".join(self.parser.md.lines).lower()  # type: ignore[attr-defined]
        if found is None or whole.count(f"[{found.group(1).strip().lower()}]") < 2:
            return False
        return bool(super().run(parent, blocks))


class _SafeAddresses(Treeprocessor):
    """Show links and images that may not be: unsafe links as typed, images of other hosts as links."""

    def __init__(self, md: Markdown, images: ImageResolver) -> None:
        super().__init__(md)
        self.images = images

    def run(self, root: etree.Element) -> None:
        for element in root.iter():
            if element.tag == "a" and safe_href(element.get("href", "")) is None:
                address, title = element.attrib.pop("href", ""), element.attrib.pop("title", "")
                element.tag = "span"
                element.text = "[" + (element.text or "")
                tail = etree.SubElement(element, "span")
                tail.text = f"]({address}{f' {title}' if title else ''})"
            elif element.tag == "img":
                self._check_image(element)

    def _check_image(self, element: etree.Element) -> None:
        source, alt, title = (element.get(name, "") for name in ("src", "alt", "title"))
        served = self.images(source)
        if served is not None:
            element.set("src", served)
            element.set("loading", "lazy")
            return
        element.clear()
        if source and safe_href(source) is not None:
            element.tag, element.attrib["href"] = "a", source
            element.text = " ".join(part for part in (alt, title, source) if part)
        else:
            element.tag, element.text = "span", f"![{alt}]({source}{f' {title}' if title else ''})"


class MatomeExtension(Extension):
    """Python-Markdown as this site reads it: no raw HTML, bare addresses linked, nothing unsafe and nothing lost."""

    def __init__(self, images: ImageResolver, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.images = images

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.parser.blockprocessors.register(_UsedReferences(md.parser), "reference", 15)
        md.inlinePatterns.register(_BareURLs(r"https?://", md), "bare_url", 118)
        tags = rf"<(?:(?P<name>{_INLINE_TAGS})>(?P<inner>[^<>]*)</(?P=name)|[bB][rR]\s*/?)>"
        md.inlinePatterns.register(_InlineTags(tags, md), "inline_tags", 90)
        md.inlinePatterns.register(SimpleTagInlineProcessor(r"(~~)(?=\S)(.+?)(?<=\S)~~", "del"), "del", 55)
        md.treeprocessors.register(_SafeAddresses(md, self.images), "safe_addresses", 15)


def to_html(source: str, images: ImageResolver) -> str:
    """Return Markdown as safe HTML; text that makes Python-Markdown give up is shown as typed."""
    md = Markdown(
        extensions=[MatomeExtension(images), TableExtension(use_align_attribute=True), "fenced_code", "sane_lists"],
        output_format="html",
    )
    try:
        html = md.convert(source)
    except (RecursionError, AssertionError, ValueError, IndexError):
        html = "".join(f"<p>{escape(block)}</p>" for block in re.split(r"\n\s*\n", source) if block.strip())
    return clean_post(html)


# --- segments -----------------------------------------------------------------------------------------------------

_TAG = re.compile(r"""<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^\s=>"]+(?:="[^"]*")?)*)\s*/?>""")
_VOID = frozenset({"br", "hr", "img", "wbr", "col"})
_NO_CONTENT = re.compile(
    r"<(p|li|ul|ol|em|strong|code|pre|blockquote|h[1-6]|span|a|del|td|th|tr|table|tbody|thead)(?:\s[^<>]*)?>\s*</\1>"
)


def cut_at_placeholders(html: str, references: Mapping[str, Sequence[Segment]]) -> tuple[Segment, ...]:
    """Cut safe HTML where placeholders stand, closing what is open before the cut and opening it again behind it.

    A comment in the middle of a paragraph or list item thus becomes a segment of its own. References whose placeholder
    is not in the text (it landed in an attribute, say) come at the end, so that none is lost.
    """
    if not references:
        return (("html", html),) if html.strip() else ()
    pattern = re.compile("|".join(map(re.escape, references)))
    segments: list[Segment] = []
    missing = dict(references)
    current = ""
    open_tags: list[tuple[str, str]] = []
    for tag, text in _pieces(html):
        if tag:
            current += pattern.sub("", tag.group())
            _note_tag(open_tags, tag)
            continue
        at = 0
        for found in pattern.finditer(text):
            current += text[at : found.start()] + "".join(f"</{name}>" for name, _ in reversed(open_tags))
            segments += _html_segment(current)
            segments += missing.pop(found.group(), ())
            current, at = "".join(opening for _, opening in open_tags), found.end()
        current += text[at:]
    segments += _html_segment(current)
    return (*segments, *(segment for several in missing.values() for segment in several))


def _pieces(html: str) -> Iterator[tuple[re.Match[str] | None, str]]:
    at = 0
    for tag in _TAG.finditer(html):
        if tag.start() > at:
            yield None, html[at : tag.start()]
        yield tag, ""
        at = tag.end()
    if at < len(html):
        yield None, html[at:]


def _note_tag(open_tags: list[tuple[str, str]], tag: re.Match[str]) -> None:
    name = tag[2].lower()
    if name in _VOID:
        return
    if not tag[1]:
        open_tags.append((name, tag.group()))
    elif open_tags and open_tags[-1][0] == name:
        open_tags.pop()


def _html_segment(html: str) -> list[Segment]:
    """Return the piece as a segment, unless nothing but empty elements is left of it."""
    before = None
    while before != html:
        before, html = html, _NO_CONTENT.sub("", html)
    return [("html", html.strip())] if html.strip() else []
