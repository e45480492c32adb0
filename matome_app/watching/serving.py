"""Let one of the serving processes keep a watch, as a child that ends with it; when it dies, another takes over."""

from __future__ import annotations

import atexit
import errno
import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Final

from matome_app.config import ROOT, Settings

logger = logging.getLogger("matome")

LOCK: Final = "watch.lock"
PARENT: Final = "_MATOME_PARENT"
"""Variable that tells a watch for which process it is."""

PARENT_LOOK: Final = 0.25
"""Seconds between two looks of a watch at whether its server lives."""

AGAIN: Final = 0.5
"""Seconds until a serving process that could not take the lock for another reason than its holder tries again."""

LONGEST_PAUSE: Final = 30.0
"""Seconds until a watch that ended is started again, at most; it begins with one."""


def start_watching(settings: Settings) -> threading.Thread:
    """Wait, beside the requests, until no other process watches; then run `flask index --watch` as a child."""
    thread = threading.Thread(target=_keep_watch, args=(settings,), name="watch", daemon=True)
    thread.start()
    return thread


def take_watch_lock(data: Path, *, wait: bool) -> IO[bytes] | None:
    """Take the lock of the one process that watches; None when another has it and `wait` is false. Raises OSError.

    The system frees it when the process ends, however it ends. It belongs to this process alone: children that are
    forked do not have it.
    """
    handle = open(data / LOCK, "ab")  # noqa: SIM115 - whoever takes the lock keeps it open
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        handle.close()
        if error.errno in (errno.EACCES, errno.EAGAIN) and not wait:
            return None
        raise
    return handle


def end_with_parent(parent: int) -> None:
    """Let this process end as if it were told to as soon as its parent is gone."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_LOOK)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="parent", daemon=True).start()


def _keep_watch(settings: Settings) -> None:
    lock = None
    while lock is None:
        try:
            lock = take_watch_lock(settings.data_dir, wait=True)
        except OSError:  # no folder yet, or nothing can be written: whoever builds says so
            time.sleep(AGAIN)
    pause = 1.0
    with lock:
        while True:
            began = time.monotonic()
            child = _start(settings)
            code = child.wait()
            if _Ending.begun:
                return
            pause = 1.0 if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            logger.warning(
                "the watch of the content folder ended (%d); starting it again in %d s",
                code,
                pause,
                extra={"event": "watch-ended", "code": code},
            )
            time.sleep(pause)


class _Ending:
    """Whether this process is ending."""

    begun = False


def _start(settings: Settings) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "index", "--watch"]
    environment = {**os.environ, **settings.as_environment(), PARENT: str(os.getpid())}
    environment.pop("WERKZEUG_RUN_MAIN", None)
    child = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    atexit.register(_stop, child)
    return child


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the watch with its server: what it has stored stays."""
    _Ending.begun = True
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
