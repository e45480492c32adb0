"""Read what the site's logger writes, as a person and as a machine would."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matome_app.log import LOGGER, LineFormatter, json_formatter


class Written:
    """What was written so far."""

    def __init__(self) -> None:
        self._text, self._json = io.StringIO(), io.StringIO()

    @property
    def text(self) -> str:
        """Return it as lines of text."""
        return self._text.getvalue()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return it as objects."""
        return [json.loads(line) for line in self._json.getvalue().splitlines()]

    def handlers(self) -> list[logging.Handler]:
        """Return what writes both."""
        text, json_ = logging.StreamHandler(self._text), logging.StreamHandler(self._json)
        text.setFormatter(LineFormatter("%(levelname)s: %(message)s"))
        json_.setFormatter(json_formatter())
        return [text, json_]


@contextmanager
def written(logger: logging.Logger = LOGGER) -> Iterator[Written]:
    """Keep what a logger writes until the block ends; apps are made before it, since each sets the form of the log."""
    kept = Written()
    handlers = kept.handlers()
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield kept
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
