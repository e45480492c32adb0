"""How Jinja is set up beyond what Flask does: all templates share one dictionary of globals."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from flask import Flask
from flask.templating import Environment


class SharedGlobals(Environment):
    """An environment whose templates have no globals but its own.

    Jinja would give each template a `ChainMap` over them, which each include and each import on a page reads through in
    Python, entry by entry.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template: those of the environment, where it brings none."""
        return super().make_globals(d) if d else self.globals


def init_app(app: Flask) -> None:
    """Have the app make its environment so; before anything asks for it."""
    app.jinja_environment = SharedGlobals
