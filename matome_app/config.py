"""Settings: one row each (name, default, help), read from `MATOME_*` and checked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from matome_app.errors import SettingError

ROOT = Path(__file__).resolve().parent.parent


class Row(NamedTuple):
    """One setting: its name without `MATOME_`, the default as text, and what it is for."""

    name: str
    default: str
    help: str


ROWS = (
    Row(
        "CONTENT_DIR",
        "content",
        "folder with `posts/`; a default path is taken from the checkout, a given one from where you start",
    ),
    Row(
        "ASSETS_DIR", "", "folder of the pictures that `featureimage` names; empty: `assets` beside the content folder"
    ),
    Row("DATA_DIR", "instance", "folder of the store and the index; it can be deleted at any time"),
    Row("DATABASE_URL", "", "SQLAlchemy URL of the store; empty: a SQLite file in the data folder"),
    Row("SITE_TITLE", "matome", "name of the site, in titles and feeds"),
    Row(
        "BASE_URL",
        "",
        "address of the site for feeds and sitemap, such as `https://matome.example`; empty: as requested",
    ),
    Row("LANGUAGE", "ja", "language of the interface: `ja` or `en`"),
    Row("TIMEZONE", "Asia/Tokyo", "time zone in which times are shown"),
    Row("TERMS_FILE", "", "table of names that mean the same thing, for the search; empty: the one that comes along"),
    Row("LOG_FORMAT", "text", "`text`: a line an event; `json`: a JSON object a line, for machines"),
    Row("SLOW_REQUEST", "1", "seconds from which a request is named in the log; `0`: none is"),
    Row("METRICS", "0", "`1`: figures for Prometheus at `/metrics`, which must not be open to everybody"),
    Row("SEARCH_LOG", "0", "`1`: keep what is searched for, without who did, for `flask searches`"),
    Row("WATCH", "0", "`1`: bring in every change of the content folder within a second, while the site is served"),
    Row("TRUSTED_PROXIES", "0", "number of reverse proxies in front whose `X-Forwarded-*` headers are believed"),
)
LANGUAGES = ("ja", "en")
LOG_FORMATS = ("text", "json")


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked settings; paths are absolute."""

    content_dir: Path
    assets_dir: Path
    data_dir: Path
    database_url: str
    site_title: str
    base_url: str
    language: str
    timezone: ZoneInfo
    terms_file: Path | None
    log_format: str
    slow_request: float
    metrics: bool
    search_log: bool
    watch: bool
    trusted_proxies: int

    def as_environment(self) -> dict[str, str]:
        """Return the variables with which another process reads the same settings."""
        return {
            "MATOME_CONTENT_DIR": str(self.content_dir),
            "MATOME_ASSETS_DIR": str(self.assets_dir),
            "MATOME_DATA_DIR": str(self.data_dir),
            "MATOME_DATABASE_URL": self.database_url,
            "MATOME_SITE_TITLE": self.site_title,
            "MATOME_BASE_URL": self.base_url,
            "MATOME_LANGUAGE": self.language,
            "MATOME_TIMEZONE": self.timezone.key,
            "MATOME_TERMS_FILE": str(self.terms_file or ""),
            "MATOME_LOG_FORMAT": self.log_format,
            "MATOME_SLOW_REQUEST": str(self.slow_request),
            "MATOME_METRICS": str(int(self.metrics)),
            "MATOME_SEARCH_LOG": str(int(self.search_log)),
            "MATOME_WATCH": str(int(self.watch)),
            "MATOME_TRUSTED_PROXIES": str(self.trusted_proxies),
        }


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check the settings in a Flask configuration; raises SettingError with one line for the first wrong one."""
    value = {row.name: str(config.get(row.name, row.default)).strip() for row in ROWS}
    content = _folder("CONTENT_DIR", value["CONTENT_DIR"] or "content", is_default="CONTENT_DIR" not in config)
    return Settings(
        content_dir=content,
        assets_dir=_folder("ASSETS_DIR", value["ASSETS_DIR"]) if value["ASSETS_DIR"] else content.parent / "assets",
        data_dir=_folder("DATA_DIR", value["DATA_DIR"] or "instance", is_default="DATA_DIR" not in config),
        database_url=_database_url(value["DATABASE_URL"]),
        site_title=value["SITE_TITLE"] or "matome",
        base_url=_base_url(value["BASE_URL"]),
        language=_one_of(LANGUAGES, "LANGUAGE", value["LANGUAGE"]),
        timezone=_timezone(value["TIMEZONE"]),
        terms_file=_file("TERMS_FILE", value["TERMS_FILE"]),
        log_format=_one_of(LOG_FORMATS, "LOG_FORMAT", value["LOG_FORMAT"] or "text"),
        slow_request=_seconds("SLOW_REQUEST", value["SLOW_REQUEST"] or "1"),
        metrics=_switch("METRICS", value["METRICS"]),
        search_log=_switch("SEARCH_LOG", value["SEARCH_LOG"]),
        watch=_switch("WATCH", value["WATCH"]),
        trusted_proxies=_count("TRUSTED_PROXIES", value["TRUSTED_PROXIES"], most=10),
    )


def _wrong(name: str, value: str, what_to_do: str) -> SettingError:
    return SettingError(f"MATOME_{name}={value!r}: {what_to_do}")


def _folder(name: str, value: str, *, is_default: bool = False) -> Path:
    if "\0" in value:
        raise _wrong(name, value, "a path cannot hold a NUL character")
    path = (ROOT if is_default else Path.cwd()) / _without_tilde(name, value)
    try:
        if path.exists() and not path.is_dir():
            raise _wrong(name, value, f"{path} is not a folder; name a folder")
    except OSError as error:
        raise _wrong(name, value, f"{path} cannot be looked at ({error.strerror}); name a readable folder") from None
    return path.resolve()


def _file(name: str, value: str) -> Path | None:
    if not value:
        return None
    if "\0" in value:
        raise _wrong(name, value, "a path cannot hold a NUL character")
    path = Path.cwd() / _without_tilde(name, value)
    try:
        with path.open("rb"):
            return path.resolve()
    except OSError as error:
        what_to_do = "name a readable file or leave it empty"
        raise _wrong(name, value, f"{path} cannot be read ({error.strerror}); {what_to_do}") from None
    except UnicodeEncodeError:
        raise _wrong(name, value, "not a path; name a file or leave it empty") from None


def _without_tilde(name: str, value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise _wrong(name, value, "whose folder `~` is is not known; write the whole path") from None


def _database_url(value: str) -> str:
    if not value:
        return ""
    try:
        url: URL = make_url(value)
    except ArgumentError:
        raise _wrong(
            "DATABASE_URL", value, "not a database URL; write sqlite:////path/to/matome.sqlite3 or leave it empty"
        ) from None
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        # The value may hold a password: name the kind of database only.
        what_to_do = "write sqlite:////path/to/matome.sqlite3 or leave it empty"
        raise SettingError(f"MATOME_DATABASE_URL: {url.drivername} cannot be used; {what_to_do}")
    return value


def _base_url(value: str) -> str:
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        valid = False
    if not valid:
        raise _wrong("BASE_URL", value, "write a full address such as https://matome.example")
    return value.rstrip("/")


def _one_of(known: tuple[str, ...], name: str, value: str) -> str:
    if value not in known:
        raise _wrong(name, value, f"write one of: {', '.join(known)}")
    return value


def _switch(name: str, value: str) -> bool:
    return _one_of(("0", "1"), name, value or "0") == "1"


def _seconds(name: str, value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", value, re.ASCII):
        raise _wrong(name, value, "write seconds, such as 1 or 0.5, or 0 for never")
    return float(value)


def _timezone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise _wrong(
            "TIMEZONE", value, "not a time zone of the IANA database; write one such as Asia/Tokyo or UTC"
        ) from None


def _count(name: str, value: str, *, most: int) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= most):
        raise _wrong(name, value, f"write a whole number from 0 to {most}")
    return int(value)
