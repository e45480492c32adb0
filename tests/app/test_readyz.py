"""Hold what is said of a site's state: `/readyz` to machines, the bar of a first build to readers."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matome_app.config import ROOT
from matome_app.progress import Progress, clear_progress, write_progress
from matome_app.state import note_damage, write_state
from matome_app.status import builder, for_the_public, holder_of, is_replacing
from matome_app.store.generations import current_generation, write_lock
from matome_app.web.building import time_left
from tests.app.sites import HTMX, Site, page, post_text, quote, soup, texts

A_BUILD = Progress("posts", 400, 1489, 32_000, 20.0)


def look(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of /readyz."""
    response = client.get("/readyz")
    answer = response.get_json()
    assert isinstance(answer, dict)
    return response.status_code, answer


def database_of(site: Site) -> Path:
    """Return the file of the site's store."""
    found = current_generation(site.data)
    assert found is not None
    return found.folder / "matome.sqlite3"


def set_complete(site: Site, value: str) -> None:
    """Say in the store that its first build has come to its end, or not."""
    with closing(sqlite3.connect(database_of(site))) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'complete'", (value,))
        connection.commit()


@pytest.fixture
def half_built(site: Site) -> Site:
    """Give a site of two posts whose first build goes on."""
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    site.write("posts/b.md", post_text("二", quote("ふたつ"), quote("みっつ")))
    site.index()
    set_complete(site, "no")
    write_progress(site.data, A_BUILD)
    return site


def test_a_site_that_is_whole_says_so_with_its_number_its_counts_and_its_last_run(site: Site) -> None:
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    client = site.indexed()
    status, ready = look(client)
    assert (status, ready["status"], ready["state"]) == (200, "ready", "ready")
    assert (ready["posts"], ready["comments"], ready["progress"]) == (1, 1, {})
    assert (ready["last_run"]["added"], ready["last_error"]) == (1, None)
    assert ready["last_rebuild"]["reason"]
    site.write("posts/b.md", post_text("二", quote("ふたつ")))
    site.index()
    later = look(client)[1]
    assert later["generation"] > ready["generation"] > 0
    assert later["posts"] == 2
    site.index(rebuild=True)
    again = look(client)[1]
    assert again["generation"] > later["generation"], "a rebuild counts on"
    assert again["last_rebuild"]["at"] > ready["last_rebuild"]["at"]


def test_it_may_not_be_kept(site: Site) -> None:
    response = site.indexed().get("/readyz")
    assert response.cache_control.no_store
    assert "ETag" not in response.headers


def test_before_anything_is_built_it_is_unavailable(site: Site) -> None:
    status, ready = look(site.client())
    assert (status, ready["status"], ready["state"]) == (503, "unavailable", "unavailable")
    assert (ready["generation"], ready["posts"], ready["comments"], ready["last_run"]) == (None, None, None, None)


def test_a_first_build_says_how_far_it_has_come(half_built: Site) -> None:
    status, ready = look(half_built.client())
    assert (status, ready["status"], ready["state"], ready["posts"]) == (503, "building", "building", 2)
    assert ready["progress"] == {
        "phase": "posts",
        "done": 400,
        "total": 1489,
        "comments": 32_000,
        "seconds": 20.0,
        "comments_a_second": 1600,
        "seconds_left": 54.5,
    }


def test_a_rebuild_is_told_from_a_small_change(site: Site) -> None:
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    client = site.indexed()
    seen: list[tuple[int, str, str]] = []

    def note(_moment: Progress) -> None:
        status, ready = look(client)
        seen.append((status, ready["status"], ready["state"]))

    site.write("posts/b.md", post_text("二", quote("ふたつ")))
    site.index(progress=note)
    assert set(seen) == {(200, "ready", "ready")}
    seen.clear()
    site.index(rebuild=True, progress=note)
    assert set(seen) == {(200, "ready", "rebuilding")}
    assert look(client)[1]["state"] == "ready"
    assert not is_replacing(site.data)


def test_damage_is_said(site: Site) -> None:
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    site.index()
    assert note_damage(site.data, "the words cannot be read", certain=True)
    status, ready = look(site.client())
    assert (status, ready["state"], ready["posts"]) == (200, "damaged", 1), "it is served all the same"
    path = database_of(site)
    path.write_bytes(b"\0" * path.stat().st_size)
    status, ready = look(site.client())
    assert (status, ready["status"], ready["state"]) == (503, "unavailable", "damaged")


def test_errors_are_said_without_folders_and_passwords(site: Site) -> None:
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    client = site.indexed()
    message = f"cannot write {site.data}/g2/matome.sqlite3: postgresql://site:s3cret@db.example/matome; posts/a.md"
    write_state(site.data, error={"message": message, "at": "2026-01-01T00:00:00+00:00"})
    error = look(client)[1]["last_error"]
    assert error["message"] == "cannot write matome.sqlite3: postgresql://site:***@db.example/matome; posts/a.md"
    assert str(site.root) not in client.get("/readyz").get_data(as_text=True)
    assert for_the_public({"at": 1, "one": ["/"]}) == {"at": 1, "one": ["/"]}


def test_who_holds_a_lock_is_seen_without_taking_it(site: Site) -> None:
    site.data.mkdir()
    assert holder_of(site.data / "lock") is None
    with write_lock(site.data, wait=False) as held:
        assert held
        assert holder_of(site.data / "lock") == builder(site.data) == os.getpid()
    assert builder(site.data) is None


def test_it_is_quick_however_many_comments_there_are(site: Site) -> None:
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    client = site.indexed()
    with closing(sqlite3.connect(database_of(site))) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(posts)")]
        copied = ", ".join(
            {"id": "n", "path": "'p' || n", "source": "'s' || n", "comment_count": "80"}.get(name, name)
            for name in columns
        )
        connection.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12501)"
            f"INSERT INTO posts ({', '.join(columns)}) SELECT {copied} FROM numbers, (SELECT * FROM posts LIMIT 1)"
        )
        connection.commit()
    assert look(client)[1]["comments"] == 1 + 12_500 * 80
    best = min(_seconds(client) for _ in range(7))
    assert best < 0.05, "a few milliseconds, many times over"


def _seconds(client: FlaskClient) -> float:
    start = time.thread_time()
    client.get("/readyz")
    return time.thread_time() - start


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0, "まもなく終わります"),
        (7.9, "まもなく終わります"),
        (8, "あと約10秒"),
        (31, "あと約40秒"),
        (49.9, "あと約50秒"),
        (50, "あと約1分"),
        (140, "あと約2分"),
        (3_500, "あと約58分"),
        (3_599, "あと約1時間"),
        (9_000, "あと約2時間"),
    ],
)
def test_the_time_left_is_said_as_people_say_it(sample: Site, seconds: float | None, said: str) -> None:
    app: Flask = sample.app()
    with app.test_request_context():
        assert time_left(seconds) == said


def test_readers_of_a_first_build_see_posts_comments_and_the_time_left(half_built: Site) -> None:
    shown = page(half_built.client(), "/").select_one("#progress")
    assert shown is not None
    assert shown["data-hx-get"] == "/progress"
    bar = shown.select_one("progress")
    assert bar is not None
    assert (bar["max"], bar["value"]) == ("1489", "400")
    assert texts(shown.select("a, span")) == [
        "記事を読み込んでいます",
        "あと約1分",
        "記事 400 / 1,489件",
        "コメント32,000件",
    ]
    assert len(page(half_built.client(), "/").select(".item")) == 2, "what is there is shown"


def test_when_the_build_ends_the_bar_says_so_in_its_place_and_asks_no_more(half_built: Site) -> None:
    client = half_built.client()
    before = page(client, "/progress", headers=HTMX).select_one("#progress")
    set_complete(half_built, "yes")
    clear_progress(half_built.data)
    after = page(client, "/progress", headers=HTMX).select_one("#progress")
    assert before is not None
    assert after is not None
    assert (before.has_attr("data-hx-get"), before.has_attr("data-done")) == (True, False)
    assert (after.has_attr("data-hx-get"), after.has_attr("data-done")) == (False, True)
    assert [tag.name for tag in before.select("p > *")][1:] == [tag.name for tag in after.select("p > *")][1:]
    assert "記事2件 コメント3件" in texts([after])[0]
    assert page(client, "/").select("#progress *") == []


def test_a_bar_goes_on_asking_while_a_build_that_was_cut_off_waits_for_the_next(half_built: Site) -> None:
    clear_progress(half_built.data)
    asked = page(half_built.client(), "/progress", headers=HTMX).select_one("#progress")
    assert asked is not None
    assert asked.has_attr("data-hx-get")


def test_a_rebuild_and_a_change_are_no_business_of_readers(half_built: Site) -> None:
    set_complete(half_built, "yes")
    assert page(half_built.client(), "/").select("#progress *") == []


def test_a_page_with_nothing_to_show_comes_again_by_itself(site: Site) -> None:
    client = site.client()
    waiting = page(client, "/", status=503)
    assert waiting.select_one("noscript meta[http-equiv=refresh]") is not None
    bar = waiting.select_one("#progress")
    assert bar is not None
    url = str(bar["data-hx-get"])
    assert url == "/progress?waiting=1"
    response = client.get(url, headers=HTMX)
    assert "HX-Refresh" not in response.headers
    again = soup(response.data).select_one("#progress")
    assert again is not None
    assert again["data-hx-get"] == url
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    site.index()
    assert client.get(url, headers=HTMX).headers["HX-Refresh"] == "true"
    assert client.get("/progress", headers=HTMX).headers.get("HX-Refresh") is None


def test_a_list_that_is_empty_because_it_is_being_built_says_so(site: Site) -> None:
    client = site.indexed()
    empty = page(client, "/")
    assert empty.select("noscript meta") == []
    assert "この条件に合う記事はありません。" in empty.get_text()
    set_complete(site, "no")
    write_progress(site.data, A_BUILD)
    built = page(client, "/")
    assert built.select_one("noscript meta[http-equiv=refresh]") is not None
    assert "最初の記事を読み込んでいます" in built.get_text()


def test_a_builder_that_died_is_not_building(site: Site) -> None:
    site.write("posts/a.md", post_text("一", quote("ひとつ")))
    client = site.indexed()
    ended = subprocess.Popen(site.command("--version"), cwd=ROOT, stdout=subprocess.DEVNULL)
    ended.wait()
    write_progress(site.data, A_BUILD)
    path = site.data / "progress.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"pid": ended.pid}), encoding="utf-8")
    assert look(client)[1]["progress"] == {}
