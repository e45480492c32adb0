"""Look at a data folder without mending it: is it one whole state, and is it the state that a fresh build has?"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote as escaped

from flask.testing import FlaskClient
from sqlalchemy import text

from matome_app.readers import Reader, open_reader
from matome_app.search.params import SearchParams
from matome_app.store.generations import current_generation

SERVED = (200, 503)
LOCKS = ("lock", "watch.lock")
"""Files in a data folder that are empty and stay: processes wait for each other by them."""

_POSTS = "SELECT path, url, source, title, date_text, source_url, comment_count, user_count, segments FROM posts"
_TERMS_OF_POSTS = """SELECT p.path, t.taxonomy, l.position, l.label, t.slug
    FROM post_terms l JOIN posts p ON p.id = l.post_id JOIN terms t ON t.id = l.term_id"""
_COMMENTS = """SELECT c.id, p.path, c.ordinal, c.details, c.user, c.created_at, c.color, c.text, c.markup
    FROM comments c JOIN posts p ON p.id = c.post_id"""
_FOLDS = "SELECT p.path, f.n, f.summary, f.parent, f.comments, f.segments FROM folds f JOIN posts p ON p.id = f.post_id"
_COUNTED_USERS = """SELECT user, count(*), count(DISTINCT post_id) FROM comments WHERE user != '' GROUP BY user"""
_COUNTED_TERMS = (
    """SELECT t.taxonomy, t.slug, count(*) FROM post_terms l JOIN terms t ON t.id = l.term_id GROUP BY t.id"""
)


@dataclass(slots=True)
class Content:
    """All that a site says, without the keys of its database; `answers` are searches: total, and ids in order."""

    posts: dict[str, Any] = field(default_factory=dict)
    comments: dict[str, Any] = field(default_factory=dict)
    folds: dict[str, Any] = field(default_factory=dict)
    terms_of_posts: dict[str, Any] = field(default_factory=dict)
    users: dict[str, Any] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)


@contextmanager
def opened(data: Path) -> Iterator[Reader | None]:
    """Open the current generation of a data folder as a server does; None where there is none."""
    generation = current_generation(data)
    if generation is None:
        yield None
        return
    reader = open_reader(generation)
    try:
        yield reader
    finally:
        reader.store.close()


def content_of(data: Path, queries: Iterable[str] = ()) -> Content:
    """Return what a data folder says of the content, with the answers to some searches."""
    found = Content()
    with opened(data) as reader:
        assert reader is not None, f"nothing is built in {data}"
        with reader.store.engine.connect() as connection:

            def rows(query: str) -> list[tuple[Any, ...]]:
                return [tuple(row) for row in connection.execute(text(query))]

            found.posts = {row[0]: row[1:] for row in rows(_POSTS)}
            found.comments = {row[0]: row[1:] for row in rows(_COMMENTS)}
            found.folds = {f"{row[0]} {row[1]}": row[2:] for row in rows(_FOLDS)}
            found.terms_of_posts = {f"{row[0]} {row[1]} {row[2]}": row[3:] for row in rows(_TERMS_OF_POSTS)}
            found.users = {row[0]: row[1:] for row in rows("SELECT name, folded, comments, posts FROM users")}
            found.terms = {
                f"{row[0]} {row[1]}": row[2:] for row in rows("SELECT taxonomy, slug, name, posts FROM terms")
            }
            ids = dict(rows("SELECT key, id FROM comments"))
        for q in queries:
            params = SearchParams(q=q)
            result = reader.engine.search(params)
            order = [ids.get(key, f"no comment {key}") for key in reader.engine.all_keys(params)]
            page = [(ids.get(hit.key, f"no comment {hit.key}"), hit.match) for hit in result.hits]
            found.answers[q] = (result.total, order, page, [(s.q, s.total) for s in result.suggestions])
    return found


def differences(got: Content, want: Content) -> list[str]:
    """Return what differs, a line each, at most five of a kind."""
    found = []
    for part in fields(Content):
        here, there = getattr(got, part.name), getattr(want, part.name)
        wrong = [key for key in here.keys() | there.keys() if here.get(key) != there.get(key)]
        for key in sorted(wrong)[:5]:
            found.append(f"{part.name} {key!r}: {_first_difference(here.get(key), there.get(key))}")
        if len(wrong) > 5:
            found.append(f"{part.name}: {len(wrong) - 5} more")
    return found


def _first_difference(here: Any, there: Any) -> str:
    if isinstance(here, Sequence) and isinstance(there, Sequence) and not isinstance(here, str):
        for at, (one, other) in enumerate(zip(here, there, strict=False)):
            if one != other:
                return f"[{at}] {_first_difference(one, other)}"
    return f"{here!r:.120} where a fresh build has {there!r:.120}"


def faults_of_state(data: Path, *, deep: bool = True) -> list[str]:
    """Return where store and index of a data folder disagree, with each other or with their own counts.

    `deep` has SQLite read its whole file as well.
    """
    with opened(data) as reader:
        return [] if reader is None else _faults_of(reader, deep)


def _faults_of(reader: Reader, deep: bool) -> list[str]:
    found: list[str] = []
    with reader.store.engine.connect() as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.execute(text(query))]

        if deep and (broken := rows("PRAGMA quick_check(1)")) != [("ok",)]:
            return [f"the database is damaged: {broken}"]
        if not rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
            return []  # killed before the tables were made: there is nothing yet, and nothing is said
        posts = dict(rows("SELECT id, path FROM posts"))
        comments = {key: (post, id_) for key, post, id_ in rows("SELECT key, post_id, id FROM comments")}
        counts = dict(rows("SELECT id, comment_count FROM posts"))
        if Counter(post for post, _ in comments.values()) != Counter(counts):
            found.append("posts do not have the comments that they count")
        if sorted(rows("SELECT name, comments, posts FROM users")) != sorted(rows(_COUNTED_USERS)):
            found.append("users are not counted right")
        if sorted(rows("SELECT taxonomy, slug, posts FROM terms")) != sorted(rows(_COUNTED_TERMS)):
            found.append("tags or months are not counted right")
        for table in ("folds", "post_terms", "aliases"):
            if rows(f"SELECT 1 FROM {table} WHERE post_id NOT IN (SELECT id FROM posts) LIMIT 1"):
                found.append(f"{table} of a post that is gone")
        if not rows("SELECT 1 FROM sqlite_master WHERE name = 'search_meta'"):
            return [*found, "posts without an index"] if posts else found
    everything = SearchParams()
    keys = reader.engine.all_keys(everything)
    if len(keys) != len(set(keys)):
        found.append("a search finds a comment twice")
    if unknown := set(keys) - comments.keys():
        found.append(f"a search finds {len(unknown)} comments that no page has")
    if lost := comments.keys() - set(keys):
        found.append(
            f"{len(lost)} comments are on pages and not found: {[comments[key][1] for key in sorted(lost)[:3]]}"
        )
    by_post = {hit.path: hit.hits for hit in reader.engine.top_posts(everything, len(posts) + 1)}
    listed = {posts[id_]: count for id_, count in counts.items() if count}
    if by_post != listed:
        wrong = sorted(path for path in by_post.keys() | listed.keys() if by_post.get(path) != listed.get(path))
        found.append(f"{len(wrong)} posts are listed and not found with their comments, or the reverse: {wrong[:3]}")
    return found


def faults_of_pages(client: FlaskClient, draw: random.Random) -> list[str]:
    """Return what is wrong with what a server without a builder answers: status of pages, and counts that disagree."""
    found: list[str] = []

    def get(url: str, *allowed: int) -> Any:
        answer = client.get(url)
        if answer.status_code not in (allowed or SERVED):
            found.append(f"{url} answers {answer.status_code}")
        return answer

    home = get("/")
    ready = get("/readyz").get_json()
    if home.status_code == 503 or "posts" not in ready:
        return found
    listed = get("/api/posts").get_json()
    search = get("/api/search")
    if search.status_code == 503:
        return found
    facts = search.get_json()
    if (ready["posts"], ready["comments"]) != (listed["total"], facts["total"]):
        found.append(f"/readyz has {ready}, the list {listed['total']} posts, the search {facts['total']} comments")
    if not listed["total"]:
        return found
    page = get(f"/api/posts?page={draw.randint(1, listed['pages'])}", 200).get_json()
    for post in draw.sample(page["posts"], min(3, len(page["posts"]))):
        found += _faults_of_post(get, post)
    for page_url in ("/tags/", "/users/", "/index.xml", "/search?q=" + escaped("話"), "/sitemap.xml"):
        get(page_url, 200)
    return found


def _faults_of_post(get: Any, post: dict[str, Any]) -> list[str]:
    found: list[str] = []
    whole = get(f"/api/{escaped(post['path'])}", 200)
    shown = get(post["url"], 200)
    total = get(f"/api/search?post={escaped(post['path'], safe='')}", 200).get_json()["total"]
    if whole.status_code != 200:
        return found
    facts = whole.get_json()
    if not len(facts["comments"]) == total == post["comments"]:
        has = f"{post['path']} has {len(facts['comments'])} comments"
        found.append(f"{has}, is listed with {post['comments']}, {total} are found")
    ids = set(re.findall(r'id="c-([^"]+)"', shown.get_data(as_text=True)))
    if facts["comments"] and not facts["details"] and ids != {comment["id"] for comment in facts["comments"]}:
        found.append(f"{post['url']} does not show the comments it has")
    for fold in facts["details"][:2]:
        get(f"{post['url']}details/{fold['n']}", 200)
    return found


def names(data: Path) -> set[str]:
    """Return the names of all files of a data folder with what differs from build to build taken out."""
    found = set()
    for path in data.rglob("*"):
        if path.is_file() and path.name not in LOCKS and path.parent.name != "templates":  # servers keep them
            name = re.sub(r"\bg\d+/", "g/", path.relative_to(data).as_posix())
            found.add(re.sub(r"_\d+\.toc|MAIN_[0-9a-z]{8,}", "MAIN_#", re.sub(r"-(wal|shm)$", "", name)))
    return found


def size(data: Path, *, journal: bool = True) -> int:
    """Return the bytes in a data folder; the journal of a database that is open has a size of its own, 4 MB at most."""
    files = [path for path in data.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files if journal or not path.name.endswith(("-wal", "-shm")))
