"""Send gunicorn, as deploy/ sets it up, what is no HTTP: it answers 4xx or closes, and goes on with the next one."""

from __future__ import annotations

import contextlib
import random
import socket

import pytest

from tests.faults.serving import Server

SECONDS = 40
"""The longest that an answer or the end of a connection is waited for."""

CHUNKS = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
END = b"\r\n\r\n"

MALFORMED = {
    "nothing of a request": b"\r\n\r\n\r\n",
    "one word": b"HELLO\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "version 9.9": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "a version of letters": b"GET / HTTP/x.y\r\nHost: a\r\n\r\n",
    "another protocol": b"GET / ICY/1.1\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "four words": b"GET / x HTTP/1.1\r\nHost: a\r\n\r\n",
    "a small method": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method of signs": b"G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "line feeds alone": b"GET / HTTP/1.1\nHost: a\n\n",
    "a raw byte in an address": b"GET /search?q=\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw UTF-8 in an address": "GET /search?q=検索 HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "NUL in the address": b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address of another site": b"GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "an authority for an address": b"GET evil.example:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "no address": b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    "a broken port": b"GET //[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET /posts/ HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /posts/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a bad host": b"GET /posts/ HTTP/1.1\r\nHost: \xff\x00/\r\n\r\n",
    "a header without a colon": GOOD + b"nocolon" + END,
    "a header without a name": GOOD + b": value" + END,
    "a blank before the colon": GOOD + b"Accept : a" + END,
    "a folded header": GOOD + b"Accept: a\r\n b" + END,
    "NUL in a header": GOOD + b"Accept: a\x00b" + END,
    "a carriage return in a header": GOOD + b"Accept: a\rSet-Cookie: b" + END,
    "500 headers": GOOD + b"X: y\r\n" * 500 + END,
    "a header of 100,000 bytes": GOOD + b"X: " + b"y" * 100_000 + END,
    "an address of 200,000 bytes": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "two lengths": GOOD + b"Content-Length: 1\r\nContent-Length: 2" + END + b"ab",
    "a length below nothing": GOOD + b"Content-Length: -1" + END,
    "a length of letters": GOOD + b"Content-Length: abc" + END,
    "a length of other digits": GOOD + "Content-Length: ²".encode() + END,
    "a length with a sign": GOOD + b"Content-Length: +3" + END + b"abc",
    "a length without end": GOOD + b"Content-Length: " + b"9" * 400 + END,
    "a length and chunks": GOOD + b"Content-Length: 3\r\nTransfer-Encoding: chunked" + END + b"0\r\n\r\n",
    "chunks twice": GOOD + b"Transfer-Encoding: chunked, chunked" + END + b"0\r\n\r\n",
    "chunks, then something else": GOOD + b"Transfer-Encoding: chunked, gzip" + END + b"0\r\n\r\n",
    "an unknown encoding": GOOD + b"Transfer-Encoding: x" + END,
    "a chunk of letters": CHUNKS + b"zz\r\nabc\r\n0\r\n\r\n",
    "a chunk below nothing": CHUNKS + b"-5\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer": CHUNKS + b"2\r\nabcdef\r\n0\r\n\r\n",
    "a chunk of all bytes there are": CHUNKS + b"f" * 40 + END,
    "a proxy's first line": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "an upgrade": GOOD + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x" + END,
    "more than one, the second broken": GOOD + END[2:] + b"\xff\xfe\r\n\r\n",
    "half a request": b"GET /posts/ HT",
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
    "headers that do not end": GOOD + b"Accept: a",
}


def exchange(port: int, data: bytes) -> bytes:
    """Send bytes, say that no more come, and return all that is answered until the server closes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        # What is refused early is closed while we still send.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
    return answer


def statuses(answer: bytes) -> list[int]:
    """Return the statuses of the answers that came, by the lines that begin them."""
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def assert_lives(served: Server, workers: set[int]) -> None:
    """Hold that the same processes go on answering, and that none of them had to write down an error."""
    assert statuses(exchange(served.port, GOOD + b"Connection: close" + END)) == [200]
    assert served.pids() == workers
    assert served.lines("Traceback|Exception|ERROR|unexpected") == []


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_is_refused_or_closed(served: Server, name: str) -> None:
    workers = served.pids()
    answered = statuses(exchange(served.port, MALFORMED[name]))
    assert all(status < 500 or status in (501, 505) for status in answered), answered
    assert_lives(served, workers)


def test_random_bytes_and_requests_with_bytes_changed_are_survived(served: Server) -> None:
    workers = served.pids()
    dice = random.Random(20260401)
    for number in range(300):
        data = bytearray(dice.choice(list(MALFORMED.values()))[:4000] if number % 3 else GOOD + b"Accept: a" + END)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if number % 10 == 0:
            data = bytearray(dice.randbytes(dice.randrange(1, 3000)))
        answered = statuses(exchange(served.port, bytes(data)))
        assert all(status < 500 or status in (501, 505) for status in answered), (number, bytes(data)[:200])
    assert_lives(served, workers)
