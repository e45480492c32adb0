"""Keep addresses of readers and words they searched for out of what servers and tracebacks say.

The site's own lines name neither. What Werkzeug's server, gunicorn and Flask say goes through filters here, so that it
holds whatever their log formats ask for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Final

from matome_app.printable import printable

LEFT_OUT: Final = "…"

_QUERY: Final = re.compile(r"\?.*?(?= HTTP/[0-9.]+(?:\x1b\[[0-9;]*m)?$|$)", re.DOTALL)
_REQUEST: Final = re.compile(r"\S+ - - \[")
_INVALID: Final = re.compile(r"Invalid request from ip=[^ ]*: ([^'\"]*)")

ATOMS: Final = frozenset(("l", "t", "s", "m", "H", "b", "B", "a", "T", "D", "M", "L", "p"))
"""What an access log of gunicorn's may ask for and is given as it is; nothing of it comes from the query or names a
reader's address. https://gunicorn.org/reference/settings/#access_log_format"""

ANSWER: Final = frozenset(("{x-request-id}o", "{content-type}o", "{content-length}o"))
"""Headers of the answer that it is given; others, such as Location, may hold the query."""


def without_query(text: str) -> str:
    """Return an address or a request line in which the query, if there is one, is left out."""
    return _QUERY.sub(f"?{LEFT_OUT}", text, count=1)


def without_message(error: BaseException, _depth: int = 0) -> BaseException:
    """Return an error of the same name with the same traceback and causes, of which nobody knows what it said.

    What an error says may hold what was searched for, as text of the query or as a parameter of a statement.
    """
    kind = type(error)
    hidden: BaseException = type(kind.__name__, (Exception,), {"__module__": kind.__module__})(LEFT_OUT)
    hidden.__traceback__ = error.__traceback__
    if _depth < 10:  # a chain may be a ring
        hidden.__cause__ = without_message(error.__cause__, _depth + 1) if error.__cause__ else None
        hidden.__context__ = without_message(error.__context__, _depth + 1) if error.__context__ else None
    hidden.__suppress_context__ = error.__suppress_context__
    return hidden


def protect() -> None:
    """Have the filters look at what Werkzeug, gunicorn and Flask log in this process."""
    logging.getLogger("werkzeug").addFilter(_development_server)
    logging.getLogger("gunicorn.access").addFilter(_access)
    logging.getLogger("gunicorn.error").addFilter(_gunicorn)
    logging.getLogger("matome_app").addFilter(_flask)


def _development_server(record: logging.LogRecord) -> bool:
    """Take address and query out of the request lines of `flask run`."""
    if isinstance(record.msg, str) and _REQUEST.match(record.msg):
        record.msg = "- - - [" + record.msg.partition(" - - [")[2]
        _strip_arguments(record)
    return True


def _access(record: logging.LogRecord) -> bool:
    """Leave in gunicorn's access log what says nothing of the reader, and name its figures for JSON."""
    atoms: Any = record.args
    if not isinstance(atoms, dict) or "U" not in atoms:
        return True
    kept = {name: value for name, value in atoms.items() if name in ATOMS or name in ANSWER}
    kept["U"] = printable(str(atoms["U"]).encode("latin-1", "replace").decode("utf-8", "replace"))
    kept["r"] = printable(without_query(str(atoms.get("r", ""))))
    kept["f"] = printable(without_query(str(atoms.get("f", "-"))))
    kept["h"] = kept["u"] = "-"
    kept["q"] = ""
    atoms.clear()
    atoms.update(kept)
    record.__dict__.update(_figures(kept))
    return True


def _figures(atoms: Mapping[str, Any]) -> dict[str, Any]:
    seconds = float(atoms.get("L") or 0)
    figures = {"event": "request", "method": atoms.get("m"), "path": atoms["U"], "seconds": seconds}
    status = str(atoms.get("s", ""))
    request_id = {"request_id": atoms["{x-request-id}o"]} if "{x-request-id}o" in atoms else {}
    return figures | {"status": int(status) if status.isdigit() else status, "bytes": atoms.get("B")} | request_id


def _gunicorn(record: logging.LogRecord) -> bool:
    """Take addresses, queries and what errors say of a request out of gunicorn's own lines."""
    if not isinstance(record.msg, str):
        return True
    if (found := _INVALID.match(record.msg)) is not None:
        record.msg = f"Invalid request: {found[1].rstrip(' :')}"
    elif record.msg.startswith("Error handling request"):
        _hide_message(record)
    _strip_arguments(record)
    return True


def _flask(record: logging.LogRecord) -> bool:
    """Hide what an error said that met no handler."""
    _hide_message(record)
    return True


def _strip_arguments(record: logging.LogRecord) -> None:
    if isinstance(record.args, tuple):
        record.args = tuple(without_query(one) if isinstance(one, str) else one for one in record.args)


def _hide_message(record: logging.LogRecord) -> None:
    if isinstance(record.exc_info, tuple) and (error := record.exc_info[1]) is not None:
        hidden = without_message(error)
        record.exc_info = type(hidden), hidden, hidden.__traceback__
