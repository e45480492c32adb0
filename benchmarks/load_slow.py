"""Hold the site up by hundreds of slow, endless and half requests, and see what other readers get meanwhile."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from benchmarks.load_http import run_apart, source
from benchmarks.load_mix import Mix
from benchmarks.load_site import HOST, Run
from benchmarks.load_visits import MemoryWatch, visited
from benchmarks.loaded import Overload
from tests.deploy.running import Running

CLIENTS: Final = 600
FIRST: Final = 1000
"""The number of the first of their addresses: those of readers come before."""
VISITORS: Final = 4

Attack = Callable[[int, int, float], Coroutine[Any, Any, str]]
"""What one client does, given the port, its number and the seconds it has; returns how that ended."""


async def drip(port: int, number: int, seconds: float) -> str:
    """Send a header byte by byte, one a second (slowloris)."""
    reader, writer = await _connect(port, number)
    text = f"GET /search?q=slow{number} HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode() + b"a" * 10_000
    return await _send(reader, writer, [text[place : place + 1] for place in range(len(text))], 1.0, seconds)


async def half(port: int, number: int, seconds: float) -> str:
    """Send half a request, and then nothing."""
    reader, writer = await _connect(port, number)
    return await _send(reader, writer, [f"GET /posts/ HTTP/1.1\r\nHost: {HOST}\r\nAcc".encode()], 0, seconds)


async def no_reading(port: int, number: int, seconds: float) -> str:
    """Ask for a page and read nothing of the answer, with as little room for it as the system allows."""
    with socket.socket() as connection:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.bind((source(number), 0))
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        await asyncio.sleep(seconds)
        is_closed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
    return "closed by the server" if is_closed else "still open at the end"


async def huge_header(port: int, number: int, seconds: float) -> str:
    """Send a header of 200 kB."""
    return await _once(port, number, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Big: {'a' * 200_000}\r\n\r\n")


async def huge_address(port: int, number: int, seconds: float) -> str:
    """Send an address of 200 kB."""
    return await _once(port, number, f"GET /search?q={'a' * 200_000} HTTP/1.1\r\nHost: {HOST}\r\n\r\n")


async def many_headers(port: int, number: int, seconds: float) -> str:
    """Send 5,000 headers."""
    lines = "".join(f"X-{n}: {n}\r\n" for n in range(5000))
    return await _once(port, number, f"GET / HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n")


async def a_body(port: int, number: int, seconds: float) -> str:
    """Announce a body of a gigabyte, and begin to send it."""
    head = f"POST /search HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000000\r\n\r\n"
    return await _once(port, number, head + "a" * 100_000)


ATTACKS: Final[dict[str, tuple[Attack, bool]]] = {
    "headers that drip, a byte a second": (drip, False),
    "half requests": (half, False),
    "answers that are not read": (no_reading, False),
    "headers of 200 kB": (huge_header, True),
    "5,000 headers": (many_headers, True),
    "addresses of 200 kB": (huge_address, True),
    "bodies of a gigabyte": (a_body, True),
}
"""What clients do, and whether each begins again as soon as it was answered."""


def measure(run: Run) -> None:
    """Do each for a while by many clients at once."""
    with run.serve() as site:
        mix = Mix(run.paths, site.port, HOST)
        found = [attack(run, site, mix, what) for what in ATTACKS]
    rest = [one for one in run.loaded.overloads if one.what not in ATTACKS]
    run.loaded.overloads = [*rest, *found]


def attack(run: Run, site: Running, mix: Mix, what: str, clients: int = CLIENTS) -> Overload:
    """Let clients do something for a while and return how they ended, and what visitors of the site got meanwhile."""
    run.say(f"slow: {what}")
    do, again = ATTACKS[what]
    # What drips is given up by nginx after a while: long enough to see that.
    seconds = run.seconds if again else run.seconds * 2
    streams = [mix.stream(900 + number) for number in range(VISITORS)]
    with MemoryWatch(site) as memory, visited(site.port, streams) as visits:
        ended = run_apart(_all(do, site.port, clients, seconds, again=again))
    tally = visits.tally
    spread = tally.spread()
    return Overload(
        what=what,
        connections=clients,
        seconds=round(visits.seconds, 1),
        offered=round(ended.total() / visits.seconds, 1),
        statuses=dict(sorted(ended.items())),
        without_retry=0,
        refused_ms=None,
        others={} if spread is None else {"all kinds": spread},
        others_failed=len(tally.failures),
        others_asked=tally.asked,
        failures=tally.failures[:20],
        recovery=None,
        memory_before=memory.before,
        memory_peak=memory.peak,
    )


async def _all(do: Attack, port: int, clients: int, seconds: float, *, again: bool) -> Counter[str]:
    ended: Counter[str] = Counter()
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        while (left := until - time.monotonic()) > 0:
            try:
                ended[await do(port, number, left)] += 1
            except OSError as error:
                ended[type(error).__name__] += 1
            if not again:
                return
            await asyncio.sleep(1)

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(one(FIRST + number))
    return ended


async def _connect(port: int, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(source(number), 0))


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: list[bytes], pause: float, seconds: float
) -> str:
    """Send parts with pauses until the server answers or closes, or the time is over; return how it ended."""
    answer = asyncio.ensure_future(reader.read(200))
    until = time.monotonic() + seconds
    try:
        for part in parts:
            writer.write(part)
            await asyncio.wait([answer], timeout=min(pause, max(0.0, until - time.monotonic())))
            if answer.done() or time.monotonic() >= until:
                break
        await asyncio.wait([answer], timeout=max(0.0, until - time.monotonic()))
        return _ending(answer.result()) if answer.done() else "still open at the end"
    except OSError:
        return "closed by the server"
    finally:
        answer.cancel()
        with suppress(OSError, asyncio.CancelledError):
            await answer
        writer.close()


async def _once(port: int, number: int, text: str) -> str:
    """Send everything at once, and return how it ended."""
    reader, writer = await _connect(port, number)
    try:
        with suppress(ConnectionError):  # the answer may be there all the same
            writer.write(text.encode())
            await asyncio.wait_for(writer.drain(), 10)
        return _ending(await asyncio.wait_for(reader.read(200), 10))
    except TimeoutError:
        return "no answer within 10 s"
    except OSError:
        return "closed by the server"
    finally:
        writer.close()


def _ending(answer: bytes) -> str:
    return answer.split()[1].decode("ascii", "replace") if answer.startswith(b"HTTP/") else "closed by the server"
