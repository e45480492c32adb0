"""Run wrk, and read what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("load.lua")
TIMEOUT: Final = 60
"""Seconds after which wrk calls an answer late: so many that what is slow is measured rather than cut off."""


class Missing(Exception):
    """What the load cannot be made or served without is not there."""


@dataclass(frozen=True, slots=True)
class Load:
    """Answers to so many connections, as fast as they came: milliseconds, and what went wrong.

    `failed` are connections and answers that broke off or were late, and statuses from 400 on; `statuses` is empty
    where they were not counted; `repeated` says that there were not enough addresses to ask each once.
    """

    connections: int
    answered: int
    seconds: float
    p50: float
    p99: float
    worst: float
    failed: int
    statuses: dict[str, int] = field(default_factory=dict)
    without_retry: int = 0
    repeated: bool = False
    asked: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


def wrk(
    base: str,
    paths: Path,
    connections: int,
    seconds: float,
    *,
    skip: int = 0,
    headers: Mapping[str, str] | None = None,
    statuses: bool = False,
    readers: bool = False,
    pause_ms: int = 0,
) -> Load:
    """Ask `base` for the lines of a file, beginning after the first `skip`, by so many connections at once.

    `readers`: each request names another reader's address, as a proxy in front does. `pause_ms`: how long a connection
    waits after an answer, in the mean.
    """
    if shutil.which("wrk") is None:
        raise Missing("wrk is not installed (Debian: apt-get install wrk)")
    lines = paths.read_bytes().count(b"\n")
    threads = min(2, connections)
    command = ["wrk", "--threads", str(threads), "--connections", str(connections)]
    command += ["--duration", f"{seconds:.0f}s", "--timeout", f"{TIMEOUT}s", "--script", str(SCRIPT)]
    for name, value in (headers or {}).items():
        command += ["--header", f"{name}: {value}"]
    wanted = {"MATOME_WRK_STATUSES": statuses, "MATOME_WRK_READERS": readers}
    environment = {**os.environ, **{name: "1" for name, is_so in wanted.items() if is_so}}
    if pause_ms:
        environment["MATOME_WRK_PAUSE"] = str(pause_ms)
    ended = subprocess.run(
        [*command, base, "--", str(paths), str(skip), str(threads)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + TIMEOUT + 30,
    )
    said = [line for line in ended.stdout.splitlines() if line.startswith("RESULT ")]
    if ended.returncode or not said:
        raise RuntimeError(f"wrk ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-500:]}")
    return read(json.loads(said[0].removeprefix("RESULT ")), connections, lines - skip)


def read(said: Mapping[str, float | dict[str, int]], connections: int, lines: int) -> Load:
    """Read what load.lua wrote."""

    def number(name: str) -> float:
        value = said[name]
        assert not isinstance(value, dict)
        return value

    statuses = said["statuses"]
    assert isinstance(statuses, dict)
    return Load(
        connections=connections,
        answered=int(number("answered")),
        seconds=number("seconds"),
        p50=number("p50"),
        p99=number("p99"),
        worst=number("worst"),
        failed=int(sum(number(name) for name in ("connect", "read", "write", "timeout", "status"))),
        statuses=dict(sorted(statuses.items())),
        without_retry=int(number("without_retry")),
        repeated=number("asked") > lines,
        asked=int(number("asked")),
    )
