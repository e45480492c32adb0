"""Hold the JSON to the shapes that others rely on, and say whether the site is alive and ready."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient

from matome_app.progress import Progress
from matome_app.web.context import PAGE_SIZE
from tests.app.sites import LIGHTHOUSE, TEAPOTS, TRAM, Site, post_text
from tests.app.sites import quote as comment

POST = ("path", "url", "title", "date", "months", "tags", "featureimage", "source_url")
SEARCH = ("query", "total", "page", "pages", "took_ms", "hits", "facets", "posts", "suggestions")
ADDED = ("totals", "read", "months", "late", "inflections")
COMMENT = ("id", "ordinal", "details", "user", "created_at", "color", "text", "html")


def get(client: FlaskClient, path: str, **query: object) -> Any:
    """Return the JSON at an address."""
    response = client.get(path, query_string=query)
    assert response.status_code == 200, response.text
    assert response.mimetype == "application/json"
    return response.get_json()


def test_a_search_answers_in_the_shape_of_the_contract(client: FlaskClient) -> None:
    answer = get(client, "/api/search", q="灯台")
    assert list(answer) == [*SEARCH, *ADDED]
    assert (answer["query"], answer["total"], answer["page"], answer["pages"]) == ("灯台", 1, 1, 1)
    assert 0 <= answer["took_ms"] < 10_000
    (hit,) = answer["hits"]
    assert hit == {
        "id": hit["id"],
        "url": f"/{LIGHTHOUSE}/#c-{hit['id']}",
        "post": {"path": LIGHTHOUSE, "title": "灯台の夜勤", "tags": [".NET", "Doom", "UI/UX"]},
        "ordinal": 1,
        "details": 0,
        "user": "gull",
        "created_at": "2024-03-19T22:00:00Z",
        "color": "#785bff",
        "text": "灯台の灯りは朝まで消えない。",
        "snippet": "<mark>灯台</mark>の灯りは朝まで消えない。",
        "match": "word",
        "via": [],
    }
    assert answer["posts"] == [{"path": LIGHTHOUSE, "url": f"/{LIGHTHOUSE}/", "title": "灯台の夜勤", "hits": 1}]
    assert answer["suggestions"] == []


def test_facets_have_value_count_selected_and_an_address_that_toggles_them(client: FlaskClient) -> None:
    facets = get(client, "/api/search", q="急須", tag="DOOM")["facets"]
    assert set(facets) == {"tag", "user", "month"}
    for name, values in facets.items():
        assert values, name
        for value in values:
            assert {"value", "count", "selected", "url"} <= set(value)
            query = parse_qs(urlsplit(value["url"]).query)
            assert query["q"] == ["急須"]
            assert (value["value"] in query.get(name, [])) is not value["selected"]
    assert [value["value"] for value in facets["tag"] if value["selected"]] == ["DOOM"]


def test_the_total_is_what_paging_reaches(client: FlaskClient) -> None:
    first = get(client, "/api/search")
    assert (first["total"], first["pages"]) == (32, -(-32 // PAGE_SIZE))
    ids = [hit["id"] for n in range(first["pages"]) for hit in get(client, "/api/search", page=n + 1)["hits"]]
    assert len(ids) == len(set(ids)) == 32


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"tag": "DOOM"}, 9),
        ({"tag": ["doom", "お茶"]}, 8),
        ({"user": ["gull", "tram-driver"]}, 4),
        ({"month": "2024/03"}, 9),
        ({"color": "any"}, 3),
        ({"post": TEAPOTS}, 8),
        ({"after": "2024-03-19"}, 2),
        ({"before": "2024-03-04", "after": "2024-03-04"}, 7),
        ({"q": "user:gull"}, 3),
        ({"q": "急須 灯台", "scope": "comment"}, 0),
        ({"q": "急須 -割れにくい"}, 1),
        ({"q": '"折りたたみの中"'}, 1),
        ({"q": "灯台 OR 信号"}, 2),
        ({"q": "teapot"}, 2),
    ],
)
def test_every_parameter_of_a_search_is_obeyed(client: FlaskClient, query: dict[str, object], total: int) -> None:
    assert get(client, "/api/search", **query)["total"] == total


def test_a_post_answers_in_the_shape_of_the_contract(client: FlaskClient) -> None:
    answer = get(client, f"/api/{TEAPOTS}")
    assert list(answer) == [*POST, "details", "comments", "related"]
    assert {name: answer[name] for name in POST} == {
        "path": TEAPOTS,
        "url": f"/{TEAPOTS}/",
        "title": "急須はなぜ割れないのか",
        "date": "2024-03-05T00:00:00Z",
        "months": ["2024/03"],
        "tags": ["C#", "DOOM", "お茶"],
        "featureimage": "cover.png",
        "source_url": "https://example.org/t/teapots",
    }
    assert [(one["n"], one["summary"]) for one in answer["details"]] == [
        (1, "もっとコメントを表示（1）"),
        (2, "もっとコメントを表示（2）"),
    ]
    assert [one["ordinal"] for one in answer["comments"]] == list(range(1, 9))
    assert [one["details"] for one in answer["comments"]] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert all(tuple(one) == COMMENT for one in answer["comments"])


def test_a_comment_of_a_post_has_text_and_html(client: FlaskClient) -> None:
    comments = get(client, f"/api/{TEAPOTS}")["comments"]
    assert comments[2]["text"] == "List<Teapot> に入れておけば安全"
    assert comments[2]["html"] == "List&lt;Teapot&gt; に入れておけば安全"
    assert comments[2]["created_at"] == "2024-03-04T16:00:00Z"
    assert comments[4]["text"] == "土鍋も丸いよ https://example.net/pot"
    assert '<a href="https://example.net/pot"' in comments[4]["html"]
    assert comments[3]["text"].splitlines()[-1] == "本当だろうか"
    assert comments[0]["created_at"] in ("", None)


def test_a_comment_answers_with_its_post(client: FlaskClient) -> None:
    known = get(client, f"/api/{TEAPOTS}")["comments"][6]
    answer = get(client, f"/api/comments/{known['id']}")
    assert {name: answer[name] for name in COMMENT} == known
    assert answer["url"] == f"/{TEAPOTS}/#c-{known['id']}"
    assert answer["post"]["path"] == TEAPOTS


def test_posts_are_listed_and_filtered_as_on_the_pages(client: FlaskClient) -> None:
    answer = get(client, "/api/posts")
    assert (answer["total"], answer["page"], len(answer["posts"])) == (25, 1, PAGE_SIZE)
    assert set(POST) <= set(answer["posts"][0])
    assert [post["path"] for post in get(client, "/api/posts", tag=["doom", "UI/UX"])["posts"]] == [LIGHTHOUSE]
    assert len(get(client, "/api/posts", page=2)["posts"]) == 25 - PAGE_SIZE


@pytest.mark.parametrize("path", [f"/api/{TRAM}", f"/api/{quote(TRAM)}", f"/api/{TRAM}/"])
def test_a_post_with_japanese_in_its_path_answers(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert (answer["path"], answer["url"]) == (TRAM, f"/{quote(TRAM)}/")
    assert answer["date"] == "2024-04-02T09:00:00+09:00"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/posts/2024_03/nothing", 404),
        ("/api/comments/nothing", 404),
        ("/api/nothing", 404),
        ("/api/search?page=x", 400),
        ("/api/search?page=99", 404),
        ("/api/posts?page=99", 404),
        ("/api/search?q=" + "a" * 1001, 413),
        ("/api/search?after=tomorrow", 400),
    ],
)
def test_errors_below_api_are_json(client: FlaskClient, path: str, status: int) -> None:
    response = client.get(path)
    assert response.status_code == status
    error = response.get_json()["error"]
    assert error["status"] == status
    assert error["message"]


def test_japanese_is_not_escaped(client: FlaskClient) -> None:
    assert "灯台" in client.get("/api/search?q=灯台").text


def test_a_snippet_of_a_long_comment_holds_the_mark_and_is_short(site: Site) -> None:
    site.write("posts/a.md", post_text("長い", comment("前置き。" * 300 + "<b>桜</b>が咲く。" + "後書き。" * 300)))
    (hit,) = get(site.indexed(), "/api/search", q="桜")["hits"]
    assert "<mark>桜</mark>" in hit["snippet"]
    assert "&lt;b&gt;" in hit["snippet"]
    assert len(hit["snippet"]) < 500 < len(hit["text"])
    assert re.sub(r"</?mark>", "", hit["snippet"]).count("<") == 0


def test_alive_is_always_alive(client: FlaskClient, site: Site) -> None:
    assert get(client, "/healthz") == {"status": "ok"}
    site.content.rmdir()
    assert get(site.client(), "/healthz") == {"status": "ok"}


def test_ready_is_ready_after_the_first_build_only(site: Site) -> None:
    site.write("posts/a.md", post_text("本", comment("一言")))
    client = site.client()
    before = client.get("/readyz")
    assert (before.status_code, before.get_json()["status"]) == (503, "unavailable")
    seen: list[tuple[int, str, Any]] = []

    def look(_moment: Progress) -> None:
        response = client.get("/readyz")
        seen.append((response.status_code, response.get_json()["status"], response.get_json()["progress"]))

    site.index(progress=look)
    assert {(status, name) for status, name, _ in seen} == {(503, "building")}
    assert {name: seen[0][2][name] for name in ("phase", "done", "total")} == {"phase": "posts", "done": 0, "total": 1}
    after = client.get("/readyz")
    assert after.status_code == 200
    assert {name: after.get_json()[name] for name in ("status", "posts", "comments", "progress")} == {
        "status": "ready",
        "posts": 1,
        "comments": 1,
        "progress": {},
    }
