"""Drafts, future and expired posts leak nowhere: not on any page, nor by any address, search, count or hint.

Each unpublished post is made of words that stand nowhere else. A crawler goes wherever a link leads, and to what
somebody may guess who knows the post; nothing that it gets may hold one of the words, unless it said the word itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import quote as percent
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from matome_app.config import ROOT
from matome_app.content.permalinks import comment_ids
from tests.app.sites import HTMX, Site, fold, post_text, quote
from tests.images.made import encoded, two_halves

STATES: Final[dict[str, dict[str, object]]] = {
    "draft": {"draft": True},
    "future": {"date": "2999-01-01"},
    "later": {"publishDate": "2998-05-05"},
    "expired": {"expiryDate": "2020-01-01"},
}
PUBLISHED: Final = {"draft": False, "date": "2024-04-01", "publishDate": "2024-04-01", "expiryDate": "2999-01-01"}
PUBLIC: Final = 23
"""More posts than a page of a list holds."""


class Secret:
    """A post that nobody may see, made of words of its own, which all hold its key."""

    def __init__(self, state: str, fields: dict[str, object] | None = None) -> None:
        self.state = state
        self.key = f"zq{state}"
        self.path = f"posts/hidden/{self.key}"
        self.fields = {
            "title": f"{self.key}題名",
            "tags": [f"{self.key}tag", "分かち合う"],
            "months": ["1988/0" + str(len(state))],
            "aliases": [f"/old/{self.key}/"],
            "description": f"{self.key}要約",
            "slug": "",
            "featureimage": "cover.png",
            **(STATES[state] if fields is None else fields),
        }
        self.comments = [(f"{self.key}user", f"{self.key}comment"), (f"{self.key}other", f"{self.key}folded")]

    def text(self, **more: object) -> str:
        """Return the post's file."""
        fields: dict[str, object] = {**self.fields, **more}
        title = str(fields.pop("title"))
        first, second = (quote(body, user) for user, body in self.comments)
        return post_text(title, f"{self.key}text", first, fold(f"{self.key}fold", second), **fields)

    def ids(self) -> list[str]:
        """Return the ids that the comments would have, which anybody can work out who knows them."""
        moment = datetime(2024, 3, 1, 10, tzinfo=UTC)
        return comment_ids(self.path, [(user, moment, body) for user, body in self.comments])

    def write(self, site: Site, **more: object) -> None:
        """Write the post and what lies beside it."""
        site.write(f"{self.path}/index.md", self.text(**more))
        site.write(f"{self.path}/cover.png", encoded(two_halves(1300, 700), "PNG"))
        site.write(f"{self.path}/deep/drawn.svg", f"<svg xmlns='http://www.w3.org/2000/svg'><!-- {self.key} --></svg>")

    def guesses(self) -> Iterator[str]:
        """Yield addresses that somebody may try."""
        folder, words = f"/{self.path}", [body for _, body in self.comments]
        yield from (
            f"{folder}{end}" for end in ("/", "", "/details/1", "/cover.png", "/deep/drawn.svg", "/index.md", ".md")
        )
        yield from (f"{folder}/?{more}" for more in ("open=all", f"q={words[0]}&view=thread", f"user={self.key}user"))
        yield from (f"/api{folder}", f"/posts/hidden/{self.key.upper()}/", f"/posts//hidden/{self.key}/", f"{folder}//")
        yield from (f"/posts/hidden/../hidden/{self.key}/", f"/posts/hidden/%2e/{self.key}/", f"/old/{self.key}/")
        yield from (f"/images/og/{'0' * 16}/{self.path}.jpg", f"/assets/{self.path}/cover.png")
        yield from (f"/images/{'0' * 16}/{width}/{self.path}/cover.png.webp" for width in (320, 640, 1280))
        for id_ in [*self.ids(), *(id_[:12] for id_ in self.ids()), *(id_[:12] + "aaaa" for id_ in self.ids())]:
            yield from (f"/c/{id_}{end}" for end in ("", "/menu", "/similar", "/body", "/around"))
            yield f"/api/comments/{id_}"
        yield from (f"/tags/{self.key}tag/", f"/tags/{self.key}tag/index.xml", f"/tags/{self.key}tag/index.atom")
        month = f"1988/0{len(self.state)}"
        yield from (
            f"/months/{month}/",
            f"/months/{month}/index.xml",
            f"/posts/?month={month}",
            f"/search?month={month}",
        )
        yield from (
            f"/users/{self.key}user/",
            f"/users/{self.key}other/",
            f"/users/?prefix={self.key[:3]}",
            "/users/?prefix=zq",
        )
        yield from (f"/posts/?tag={self.key}tag", f"/search?tag={self.key}tag", f"/search?user={self.key}user")
        yield from (
            f"/search?post={self.path}",
            f"/api/search?post={self.path}",
            f"/tags/?name={self.key}",
            "/tags/?name=zq",
        )
        yield from (f"/posts/?post={self.path}", f"/api/posts?tag={self.key}tag", "/months/?tag=" + f"{self.key}tag")
        for word in (
            *words,
            f"{self.key}text",
            f"{self.key}fold",
            f"{self.key}題名",
            f"{self.key}commen",
            f"{self.key}comments",
        ):
            q = percent(word)
            yield from (f"/search?q={q}", f"/search.atom?q={q}", f"/api/search?q={q}", f"/api/search?q={q}&scope=post")
            yield f"/api/search?q={percent(word[:-1])}"
            yield f"/api/search?q={percent(word[:3] + word[4:])}"  # a slip of the finger, for which hints are given


SECRETS: Final = {state: Secret(state) for state in STATES}


def write_site(site: Site) -> None:
    """Write posts that everybody may see, which are near to the secret ones in tags, words, dates and folders."""
    for n in range(PUBLIC):
        text = post_text(
            f"公の記事{n}",
            quote(f"公の言葉{n}、分かち合うもの", f"public{n % 5}"),
            fold("続き", quote(f"折りたたみの言葉{n}", "public9")),
            '[次へ]({{% ref "/posts/hidden/zqdraft" %}})' if n == 3 else "{{< list limit=20 >}}",
            tags=["分かち合う", f"公{n % 3}"],
            months=["2024/03"],
            date=f"2024-03-{1 + n:02d}",
        )
        site.write(f"posts/open/public_{n:02d}.md", text)
    site.write("posts/hidden/neighbour.md", post_text("隣の記事", quote("隣の言葉", "public1"), tags=["分かち合う"]))


LINK: Final = re.compile(
    r"""(?:href|src|data-hx-get|data-fold|action|url|data-source)=["']([^"']+)["']|<loc>([^<]+)|"url": ?"([^"]+)\""""
)
SRCSET: Final = re.compile(r'srcset="([^"]+)"')
MOST_PAGES: Final = 160


def crawl(client: FlaskClient, seeds: Iterable[str]) -> Iterator[tuple[str, TestResponse]]:
    """Yield everything that links lead to, as pages and as fragments; of searches those that ask for one thing."""
    waiting = deque(seeds)
    seen = set(waiting)
    visited = 0
    while waiting and visited < MOST_PAGES:
        visited += 1
        url = waiting.popleft()
        answer = client.get(url)
        yield url, answer
        if answer.mimetype == "text/html" and answer.status_code == 200:
            yield f"{url} as a fragment", client.get(url, headers={**HTMX, "HX-Target": "div#main"})
        for found in links(url, answer):
            if found not in seen and (found.count("&") + found.count("?") < 2):
                seen.add(found)
                waiting.append(found)


def links(url: str, answer: TestResponse) -> Iterator[str]:
    """Yield the addresses of the site that an answer names."""
    if "Location" in answer.headers:
        yield urljoin(url, answer.headers["Location"]).partition("#")[0]
    if not (answer.mimetype or "").startswith(("text/", "application/")):
        return
    text = unescape(answer.text)
    named = [*("".join(found) for found in LINK.findall(text))]
    named += [part.split()[0] for found in SRCSET.findall(text) for part in found.split(", ")]
    for one in named:
        parts = urlsplit(urljoin(f"http://localhost{url}", one))
        if parts.netloc == "localhost":
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path


SEEDS: Final = (
    *(
        "/",
        "/posts/",
        "/posts/?page=2",
        "/?page=2&from=1",
        "/?order=discussed",
        "/tags/?all=1",
        "/users/",
        "/users/?page=1",
    ),
    *(
        "/months/",
        "/search",
        "/search?sort=oldest&group=off",
        "/search.atom",
        "/api/search",
        "/api/posts",
        "/api/posts?page=2",
    ),
    *(
        "/index.xml",
        "/index.atom",
        "/posts/index.atom",
        "/tags/index.xml",
        "/months/index.xml",
        "/sitemap.xml",
        "/sitemap-1.xml",
    ),
    *("/robots.txt", "/opensearch.xml", "/readyz", "/healthz", "/progress", "/nothing/here", "/search?q=zzzzzz"),
)


def traces(url: str, answer: TestResponse, secrets: Iterable[Secret]) -> list[str]:
    """Return what an answer tells of secrets that the address does not say itself."""
    found = []
    text = answer.data.decode("utf-8", "replace") + "\n".join(value for _, value in answer.headers)
    for secret in secrets:
        found += [f"{url}: {word}" for word in set(re.findall(rf"{secret.key}\w*", text)) if word not in url]
    return found


def has_anything(answer: TestResponse) -> bool:
    """Tell whether an answer to a guess shows that there is something: a picture, a redirect, a hit."""
    if answer.status_code == 200 and answer.mimetype == "application/json":
        data = json.loads(answer.text)
        return bool(data.get("total") or data.get("hits") or data.get("posts") or data.get("id") or data.get("path"))
    if answer.status_code in (301, 302, 308):
        return "hidden" in answer.headers["Location"] or "/c/" in answer.headers["Location"]
    return answer.status_code == 200 and str(answer.mimetype).startswith("image/")


def look_everywhere(client: FlaskClient, secrets: list[Secret]) -> list[str]:
    """Return every trace of secrets that a visitor can find."""
    found = [one for url, answer in crawl(client, SEEDS) for one in traces(url, answer, secrets)]
    return found + guess(client, secrets)


def guess(client: FlaskClient, secrets: list[Secret]) -> list[str]:
    """Return every trace of secrets that somebody can find who knows them."""
    found = []
    for secret in secrets:
        for url in secret.guesses():
            for headers in ({}, HTMX):
                answer = client.get(url, headers=headers)
                assert answer.status_code < 500, url
                found += traces(unquote(url), answer, secrets)
                if has_anything(answer):
                    found.append(f"{url}: {answer.status}")
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site with public posts and one secret of each kind, indexed."""
    made = Site(tmp_path_factory.mktemp("unpublished"))
    write_site(made)
    for secret in SECRETS.values():
        secret.write(made)
    made.index()
    yield made
    made.close()


def test_the_crawler_finds_everything_of_a_post_that_is_published(tmp_path: Path) -> None:
    site = Site(tmp_path)
    write_site(site)
    secret = SECRETS["draft"]
    secret.write(site, **PUBLISHED)
    site.index()
    try:
        client = site.client()
        everywhere = look_everywhere(client, [secret])
    finally:
        site.close()
    for part in ("題名", "tag", "user", "other", "comment", "folded", "text", "fold"):
        assert any(f"{secret.key}{part}" in one for one in everywhere), part
    for kind in (
        "/tags/",
        "/users/",
        "/index.xml",
        "/index.atom",
        "/sitemap.xml",
        "/api/posts",
        "/search",
        "/c/",
        "/months/",
    ):
        assert any(one.startswith(kind) for one in everywhere), kind
    for kind in (f"/{secret.path}/cover.png: 200", f"/{secret.path}/deep/drawn.svg: 200", f"/old/{secret.key}/: 301"):
        assert any(one.startswith(kind) for one in everywhere), kind
    assert any(one.startswith("/images/og/") for one in everywhere)


def test_no_unpublished_post_leaves_a_trace_anywhere(site: Site) -> None:
    assert look_everywhere(site.client(), list(SECRETS.values())) == []


@pytest.mark.parametrize("state", STATES)
def test_a_visitor_cannot_tell_an_unpublished_post_from_one_that_never_was(site: Site, state: str) -> None:
    client = site.client()
    secret = SECRETS[state]
    other = Secret(state)
    for there, never in zip(guesses_of(secret), guesses_of(other, "zqnever"), strict=True):
        one, two = client.get(there), client.get(never)
        assert (one.status_code, one.mimetype) == (two.status_code, two.mimetype), there
        if one.status_code == 404:
            assert one.text.replace(secret.key, "KEY") == two.text.replace("zqnever", "KEY"), there


def guesses_of(secret: Secret, key: str = "") -> list[str]:
    """Return the addresses that somebody may try, or the same of a post that never was."""
    plain = [url for url in secret.guesses() if "/c/" not in url and "/api/comments" not in url]
    return [url.replace(secret.key, key).replace(secret.key.upper(), key.upper()) for url in plain] if key else plain


def test_counts_are_those_of_what_is_published(site: Site) -> None:
    client = site.client()
    answer = client.get("/api/search").json
    assert answer is not None
    assert answer["total"] == 2 * PUBLIC + 1
    facets = answer["facets"]["tag"]
    assert {facet["value"]: facet["count"] for facet in facets}["分かち合う"] == 2 * PUBLIC + 1
    ready = client.get("/readyz").json
    assert ready is not None
    assert (ready["posts"], ready["comments"]) == (PUBLIC + 1, 2 * PUBLIC + 1)


def test_posts_that_are_taken_back_leave_no_trace(tmp_path: Path) -> None:
    site = Site(tmp_path)
    write_site(site)
    taken = [*SECRETS.values(), Secret("deleted", {})]
    for secret in taken:
        secret.write(site, **PUBLISHED)
    site.index()
    client = site.client()
    try:
        before = {url: client.get(url) for secret in taken for url in secret.guesses()}
        tags = {url: answer.headers["ETag"] for url, answer in before.items() if "ETag" in answer.headers}
        pages = [client.get(f"/{secret.path}/").text for secret in taken]
        pictures = [url for page in pages for url in re.findall(r"/images/[^\s\",]+", page)]
        assert len(pictures) >= 2 * len(taken)
        assert all(client.get(page[0]).status_code == 200 for page in zip(pictures[:2]))
        for secret in taken[:-1]:
            secret.write(site)
        (site.content / taken[-1].path / "index.md").unlink()
        site.index()
        assert [url for url in pictures if client.get(url).status_code != 404] == []
        for url, tag in tags.items():
            assert client.get(url, headers={"If-None-Match": tag}).status_code != 304, url
        assert look_everywhere(client, taken) == []
        assert guess(site.client(), taken) == []  # a process that starts now reads what others have kept
    finally:
        site.close()


def test_a_post_that_is_taken_back_while_the_folder_is_watched_leaves_no_trace(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.write("posts/open.md", post_text("公の記事", quote("公の言葉")))
    secret = SECRETS["draft"]
    secret.write(site, **PUBLISHED)
    site.index()
    watcher = subprocess.Popen(
        site.command("index", "--watch"),
        env=site.environment(),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = site.client()
    try:
        assert client.get(f"/{secret.path}/").status_code == 200
        secret.write(site)
        deadline = time.monotonic() + 60
        while client.get(f"/{secret.path}/").status_code == 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert guess(client, [secret]) == []
        assert guess(site.client(), [secret]) == []
    finally:
        watcher.terminate()
        watcher.wait(timeout=30)
        site.close()


def test_of_a_new_version_that_cannot_be_read_nothing_is_shown_and_a_draft_hidden_in_it_stays_one(
    tmp_path: Path,
) -> None:
    made = Site(tmp_path)
    made.write("posts/good.md", post_text("よい記事", quote("よい言葉")))
    secret = Secret("draft")
    made.write("posts/hidden/x/index.md", secret.text().replace("+++", "++", 1))
    made.index()
    try:
        assert look_everywhere(made.client(), [secret]) == []
    finally:
        made.close()
