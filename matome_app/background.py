"""What a serving process starts beside itself: a build, in a process of its own, and a first search."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading

import click
from sqlalchemy.exc import DBAPIError

from matome_app import ingest
from matome_app.config import ROOT, Settings
from matome_app.errors import MatomeError
from matome_app.runtime import Runtime
from matome_app.search.params import SearchParams
from matome_app.store.generations import prepare_folder


def is_serving() -> bool:
    """Tell whether this process serves, under any WSGI server or as `flask run`; other commands do not build beside."""
    context = click.get_current_context(silent=True)
    return context is None or context.info_name == "run"


def start_build(settings: Settings) -> subprocess.Popen[bytes] | None:
    """Start a build if anything changed, and return its process; raises DataFolderError when there is nowhere to build.

    Only one process builds at a time: another that was started at the same moment finds the lock taken and ends.
    """
    prepare_folder(settings.data_dir)
    if ingest.is_up_to_date(settings):
        return None
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "index", "--no-wait"]
    environment = {**os.environ, **settings.as_environment()}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    atexit.register(_stop, process)
    return process


def warm_up(runtime: Runtime) -> None:
    """Search once beside the start, so that no reader waits for the dictionary and the index to be opened."""

    def search() -> None:
        with contextlib.suppress(MatomeError, DBAPIError):
            runtime.reader().engine.search(SearchParams(q="検索 search"))

    threading.Thread(target=search, name="warm-up", daemon=True).start()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the build with the server: what it has stored stays, and the next start goes on from there."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
