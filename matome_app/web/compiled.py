"""Keep compiled templates in the data folder: compiling those of the first page is a quarter of a start."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from matome_app.config import Settings
from matome_app.web.program import program

FOLDER: Final = "templates"
_SUM: Final = hashlib.sha256().digest_size


def init_app(app: Flask, settings: Settings) -> None:
    """Have templates compiled once for all starts; while they are being written (debug) that would be in the way."""
    if not app.debug:
        app.jinja_env.bytecode_cache = CompiledTemplates(settings)


class CompiledTemplates(BytecodeCache):
    """Compiled templates of one version of the program and one set of settings, which Jinja puts into them.

    A file begins with a checksum of the rest: Python does not survive code that was damaged. Where nothing can be
    written, nothing is kept.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir / FOLDER
        self._settings = repr(settings.as_environment())
        self._has_written = False

    @cached_property
    def _version(self) -> str:
        return hashlib.sha256(f"{program()[0]} {self._settings}".encode()).hexdigest()[:16]

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a template, if it is there and whole."""
        with suppress(OSError):
            data = self._path(bucket).read_bytes()
            if hashlib.sha256(data[_SUM:]).digest() == data[:_SUM]:
                bucket.bytecode_from_string(data[_SUM:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a template; the first time, take away those of other versions."""
        code = bucket.bytecode_to_string()
        beside = self._folder / f"new-{os.getpid()}-{bucket.key}"
        try:
            self._folder.mkdir(exist_ok=True)
            if not self._has_written:
                self._has_written = True
                self._take_away_others()
            beside.write_bytes(hashlib.sha256(code).digest() + code)
            os.replace(beside, self._path(bucket))
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{self._version}-{bucket.key}"

    def _take_away_others(self) -> None:
        for path in self._folder.iterdir():
            if not path.name.startswith(f"{self._version}-"):
                path.unlink(missing_ok=True)
