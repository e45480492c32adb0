"""Let the Nu HTML checker read a page of every kind, the style sheet and pictures drawn as SVG, in one run."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from audit.pages import Kind
from audit.serving import Site
from audit.tools import NU

MEMORY = ("-Xmx384m", "-XX:+UseSerialGC")
ENDINGS = (".css", ".svg")
HASH = re.compile(r"\.[0-9a-f]{12}(?=\.)")
UNKNOWN_CSS = re.compile(r"^CSS: (?:“[^”]+”: Property “[^”]+” doesn't exist|Unrecognized at-rule)")
"""The checker's CSS is years old; what it does not know yet is listed, not counted."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the checker says of a page, once for all places of that page where it says so."""

    page: str
    level: str
    text: str
    extract: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Checked:
    """The documents that were read, and what was said of them."""

    documents: list[str]
    messages: list[Message]

    def of(self, level: str) -> list[Message]:
        """Return the messages of a level: error or warning."""
        return [message for message in self.messages if message.level == level]


def check(site: Site, kinds: Iterable[Kind], folder: Path, java: str) -> Checked:
    """Fetch the pages and what they draw on, and check all of it."""
    names = save(site, kinds, folder)
    command = [java, *MEMORY, "-jar", str(NU), "--stdout", "--format", "json", "--exit-zero-always"]
    command += ["--also-check-css", "--also-check-svg", *map(str, sorted(names))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return Checked(list(names.values()), read_messages(json.loads(done.stdout), names))


def save(site: Site, kinds: Iterable[Kind], folder: Path) -> dict[Path, str]:
    """Write the pages below a folder, and each style sheet and SVG they name; return what the files are."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: dict[Path, str] = {}
    seen: set[str] = set()
    for number, kind in enumerate(kinds):
        answer = site.get(kind.path)
        if answer.status != kind.status:
            raise RuntimeError(f"{kind.path} answers {answer.status}, not {kind.status}")
        path = folder / f"{number:02d}.html"
        path.write_bytes(answer.body)
        saved[path] = kind.name
        for address in linked(answer.body.decode("utf-8")):
            ending = Path(urlsplit(address).path).suffix
            # A kind of picture is drawn by one program: a few of them stand for all.
            if address in seen or sum(name.endswith(ending) for name in saved.values()) >= 8:
                continue
            seen.add(address)
            beside = folder / f"{number:02d}-{len(seen):02d}{ending}"
            beside.write_bytes(site.get(address).body)
            saved[beside] = HASH.sub("", unquote(urlsplit(address).path))
    return saved


def linked(html: str) -> list[str]:
    """Return the addresses on this site of the style sheets and SVG pictures that a page names."""
    named = re.findall(r'(?:href|src)="(/[^"/][^"]*)"', html)
    return [address for address in dict.fromkeys(named) if urlsplit(address).path.endswith(ENDINGS)]


def read_messages(answer: dict[str, Any], names: dict[Path, str]) -> list[Message]:
    """Read the checker's JSON; equal messages on a page are counted."""
    found: dict[tuple[str, str, str], Message] = {}
    by_name = {path.name: name for path, name in names.items()}
    for one in answer["messages"]:
        level = "warning" if one["type"] == "info" or UNKNOWN_CSS.search(one["message"]) else "error"
        page = by_name.get(Path(urlsplit(one.get("url", "")).path).name, "")
        key = (page, level, one["message"])
        times = found[key].times + 1 if key in found else 1
        extract = found[key].extract if key in found else " ".join(one.get("extract", "").split())
        found[key] = Message(page, level, one["message"], extract, times)
    return list(found.values())
