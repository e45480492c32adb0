"""What a serving process starts beside itself: what pages need, a build in a process of its own, a watch, a search.

Nothing of it stands before the first answer: it waits until that was given, or for a moment when nobody asks.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
from flask import Flask, Response
from flask.helpers import get_debug_flag
from sqlalchemy.exc import DBAPIError

from matome_app.config import ROOT, Settings
from matome_app.errors import DataFolderError, MatomeError
from matome_app.runtime import Runtime
from matome_app.search.params import SearchParams
from matome_app.store.generations import current_generation, prepare_folder
from matome_app.watching import start_watching

logger = logging.getLogger("matome")

NICE: Final = 10
"""How far a build steps back behind those who serve: of a core that both want it gets a tenth, of an idle one all."""

NOTHING: Final = "qzxjvkw"
"""A word that nobody writes: what finds nothing has other spellings looked up."""

A_MOMENT: Final = 0.3
"""Seconds that everything else waits for the first answer."""

BETWEEN_LOOKS: Final = 0.1
"""Seconds between two looks at whether something changed; one takes 0.05 ms of work."""

SOONEST: Final = 2.0
LATEST: Final = 600.0
"""Seconds between two runs that are to mend something: they double with every run that fails."""


def is_serving() -> bool:
    """Tell whether this process serves, under any WSGI server or as `flask run`; other commands do not build beside.

    Of the two processes of `flask run` with the reloader the one that only watches the other does not serve.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return True
    if context.info_name != "run":
        return False
    reloads = context.params.get("reload")
    reloads = get_debug_flag() if reloads is None else reloads
    return not reloads or os.environ.get("WERKZEUG_RUN_MAIN") == "true"


def begin(app: Flask, runtime: Runtime, load: Callable[[], None]) -> None:
    """Start what a serving process needs beside itself; `load` loads what pages other than the first need.

    Raises DataFolderError when there is neither something to serve from nor a place to build it.
    """
    settings = runtime.settings
    there = current_generation(settings.data_dir, settings.database_url) is not None
    builder = Builder(settings)
    try:
        prepare_folder(settings.data_dir)
    except DataFolderError as error:
        if not there:
            raise
        logger.warning(
            "%s; what was indexed before is served, and nothing new", error, extra={"event": "data-read-only"}
        )
    else:
        runtime.repair = builder.start
        if not there:
            builder.start()
    by_server = click.get_current_context(silent=True) is None
    if by_server:
        load()  # once, before gunicorn forks or takes a worker for started
    answered = threading.Event()

    @app.after_request
    def note(response: Response) -> Response:
        response.call_on_close(answered.set)  # when it was sent, not when it was made: nothing shall run beside that
        return response

    def work() -> None:
        answered.wait(A_MOMENT)
        if not by_server:
            load_or_end(load)
        if runtime.repair is not None and there:
            start_build(settings, builder)
        if settings.watch:
            start_watching(settings)
        warm_up(runtime)
        # What is there by now stays: the collector need not look through it again and again, which takes a twelfth of
        # the time of a page of results, and now and then tens of milliseconds at once.
        gc.freeze()
        follow(runtime, threading.Event())

    threading.Thread(target=work, name="beside", daemon=True).start()


def load_or_end(load: Callable[[], None]) -> None:
    """Load what pages need; end the process where that cannot be done, rather than have readers find it out."""
    try:
        load()
    except BaseException:
        logger.critical("the program cannot be loaded; it ends", exc_info=True, extra={"event": "broken"})
        # Not an interrupt: what a script starts in the background ignores those.
        os.kill(os.getpid(), signal.SIGTERM)
        raise SystemExit from None


def start_build(settings: Settings, builder: Builder) -> None:
    """Start a build if a run would find something to do; of several processes that begin together one looks."""
    from matome_app import judging  # here, since the first answer does not wait for what only builders need

    with _first_of_all(settings.data_dir) as first:
        if first and not judging.is_up_to_date(settings):
            builder.start()


def follow(runtime: Runtime, stop: threading.Event) -> None:
    """Read what changed soon after it did, until told to stop, so that few searches wait for that."""
    while not stop.wait(BETWEEN_LOOKS):
        with contextlib.suppress(MatomeError, DBAPIError):
            runtime.renew()


@contextlib.contextmanager
def _first_of_all(data: Path) -> Iterator[bool]:
    """Yield whether no other process is looking right now; it would find the same."""
    descriptor = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    except OSError:
        yield True
    else:
        yield True
    finally:
        os.close(descriptor)


def warm_up(runtime: Runtime) -> None:
    """Search, so that no reader waits for the dictionary, the index and what other spellings are looked up in."""
    with contextlib.suppress(MatomeError, DBAPIError):
        engine = runtime.reader().engine
        for q in ("検索 search", NOTHING):
            engine.search(SearchParams(q=q))


class Builder:
    """Runs `flask index` in a process of its own, one at a time, and ends it with this process.

    Only one process builds at a time: another that was started at the same moment finds the lock taken and ends.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = SOONEST
        self._not_before = 0.0
        self._waits = False

    def start(self) -> None:
        """Start a run, unless one is under way; when the last one was a moment ago, after a pause."""
        with self._lock:
            if self._process is not None or self._waits:
                return
            pause = self._not_before - time.monotonic()
            if pause > 0:
                self._waits = True
                timer = threading.Timer(pause, self._start_after_pause)
                timer.daemon = True
                timer.start()
                return
            command = [sys.executable, "-m", "flask", "--app", "wsgi", "index", "--no-wait"]
            environment = {**os.environ, **self._settings.as_environment()}
            environment.pop("WERKZEUG_RUN_MAIN", None)
            self._process = process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
        _step_back(process)
        atexit.register(_stop, process)
        threading.Thread(target=self._wait, args=[process], name="builder", daemon=True).start()

    def _start_after_pause(self) -> None:
        with self._lock:
            self._waits = False
        self.start()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        failed = process.wait() != 0
        atexit.unregister(_stop)  # of this process: there is never another
        with self._lock:
            self._pause = min(self._pause * 2, LATEST) if failed else SOONEST
            self._not_before = time.monotonic() + self._pause
            self._process = None


def _step_back(process: subprocess.Popen[bytes]) -> None:
    """Let a build, and all that it will start, wait for those who answer; an operator's own run does not."""
    with contextlib.suppress(OSError):  # it has ended, or the system does not allow it
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICE)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the build with the server: what it has stored stays, and the next start goes on from there."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
