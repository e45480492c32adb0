"""Hold that searches are kept where that is wanted, bounded and without who searched, and summed up by a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from matome_app import search_log
from matome_app.config import ROOT
from matome_app.search_log import Search
from tests.app.logs import written
from tests.app.sites import HTMX, Site, write_sample

TYPING = {**HTMX, "HX-Source": "form#search"}
WRITE = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("search_log", sys.argv[4])
search_log = sys.modules["search_log"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(search_log)
search_log.MOST_BYTES = int(sys.argv[3])
for n in range(int(sys.argv[2])):
    search_log.record(Path(sys.argv[1]), f"{'x' * 40} {n}", ["tag"], n, 1.5, typed=False)
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site that keeps searches."""
    site = Site(tmp_path_factory.mktemp("kept"), config={"SEARCH_LOG": "1"})
    write_sample(site)
    site.index()
    yield site
    site.close()


@pytest.fixture(scope="module")
def client_of_kept(kept: Site) -> FlaskClient:
    """Give a client of it."""
    return kept.client()


@pytest.fixture
def asking(kept: Site, client_of_kept: FlaskClient) -> FlaskClient:
    """Give the client; nothing is kept yet."""
    for name in (search_log.FILE, search_log.OLD):
        (kept.data / name).unlink(missing_ok=True)
    return client_of_kept


def lines(site: Site) -> list[dict[str, Any]]:
    """Return what is kept, as it is in the file."""
    path = site.data / search_log.FILE
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def searches(folder: Path, *words: str, typed: bool = False, minutes_ago: int = 0, total: int = 1) -> None:
    """Keep searches that were asked a while ago."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    with (folder / search_log.FILE).open("ab") as file:
        for q in words:
            file.write(Search(at, q, search_log.normalised(q), (), total, 2.0, typed).as_line())


def test_nothing_is_kept_unless_it_is_asked_for(sample: Site, client: FlaskClient) -> None:
    client.get("/search?q=急須")
    assert not (sample.data / search_log.FILE).exists()


def test_a_search_is_kept_with_what_it_found_and_without_who_asked(kept: Site, asking: FlaskClient) -> None:
    headers = {"User-Agent": "Mosaic/1.0", "X-Request-ID": "0af7651916cd43dd", "Referer": "/search?q=before"}
    asking.get(
        "/search?q=%20急須　ＲＭ%20&tag=お茶&user=gull&after=2020-01-01",
        headers=headers,
        environ_base={"REMOTE_ADDR": "198.51.100.77"},
    )
    (one,) = lines(kept)
    at = datetime.strptime(one.pop("at"), "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=3)
    assert one.pop("ms") >= 0
    filters = ["tag", "user", "after"]
    assert one == {"q": "急須　ＲＭ", "normal": "急須 rm", "filters": filters, "total": 0, "typed": False}
    assert (kept.data / search_log.FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["/api/search?q=急須", "/users/gull/?q=急須", "/search?q=急須&sort=newest"])
def test_each_way_to_search_counts(kept: Site, asking: FlaskClient, url: str) -> None:
    assert asking.get(url).status_code == 200
    assert [one["normal"] for one in lines(kept)] == ["急須"]


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "/search?q=埋め草&page=2", {}),
        ("GET", "/search?tag=お茶", {}),
        ("GET", "/search", {}),
        ("GET", "/search.atom?q=急須", {}),
        ("GET", "/search?q=急須&tag=お茶", {**HTMX, "HX-Source": "a"}),
        ("GET", "/posts/2024_03/2024_03_05_teapots/?q=急須", {}),
        ("HEAD", "/search?q=急須", {}),
    ],
)
def test_what_is_no_new_search_does_not(
    kept: Site, asking: FlaskClient, method: str, url: str, headers: dict[str, str]
) -> None:
    assert asking.open(url, method=method, headers=headers).status_code == 200
    assert lines(kept) == []


def test_what_was_sent_while_typing_is_no_search_of_its_own(kept: Site, asking: FlaskClient) -> None:
    for q in ("急", "急須", "急須は", "急須は", "丸い"):
        asking.get(f"/search?q={q}", headers=TYPING)
    assert [one.q for one in search_log.read(kept.data)] == ["急須は", "丸い"]


def test_a_word_that_somebody_meant_stays_whatever_is_asked_afterwards(tmp_path: Path) -> None:
    searches(tmp_path, "tea", typed=True, minutes_ago=20)
    searches(tmp_path, "tea", minutes_ago=5)
    searches(tmp_path, "teapot", "teapots", typed=True, minutes_ago=5)
    assert [one.q for one in search_log.read(tmp_path)] == ["tea", "tea", "teapots"]


def test_many_processes_keep_searches_at_once(tmp_path: Path) -> None:
    write(tmp_path, processes=4, each=300, most=10_000_000)
    assert len(search_log.read(tmp_path)) == 4 * 300


def test_the_files_stay_small_whoever_writes(tmp_path: Path) -> None:
    most = 20_000
    write(tmp_path, processes=4, each=1000, most=most)
    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {search_log.FILE, search_log.OLD}
    assert all(file.stat().st_size <= 2 * most for file in files)
    read = search_log.read(tmp_path)
    assert len(read) == sum(len(file.read_bytes().splitlines()) for file in files) > 100
    assert max(one.total for one in read) == 999


def write(folder: Path, *, processes: int, each: int, most: int) -> None:
    """Have several processes keep searches at the same time; they load the module alone, which is quick."""
    command = [sys.executable, "-c", WRITE, str(folder), str(each), str(most), search_log.__file__]
    started = [subprocess.Popen(command) for _ in range(processes)]
    assert [one.wait(60) for one in started] == [0] * processes


@pytest.mark.parametrize("hindrance", ["full", "not a file", "no folder"])
def test_a_search_is_answered_where_it_cannot_be_kept(
    kept: Site, asking: FlaskClient, hindrance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_log, "_said", -search_log.SAY_AGAIN)
    path = kept.data / search_log.FILE
    if hindrance == "full":
        path.symlink_to("/dev/full")
    elif hindrance == "not a file":
        path.mkdir()
    else:
        path.symlink_to(kept.root / "none/at/all")
    try:
        with written() as log:
            answers = [asking.get(f"/search?q={q}") for q in ("急須", "ひみつ")]
        assert [answer.status_code for answer in answers] == [200, 200]
        (event,) = log.events
        assert (event["event"], event["level"]) == ("search-log", "WARNING")
        assert "ひみつ" not in log.text
        assert "急須" not in log.text
    finally:
        path.rmdir() if hindrance == "not a file" else path.unlink()


def test_a_line_that_a_full_disk_cut_off_costs_only_itself(tmp_path: Path) -> None:
    searches(tmp_path, "one")
    path = tmp_path / search_log.FILE
    path.write_bytes(path.read_bytes() + path.read_bytes()[:30])
    searches(tmp_path, "two")
    path.write_bytes(path.read_bytes() + b"\xff\xfe no json\n" + b'{"at":7}\n[]\n\n')
    searches(tmp_path, "three")
    assert [one.q for one in search_log.read(tmp_path)] == ["one", "two", "three"]


@pytest.fixture
def searched(site: Site) -> Site:
    """Give a site on which a few things were searched for, some of them long ago."""
    site.data.mkdir()
    searches(site.data, "昔の話", minutes_ago=3 * 24 * 60)
    searches(site.data, "Teapot", "ＴＥＡＰＯＴ", "teapot ", "kettle", total=7)
    searches(site.data, "nix", "nix", "\x1b[2J\u202eevil\U000e0041", total=0)
    return site


def command(site: Site, *options: str, **settings: str) -> str:
    """Run `flask searches` in this process; return what it printed."""
    ended = site.app(**settings).test_cli_runner().invoke(args=["searches", *options])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_the_command_shows_what_is_asked_most_and_what_finds_nothing(searched: Site) -> None:
    shown = searched.flask("searches", "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    found = json.loads(shown.stdout)
    assert found["searches"] == 8
    assert found["frequent"][0] == {"query": "teapot ", "count": 3, "total": 7, "ms": 2.0, "most_ms": 2.0}
    assert [one["count"] for one in found["frequent"]] == [3, 2, 1, 1, 1]
    assert {one["query"] for one in found["without_hits"]} == {"nix", "\x1b[2J\u202eevil\U000e0041"}


def test_the_command_looks_at_some_days_and_shows_some_lines(searched: Site) -> None:
    found = json.loads(command(searched, "--json", "--days", "1", "--limit", "1"))
    assert found["searches"] == 7
    assert {name: len(ones) for name, ones in found.items() if name != "searches"} == {
        "frequent": 1,
        "without_hits": 1,
        "slowest": 1,
    }


def test_no_query_controls_the_terminal(searched: Site) -> None:
    for options, escape in (([], "\\x1b"), (["--json"], "\\u001b")):
        shown = command(searched, *options)
        assert f"{escape}[2J\\u202eevil\\udb40\\udc41" in shown
        assert not set(shown) & {"\x1b", "\u202e", "\U000e0041"}


def test_the_command_says_how_searches_are_kept_where_none_are(site: Site) -> None:
    ended = site.app().test_cli_runner().invoke(args=["searches"])
    assert ended.exit_code == 1
    assert "MATOME_SEARCH_LOG=1" in ended.output
    assert command(site, SEARCH_LOG="1").startswith("0 searches")


def test_the_slowest_come_first(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    found = [Search(now, q, q, (), 1, ms) for q, ms in (("a", 1.0), ("b", 9.0), ("b", 7.0), ("c", 30.0), ("b", 8.0))]
    summed = {one.q: (one.count, one.ms, one.most_ms) for one in search_log.summaries(found)}
    assert summed == {"a": (1, 1.0, 1.0), "b": (3, 8.0, 9.0), "c": (1, 30.0, 30.0)}


def test_a_filter_that_leaves_nothing_does_not_make_a_word_one_without_hits() -> None:
    now = datetime.now(UTC)
    found = [Search(now, "tea", "tea", (), 5, 1.0), Search(now + timedelta(minutes=1), "tea", "tea", ("tag",), 0, 1.0)]
    assert [one.total for one in search_log.summaries(found)] == [5]


def test_the_files_hold_only_what_is_documented(kept: Site, asking: FlaskClient) -> None:
    asking.get("/search?q=急須")
    names = {name for line in lines(kept) for name in line}
    documented = (ROOT / "docs/operations.md").read_text("utf-8")
    assert all(f"`{name}`" in documented for name in names)
    assert os.listdir(kept.data).count(search_log.FILE) == 1
