"""Put the static files of this checkout where nginx serves them: under hashed names, with .gz and .br beside each.

    python scripts/precompress.py FOLDER

FOLDER is `static` of the deployment (matome_app/deployment.py). What lies there already is left alone, since pages of
other releases name it; with `--forget DAYS`, files that no run has named for so long are removed. Files appear whole:
they are written beside and renamed, the packed ones first, so that nginx never finds a name without them. Without the
program `brotli` (apt-get install brotli) there are no .br, and nginx sends gzip.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matome_app.web.static import FOLDER, static_url  # noqa: E402 (the checkout has to be found first)

PACKED = {".css", ".js", ".svg", ".ico", ".json", ".txt", ".map", ".html", ".xml"}
"""Endings of files that get smaller."""

LEAST = 256
"""Bytes below which packing saves nothing."""

A_DAY = 86_400


def main() -> None:
    """Read the arguments, write the files and say how many."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where nginx serves static files from")
    parser.add_argument("--forget", type=int, metavar="DAYS", help="remove what no run has named for so many days")
    given = parser.parse_args()
    written = publish(given.folder)
    removed = forget(given.folder, given.forget) if given.forget is not None else 0
    print(f"{given.folder}: {written} files written, {removed} removed")


def publish(folder: Path) -> int:
    """Write what is not there yet; return how many files that were. All that are named get today's time."""
    written = 0
    for path in sorted(one for one in FOLDER.rglob("*") if one.is_file() and not one.name.startswith(".")):
        name = static_url(path.relative_to(FOLDER).as_posix()).removeprefix("/static/")
        target = folder / name
        data = path.read_bytes()
        for ending, content in (*packed(path.suffix, data), ("", data)):
            one = target.with_name(target.name + ending)
            if one.is_file():
                os.utime(one)
            else:
                write(one, content)
                written += 1
    return written


def packed(suffix: str, data: bytes) -> list[tuple[str, bytes]]:
    """Return the packed forms of a file that are smaller than itself, each with the ending of its name."""
    if suffix not in PACKED or len(data) < LEAST:
        return []
    forms = [(".gz", gzip.compress(data, 9, mtime=0)), (".br", brotli(data))]
    return [(ending, content) for ending, content in forms if content and len(content) < len(data)]


def brotli(data: bytes) -> bytes:
    """Return data packed with Brotli, nothing where the program is missing."""
    program = shutil.which("brotli")
    if program is None:
        return b""
    return subprocess.run([program, "--stdout", "--best", "-"], input=data, capture_output=True, check=True).stdout


def write(path: Path, content: bytes) -> None:
    """Write a file that appears whole, for everybody to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.chmod(0o644)
    os.replace(beside, path)


def forget(folder: Path, days: int) -> int:
    """Remove the files that no run has named for so many days; return how many."""
    old = [one for one in folder.rglob("*") if one.is_file() and one.stat().st_mtime < time.time() - days * A_DAY]
    for one in old:
        one.unlink()
    return len(old)


if __name__ == "__main__":
    main()
