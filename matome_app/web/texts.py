"""The texts of one language for templates, which say hundreds of them a page: most are put in when one is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from gettext import NullTranslations
from typing import Final

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token
from markupsafe import Markup, escape

_REMEMBERED: Final = 4096
_CALL: Final = ("name", "lparen", "string", "rparen")


class Texts:
    """What `_()`, `ngettext()` and `{% trans %}` say: msgids are markup, what fills them is escaped.

    As with Jinja's own functions a `%` is written `%%` whether or not anything is filled in.
    """

    def __init__(self, translations: NullTranslations) -> None:
        self._translations = translations
        self._text = lru_cache(_REMEMBERED)(translations.gettext)
        self._whole = lru_cache(_REMEMBERED)(self._read)

    def _read(self, text: str) -> Markup:
        return Markup(self._text(text) % {})

    def gettext(self, text: str, /, **values: object) -> Markup:
        """Return a text."""
        return _filled(self._text(text), values) if values else self._whole(text)

    def ngettext(self, singular: str, plural: str, count: int, /, **values: object) -> Markup:
        """Return a text for so many things; `num` is the number as it is shown."""
        return _filled(self._translations.ngettext(singular, plural, count), {"num": count, **values})


def _filled(text: str, values: dict[str, object]) -> Markup:
    return Markup(text % {name: escape(value) for name, value in values.items()})


class ConstantTexts(Extension):
    """Makes a constant of each `_("…")` that nothing fills and that needs no escaping."""

    texts: Texts

    def filter_stream(self, stream: Iterable[Token]) -> Iterator[Token]:
        """Yield the tokens of a template, each such call as one string."""
        held: list[Token] = []
        of_something = False
        for token in stream:
            held.append(token)
            if len(held) == len(_CALL):
                text = None if of_something else self._constant(held)
                if text is not None:
                    held = [Token(held[0].lineno, "string", text)]
                of_something = held[0].type == "dot"
                yield held.pop(0)
        yield from held

    def _constant(self, tokens: list[Token]) -> str | None:
        if tokens[0].value != "_" or tuple(token.type for token in tokens) != _CALL:
            return None
        text = str(self.texts.gettext(tokens[2].value))
        return text if escape(text) == text else None


def install(environment: Environment, translations: NullTranslations) -> None:
    """Let templates speak a language."""
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # `{% trans %}` calls the functions as templates do
    texts = Texts(translations)
    environment.globals.update({"_": texts.gettext, "gettext": texts.gettext, "ngettext": texts.ngettext})
    extension = ConstantTexts(environment)
    extension.texts = texts
    environment.extensions[extension.identifier] = extension
