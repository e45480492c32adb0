"""Test what the load test is made of: wrk and its script, the peer, what is asked for, the client, the report."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from benchmarks import load_peer, load_report
from benchmarks.asking import Client
from benchmarks.load import main, publish
from benchmarks.load_http import Ask, Broken, Connection, Tally, run_apart, source, visit
from benchmarks.load_paths import frequent, fresh, search_path, write
from benchmarks.load_site import Run
from benchmarks.load_wrk import Load, read, wrk
from benchmarks.loaded import (
    DRAWN,
    Change,
    Found,
    Loaded,
    Memory,
    Overload,
    Pair,
    Sample,
    Soak,
    Throughput,
    Versus,
    read_loaded,
    write_loaded,
)
from benchmarks.report import write as write_report
from benchmarks.results import Machine, Spread
from tests.deploy.running import Running
from tests.test_benchmarks import made_results

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk (Debian: apt-get install wrk)")
SAID: dict[str, float | dict[str, int]] = {
    "asked": 30, "answered": 20, "seconds": 2.0, "bytes": 5, "connect": 1, "read": 2, "write": 0, "timeout": 3,
    "status": 4, "without_retry": 1, "statuses": {"503": 4, "200": 16}, "p50": 1.0, "p90": 2.0, "p99": 3.0,
    "worst": 4.0,
}  # fmt: skip


def test_what_wrk_said_is_read() -> None:
    load = read(SAID, 16, 25)
    assert (load.rate, load.failed, load.repeated) == (10.0, 10, True)
    assert list(load.statuses.items()) == [("200", 16), ("503", 4)]
    assert not read(SAID, 16, 30).repeated


@needs_wrk
def test_wrk_asks_each_address_once_and_counts_the_answers(run: Run, site: Running, file: Path) -> None:
    write([search_path(query) for query in run.paths.any_searches], file)
    load = run.wrk(site, file, 2, seconds=2, statuses=True)
    assert load.answered > 0
    assert load.statuses == {"200": load.answered}
    assert (load.failed, load.repeated) == (0, False)
    assert 0 < load.p50 <= load.p99 <= load.worst
    asked = site.access_log.read_text(encoding="utf-8").count('"path":"/search"')
    assert load.answered <= asked
    lost = run.wrk(site, write(["/nowhere"], file), 2, seconds=1, statuses=True)
    assert lost.failed == lost.answered == lost.statuses["404"]


@needs_wrk
def test_the_peer_finds_the_comments_and_counts_months_and_users(run: Run, tmp_path: Path, file: Path) -> None:
    database = load_peer.build(run.place.database(), tmp_path / "comments.db")
    with closing(connect(database)) as connection:
        ((body,),) = connection.execute("SELECT text FROM comments WHERE length(text) > 20 LIMIT 1")
    with load_peer.serve(database) as peer:
        with Client(peer.port) as client:
            piece = body.replace("\n", " ").replace('"', " ")[5:12].strip()
            answer = client.get(load_peer.search_path(f'"{piece}"')).body
            everything = client.get("/comments/comments").body
        with closing(connect(database)) as connection:
            query = "SELECT count(*) FROM comments_fts WHERE comments_fts MATCH ?"
            ((count,),) = connection.execute(query, (f'"{piece}"',))
        page = answer.decode()
        # It does search: it says what it found, and that is what the index has.
        assert load_peer.total_of(answer) == count > 0
        assert load_peer.total_of(everything) is None
        assert 'class="facet-results"' in page
        assert all(f'data-column="{name}"' in page for name in ("month", "user"))
        paths = write(map(load_peer.search_path, run.paths.searches), file)
        load = wrk(peer.base, paths, 2, 1, statuses=True)
        assert load.statuses == {"200": load.answered}
        assert peer.memory_mb > 10


def test_no_search_is_drawn_twice_and_all_have_the_length_asked_for() -> None:
    texts = ["京都の寺で黒猫を見たという話を聞いた", "ガベージコレクションは遅いが rust にはない", "日本語処理と検索"]
    found = list(fresh(texts, random.Random(1), 3))
    assert len(found) == len(set(found)) > 10
    assert all(len(term) >= 3 for query in found for term in query.split())
    assert found == list(fresh(texts, random.Random(1), 3))


def test_frequent_words_are_those_most_texts_hold_each_once() -> None:
    texts = ["メモリと言語 メモリ", "メモリと rust と言語処理", "rust は go より", "検索結果が rust なら メモリ"]
    assert sorted(frequent(texts, random.Random(1), 3, most=2)) == ["rust", "メモリ"]
    assert sorted(frequent(texts, random.Random(1), 3)) == ["rust", "メモリ", "検索結果", "言語処理"]


def test_visitors_have_addresses_of_their_own() -> None:
    found = [source(number) for number in range(70_000)]
    assert len(set(found)) == 70_000
    assert "127.0.0.1" not in found


async def _ask_twice(kind: str) -> tuple[list[int], Connection]:
    """Ask a server twice that closes the connection in some way after its first answer."""
    served = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1
        length = 9 if kind == "cut" else 2
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nok".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    connection = Connection(server.sockets[0].getsockname()[1], source(1))
    try:
        statuses = [(await connection.get("/")).status]
        statuses.append((await connection.get("/")).status)
        return statuses, connection
    finally:
        connection.close()
        server.close()
        await server.wait_closed()


def test_a_connection_closed_while_idle_is_opened_again_and_one_cut_off_is_a_failure() -> None:
    statuses, connection = run_apart(_ask_twice("idle"))
    assert (statuses, connection.reopened) == ([200, 200], 1)
    with pytest.raises(Broken, match="IncompleteReadError"):
        run_apart(_ask_twice("cut"))


def test_nobody_there_is_a_failure() -> None:
    tally = Tally()
    asks: Iterator[Ask] = iter([Ask("post", "/")])
    run_apart(visit(1, asks, tally, lambda: False))
    assert tally.statuses == {"0": 1}
    assert len(tally.failures) == 1


def made_load(rate: float, p99: float = 90.0, failed: int = 0) -> Load:
    """Return a load of so many answers a second."""
    return Load(8, int(rate * 10), 10.0, p99 / 2, p99, p99 * 2, failed, {"200": int(rate * 10)})


def made_loaded() -> Loaded:
    """Return a run with a figure in every place."""
    spread, memory = Spread(5, 9, 12, 20), Memory(12, 200)
    samples = [Sample(n, 10, 200 + n / 10, 90, 60, 1_000_000, 50_000) for n in range(100)]
    machine = Machine("2026-11-24", 2, "Linux on x86_64", {"Python": "3.11.9", "nginx": "1.22.1"})
    return Loaded(
        machine=machine,
        comments=119_000,
        posts=1489,
        throughput=[Throughput("a post, from nginx's cache", [made_load(9000), made_load(20000)], memory)],
        versus=Versus(
            "Datasette", {"suggest_facets": "off"}, {"1 thread": 20.0},
            [Pair(DRAWN, 8, 2, made_load(200), made_load(10, 900), [19.0, 21.0])],
            250, 60, [Found(DRAWN, 60, 300.0, 0.8, 0.15, 0.05)], 40_000, 50_000,
        ),
        changes=[Change("gunicorn restarted", 3, 1.2, 900, {"200": 899, "502": 1}, 1, ["502 for /"], spread)],
        overloads=[
            Overload(
                "searches by one address", 1000, 8, 1500, {"200": 900, "503": 9000}, 0, spread, {"static file": spread},
                0, 200, [], 0.4, memory, Memory(20, 240),
            )
        ],
        soak=Soak(
            machine, 100, 99, 20, 20, 9000, {"200": 8900, "404": 100}, {"post": 9000}, 0, [],
            {"everything": spread}, {"everything": spread}, samples,
        ),
    )  # fmt: skip


def test_figures_survive_their_file(tmp_path: Path) -> None:
    assert read_loaded(tmp_path) is None
    write_loaded(made_loaded(), tmp_path)
    assert read_loaded(tmp_path) == made_loaded()


def test_the_report_says_what_was_reached_and_what_was_not(tmp_path: Path) -> None:
    text = write_report(made_results(), tmp_path, None, made_loaded()).read_text(encoding="utf-8")
    section = text.partition("## Under load")[2].partition("\n## ")[0]
    assert "| a post, from nginx's cache, 8 | 20,000 |" in section
    assert f"| {DRAWN}, 8 | 200 | 10 | 21.0 |" in section
    assert "| failed requests: gunicorn restarted | 0 | 1 | **not met** |" in section
    assert "200: 899, 502: 1" in section
    assert "| searches by one address: searches as usual after | 5 s | 0.40 s | met |" in section
    assert "2026-11-24" in section
    assert "nginx 1.22.1" in section


def test_growth_is_a_missed_target() -> None:
    loaded = made_loaded()
    assert loaded.soak is not None
    missed = [one.what for one in load_report.soak_targets(loaded.soak) if not one.is_met]
    assert missed == []
    for number, sample in enumerate(loaded.soak.samples):
        object.__setattr__(sample, "files", 60 + number)
    missed = [one.what for one in load_report.soak_targets(loaded.soak) if not one.is_met]
    assert missed == ["soak: open files, last third against first"]


def test_the_report_is_written_anew_from_what_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(made_results(), tmp_path)
    write_loaded(made_loaded(), tmp_path)
    assert main(["--only", "report", "--output", str(tmp_path)]) == 1
    assert "failed requests: gunicorn restarted" in capsys.readouterr().out
    assert "## Under load" in (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))["posts"] == 1489
    publish(Loaded(), tmp_path)
