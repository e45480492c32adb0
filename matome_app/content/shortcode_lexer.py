"""Read one shortcode tag, character by character, with the grammar of Hugo's own lexer (that of Hugo 0.147).

The lexer knows a tag's delimiter, name, slash and parameters and nothing of nesting; `shortcodes` joins tags into a
tree. Every method moves forward only, and what a failed tag has looked at is never looked at again: time is linear in
the length of the text whatever the text is.
"""

from __future__ import annotations

import re
from typing import Literal

from matome_app.content.shortcode_tags import BrokenTag, Comment, RawParameter, Tag, excerpt

_OPENING = re.compile(r"\{\{[<%]")
_SPACES = re.compile(r"[ \t\r\n]*+")
# What Go's unicode.IsSpace accepts (Python's \s differs). It ends an unquoted value; between parameters only the
# four ASCII ones above may stand.
GO_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_GO_SPACES = re.compile(f"[{GO_SPACE}]*+")
_UNQUOTED = re.compile(f"[^{GO_SPACE}]*+")
_WORD = re.compile(r"[\w.-]*+")
_NAME = re.compile(r"[\w/-]*+")
# The common case in one step: name="value" without a backslash in it.
_PLAIN_PARAMETER = re.compile(r'[ \t\r\n]*+([a-zA-Z0-9_-][a-zA-Z0-9_.-]*+)="([^"\\\n]*+)"')
# A quotation mark is escaped when a backslash stands before it, were it the second of two; \` is not allowed at all.
_QUOTED = re.compile(r'(?:[^"\\\n]++|\\"|\\(?!["`]))*+')
_ESCAPED = re.compile(r'(?:[^"\\\n]++|\\(?!["`]))*+')


def _letters(source: str, pattern: re.Pattern[str], at: int, also: str) -> str:
    """Return the run of letters, decimal digits, "_" and the characters of `also` at an offset.

    Python's \\w also takes characters such as ² and Ⅷ, which are neither letters nor decimal digits to Hugo.
    """
    run = _match(pattern, source, at).group()
    if run.isascii():
        return run
    for index, character in enumerate(run):
        if not (character.isalpha() or character.isdecimal() or character in also):
            return run[:index]
    return run


def _match(pattern: re.Pattern[str], source: str, at: int) -> re.Match[str]:
    """Match a pattern that can match nothing at all, and so always matches."""
    match = pattern.match(source, at)
    assert match is not None
    return match


class Lexer:
    """Read tags out of one text."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._absent: dict[str, int] = {}

    def find_opening(self, at: int) -> int:
        """Return the offset of the next `{{<` or `{{%`, or -1."""
        match = _OPENING.search(self.source, at)
        return match.start() if match else -1

    def read(self, start: int) -> Tag | Comment:
        """Read the tag or comment that begins at `start`; raise BrokenTag when it cannot be read."""
        tag = Tag(start, "<" if self.source[start + 2] == "<" else "%")
        if self.source.startswith("/*", start + 3):
            return self._read_comment(tag)
        try:
            self._read_tag(tag)
        except BrokenTag as broken:
            raise self._explained(broken) from None
        return tag

    def _find(self, needle: str, at: int) -> int:
        """Find a string, remembering from where on there is none: many failures must not each read to the end."""
        if at >= self._absent.get(needle, len(self.source) + 1):
            return -1
        found = self.source.find(needle, at)
        if found < 0:
            self._absent[needle] = at
        return found

    def _read_comment(self, tag: Tag) -> Comment:
        begin, right = tag.start + 3, tag.right
        end = self._find("*/" + right, begin)
        if end < begin + 2:
            raise BrokenTag(tag, tag.start, f"this comment is never closed: end it with */{right}", unclosed=True)
        return Comment("{{" + tag.delimiter + self.source[begin + 2 : end] + right, end + 2 + len(right))

    def _read_tag(self, tag: Tag) -> None:
        source, right = self.source, tag.right
        at = tag.start + 3
        while True:
            if tag.name and tag.kind != "positional" and not (tag.closing or tag.self_closing):
                at = self._read_plain_parameters(tag, at)
            at = _match(_SPACES, source, at).end()
            if source.startswith(right, at):
                break
            at = self._read_item(tag, at)
        tag.end = at + len(right)
        self._check_whole(tag)

    def _read_plain_parameters(self, tag: Tag, at: int) -> int:
        while match := _PLAIN_PARAMETER.match(self.source, at):
            tag.parameters.append(RawParameter(match[1], match[2], True, match.start(2)))
            tag.kind, tag.value_may_follow = "named", False
            at = match.end()
        return at

    def _read_item(self, tag: Tag, at: int) -> int:
        """Read one piece of a tag and return the offset after it."""
        character = self.source[at : at + 1]
        if not character:
            message = f"this shortcode is never closed: end it with {tag.right}"
            raise BrokenTag(tag, tag.start, message, resume=at, unclosed=True)
        if tag.closing and tag.name:
            extra = excerpt(self.source[at : at + 41])
            message = f'"{extra}" is too much in a closing shortcode: only its name may stand here'
            raise BrokenTag(tag, at, message)
        if character == "/":
            return self._read_slash(tag, at)
        if not tag.name or tag.self_closing:
            return self._read_name(tag, at)
        if character == "\\":
            return self._read_backslash(tag, at)
        if character == "=":
            return self._read_value(tag, at + 1)
        if character in '"`':
            return self._read_positional(tag, at)
        return self._read_word(tag, at)

    def _read_slash(self, tag: Tag, at: int) -> int:
        if tag.name:
            tag.self_closing = True
        else:
            tag.closing = True
        return at + 1

    def _read_name(self, tag: Tag, at: int) -> int:
        first = self.source[at]
        if not (first == "_" or first.isalpha() or first.isdecimal()):
            raise self._unexpected(tag, at)
        name = _letters(self.source, _NAME, at, "_-/")
        end = at + len(name)
        if tag.self_closing:
            if name != tag.name:
                message = f'"{excerpt(name)}" after "/" closes nothing: quote a value that holds "/", or remove it'
                raise BrokenTag(tag, at, message)
            return end
        tag.name, tag.name_at = name, at
        if self.source.startswith(".", end):
            if not self.source.startswith(".inline ", end):
                message = f'a period cannot stand in the name "{excerpt(name)}.": only ".inline" and a space may follow'
                raise BrokenTag(tag, at, message, resume=end)
            tag.name, tag.inline, end = f"{name}.inline", True, end + len(".inline")
        return end

    def _read_backslash(self, tag: Tag, at: int) -> int:
        following = self.source[at + 1 : at + 2]
        if following == "`":
            raise BrokenTag(tag, at + 1, "a backslash cannot stand before a backtick: remove the backslash")
        if following == '"':
            self._settle_kind(tag, at, '\\"', "positional")
            value, begin, end = self._read_escaped(tag, at + 1)
            return self._add_positional(tag, RawParameter(None, value, True, begin), end)
        return at + 1  # Hugo passes over a lone backslash

    def _read_positional(self, tag: Tag, at: int) -> int:
        self._settle_kind(tag, at, self.source[at], "positional")
        reader = self._read_quoted if self.source[at] == '"' else self._read_raw
        value, begin, end = reader(tag, at)
        return self._add_positional(tag, RawParameter(None, value, True, begin), end)

    def _read_word(self, tag: Tag, at: int) -> int:
        """Read an unquoted positional value, or the name of a named one (its value is the next piece)."""
        if self.source[at] == ".":
            raise self._unexpected(tag, at)
        word = _letters(self.source, _WORD, at, "_-.")
        if not word:
            raise self._unexpected(tag, at)
        end = at + len(word)
        self._settle_kind(tag, at, word, "named" if self.source.startswith("=", end) else "positional")
        return self._add_positional(tag, RawParameter(None, word, False, at), end)

    def _add_positional(self, tag: Tag, parameter: RawParameter, end: int) -> int:
        tag.parameters.append(parameter)
        tag.value_may_follow = True
        return end

    def _read_value(self, tag: Tag, at: int) -> int:
        at = _match(_GO_SPACES, self.source, at).end()
        first = self.source[at : at + 1]
        if first == "\\" and not self.source.startswith('\\"', at):
            raise BrokenTag(tag, at, 'a backslash can begin a value only as \\": put the value in quotation marks')
        if first == "\\":
            value, begin, end = self._read_escaped(tag, at + 1)
        elif first == '"':
            value, begin, end = self._read_quoted(tag, at)
        elif first == "`":
            value, begin, end = self._read_raw(tag, at)
        else:
            value, begin, end = self._read_unquoted(tag, at)
        self._add_value(tag, RawParameter(None, value, bool(first) and first in '"\\`', begin))
        return end

    def _add_value(self, tag: Tag, value: RawParameter) -> None:
        """Give a value to the word before it; Hugo passes over a value that has none."""
        if tag.value_may_follow:
            tag.parameters[-1] = value._replace(name=tag.parameters[-1].value)
        else:
            tag.stray_values.append(value)
        tag.value_may_follow = False

    def _read_quoted(self, tag: Tag, at: int) -> tuple[str, int, int]:
        """Read "…" and return (value, offset of its text, offset after it).

        One escaped quotation mark makes Hugo drop every backslash of the value, otherwise all of them stay.
        """
        text = _match(_QUOTED, self.source, at + 1).group()
        end = self._end_of_quotation(tag, at + 1, at + 1 + len(text))
        return (text.replace("\\", "") if '\\"' in text else text), at + 1, end + 1

    def _read_escaped(self, tag: Tag, at: int) -> tuple[str, int, int]:
        """Read \\"…\\" (`at` is the first quotation mark); the value ends at a quotation mark, escaped or not."""
        text = _match(_ESCAPED, self.source, at + 1).group()
        begin = at + 1
        end = begin + len(text)
        if self.source.startswith('\\"', end):
            return text, begin, end + 2
        return text, begin, self._end_of_quotation(tag, begin, end) + 1

    def _end_of_quotation(self, tag: Tag, begin: int, end: int) -> int:
        if self.source.startswith('"', end):
            return end
        if self.source.startswith("\\`", end):
            raise BrokenTag(tag, begin, "a backslash cannot stand before a backtick: remove the backslash", resume=end)
        value = excerpt(self.source[begin : min(end, begin + 41)])
        message = f'the quotation that begins with "{value}" is not closed: close it with " before the end of the line'
        raise BrokenTag(tag, begin, message, resume=end)

    def _read_raw(self, tag: Tag, at: int) -> tuple[str, int, int]:
        end = self._find("`", at + 1)
        if end < 0:
            value = excerpt(self.source[at + 1 : at + 42])
            message = f'the raw string that begins with "{value}" is not closed: close it with a backtick'
            line_end = self.source.find("\n", at)
            raise BrokenTag(tag, at + 1, message, resume=len(self.source) if line_end < 0 else line_end)
        return self.source[at + 1 : end], at + 1, end + 1

    def _read_unquoted(self, tag: Tag, at: int) -> tuple[str, int, int]:
        value = _match(_UNQUOTED, self.source, at).group()
        if tag.swallowed is None and tag.right in value:
            tag.swallowed = RawParameter(None, value, False, at)
        return value, at, at + len(value)

    def _settle_kind(self, tag: Tag, at: int, word: str, kind: Literal["named", "positional"]) -> None:
        """Hold a tag to the kind of parameter it began with."""
        if tag.kind in ("", kind):
            tag.kind = kind
            return
        if kind == "positional":
            shown = "a quoted value" if word in ('"', '\\"', "`") else f'"{excerpt(word)}"'
            message = (
                f"{shown} stands without a name among named parameters: give it one (name=…), "
                'or write \\" for a quotation mark inside a value'
            )
        elif tag.parameters[-1].name is not None:
            message = 'a space stands before "=": write the name, "=" and the value without a space between them'
        else:
            message = f'the named parameter "{excerpt(word)}" stands among nameless ones: name all of them or none'
        raise BrokenTag(tag, at, message, resume=at + len(word))

    def _unexpected(self, tag: Tag, at: int) -> BrokenTag:
        begin, right = "{{" + tag.delimiter, tag.right
        if _OPENING.match(self.source, at):
            message = f"this shortcode is not closed before the next one begins: end it with {right}"
            return BrokenTag(tag, tag.start, message, resume=at, unclosed=True)
        if self.source.startswith((">}}", "%}}"), at):
            message = f"{begin} cannot end with {self.source[at : at + 3]}: end it with {right}"
            return BrokenTag(tag, at, message)
        character = self.source[at]
        shown = f"{character} (U+{ord(character):04X})" if character.isprintable() else f"U+{ord(character):04X}"
        remedy = "write an ordinary space" if character.isspace() else "put the value in quotation marks, or remove it"
        message = f"the character {shown} cannot stand here: {remedy}"
        return BrokenTag(tag, at, message)

    def _check_whole(self, tag: Tag) -> None:
        if not tag.name and not tag.closing:
            message = "this shortcode has no name: write one, or {{</* … */>}} to show the text as it is"
            raise BrokenTag(tag, tag.start, message, resume=tag.end)
        if tag.kind != "positional":
            return
        # Of a tag that writes `name = "value"` once, the only parameter is a named one.
        unlike = [p for p in tag.parameters if (p.name is None) != (tag.parameters[0].name is None)]
        if unlike:
            message = f'"{excerpt(unlike[0].value)}" mixes parameters with and without a name: name all of them or none'
            raise BrokenTag(tag, unlike[0].at, message, resume=tag.end)

    def _explained(self, broken: BrokenTag) -> BrokenTag:
        """Blame an unquoted value that took the tag's end with it, since that is where the trouble began."""
        value = broken.tag.swallowed
        if value is None:
            return broken
        message = (
            f'the value "{excerpt(value.value)}" runs on to the next space: '
            f"quote it, or put a space before {broken.tag.right}"
        )
        return BrokenTag(broken.tag, value.at, message, resume=broken.resume)
