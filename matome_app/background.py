"""Start the build beside the server, in a process of its own, when the content is not what the store says."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys

import click

from matome_app import ingest
from matome_app.config import ROOT, Settings
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


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the build with the server: what it has stored stays, and the next start goes on from there."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
