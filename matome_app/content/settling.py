"""Read a content file only when nobody is writing it: what is half there must not be served.

A file is whole when no process has it open for writing, when it did not change just now, and when it is the same
after reading as before. Nobody can tell more: who writes, closes and goes on later has to write beside and rename.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from pathlib import Path

from matome_app.content.scanning import SourceFile, source_file
from matome_app.errors import ContentError, Fault

LARGEST = 10_000_000
"""The largest content file that is read, in bytes; a real post is 40 kB."""

FRESH = 0.05
"""Seconds after a change in which a file is not read. Two changes within one tick of the system's clock, up to 0.01 s,
have the same times: a file that was read between them would look unchanged."""


class Unsettled(Exception):
    """A file is being written, or went away while it was read: look again later."""


def read_settled(content: Path, file: SourceFile) -> tuple[bytes, SourceFile]:
    """Return a file's bytes and the file as it was then; raises Unsettled, and ContentError as `loader.read_bytes`."""
    refuse_large(file)
    try:
        # Not to wait for a writer, should the name be that of a pipe by now.
        handle = os.open(content / file.relative, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unsettled(file.relative) from None
    except OSError as error:
        raise unreadable(file, error) from None
    try:
        before = source_file(file.relative, os.fstat(handle))
        refuse_large(before)
        if is_written(handle) or is_fresh(before):
            raise Unsettled(file.relative)
        data = _read(handle, before.size + 1)
        after = source_file(file.relative, os.fstat(handle))
    except OSError as error:
        raise unreadable(file, error) from None
    finally:
        os.close(handle)
    if before != after:
        raise Unsettled(file.relative)
    return data, after


def is_being_written(path: str) -> bool:
    """Tell whether any process has the file of a name open for writing, as far as the system says."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return is_written(handle)
    finally:
        os.close(handle)


def refuse_large(file: SourceFile) -> None:
    """Raise ContentError for a file that is too large to be a post."""
    if file.size > LARGEST:
        message = f"the file has {file.size:,} bytes, more than the {LARGEST:,} a post may have; split it"
        raise ContentError([Fault(file.relative, 1, 1, "unreadable", message)])


def unreadable(file: SourceFile, error: OSError) -> ContentError:
    """Return what is to be said of a file that the system does not give."""
    message = f"the file cannot be read ({error.strerror}); check its permissions"
    return ContentError([Fault(file.relative, 1, 1, "unreadable", message)])


def is_written(handle: int) -> bool:
    """Tell whether any process has a file open for writing, as far as the system says.

    Linux grants a read lease only while nobody has. It is given back at once; a writer that comes in between waits
    microseconds for that, and the signal that tells of it is one that processes ignore unless they ask for it (the
    default, SIGIO, would end this one). Elsewhere, and for files of other users, nothing is known: False.
    """
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    except AttributeError:  # not Linux
        return False
    return False


def is_fresh(file: SourceFile, seconds: float = FRESH) -> bool:
    """Tell whether a file changed just now; times that lie in the future say nothing, and count as long ago."""
    now = time.time_ns()
    return any(0 <= now - moment < seconds * 1e9 for moment in (file.mtime_ns, file.ctime_ns))


def _read(handle: int, most: int) -> bytes:
    parts = []
    while most and (part := os.read(handle, most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
