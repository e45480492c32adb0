"""Hold what a generation is: numbered, sealed, built again for a reason that is said, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from matome_app import judging, state
from matome_app.search.analysis import ANALYSIS
from matome_app.store import queries
from matome_app.store.generations import current_generation, leftovers, write_lock
from matome_app.store.session import Store
from matome_app.store.writing import get_meta, set_meta
from tests.app.conftest import _no_settings as _no_settings
from tests.app.conftest import site as site
from tests.app.sites import Site, post_text, quote

A = "posts/a.md"


def write_post(site: Site, word: str = "灯台") -> None:
    """Write a post with a comment."""
    site.write(A, post_text("記事", quote(f"{word}の話", "otter")))


def number(site: Site) -> int:
    """Return the number of the state that readers see."""
    generation = current_generation(site.data)
    assert generation is not None
    store = Store(generation.database_url, "read")
    with store.sessions() as session:
        found = queries.generation(session)
    store.close()
    return found


def change(site: Site, name: str, value: str) -> None:
    """Change a fact of the store from outside."""
    generation = current_generation(site.data)
    assert generation is not None
    store = Store(generation.database_url)
    with store.sessions.begin() as session:
        set_meta(session, name, value)
    store.close()


def ended_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_number_grows_with_every_change_and_with_nothing_else(site: Site) -> None:
    write_post(site)
    site.index()
    first = number(site)
    assert first > 0
    site.index()
    assert number(site) == first
    write_post(site, "桟橋")
    site.index()
    second = number(site)
    assert second > first
    site.index(rebuild=True)
    third = number(site)
    assert third > second
    generation = current_generation(site.data)
    assert generation is not None
    generation.database.write_bytes(b"nothing of use" * 1000)
    site.index()
    assert number(site) > third, "even where the store could not say its number any more"


def test_tags_of_pages_differ_after_a_change_though_the_clock_was_set_back(site: Site) -> None:
    write_post(site)
    client = site.indexed()
    change(site, "changed", "2999-01-01T00:00:00.000000+00:00")  # as a clock that was ahead has left it
    before = client.get("/posts/a/")
    assert "Last-Modified" not in before.headers, "what lies ahead is no time to name"
    write_post(site, "桟橋")
    site.index()
    after = client.get("/posts/a/", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert client.get("/posts/a/", headers={"If-None-Match": after.headers["ETag"]}).status_code == 304


def test_the_time_of_the_last_change_never_goes_back(site: Site) -> None:
    write_post(site)
    client = site.indexed()
    change(site, "changed", "2999-01-01T00:00:00.000000+00:00")
    for rebuild in (False, True):
        write_post(site, f"桟橋{rebuild}")
        site.index(rebuild=rebuild)
        generation = current_generation(site.data)
        assert generation is not None
        store = Store(generation.database_url, "read")
        with store.sessions() as session:
            assert (get_meta(session, "changed") or "") >= "2999"
        store.close()
    change(site, "changed", "1999-01-01T00:00:00.000000+00:00")  # a clock that was behind
    shown = client.get("/posts/a/").headers["Last-Modified"]
    write_post(site, "岬")
    site.index()
    change(site, "changed", datetime.now(UTC).replace(year=2020).isoformat(timespec="microseconds"))
    assert parsedate_to_datetime(client.get("/posts/a/").headers["Last-Modified"]) >= parsedate_to_datetime(shown)


def test_a_changed_term_table_is_used_at_once_and_changes_tags(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    terms = site.root / "terms.toml"
    terms.write_text('[[group]]\nterms = ["灯台", "ライトハウス"]\n', encoding="utf-8")
    site.config["TERMS_FILE"] = str(terms)
    write_post(site)
    client = site.indexed()
    tag = client.get("/search?q=ライトハウス").headers["ETag"]
    assert client.get("/api/search?q=ライトハウス").get_json()["total"] == 1
    terms.write_text('[[group]]\nterms = ["灯台", "みちしるべ"]\n', encoding="utf-8")
    assert client.get("/api/search?q=みちしるべ").get_json()["total"] == 1
    assert client.get("/api/search?q=ライトハウス").get_json()["total"] == 0
    assert client.get("/search?q=ライトハウス", headers={"If-None-Match": tag}).status_code == 200
    terms.write_text("[[group]]\nterms = [", encoding="utf-8")
    for _ in range(3):
        assert client.get("/api/search?q=みちしるべ").get_json()["total"] == 1
    assert len([record for record in caplog.records if "table as it was" in record.message]) == 1


def test_a_run_that_finds_nothing_to_do_writes_nothing(site: Site) -> None:
    write_post(site)
    site.index()

    def stamps() -> dict[str, list[int]]:
        return {
            str(path): state.stamp_of(path)
            for path in site.data.rglob("*")
            if path.is_file() and not path.name.endswith(("-shm", "-wal"))
        }

    before = stamps()
    site.index()
    assert judging.is_up_to_date(site.settings)
    assert stamps() == before


def test_what_killed_processes_left_is_removed_by_the_next_run_though_nothing_else_is_to_do(site: Site) -> None:
    write_post(site)
    site.index()
    dead = ended_process()
    (site.data / "g77/words").mkdir(parents=True)
    (site.data / "g77/matome.sqlite3").write_bytes(b"half")
    (site.data / "images").mkdir()
    left = [
        site.data / "current.new",
        site.data / "progress.json.new",
        site.data / f".write-{dead}",
        site.data / f"images/.a.webp.{dead}-1",
    ]
    kept = [
        site.data / f".write-{os.getppid()}",
        site.data / f"images/.b.webp.{os.getpid()}-1",
        site.data / "images/c.webp",
    ]
    for path in (*left, *kept):
        path.write_bytes(b"half")
    assert not judging.is_up_to_date(site.settings), "a start sees to it, too"
    report = site.index()
    assert (report.added, report.changed, report.removed) == (0, 0, 0)
    assert not (site.data / "g77").exists()
    assert [path for path in left if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert judging.is_up_to_date(site.settings)


def test_nobody_removes_what_another_process_still_builds(site: Site) -> None:
    write_post(site)
    site.index()
    with write_lock(site.data, wait=True):
        (site.data / "g2/words").mkdir(parents=True)
        assert site.index(wait=False).busy
        assert (site.data / "g2").is_dir()
    current = current_generation(site.data)
    assert current is not None
    assert leftovers(site.data, current) == [site.data / "g2"]


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("versions", "schema 1, content 1", "building again: schema 1 -> "),
        ("versions", f"{judging.versions().partition(',')[0]}, content 0", "building again: content 0 -> "),
        ("versions", "something else", "building again: the store is of something else"),
    ],
)
def test_a_rebuild_says_why(site: Site, fact: str, value: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    write_post(site)
    site.index()
    change(site, fact, value)
    site.index()
    lines = [record.message for record in caplog.records if record.message.startswith("building again")]
    assert len(lines) == 1
    assert lines[0].startswith(said)
    assert state.read_state(site.data)["rebuild"]["reason"] == lines[0].removeprefix("building again: ")


def note_analyzer(site: Site, made_by: str) -> None:
    """Write down that the index was made by another analyzer."""
    generation = current_generation(site.data)
    assert generation is not None
    store = Store(generation.database_url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE search_meta SET value = ? WHERE name = 'analyzer'", (made_by,))
    store.close()


def test_another_analysis_is_a_reason_to_build_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    write_post(site)
    client = site.indexed()
    note_analyzer(site, "of yore")
    site.index()
    assert "building again: the analysis of texts has changed" in caplog.text
    assert client.get("/api/search?q=灯台").get_json()["total"] == 1


def test_another_dictionary_is_a_reason_to_write_the_words_again_and_nothing_else(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    write_post(site)
    client = site.indexed()
    before = current_generation(site.data)
    note_analyzer(site, f"{ANALYSIS} of another dictionary")
    assert not judging.is_up_to_date(site.settings)
    report = site.index()
    assert (report.added, report.changed) == (0, 0)
    assert "writing the words again" in caplog.text
    assert "building again" not in caplog.text
    assert current_generation(site.data) == before
    assert judging.is_up_to_date(site.settings)
    assert client.get("/api/search?q=灯台").get_json()["hits"][0]["match"] == "word"


def test_the_state_tells_the_last_run_and_how_the_files_were_left(site: Site) -> None:
    write_post(site)
    report = site.index()
    known = state.read_state(site.data)
    assert known["run"] | {"start": "", "end": "", "seconds": 0} == {
        "start": "",
        "end": "",
        "seconds": 0,
        "added": 1,
        "changed": 0,
        "removed": 0,
        "faulty": 0,
        "comments": 1,
    }
    assert known["run"]["seconds"] == round(report.seconds, 3)
    assert known["run"]["start"] <= known["run"]["end"]
    assert known["error"] is None
    assert known["rebuild"]["reason"] == "there is no index yet"
    assert known["seal"]["generation"] == "g1"
    assert {"database"} < set(known["seal"]["files"])
    assert known["number"] == number(site)


def test_a_run_for_named_files_looks_at_these_alone(site: Site) -> None:
    write_post(site)
    site.index()
    write_post(site, "桟橋")
    site.write("posts/b.md", post_text("二つ目", quote("岬の話")))
    while (report := site.index(paths=["posts/b.md"])).unsettled:
        pass  # what was written just now is left to the next look
    assert (report.added, report.changed) == (1, 0)
    report = site.index()
    assert (report.added, report.changed) == (0, 1)


def test_a_store_that_the_settings_name_is_rebuilt_beside_itself(site: Site) -> None:
    path = site.root / "elsewhere.sqlite3"
    site.config["DATABASE_URL"] = f"sqlite:///{path}"
    write_post(site)
    client = site.indexed()
    assert path.is_file()
    seen: list[int] = []

    def look(_moment: object) -> None:
        seen.append(client.get("/api/search?q=灯台").get_json()["total"])

    site.index(rebuild=True, progress=look)
    assert set(seen) == {1}
    assert client.get("/api/search?q=灯台").get_json()["total"] == 1
    stores = [one.name for one in site.root.glob("elsewhere*.sqlite3")]
    assert len(stores) == 1, "the store that was replaced is gone"
    assert judging.is_up_to_date(site.settings)


def test_the_log_of_the_store_is_empty_after_a_run(site: Site) -> None:
    write_post(site)
    client = site.indexed()
    assert client.get("/").status_code == 200  # a reader keeps its connection open
    write_post(site, "桟橋")
    site.index()
    generation = current_generation(site.data)
    assert generation is not None
    log = Path(f"{generation.database}-wal")
    assert not log.exists() or log.stat().st_size == 0
