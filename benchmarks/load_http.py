"""Ask a server over many connections at once, from many addresses of this machine, and count what comes back.

Small on purpose: GET alone, HTTP/1.1, bodies read and thrown away. A connection that the server closed while it was
idle is opened again, as browsers do; anything else that breaks off is a failure.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from benchmarks.results import Spread

T = TypeVar("T")

TIMEOUT: Final = 30.0
FINE: Final = frozenset({200, 304})
REFUSED: Final = "refused"
"""The kind of answers that ask for patience, where they are fine."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Something to ask for: of what kind it is, where, with which headers, and what the answer may be."""

    kind: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    fine: frozenset[int] = FINE


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `took` in milliseconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    took: float


class Broken(Exception):
    """The connection broke off, was refused, or nothing came in time."""


class Idle(Exception):
    """The server had closed the connection before it was asked."""


class Connection:
    """A connection to a server on this machine, opened when it is needed."""

    def __init__(self, port: int, source: str = "127.0.0.1", host: str = "localhost", timeout: float = TIMEOUT) -> None:
        self.port, self.source, self.host, self.timeout = port, source, host, timeout
        self.reopened = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for an address; raises Broken."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.timeout):
                try:
                    status, found, body = await self._get(path, headers or {})
                except Idle:
                    self.reopened += 1
                    self.close()
                    status, found, body = await self._get(path, headers or {})
        except TimeoutError:
            self.close()
            raise Broken(f"{path}: nothing for {self.timeout:.0f} s") from None
        except (OSError, EOFError, ValueError, Idle) as error:
            self.close()
            raise Broken(f"{path}: {type(error).__name__} {error}") from error
        except asyncio.CancelledError:
            self.close()
            raise
        if found.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, found, body, (time.perf_counter() - started) * 1000)

    async def _get(self, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        is_reused = self._streams is not None
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.source, 0))
        reader, writer = self._streams
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", *(f"{name}: {value}" for name, value in headers.items())]
        try:
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            await writer.drain()
            first = await reader.readline()
        except ConnectionError:
            if is_reused:
                raise Idle from None
            raise
        if not first and is_reused:
            raise Idle
        if not first:
            raise EOFError("closed without an answer")
        status = int(first.split()[1])
        found = await _headers(reader)
        return status, found, await _body(reader, status, found)

    def close(self) -> None:
        """Close it; it may be used again."""
        if self._streams is not None:
            with suppress(OSError, RuntimeError):
                self._streams[1].close()
        self._streams = None


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    found: dict[str, str] = {}
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        found[name.strip().lower()] = value.strip()
    if not line:
        raise EOFError("cut off in the headers")
    return found


async def _body(reader: asyncio.StreamReader, status: int, found: Mapping[str, str]) -> bytes:
    if status in (204, 304):
        return b""
    if found.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        return b"".join(parts)
    if "content-length" in found:
        return await reader.readexactly(int(found["content-length"]))
    return await reader.read()


@dataclass(slots=True)
class Tally:
    """What came of asking: answers by kind and status, how long each took and when, and what failed."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    times: list[tuple[float, str, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    without_retry: int = 0
    reopened: int = 0

    def note(self, ask: Ask, reply: Reply) -> None:
        """Note an answer, and as a failure one that may not be."""
        self.answers[ask.kind, reply.status] += 1
        if reply.status in (429, 503) and "retry-after" not in reply.headers:
            self.without_retry += 1
        if reply.status not in ask.fine:
            self.failures.append(f"{reply.status} for {ask.path}")
        else:
            kind = REFUSED if reply.status in (429, 503) else ask.kind
            self.times.append((time.monotonic(), kind, reply.took))

    def broke(self, ask: Ask, why: Broken) -> None:
        """Note that no answer came."""
        self.answers[ask.kind, 0] += 1
        self.failures.append(str(why))

    @property
    def asked(self) -> int:
        """How often something was asked."""
        return sum(self.answers.values())

    @property
    def statuses(self) -> dict[str, int]:
        """How many answers had each status; 0 where none came."""
        counts: Counter[str] = Counter()
        for (_, status), count in self.answers.items():
            counts[str(status)] += count
        return dict(sorted(counts.items()))

    def spread(self, *kinds: str, since: float = 0, until: float = float("inf")) -> Spread | None:
        """Summarize the times of answers that were fine, of some kinds (all) between two moments; None without any."""
        took = [ms for at, kind, ms in self.times if since <= at < until and (not kinds or kind in kinds)]
        return Spread.of(took) if took else None


def source(number: int) -> str:
    """Return the loopback address of a visitor, so that each is somebody else to the server."""
    return f"127.{1 + number // 62500 % 250}.{number // 250 % 250}.{1 + number % 250}"


async def visit(
    port: int,
    asks: Iterator[Ask],
    tally: Tally,
    is_over: Callable[[], bool],
    *,
    number: int = 0,
    pause: float = 0.0,
    renew: int = 50,
    timeout: float = TIMEOUT,
) -> None:
    """Ask one thing after another by one connection, a new one each `renew` answers, until something is over."""
    connection = Connection(port, source(number), timeout=timeout)
    try:
        for count, ask in enumerate(asks, 1):
            if is_over():
                return
            try:
                tally.note(ask, await connection.get(ask.path, ask.headers))
            except Broken as why:
                tally.broke(ask, why)
            if count % renew == 0:
                connection.close()
            if pause:
                await asyncio.sleep(pause)
    finally:
        tally.reopened += connection.reopened
        connection.close()


async def crowd(
    port: int, asks: Iterable[Iterator[Ask]], tally: Tally, is_over: Callable[[], bool], *, pause: float = 0.0
) -> None:
    """Let many visit at once, each with its own things to ask for."""
    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(asks):
            group.create_task(visit(port, one, tally, is_over, number=number, pause=pause))


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run what is asynchronous to its end, in a thread of its own: the caller's may have an event loop already."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
