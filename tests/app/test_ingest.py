"""Hold what a run does: it brings in what changed and nothing else, and survives whatever happens to it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from matome_app import judging
from matome_app.config import ROOT
from matome_app.content.check import check
from matome_app.progress import Progress
from matome_app.readers import open_reader
from matome_app.runtime import Runtime
from matome_app.search.params import SearchParams
from matome_app.store.generations import current_generation, write_lock
from matome_app.web.context import PAGE_SIZE
from tests.app.sites import Site, fold, page, post_text, quote, texts

A = "posts/2024_03/apple/index.md"
B = "posts/2024_03/bread.md"


def write_two(site: Site) -> None:
    """Write two posts with three comments each."""
    for path, name in ((A, "りんご"), (B, "パン")):
        comments = [quote(f"{name}の話 {n}", f"user{n}") for n in range(3)]
        site.write(path, post_text(f"{name}の記事", *comments, tags=[name, "食べ物"], months=["2024/03"]))


def fingerprints(folder: Path) -> dict[str, str]:
    """Return a hash of every file of the data folder that says something about the content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm")) and path.name != "lock"
    }


def keys(site: Site) -> dict[str, int]:
    """Return the key of every comment by its text; a comment that is stored anew has another."""
    return {row.text: row.key for row in site.rows("SELECT text, key FROM comments")}


def total(client: FlaskClient, query: str) -> int:
    """Return how many comments a search finds."""
    found: int = client.get("/api/search", query_string={"q": query}).get_json()["total"]
    return found


def test_a_first_run_reports_what_it_stored(site: Site) -> None:
    write_two(site)
    report = site.index()
    assert (report.added, report.changed, report.removed, report.faulty, report.comments) == (2, 0, 0, 0, 6)
    assert report.faults == []
    assert report.seconds > 0
    assert report.comments_a_second > 0
    assert judging.is_up_to_date(site.settings)


def test_a_second_run_over_unchanged_files_touches_nothing(site: Site) -> None:
    write_two(site)
    site.index()
    before, rows = fingerprints(site.data), keys(site)
    report = site.index()
    assert (report.added, report.changed, report.removed, report.comments) == (0, 0, 0, 0)
    assert fingerprints(site.data) == before
    assert keys(site) == rows


def test_a_file_that_was_only_touched_is_not_stored_again(site: Site) -> None:
    write_two(site)
    site.index()
    before = keys(site)
    os.utime(site.content / A, (1, 1))
    assert not judging.is_up_to_date(site.settings)
    report = site.index()
    assert (report.added, report.changed, report.removed) == (0, 0, 0)
    assert keys(site) == before
    assert judging.is_up_to_date(site.settings)


def test_a_changed_file_is_stored_and_found_anew_and_the_others_stay(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    bread = {text: key for text, key in keys(site).items() if "パン" in text}
    site.write(A, post_text("りんごの改訂版", quote("焼きりんごに限る", "baker"), tags=["焼き菓子"]))
    report = site.index()
    assert (report.added, report.changed, report.removed, report.comments) == (0, 1, 0, 1)
    assert {text: key for text, key in keys(site).items() if "パン" in text} == bread
    assert total(client, "焼きりんご") == 1
    assert total(client, "りんごの話") == 0
    assert "りんごの改訂版" in texts(page(client, "/").select(".item h2"))
    assert client.get("/users/baker/").status_code == 200
    assert [row.name for row in site.rows("SELECT name FROM terms WHERE taxonomy = 'tags' ORDER BY name")] == [
        "パン",
        "焼き菓子",
        "食べ物",
    ]


def test_a_change_that_keeps_the_size_is_seen(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    old = (site.content / A).read_bytes()
    site.write(A, old.replace("りんごの話 1".encode(), "りんごの噂 1".encode()))
    assert site.index().changed == 1
    assert total(client, "りんごの噂") == 1


def test_an_added_file_appears(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    site.write("posts/2024_04/tea.md", post_text("お茶の記事", quote("番茶がいい")))
    report = site.index()
    assert (report.added, report.changed, report.removed) == (1, 0, 0)
    assert client.get("/posts/2024_04/tea/").status_code == 200
    assert total(client, "番茶") == 1


def test_a_removed_file_disappears_with_everything_that_was_its_own(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    (site.content / B).unlink()
    assert site.index().removed == 1
    assert client.get("/posts/2024_03/bread/").status_code == 404
    assert client.get("/tags/パン/").status_code == 404
    assert total(client, "パン") == 0
    assert site.rows("SELECT count(*) FROM comments")[0][0] == 3
    assert client.get("/readyz").get_json()["posts"] == 1


def test_a_renamed_file_moves_its_post(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    (site.content / B).rename(site.content / "posts/2024_03/toast.md")
    report = site.index()
    assert (report.added, report.removed) == (1, 1)
    assert client.get("/posts/2024_03/bread/").status_code == 404
    assert client.get("/posts/2024_03/toast/").status_code == 200
    assert total(client, "パンの話") == 3


def test_a_single_file_may_become_a_bundle_under_the_same_address(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    ids = site.comment_ids()
    text = (site.content / B).read_text(encoding="utf-8")
    (site.content / B).unlink()
    site.write("posts/2024_03/bread/index.md", text)
    report = site.index()
    assert report.faults == []
    assert client.get("/posts/2024_03/bread/").status_code == 200
    assert site.comment_ids() == ids


def test_a_post_that_becomes_a_draft_disappears_and_comes_back(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    published = (site.content / B).read_text(encoding="utf-8")
    site.write(B, published.replace("+++\n", "+++\ndraft = true\n", 1))
    assert site.index().removed == 1
    assert client.get("/posts/2024_03/bread/").status_code == 404
    assert total(client, "パン") == 0
    site.write(B, published)
    assert site.index().added == 1
    assert total(client, "パンの話") == 3


def test_a_file_that_breaks_keeps_its_last_good_version_up(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    good = (site.content / B).read_text(encoding="utf-8")
    site.write(B, good + '\n{{< details summary="開いたまま" >}}\n')
    report = site.index()
    assert (report.faulty, report.changed, report.removed) == (1, 0, 0)
    assert [(fault.path, fault.code) for fault in report.faults] == [(B, "shortcode-unclosed")]
    assert client.get("/posts/2024_03/bread/").status_code == 200
    assert total(client, "パンの話") == 3
    site.write(B, good.replace("パンの話 2", "パンの耳"))
    report = site.index()
    assert (report.faulty, report.changed, report.faults) == (0, 1, [])
    assert total(client, "パンの耳") == 1


def test_a_broken_file_is_repaired_to_the_very_text_it_had(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    good = (site.content / B).read_bytes()
    site.write(B, good + b"\xff")
    assert site.index().faulty == 1
    site.write(B, good)
    assert site.index().faulty == 0
    assert judging.is_up_to_date(site.settings)
    assert total(client, "パンの話") == 3


def test_a_broken_file_does_not_keep_the_others_out(site: Site) -> None:
    write_two(site)
    site.write("posts/broken.md", "+++\ntitle = \n+++\n")
    report = site.index()
    assert (report.added, report.faulty) == (2, 1)
    assert [(fault.path, fault.line, fault.code) for fault in report.faults] == [("posts/broken.md", 2, "front-matter")]


def test_of_two_files_that_claim_one_address_the_first_by_path_has_it_as_the_check_says(site: Site) -> None:
    write_two(site)
    site.write("posts/2024_03/second.md", post_text("二番目", quote("横取り"), slug="bread"))
    report = site.index()
    assert [(fault.path, fault.code) for fault in report.faults] == [("posts/2024_03/second.md", "duplicate")]
    assert report.faults == list(check(site.content, site.settings.assets_dir))
    assert texts(page(site.client(), "/posts/2024_03/bread/").select("h1")) == ["パンの記事"]


def test_an_address_that_becomes_free_goes_to_the_file_that_claimed_it_too(site: Site) -> None:
    write_two(site)
    site.index()
    site.write("posts/2024_03/second.md", post_text("二番目", quote("横取り"), slug="bread"))
    assert site.index().faulty == 1
    (site.content / B).unlink()
    site.index()
    assert texts(page(site.client(), "/posts/2024_03/bread/").select("h1")) == ["二番目"]


def test_a_content_folder_that_vanishes_drops_nothing(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    site.content.rename(site.root / "elsewhere")
    report = site.index()
    assert report.removed == 0
    assert client.get("/posts/2024_03/bread/").status_code == 200
    (site.root / "elsewhere").rename(site.content)
    assert judging.is_up_to_date(site.settings)


def test_an_empty_content_folder_is_an_empty_site(site: Site) -> None:
    client = site.indexed()
    assert client.get("/").status_code == 200
    assert client.get("/search").status_code == 200
    assert client.get("/readyz").get_json()["posts"] == 0


def test_a_rebuild_is_made_beside_the_live_generation_and_swapped(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    number = client.get("/readyz").get_json()["generation"]
    old = current_generation(site.data)
    assert old is not None
    reader = open_reader(old)
    assert reader.engine.search(SearchParams(q="パンの話")).total == 3
    seen: list[int] = []
    report = site.index(rebuild=True, progress=lambda *_: seen.append(total(client, "パンの話")))
    assert set(seen) == {3}, "readers must not notice a rebuild under way"
    assert report.added == 2
    new = current_generation(site.data)
    assert new is not None
    assert new.name != old.name
    assert [path.name for path in site.data.glob("g*")] == [new.name]
    assert reader.engine.search(SearchParams(q="パンの話")).total == 3, "a reader of the old one must go on"
    reader.store.close()
    assert total(client, "パンの話") == 3
    assert client.get("/readyz").get_json()["generation"] > number


def test_a_rebuild_serves_what_changed(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    assert client.get("/posts/2024_03/bread/").status_code == 200
    (site.content / B).unlink()
    site.index(rebuild=True)
    assert client.get("/posts/2024_03/bread/").status_code == 404


def test_deleting_the_data_folder_loses_nothing(site: Site) -> None:
    write_two(site)
    site.index()
    ids = site.comment_ids()
    subprocess.run(["rm", "-rf", site.data], check=True)
    client = site.indexed()
    assert site.comment_ids() == ids
    assert total(client, "りんごの話") == 3


def test_a_server_goes_on_while_its_data_folder_is_deleted(site: Site) -> None:
    write_two(site)
    client = site.indexed()
    assert total(client, "パンの話") == 3
    subprocess.run(["rm", "-rf", site.data], check=True)
    assert client.get("/posts/2024_03/bread/").status_code in (200, 503)
    assert client.get("/search?q=パン").status_code in (200, 503)
    site.index()
    assert total(client, "パンの話") == 3


@pytest.mark.parametrize("name", ["versions", "complete"])
def test_a_store_of_another_version_is_not_up_to_date(site: Site, name: str) -> None:
    write_two(site)
    site.index()
    change(site, "UPDATE meta SET value = 'other' WHERE name = :name", name=name)
    assert not judging.is_up_to_date(site.settings)
    site.index()
    assert judging.is_up_to_date(site.settings)


def change(site: Site, statement: str, **parameters: object) -> None:
    """Change the current store behind the site's back."""
    from sqlalchemy import text

    generation = current_generation(site.data)
    assert generation is not None
    reader = open_reader(generation)
    with reader.store.engine.begin() as connection:
        connection.execute(text(statement), parameters)
    reader.store.close()


def test_a_store_of_another_version_is_built_again(site: Site) -> None:
    write_two(site)
    site.index()
    ids, before = site.comment_ids(), current_generation(site.data)
    change(site, "UPDATE meta SET value = 'schema of the future' WHERE name = 'versions'")
    report = site.index()
    assert report.added == 2
    assert site.comment_ids() == ids
    after = current_generation(site.data)
    assert before is not None
    assert after is not None
    assert after.name != before.name


def test_a_store_that_is_damaged_is_built_again(site: Site) -> None:
    write_two(site)
    site.index()
    generation = current_generation(site.data)
    assert generation is not None
    (generation.folder / "matome.sqlite3").write_bytes(b"not a database " * 500)
    assert not judging.is_up_to_date(site.settings)
    assert site.index().added == 2
    assert total(site.client(), "パンの話") == 3


def test_a_post_appears_when_its_time_has_come_and_goes_when_it_is_over(site: Site) -> None:
    write_two(site)
    site.write("posts/later.md", post_text("あとで", quote("まだ見えない"), publishDate="2999-01-01"))
    site.write("posts/brief.md", post_text("しばらく", quote("いまだけ"), expiryDate="2999-01-01"))
    client = site.indexed()
    assert (total(client, "まだ見えない"), total(client, "いまだけ")) == (0, 1)
    # The clock cannot be turned, so the store's note of when to look again is: the run itself reads the file's dates.
    change(site, "UPDATE sources SET due_at = '2001-01-01 00:00:00' WHERE due_at IS NOT NULL")
    assert not judging.is_up_to_date(site.settings)
    report = site.index()
    assert (report.added, report.removed) == (0, 0)
    assert (total(client, "まだ見えない"), total(client, "いまだけ")) == (0, 1)
    assert judging.is_up_to_date(site.settings)


def test_a_post_published_in_a_moment_is_published_by_the_next_run(site: Site) -> None:
    soon = time.time() + 1.5
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon + 1))
    site.write("posts/soon.md", post_text("もうすぐ", quote("出番を待つ"), publishDate=moment))
    site.write("posts/nearly.md", post_text("まもなく終わり", quote("お別れ"), expiryDate=moment))
    client = site.indexed()
    assert (total(client, "出番"), total(client, "お別れ")) == (0, 1)
    assert judging.is_up_to_date(site.settings)
    time.sleep(max(0.0, soon + 1.1 - time.time()))
    assert not judging.is_up_to_date(site.settings)
    report = site.index()
    assert (report.added, report.removed) == (1, 1)
    assert (total(client, "出番"), total(client, "お別れ")) == (1, 0)


def write_many(site: Site, posts: int) -> None:
    """Write posts of a size that takes a builder some seconds."""
    for n in range(posts):
        comments = [
            quote(f"記事{n}の{m}番目の発言。灯台は海を照らし、鉄道は谷を渡る。", f"user{m % 7}") for m in range(12)
        ]
        site.write(f"posts/many/post_{n:03d}.md", post_text(f"記事{n}", *comments[:6], fold("続き", *comments[6:])))


def stored_posts(site: Site) -> int:
    """Return how many posts the current store holds; 0 while there is none."""
    try:
        return int(site.rows("SELECT count(*) AS n FROM posts")[0].n)
    except Exception:
        return 0


def test_a_builder_that_is_killed_is_finished_by_the_next_run(site: Site, tmp_path: Path) -> None:
    write_many(site, 300)
    builder = subprocess.Popen(
        site.command("index"), cwd=ROOT, env=site.environment(), stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not PAGE_SIZE <= stored_posts(site) < 300:
            assert builder.poll() is None, "the build ended before it could be killed"
            time.sleep(0.01)
        builder.send_signal(signal.SIGKILL)
        builder.wait()
        client = site.client()
        seen = stored_posts(site)
        assert 0 < seen < 300
        assert client.get("/readyz").status_code == 503
        assert client.get("/").status_code == 200
        assert len(page(client, "/").select(".item")) == PAGE_SIZE
        assert not judging.is_up_to_date(site.settings)
        report = site.index()
    finally:
        kill_group(builder.pid)
    assert report.added == 300 - seen, "what was stored is not read again"
    ready = client.get("/readyz").get_json()
    assert (ready["status"], ready["posts"], ready["comments"], ready["progress"]) == ("ready", 300, 3600, {})
    assert total(client, "灯台") == 3600
    assert total(client, "記事299の11番目") == 1
    assert site.index().added == 0


def kill_group(group: int) -> None:
    """End whatever a builder that we started may have left."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_of_two_builders_the_second_waits_for_the_first(site: Site) -> None:
    write_two(site)
    site.index()
    (site.content / B).unlink()
    with write_lock(site.data, wait=True) as held:
        assert held
        waiting = subprocess.Popen(
            site.command("index"), cwd=ROOT, env=site.environment(), stderr=subprocess.PIPE, text=True
        )
        busy = site.flask("index", "--no-wait")
        assert busy.returncode == 0, busy.stderr
        assert waiting.poll() is None
        assert stored_posts(site) == 2
    _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, said
    assert "0 added, 0 changed, 1 removed" in said
    assert stored_posts(site) == 1


def test_a_run_without_waiting_says_that_another_is_at_it(site: Site) -> None:
    write_two(site)
    site.index()
    with write_lock(site.data, wait=True):
        assert site.index(wait=False).busy


def test_progress_is_told_and_nothing_is_left_of_it(site: Site) -> None:
    write_two(site)
    told: list[tuple[str, int, int]] = []
    runtime = Runtime(site.settings)
    shown: list[object] = []

    def note(moment: Progress) -> None:
        told.append((moment.phase, moment.done, moment.total))
        shown.append(runtime.progress().get("phase"))

    site.index(progress=note)
    assert told[0] == ("posts", 0, 2)
    assert ("posts", 2, 2) in told
    assert shown == [phase for phase, _, _ in told]
    assert runtime.progress() == {}


def test_posts_appear_while_the_first_build_runs(site: Site) -> None:
    write_many(site, 60)
    client = site.client()
    counts: list[int] = []

    def look(moment: Progress) -> None:
        if moment.phase == "posts" and 0 < moment.done < moment.total:
            counts.append(len(page(client, "/").select(".item")))
            assert page(client, "/").select_one("#progress progress") is not None
            assert client.get("/readyz").status_code == 503

    site.index(progress=look)
    assert counts == sorted(counts)
    assert min(count for count in counts if count) < PAGE_SIZE == max(counts), "the first posts do not wait for a page"
    assert client.get("/readyz").status_code == 200
    assert page(client, "/").select_one("#progress progress") is None


def test_the_index_of_a_large_first_build_answers_like_that_of_many_small_runs(site: Site, tmp_path: Path) -> None:
    write_many(site, 220)
    site.index()
    other = Site(tmp_path / "other")
    for path in sorted((site.content / "posts/many").iterdir()):
        other.write(f"posts/many/{path.name}", path.read_bytes())
        if path.name in ("post_100.md", "post_180.md"):
            other.index()
    other.index()
    try:
        one, two = site.client(), other.client()
        for query in ("灯台", "谷を渡る", "記事21の", "user:user3", "鉄道 -灯台"):
            assert total(one, query) == total(two, query)
        assert site.comment_ids() == other.comment_ids()
    finally:
        other.close()


def test_a_rebuild_keeps_the_last_good_version_of_a_post_whose_file_is_broken(site: Site) -> None:
    words = fold("続き", quote("折り畳みの中"))
    path = site.write(
        "posts/kept.md", post_text("残る記事", quote("最後の良い版"), words, tags=["灯台"], aliases=["/old/"])
    )
    site.indexed()
    ids = site.comment_ids()
    path.write_text(path.read_text(encoding="utf-8").replace("{{< /details >}}", ""), encoding="utf-8")
    report = site.index(rebuild=True)
    assert report.faulty == 1
    client = site.client()
    assert total(client, "最後の良い版") == 1
    assert client.get("/api/posts/kept").get_json()["tags"] == ["灯台"]
    assert client.get("/old/").status_code == 301
    assert site.comment_ids() == ids
