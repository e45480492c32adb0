"""Start commands of the program in sessions of their own, see everything that runs in them, and end it.

Linux alone: what belongs to a session is read from /proc.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matome_app.config import ROOT


@dataclass(frozen=True, slots=True)
class Process:
    """A living process: its id, its parent's, and its command line."""

    pid: int
    parent: int
    command: str

    @property
    def is_builder(self) -> bool:
        """Tell whether it is `flask index`."""
        return " index " in f"{self.command} " and "spawn_main" not in self.command


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path, before: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; what it says goes to the end of a file.

    `before` is called in the new process before the command.
    """
    with log.open("ab") as said:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
            preexec_fn=before,
        )


def members(session: int) -> list[Process]:
    """Return the living processes of a session."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, ValueError):
                status = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace")
                state, parent, _group, its_session, *_ = status.rpartition(")")[2].split()
                if int(its_session) == session and state not in "ZX":
                    command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found.append(Process(int(entry), int(parent), command))
    return found


def kill(pids: Sequence[int]) -> None:
    """Kill processes with signal 9; those that have ended meanwhile are fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and all that it started, until nothing of it lives."""
    deadline = time.monotonic() + 10
    while (living := members(process.pid)) and time.monotonic() < deadline:
        kill([one.pid for one in living])
        time.sleep(0.005)
    close(process)


def close(process: subprocess.Popen[bytes]) -> None:
    """Take note of a process that has ended, and close its pipes."""
    process.wait(30)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def wait_until(holds: Callable[[], object], seconds: float, step: float = 0.02) -> bool:
    """Wait until something holds; tell whether it came to that in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def status(port: int, path: str) -> int:
    """Return the status of an answer, 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except Exception:  # killed in the middle of an answer: whatever the connection makes of that
        return 0


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
