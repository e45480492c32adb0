"""Hold `flask doctor`: it sees damage of many kinds, says what to do about it, and never changes anything."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from matome_app.config import ROOT
from matome_app.progress import Progress, write_progress
from matome_app.store.generations import Generation, current_generation, write_lock
from tests.app.sites import Site, fold, post_text, quote

UNCLOSED = post_text("開いたまま", '{{< details summary="s" >}}')


def write_some(site: Site) -> None:
    """Write three posts with five comments, a draft, a post of the future and a faulty file."""
    site.write("posts/a.md", post_text("一", quote("ひとつ", "gull"), quote("ふたつ", "otter"), tags=["茶", "C++"]))
    site.write("posts/b.md", post_text("二", quote("みっつ", "gull"), fold("さらに", quote("よっつ", "")), tags=["茶"]))
    site.write("posts/c.md", post_text("三", quote("いつつ", "crow")))
    site.write("posts/draft.md", post_text("下書き", quote("秘密", "nobody"), draft=True))
    site.write("posts/future.md", post_text("未来", quote("まだ", "nobody"), date="2999-01-01"))
    site.write("posts/faulty.md", UNCLOSED)


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return size, time of change and inode of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(folder))] = status.st_size, status.st_mtime_ns, status.st_ino
    return found


def doctor(site: Site, *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and what the doctor says as JSON; hold that it left everything as it was."""
    before = snapshot(site.root)
    ended = site.app().test_cli_runner().invoke(args=["doctor", "--json", *options])
    assert snapshot(site.root) == before, "the doctor only looks"
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    said = json.loads(ended.stdout)
    assert (ended.exit_code == 0) is said["healthy"]
    return ended.exit_code, said


def codes(said: dict[str, Any]) -> list[str]:
    """Return the codes of the problems found."""
    return [finding["code"] for finding in said["findings"] if finding["level"] == "problem"]


def generation_of(site: Site) -> Generation:
    """Return the site's current generation."""
    found = current_generation(site.data)
    assert found is not None
    return found


def database_of(site: Site) -> Path:
    """Return the file of the site's store."""
    return Path(make_url(generation_of(site).database_url).database or "")


def change(site: Site, *statements: str) -> None:
    """Change the store behind everybody's back, and forget the seal: what differs is to be seen by itself."""
    with closing(sqlite3.connect(database_of(site))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_whole_site_is_well_and_all_sides_agree(site: Site) -> None:
    write_some(site)
    (site.content / "posts/faulty.md").unlink()
    site.index()
    code, said = doctor(site)
    assert (code, said["findings"], said["healthy"]) == (0, [], True)
    assert said["content"]["counts"] == {
        "live": 3,
        "draft": 1,
        "future": 1,
        "expired": 0,
        "faulty": 0,
        "duplicate": 0,
        "comments": 5,
        "users": 3,
        "tags": 2,
    }
    assert {name: said["database"]["store"][name] for name in ("files", "posts", "comments", "users", "tags")} == {
        "files": 5,
        "posts": 3,
        "comments": 5,
        "users": 3,
        "tags": 2,
    }
    assert said["database"]["index"] == {"posts": 3, "comments": 5, "texts": 5, "users": 3, "tags": 2}
    assert said["words"] == {"documents": 5, "error": ""}
    assert said["generation"]["number"] == site.client().get("/readyz").get_json()["generation"] > 0
    assert said["seal"] == "holds"
    assert said["state"]["run"]["added"] == 3
    assert said["free"] > 0
    assert doctor(site, "--deep")[1]["database"]["checked"] == []


def test_the_report_is_aligned_and_at_most_80_characters_wide(site: Site) -> None:
    write_some(site)
    site.index()
    site.write("posts/new.md", post_text("新しい", quote("むっつ")))
    ended = site.app().test_cli_runner().invoke(args=["doctor"])
    assert ended.exit_code == 1
    lines = ended.stdout.splitlines()
    assert max(len(line) for line in lines if str(site.root) not in line) <= 80
    table = lines[: lines.index("")]
    assert lines[0].split() == ["content", "store", "index"]
    ends = [lines[0].index(name) + len(name) for name in ("content", "store", "index")]
    assert all(len(line) in ends for line in table)
    rows = {line[:16].strip(): line[16:].split() for line in table}
    assert rows["files"] == ["7", "6"] or rows["files"] == ["7", "6", "-"]
    assert rows["posts"] == ["4", "3", "3"]
    assert rows["comments"] == ["6", "5", "5"]
    what = lines[lines.index("what to do") + 1 :]
    assert [line.split(". ")[0].strip() for line in what if line.startswith("  ") and ". " in line[:5]] == ["1", "2"]
    assert "the content folder has changed (1 new): run `flask index`" in ended.stdout
    assert "1 file is faulty: `flask check` says where" in ended.stdout
    assert "shortcode-unclosed 1" in ended.stdout


def test_before_anything_is_built_it_says_how_to_build(site: Site) -> None:
    write_some(site)
    code, said = doctor(site)
    assert code == 1
    assert codes(said) == ["not-built", "faulty-files"]
    assert said["content"]["counts"]["live"] == 3
    assert not site.data.exists()


def test_without_a_content_folder_it_says_where_it_looked(site: Site) -> None:
    write_some(site)
    site.index()
    shutil.rmtree(site.content)
    _, said = doctor(site)
    assert codes(said)[0] == "content-missing"
    assert str(site.content) in said["findings"][0]["message"]


def test_new_changed_and_removed_files_are_counted(site: Site) -> None:
    write_some(site)
    site.index()
    site.write("posts/new.md", post_text("新しい", quote("むっつ")))
    site.write("posts/a.md", post_text("一", quote("ひとつだけ", "gull")))
    (site.content / "posts/b.md").unlink()
    _, said = doctor(site)
    assert said["content"]["changes"] == {"new": 1, "changed": 1, "gone": 1}
    assert codes(said) == ["stale", "faulty-files"]
    site.index()
    assert codes(doctor(site)[1]) == ["faulty-files"]


def test_a_faulty_file_whose_last_version_is_served_is_no_difference(site: Site) -> None:
    write_some(site)
    site.index()
    site.write("posts/a.md", UNCLOSED)
    site.index()
    _, said = doctor(site, "--deep")
    assert codes(said) == ["faulty-files"]
    assert (said["database"]["store"]["posts"], said["database"]["store"]["kept"]) == (3, 1)
    assert said["content"]["faults"] == {"shortcode-unclosed": 2}


def truncate(path: Path) -> None:
    """Cut a file to a third."""
    os.truncate(path, path.stat().st_size // 3)


def zero(path: Path) -> None:
    """Fill a file with zeros."""
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [truncate, zero, Path.unlink], ids=["truncated", "zeroed", "deleted"])
def test_a_damaged_store_is_seen(site: Site, damage: Callable[[Path], None]) -> None:
    write_some(site)
    site.index()
    damage(database_of(site))
    _, said = doctor(site, "--deep")
    assert {"store-unreadable", "store-damaged", "store-missing", "unfinished"} & set(codes(said))
    site.index()
    assert codes(doctor(site, "--deep")[1]) == ["faulty-files"], "what it says to do helps"


def test_a_page_overwritten_in_the_middle_of_the_store_is_seen_deep(site: Site) -> None:
    for n in range(30):
        site.write(f"posts/p{n}.md", post_text(f"記事{n}", *(quote(f"発言{n} {m} " + "長い話" * 50) for m in range(8))))
    site.index()
    path = database_of(site)
    with path.open("r+b") as file:
        for page in range(path.stat().st_size // 4096 // 4, path.stat().st_size // 4096 // 2):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    _, said = doctor(site, "--deep")
    assert {"store-damaged", "store-unreadable"} & set(codes(said))
    assert "seal-broken" in codes(said) or "store-unreadable" in codes(said)


def test_lost_words_are_seen(site: Site) -> None:
    write_some(site)
    site.index()
    shutil.rmtree(generation_of(site).words)
    _, said = doctor(site)
    assert {"words-missing", "seal-broken"} <= set(codes(said))
    site.index()
    assert codes(doctor(site)[1]) == ["faulty-files"]


def test_damaged_words_are_seen(site: Site) -> None:
    write_some(site)
    site.index()
    for path in generation_of(site).words.glob("_MAIN_*.toc"):
        truncate(path)
    _, said = doctor(site)
    assert {"words-unreadable", "seal-broken"} <= set(codes(said))


def test_a_store_and_an_index_that_differ_are_seen(site: Site) -> None:
    write_some(site)
    site.index()
    change(site, "DELETE FROM search_comments WHERE user = 'otter'")
    _, said = doctor(site)
    differing = [finding["message"] for finding in said["findings"] if finding["code"] == "sides-differ"]
    assert differing == [
        "comments: the store has 5 and the index 4",
        "users: the store has 3 and the index 2",
    ]
    assert "seal-broken" in codes(said)


def test_a_store_that_lost_what_the_files_hold_is_seen(site: Site) -> None:
    write_some(site)
    site.index()
    change(
        site,
        "DELETE FROM search_posts WHERE path = 'posts/c'",
        "DELETE FROM search_texts WHERE key IN (SELECT key FROM comments WHERE user = 'crow')",
        "DELETE FROM search_comments WHERE user = 'crow'",
        "DELETE FROM comments WHERE user = 'crow'",
        "DELETE FROM users WHERE name = 'crow'",
        "DELETE FROM posts WHERE path = 'posts/c'",
    )
    _, said = doctor(site)
    found = [finding["message"] for finding in said["findings"] if finding["code"] == "content-differs"]
    assert [message.partition(":")[0] for message in found] == ["posts", "comments", "users"]


def test_other_versions_are_named(site: Site) -> None:
    write_some(site)
    site.index()
    change(
        site,
        "UPDATE meta SET value = 'schema 1, content 1' WHERE name = 'versions'",
        "UPDATE search_meta SET value = '1 old' WHERE name = 'analyzer'",
    )
    _, said = doctor(site)
    assert {"store-version", "analyzer-version"} <= set(codes(said))
    assert any("schema 1, content 1" in finding["message"] for finding in said["findings"])


def test_an_unfinished_build_is_told_from_one_that_goes_on(site: Site) -> None:
    write_some(site)
    site.index()
    change(site, "UPDATE meta SET value = 'no' WHERE name IN ('complete', 'finished')")
    assert "unfinished" in codes(doctor(site)[1])
    with write_lock(site.data, wait=False) as held:
        assert held
        write_progress(site.data, Progress("posts", 2, 6, 3, 1.0))
        _, said = doctor(site)
    assert said["builder"] == os.getpid()
    assert codes(said) == ["faulty-files"]
    (note,) = [finding for finding in said["findings"] if finding["level"] == "note"]
    assert note["code"] == "building"
    assert "2 of 6 posts" in note["message"]


def test_a_build_that_was_killed_is_seen(site: Site) -> None:
    for n in range(300):
        site.write(f"posts/p{n:03d}.md", post_text(f"記事{n}", *(quote(f"発言{n} {m}") for m in range(12))))
    builder = subprocess.Popen(site.command("index"), cwd=ROOT, env=site.environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (site.data / "g1" / "matome.sqlite3-wal").exists() and time.monotonic() < deadline:
        assert builder.poll() is None
        time.sleep(0.02)
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    code, said = doctor(site)
    assert code == 1
    assert said["builder"] is None
    assert {"unfinished", "stale", "store-unreadable", "not-built", "store-missing"} & set(codes(said))


def test_a_server_that_writes_meanwhile_is_no_hindrance(site: Site) -> None:
    write_some(site)
    site.index()
    with closing(sqlite3.connect(database_of(site))) as connection:
        connection.execute("UPDATE meta SET value = '4711' WHERE name = 'generation'")
        connection.commit()
        connection.execute("BEGIN IMMEDIATE")
        ended = site.app().test_cli_runner().invoke(args=["doctor", "--json"])
        connection.rollback()
    said = json.loads(ended.stdout)
    assert said["generation"]["number"] == 4711, "what is in the log is read along"
    assert codes(said) in (["faulty-files"], ["seal-broken", "faulty-files"])


@contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """Let this process read a folder and not write into it; permissions do not bind root, so root becomes nobody."""
    is_root = os.geteuid() == 0
    os.chmod(folder, 0o555)
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        os.chmod(folder, 0o755)


def test_it_works_where_the_data_folder_cannot_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own may be entered by their owner alone
        os.chmod(folder, 0o755)
        site = Site(Path(folder))
        write_some(site)
        site.index()
        runner = site.app().test_cli_runner()
        assert "faulty" in runner.invoke(args=["doctor"]).stdout  # imports what it needs, which nobody might not read
        before = snapshot(site.root)
        with without_permission(site.data):
            ended = runner.invoke(args=["doctor", "--json"])
        assert snapshot(site.root) == before
        site.close()
    assert not ended.exception or isinstance(ended.exception, SystemExit), ended.exception
    said = json.loads(ended.stdout)
    assert codes(said) == ["data-read-only", "faulty-files"]
    assert said["database"]["store"]["posts"] == 3


def test_what_the_last_run_could_not_do_is_said(site: Site) -> None:
    write_some(site)
    site.index()
    state = json.loads((site.data / "state.json").read_text(encoding="utf-8"))
    state["error"] = {"message": "No space left on device", "at": "2999-01-01T00:00:00+00:00"}
    (site.data / "state.json").write_text(json.dumps(state), encoding="utf-8")
    _, said = doctor(site)
    assert "last-error" in codes(said)
    assert any("No space left on device" in finding["message"] for finding in said["findings"])
