"""Set up what the program says of itself: a line of text an event, or a JSON object a line for machines.

Whoever logs gives the event a name and its figures: `logger.info("…", extra={"event": "rebuild", "reason": …})`. The
text is a whole sentence all the same, since it is all that a person sees.
"""

from __future__ import annotations

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any, Final

from matome_app import privacy
from matome_app.printable import printable

LOGGER: Final = logging.getLogger("matome")

REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""Id of the request that is being answered, "" outside; it stands in every record that is written meanwhile."""

_PASSWORD: Final = re.compile(r"""(\w+://[^\s:/@"']*:)[^\s/@"']+@""")
_STYLE: Final = re.compile(r"\x1b\[[0-9;]*m")


class LineFormatter(logging.Formatter):
    """Write an event as one line; only what nobody foresaw brings its traceback below."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line: whatever a name of a file or an address holds, it stays one."""
        line = without_passwords(printable(super().formatMessage(record)))
        request_id = REQUEST_ID.get()
        return f"{line} [{request_id}]" if request_id else line

    def formatException(self, ei: Any) -> str:
        """Return the traceback."""
        return without_passwords(super().formatException(ei))


def set_up_log(form: str) -> None:
    """Let the logger of the package write in a form, one of config.LOG_FORMATS; with `json` all others do, too."""
    privacy.protect()
    # pytest has its own way of collecting what is logged.
    LOGGER.propagate = "_pytest" in sys.modules
    LOGGER.setLevel(logging.INFO)
    if not LOGGER.handlers:
        LOGGER.addHandler(logging.StreamHandler())
    formatter = json_formatter() if form == "json" else LineFormatter("%(levelname)s: %(message)s")
    for handler in LOGGER.handlers:
        handler.setFormatter(formatter)
    # What Werkzeug, Flask and Python's warnings say reaches the root; gunicorn has set that up itself (deploy/).
    if form == "json" and not logging.root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(formatter)
        logging.root.addHandler(handler)
        logging.captureWarnings(True)


def cannot_start(error: Exception, form: str) -> None:
    """Say in one line why the program ends before it has begun."""
    if form == "json":
        set_up_log(form)
        LOGGER.critical("%s", error, extra={"event": "cannot-start"})
    else:
        print(f"matome: {error}", file=sys.stderr)


def json_formatter() -> logging.Formatter:
    """Return what makes a JSON object of an event: time, level, logger, message, event and the fields it was given.

    The time is UTC in ISO 8601; a traceback is the field `exception`. All of it is ASCII, which any pipe takes.
    """
    from pythonjsonlogger.json import JsonFormatter  # here, since text is the rule and imports take time

    class Formatter(JsonFormatter):
        def format(self, record: logging.LogRecord) -> str:
            return without_passwords(super().format(record))

        def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
            log_data["message"] = _STYLE.sub("", str(log_data["message"]))  # Werkzeug colours its lines
            if request_id := REQUEST_ID.get():
                log_data.setdefault("request_id", request_id)
            return log_data

    return Formatter(
        ["levelname", "name", "message"],
        defaults={"time": ""},  # the place of the time, before all others
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        timestamp="time",
    )


def without_passwords(text: str) -> str:
    """Return a text in which passwords of addresses, as of databases, are hidden."""
    return _PASSWORD.sub(r"\1***@", text)
