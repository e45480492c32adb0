"""Do to a site what nobody plans for, and measure what it does then: many changes, huge posts, many tags, clocks.

Each function works on an empty site, holds what must hold with `assert`, and returns what it took, in words.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote as escaped

from flask.testing import FlaskClient

from matome_app.config import ROOT
from tests.app.sites import HTMX, Site, fold, post_text, quote
from tests.faults.made_content import TAGS, comment, sentence

OLD, NEW = "zqoldoldxj", "zqnewnewxj"
COMMENTS_OF_A_CHANGED_POST: Final = 3
DID_SOMETHING: Final = r"[1-9][0-9,]* (added|changed|removed)"
"""What `flask index` says when there was something to do."""


def index(site: Site, *words: str, before: tuple[str, ...] = (), **variables: str) -> tuple[float, int, str]:
    """Run `flask index`; return the seconds it took, its largest memory in MB, and what it said."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*before, *site.command("index", *words)],
        cwd=ROOT,
        env=site.environment() | variables,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said[-2000:]
    return time.perf_counter() - started, usage.ru_maxrss // 1024, said


def answer(client: FlaskClient, url: str, headers: dict[str, str] | None = None) -> tuple[float, Any]:
    """Get a page, hold that it answers; return the milliseconds it took and the answer."""
    started = time.perf_counter()
    got = client.get(url, headers=headers)
    took = (time.perf_counter() - started) * 1000
    assert got.status_code == 200, f"{url} answers {got.status_code}"
    return took, got


# 100 posts changed at once


def _versioned(n: int, word: str) -> str:
    texts = [f"{word} {n} の{m}番目" for m in range(COMMENTS_OF_A_CHANGED_POST)]
    return post_text(f"記事{n} {word}", *(quote(text, f"user{m}") for m, text in enumerate(texts)), tags=["版"])


def change_many(site: Site, posts: int) -> str:
    """Change many posts at once while others read: every answer is of the old post or of the new one."""
    for n in range(posts + 20):
        site.write(f"posts/p{n:03d}.md", _versioned(n, OLD))
    client = site.indexed()
    total = (posts + 20) * COMMENTS_OF_A_CHANGED_POST
    for n in range(posts):
        site.write(f"posts/p{n:03d}.md", _versioned(n, NEW))
    started = time.perf_counter()
    with _reading(client, posts + 20, total) as (faults, answers):
        index(site)
        seconds = time.perf_counter() - started
    assert not faults, faults[:5]
    assert answers[0] > 0
    assert _total(client, NEW) == posts * COMMENTS_OF_A_CHANGED_POST
    assert _total(client, OLD) == 20 * COMMENTS_OF_A_CHANGED_POST
    return f"all new {seconds:.1f} s later; {answers[0]:,} answers meanwhile, each of the old post or of the new one"


@contextmanager
def _reading(client: FlaskClient, posts: int, total: int) -> Iterator[tuple[list[str], list[int]]]:
    faults: list[str] = []
    answers = [0]
    over = threading.Event()

    def read() -> None:
        draw = random.Random(1)
        while not over.is_set():
            path = f"posts/p{draw.randrange(posts):03d}"
            got = client.get(f"/api/{path}")
            facts = got.get_json()
            texts = [facts["title"], *(one["text"] for one in facts["comments"])] if got.status_code == 200 else []
            words = {word for text in texts for word in (OLD, NEW) if word in text}
            if got.status_code != 200 or len(words) != 1 or len(texts) != 1 + COMMENTS_OF_A_CHANGED_POST:
                faults.append(f"{path}: {got.status_code}, {texts}")
            got = client.get(f"/api/search?q={OLD}+OR+{NEW}")
            if got.status_code != 200 or got.get_json()["total"] != total:
                faults.append(f"search: {got.status_code}, {got.get_json()}"[:200])
            answers[0] += 2

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield faults, answers
    finally:
        over.set()
        thread.join()


def _total(client: FlaskClient, q: str) -> int:
    return int(client.get("/api/search", query_string={"q": q}).get_json()["total"])


# A post of 20,000 comments


def one_huge_post(site: Site, comments: int) -> str:
    """Build a post of very many comments, a quarter of them in one fold; its page, folds and links all answer."""
    draw = random.Random(2)
    made = [comment(draw, f"{sentence(draw)} その{n}") for n in range(comments)]
    shown, big = made[:50], made[50 : 50 + comments // 4]
    rest = made[50 + comments // 4 :]
    folds = [fold(f"もっと（{n // 25 + 2}）", *rest[n : n + 25]) for n in range(0, len(rest), 25)]
    site.write(
        "posts/huge/index.md", post_text("とても長い記事", *shown, fold("もっと（1）", *big), *folds, tags=["AI"])
    )
    site.write("posts/small.md", post_text("短い記事", quote("ひとこと")))
    seconds, memory, _ = index(site)
    client = site.client()
    _, whole = answer(client, "/api/posts/huge")
    facts = whole.get_json()
    assert [one["ordinal"] for one in facts["comments"]] == list(range(1, comments + 1))
    assert facts["details"][0]["comments"] == comments // 4
    page, _ = answer(client, "/posts/huge/")
    page, shown_page = answer(client, "/posts/huge/")
    one_fold, of_fold = answer(client, "/posts/huge/details/1", HTMX)
    assert of_fold.get_data(as_text=True).count('id="c-') == comments // 4
    answer(client, f"/posts/huge/details/{len(folds) + 1}")
    last = facts["comments"][-1]["id"]
    linked = client.get(f"/c/{last}")
    assert linked.status_code == 302
    assert linked.headers["Location"].endswith(f"#c-{last}")
    search, found = answer(client, "/api/search?q=compiler&post=posts/huge")
    assert found.get_json()["total"] > 0
    site.write("posts/small.md", post_text("短い記事", quote("ひとこと"), quote("もうひとこと")))
    update, _, _ = index(site)
    return (
        f"built in {seconds:.1f} s with {memory} MB; page ({len(shown_page.data) / 1000:,.0f} kB) in {page:.0f} ms, "
        f"a fold of {comments // 4:,} ({len(of_fold.data) / 1e6:.1f} MB) in {one_fold:.0f} ms, "
        f"a search in it in {search:.0f} ms; another post changed: {update:.1f} s"
    )


# 5,000 tags in one post


def very_many_tags(site: Site, tags: int) -> str:
    """Build a post of very many tags: all pages answer, and every tag leads to the post."""
    names = [f"札{n} tag" for n in range(tags)]
    site.write("posts/tagged.md", post_text("札だらけ", quote("なぜこんなに", "otter"), tags=names, months=["2024/03"]))
    site.write("posts/plain.md", post_text("普通の記事", quote("普通の話"), tags=["AI"]))
    seconds, _, _ = index(site)
    client = site.client()
    slowest, slowest_url = 0.0, ""
    urls = [
        "/",
        "/posts/tagged/",
        "/tags/",
        "/search?q=" + escaped("なぜ"),
        "/api/search",
        "/api/posts/tagged",
        "/sitemap.xml",
    ]
    urls += [f"/tags/{escaped(f'札{n}-tag')}/" for n in (0, tags // 2, tags - 1)]
    urls += [f"/?tag={escaped(names[7])}", f"/tags/{escaped('札7-tag')}/index.xml", "/index.xml"]
    for url in urls:
        answer(client, url)
        took, _ = answer(client, url)
        slowest, slowest_url = max((slowest, slowest_url), (took, url))
    assert len(client.get("/api/posts/tagged").get_json()["tags"]) == tags
    return f"served: built in {seconds:.1f} s, all pages answer, the slowest ({slowest_url}) in {slowest:.0f} ms"


# 30,000 posts with few comments


def very_many_posts(site: Site, posts: int) -> str:
    """Build very many small posts; lists, the last page, feeds and searches answer, and an update stays small."""
    draw = random.Random(3)
    day = datetime(2010, 1, 1, tzinfo=UTC)
    for n in range(posts):
        date = (day + timedelta(hours=4 * n)).strftime("%Y-%m-%d")
        text = post_text(f"記事{n}", *(comment(draw) for _ in range(2)), date=date, tags=draw.sample(TAGS, 2))
        site.write(f"posts/{date[:4]}_{date[5:7]}/p{n:06d}.md", text)
    seconds, memory, _ = index(site)
    client = site.client()
    pages = answer(client, "/api/posts")[1].get_json()["pages"]
    times = {}
    for url in (
        "/",
        f"/posts/?page={pages}",
        "/tags/ai/",
        "/users/",
        "/sitemap.xml",
        "/search?q=compiler",
        "/index.xml",
    ):
        answer(client, url)
        times[url] = answer(client, url)[0]
    slowest = max(times, key=lambda url: times[url])
    unchanged, _, _ = index(site)
    site.write(f"posts/2030_01/p{posts}.md", post_text("最後の記事", quote(f"これで最後 {NEW}")))
    update, _, _ = index(site)
    assert _total(client, NEW) == 1
    return (
        f"built in {seconds:.0f} s with {memory} MB; slowest page {slowest} in {times[slowest]:.0f} ms; "
        f"nothing changed: {unchanged:.1f} s, one post more: {update:.1f} s"
    )


# Clocks


def odd_file_times(site: Site) -> str:
    """Give files times of 1970 and of 2100, and set them back: every change is seen, whatever the time says."""
    times = (0, 1, int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()), int(time.time()) + 86_400)
    for n, moment in enumerate(times):
        path = site.write(f"posts/t{n}.md", post_text(f"時計{n}", quote(f"{OLD} {n}")))
        os.utime(path, (moment, moment))
    client = site.indexed()
    assert _total(client, OLD) == len(times)
    for n in range(len(times)):
        path = site.write(f"posts/t{n}.md", post_text(f"時計{n}", quote(f"{NEW} {n}")))  # of the same size
        moment = times[(n + 1) % len(times)]
        os.utime(path, (moment, moment))
    index(site)
    assert (_total(client, OLD), _total(client, NEW)) == (0, len(times))
    _, _, said = index(site)
    assert not re.search(DID_SOMETHING, said), said
    return "files of 1970 and of 2100, and files whose time goes back: each change is seen, and only once"


def jumping_clock(site: Site, faketime: str) -> str:
    """Run with a clock that is two years ahead, then with the right one again: what is published follows the clock."""
    now = datetime.now(UTC)
    in_a_year, a_year_ago = ((now + timedelta(days=days)).strftime("%Y-%m-%d") for days in (365, -365))
    site.write("posts/now.md", post_text("いつもの記事", quote("いつもの話"), date=a_year_ago))
    site.write("posts/coming.md", post_text("来年の記事", quote("来年の話"), date=in_a_year))
    site.write(
        "posts/going.md", post_text("来年までの記事", quote("来年までの話"), date=a_year_ago, expiryDate=in_a_year)
    )
    ahead = {"NO_FAKE_STAT": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def published() -> set[str]:
        return {post["path"].removeprefix("posts/") for post in site.client().get("/api/posts").get_json()["posts"]}

    index(site)
    assert published() == {"now", "going"}
    index(site, before=(faketime, "-f", "+730d"), **ahead)
    assert published() == {"now", "coming"}
    index(site)
    assert published() == {"now", "going"}, "the clock is right again"
    index(site, before=(faketime, "-f", "-3650d"), **ahead)
    assert published() == set(), "ten years ago nothing was written yet"
    index(site)
    assert published() == {"now", "going"}
    return "two years ahead, back, ten years back, right again: each time what is due by that clock is published"


# The content folder goes and comes back


def content_goes_and_returns(site: Site) -> str:
    """Take the content folder away: the site stays as it is; bring it back: nothing is built again."""
    for n in range(5):
        site.write(f"posts/p{n}.md", post_text(f"記事{n}", quote(f"話 {NEW} {n}")))
    client = site.indexed()
    away = Path(f"{site.content}.away")
    site.content.rename(away)
    try:
        gone = site.flask("index")
        assert gone.returncode != 0
        assert "Traceback" not in gone.stderr
        assert len(gone.stderr.strip().splitlines()) == 1, gone.stderr
        for url in ("/", "/posts/p3/", "/tags/", "/readyz"):
            answer(client, url)
        assert _total(client, NEW) == 5
    finally:
        away.rename(site.content)
    seconds, _, said = index(site)
    assert not re.search(DID_SOMETHING, said), said
    assert _total(client, NEW) == 5
    return (
        f"served as it was, `flask index` says it in one line; once it is back, nothing is read anew ({seconds:.1f} s)"
    )


def faketime_command() -> str:
    """Return the path of Debian's faketime, empty where it is not installed."""
    return shutil.which("faketime") or ""
