"""Hold the addresses of posts and terms to Hugo's, and the ids of comments to what they promise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.content.permalinks import comment_ids, post_path, sanitize_path, term_slug, url_path

TERMS = [
    ("AI", "ai", "/tags/ai/"),
    ("C#", "c#", "/tags/c%23/"),
    ("C++", "c++", "/tags/c++/"),
    (".NET", ".net", "/tags/.net/"),
    ("UI/UX", "ui/ux", "/tags/ui/ux/"),
    ("CI/CD", "ci/cd", "/tags/ci/cd/"),
    ("HTTP/3", "http/3", "/tags/http/3/"),
    ("A*アルゴリズム", "aアルゴリズム", "/tags/a%E3%82%A2%E3%83%AB%E3%82%B4%E3%83%AA%E3%82%BA%E3%83%A0/"),
    ("X (Twitter)", "x-twitter", "/tags/x-twitter/"),
    ("Anna's Archive", "annas-archive", "/tags/annas-archive/"),
    ("リチャード・ストールマン", "リチャードストールマン", None),
    ("M&A", "ma", "/tags/ma/"),
    ("A：B", "ab", "/tags/ab/"),
    ("Hacker News", "hacker-news", "/tags/hacker-news/"),
    ("Node.js", "node.js", "/tags/node.js/"),
    ("GPT-4o", "gpt-4o", "/tags/gpt-4o/"),
    ("お茶 と 急須", "お茶-と-急須", None),
    ("snake_case", "snake_case", "/tags/snake_case/"),
    ("2024/03", "2024/03", "/tags/2024/03/"),
]


@pytest.mark.parametrize(("term", "slug", "url"), TERMS)
def test_a_term_has_hugos_path(term: str, slug: str, url: str | None) -> None:
    assert term_slug(term) == slug
    if url is not None:
        assert url_path("tags", term_slug(term)) == url
    assert unquote(url_path("tags", slug)) == f"/tags/{slug}/"


def test_terms_that_differ_in_case_are_one() -> None:
    assert term_slug("DOOM") == term_slug("Doom") == term_slug("doom")


@pytest.mark.parametrize("term", ["!!!", "・", "（）", "..", ".", "/", "//", "?", " ", "", "*"])
def test_a_term_of_signs_only_has_an_address_of_its_own(term: str) -> None:
    slug = term_slug(term)
    assert slug
    assert not {"", ".", ".."} & set(slug.split("/"))


@given(st.text(max_size=40))
def test_any_term_has_an_address_that_no_browser_changes(term: str) -> None:
    slug = term_slug(term)
    assert slug
    assert not {"", ".", ".."} & set(slug.split("/"))
    url = url_path("tags", slug)
    assert re.fullmatch(r"/tags/[!-~]+/", url)
    assert "?" not in url
    assert "#" not in url
    assert unquote(url, errors="strict") == f"/tags/{slug}/"


@given(st.text(max_size=40))
def test_tidying_a_path_twice_is_tidying_it_once(text: str) -> None:
    once = sanitize_path(text)
    assert sanitize_path(once) == once


@pytest.mark.parametrize(
    ("file", "slug", "path"),
    [
        ("posts/2024_03/2024_03_05_teapots/index.md", "", "posts/2024_03/2024_03_05_teapots"),
        ("posts/2024_03/2024_03_05_teapots.md", "", "posts/2024_03/2024_03_05_teapots"),
        ("posts/2024_03/teapots.markdown", "", "posts/2024_03/teapots"),
        ("posts/2024_03/Tea Pots/index.md", "", "posts/2024_03/tea-pots"),
        ("posts/2024_03/急須.md", "", "posts/2024_03/急須"),
        ("posts/index_of_things.md", "", "posts/index_of_things"),
        ("posts/a/b/c/index.md", "", "posts/a/b/c"),
        ("posts/2024_03/old/index.md", "new", "posts/2024_03/new"),
        ("posts/2024_03/old.md", "New One", "posts/2024_03/new-one"),
        ("posts/2024_03/old.md", "/slashed/", "posts/2024_03/slashed"),
        ("posts/2024_03/old.md", "..", "posts/2024_03"),
        ("posts/v1.2.md", "", "posts/v1.2"),
    ],
)
def test_a_post_has_the_path_of_its_file_with_the_slug_in_the_last_place(file: str, slug: str, path: str) -> None:
    assert post_path(file, slug) == path


NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
Said = tuple[str, datetime | None, str]
SAID: list[Said] = [
    ("ann", NOON, "一つ目"),
    ("bob", NOON, "二つ目"),
    ("ann", NOON + timedelta(hours=1), "三つ目"),
    ("", None, "名無し"),
]


def ids(said: list[Said], post: str = "posts/a") -> list[str]:
    """Return the ids of a post's comments."""
    return comment_ids(post, said)


def test_an_id_is_sixteen_letters_and_digits() -> None:
    assert all(re.fullmatch(r"[a-z2-7]{16}", id_) for id_ in ids(SAID))
    assert len(set(ids(SAID))) == 4


def test_ids_are_the_same_for_ever() -> None:
    # These values stand in other people's links: whatever changes them breaks those.
    assert ids(SAID[:2]) == ["5e2mbehw3excjrkk", "4dendx3rhm3ubhtm"]


def test_an_id_does_not_depend_on_what_stands_around_its_comment() -> None:
    known = dict(zip(SAID, ids(SAID), strict=True))
    changed: list[Said] = [
        ("new", NOON, "割り込み"),
        SAID[2],
        ("bob", NOON, "二つ目（編集）"),
        SAID[0],
        ("last", None, ""),
    ]
    now = dict(zip(changed, ids(changed), strict=True))
    assert now[SAID[0]] == known[SAID[0]]
    assert now[SAID[2]] == known[SAID[2]]


def test_an_edit_of_the_body_keeps_the_first_twelve_characters() -> None:
    old, new = ids([("ann", NOON, "元の言葉")])[0], ids([("ann", NOON, "元の言葉（追記）")])[0]
    assert old[:12] == new[:12]
    assert old != new


def test_an_id_depends_on_the_post_the_user_and_the_time() -> None:
    base = ids([("ann", NOON, "同じ")])[0]
    for other in (ids([("ann", NOON, "同じ")], "posts/b"), ids([("Ann", NOON, "同じ")]), ids([("ann", None, "同じ")])):
        assert other[0][:12] != base[:12]


def test_the_same_moment_in_another_zone_is_the_same_moment() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert ids([("ann", tokyo, "x")]) == ids([("ann", NOON, "x")])


def test_repetitions_are_told_apart_by_their_order_and_nothing_else_is() -> None:
    twice = ids([("ann", NOON, "同じ"), ("bob", NOON, "間"), ("ann", NOON, "同じ")])
    assert len(set(twice)) == 3
    assert twice[0] == ids([("ann", NOON, "同じ")])[0]
    assert twice[0][:12] == twice[2][:12]
    # Two bodies at one moment are no repetition: neither id depends on the other's.
    assert ids([("ann", NOON, "別"), ("ann", NOON, "同じ")])[1] == twice[0]


moments = st.none() | st.datetimes(timezones=st.just(UTC))
comments = st.tuples(st.text(max_size=8), moments, st.text(max_size=20))


@given(st.lists(comments, max_size=8), st.randoms())
def test_ids_are_distinct_and_follow_their_comments_into_any_order(said: list[Said], random: object) -> None:
    first = ids(said)
    assert len(set(first)) == len(first)
    mixed = list(said)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert sorted(zip(mixed, ids(mixed), strict=True), key=repr) == sorted(zip(said, first, strict=True), key=repr)
