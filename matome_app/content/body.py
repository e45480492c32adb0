"""Read a post's body: walk the shortcode tree into comments, folds and HTML in reading order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import escape
from typing import Protocol

from matome_app.content.front_matter import moment_value
from matome_app.content.inline import plain_text, render_comment
from matome_app.content.markdown import cut_at_placeholders, to_html
from matome_app.content.models import Comment, Details, Segment
from matome_app.content.permalinks import comment_ids
from matome_app.content.sanitize import clean_post
from matome_app.content.shortcodes import Node, Shortcode, Text
from matome_app.errors import Fault

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_LINE_BREAKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")  # a name is one line, and no URL path holds them
_DEFAULT_LIST_LIMIT = 3
_DEEPEST = 20


class Links(Protocol):
    """What the body needs to know of the rest of the site."""

    def page(self, target: str) -> str | None:
        """Return the URL of the page that `ref` names, or None."""

    def is_unpublished(self, target: str) -> bool:
        """Tell whether `ref` names a post that is there and not published, whose name readers must not learn."""

    def image(self, source: str) -> str | None:
        """Return the site-relative address of an image as written, or None when it is not the site's own."""

    def has_image(self, source: str) -> bool:
        """Tell whether the image exists; True for what lies outside the bundle."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a post, as `models.Post` holds it, and what was wrong in it."""

    segments: tuple[Segment, ...]
    details: tuple[Details, ...]
    comments: tuple[Comment, ...]
    faults: tuple[Fault, ...]


def read_body(nodes: Sequence[Node], *, source: str, post: str, file: str, links: Links) -> Body:
    """Build the body of the post at `post` from the shortcode tree of its Markdown `source`; faults name `file`."""
    reader = _Reader(post, file, links, _unused_word(source))
    segments = reader.read(nodes, details=0)
    ids = comment_ids(post, ((c.user, c.created_at, c.body) for c in reader.comments))
    comments = tuple(replace(comment, id=id_) for comment, id_ in zip(reader.comments, ids, strict=True))
    return Body(segments, tuple(reader.details[n] for n in sorted(reader.details)), comments, tuple(reader.faults))


def _unused_word(source: str) -> str:
    """Return a word that does not occur in the source: placeholders begin with it and can be mistaken for nothing."""
    n = 0
    while f"zqshortcode{n}x" in source:
        n += 1
    return f"zqshortcode{n}x"


@dataclass(slots=True)
class _Reader:
    """Collects comments, folds and faults while it walks the tree; numbers count in the order of the source."""

    post: str
    file: str
    links: Links
    word: str
    comments: list[Comment] = field(default_factory=list)
    details: dict[int, Details] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    opened: int = 0
    placed: int = 0
    depth: int = 0

    def read(self, nodes: Sequence[Node], details: int) -> tuple[Segment, ...]:
        """Return the segments that nodes make, with Markdown run over the text between shortcodes.

        Shortcodes with nothing but white space between them share one placeholder: in a real post that leaves almost
        nothing for Markdown to do.
        """
        source: list[str] = []
        references: dict[str, list[Segment]] = {}
        run: list[Segment] | None = None
        for node in nodes:
            text, segments = (node.value, ()) if isinstance(node, Text) else self._shortcode(node, details)
            if text:
                source.append(text)
                run = run if text.isspace() else None
            if not segments:
                continue
            if run is None:
                self.placed += 1
                placeholder = f"{self.word}{self.placed}q"
                run = references[placeholder] = []
                source.append(placeholder)
            run.extend(segments)
        markdown = "".join(source)
        if len(references) == 1 and markdown.strip() in references:
            return tuple(references[markdown.strip()])
        return cut_at_placeholders(to_html(markdown, self.links.image), references)

    def _shortcode(self, node: Shortcode, details: int) -> tuple[str, tuple[Segment, ...]]:
        """Return the Markdown and the segments that stand in the shortcode's place."""
        if node.name in ("matomeQuote", "matomeSummary"):
            return "", (self._comment(node, details),)
        if node.name == "details":
            return "", (self._details(node, details),)
        if node.name in ("ref", "relref"):
            return self._ref(node), ()
        if node.name == "figure":
            return "", self._figure(node)
        if node.name == "list":
            limit = node.get("limit")
            return "", (
                ("list", int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 3 else _DEFAULT_LIST_LIMIT),
            )
        return "", (
            ("note", node.source if not node.inner else node.source.partition("}}")[0] + "}}"),
            *self.read(node.inner, details),
        )

    def _comment(self, node: Shortcode, details: int) -> Segment:
        summary = node.name == "matomeSummary"
        body = node.get("body")
        shown = body.replace("\\n", "<br>") if summary else body
        color = node.get("color").strip()
        if color and not _COLOR.fullmatch(color):
            self._report(
                node,
                "color",
                f"color is {color[:60]!r}; write a colour such as #ff5c5c, or nothing",
                severity_warning=True,
            )
            color = ""
        self.comments.append(
            Comment(
                id="",
                ordinal=len(self.comments) + 1,
                details=details,
                user=_LINE_BREAKS.sub(" ", node.get("userName")).strip(),
                created_at=self._moment(node, node.get("createdAt")),
                color=color,
                body=body,
                text=plain_text(shown),
                html=render_comment(shown),
                kind="summary" if summary else "quote",
            )
        )
        return "comment", len(self.comments)

    def _moment(self, node: Shortcode, value: str) -> datetime | None:
        try:
            moment = moment_value(value.strip())
        except ValueError as wrong:
            self._report(node, "createdAt", f"createdAt is {value[:60]!r}; {wrong}")
            return None
        return moment.astimezone(UTC) if moment else None

    def _details(self, node: Shortcode, parent: int) -> Segment:
        self.opened += 1
        n = self.opened
        if self.depth >= _DEEPEST:
            self._report(
                node, "", f"folds are nested more than {_DEEPEST} deep; take some out", code="shortcode-syntax"
            )
            return "note", node.source
        self.depth += 1
        summary = node.get("summary") or node.get("title") or node.get(0) or "…"
        self.details[n] = Details(n, summary, parent, self.read(node.inner, n))
        self.depth -= 1
        return "details", n

    def _ref(self, node: Shortcode) -> str:
        target = node.get("path") or node.get(0)
        url = self.links.page(target) if target else None
        if url is None:
            self._report(
                node,
                "path",
                f"{node.name} names {target!r}, and no such page is published; name a file below content/",
                code="link",
            )
            if target and self.links.is_unpublished(target):
                return "#"
            return target if re.fullmatch(r"[\w./#-]+", target) else ""
        return url

    def _figure(self, node: Shortcode) -> tuple[Segment, ...]:
        source = node.get("src") or node.get(0)
        alt, caption = node.get("alt"), " ".join(v for v in (node.get("title"), node.get("caption")) if v)
        served = self.links.image(source)
        if served is not None and not self.links.has_image(source):
            self._report(node, "src", f"the image {source!r} does not exist; put it beside index.md", code="link")
        image = (
            f'<img src="{escape(served)}" alt="{escape(alt)}" loading="lazy">'
            if served
            else escape(f"{alt} {source}".strip())
        )
        html = clean_post(f"<figure>{image}{f'<figcaption>{escape(caption)}</figcaption>' if caption else ''}</figure>")
        return (("html", html),)

    def _report(
        self,
        node: Shortcode,
        parameter: str,
        message: str,
        *,
        code: str = "shortcode-parameter",
        severity_warning: bool = False,
    ) -> None:
        place = node.parameter(parameter) or node.parameter(0) or node
        line, column = place.line, place.column
        blocks = code != "link" and not severity_warning
        self.faults.append(
            Fault(self.file, line, column, code, message, "warning" if severity_warning else "error", blocks)
        )
