"""The parts of the results that are fetched of one comment: its whole body, and the comments around it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from tests.app.sites import HTMX, Site, fold, page, post_text, quote, soup, texts

LONG = "鍋の底を磨く話を続ける。" * 40


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    site = Site(tmp_path_factory.mktemp("comments"))
    site.write(
        "posts/pans.md",
        post_text(
            "鍋を磨く",
            quote("一番目の言葉"),
            quote("＞一番目の言葉<br>二番目は`銅鍋`の話", "copper"),
            fold("続き", quote(f"{LONG}銅鍋は最後に出てくる。", "long"), quote("四番目は土鍋")),
            quote("五番目は鉄鍋"),
            quote("六番目は遠い"),
        ),
    )
    yield site.indexed()
    site.close()


def id_of(client: FlaskClient, q: str) -> str:
    """Return the id of the comment that a search finds first."""
    return str(client.get("/api/search", query_string={"q": q}).get_json()["hits"][0]["id"])


def test_the_whole_body_comes_with_every_match_marked(client: FlaskClient) -> None:
    comment = id_of(client, "最後に出てくる")
    shown = page(client, f"/c/{comment}/body?q=銅鍋", headers=HTMX)
    assert texts(shown.select(".snippet")) == [f"{LONG}銅鍋は最後に出てくる。"]
    assert texts(shown.select("mark")) == ["銅鍋"]
    assert texts(shown.select("#announce")) == ["#3の全文を表示しました"]


def test_a_body_keeps_its_markup(client: FlaskClient) -> None:
    shown = page(client, f"/c/{id_of(client, '二番目は')}/body?q=銅鍋", headers=HTMX)
    assert texts(shown.select(".snippet code")) == ["銅鍋"]
    assert texts(shown.select(".snippet blockquote")) == ["＞一番目の言葉"]


def test_neighbours_are_those_before_and_after_in_the_post_whatever_fold_they_are_in(client: FlaskClient) -> None:
    shown = page(client, f"/c/{id_of(client, '最後に出てくる')}/around?q=鍋", headers=HTMX)
    assert [words[:3] for words in texts(shown.select("article div"))] == [
        "一番目",
        "＞一番",
        "鍋の底",
        "四番目",
        "五番目",
    ]
    assert texts(shown.select("article.here .user")) == ["long"]
    assert [str(link["href"]).partition("#")[0] for link in shown.select("article .meta a:not(.user)")][3] == (
        "/posts/pans/details/1?q=%E9%8D%8B"
    )


@pytest.mark.parametrize(("words", "count"), [("一番目の言葉", 3), ("六番目", 3)])
def test_the_first_and_the_last_comment_have_neighbours_on_one_side(
    client: FlaskClient, words: str, count: int
) -> None:
    (comment,) = [
        hit["id"]
        for hit in client.get("/api/search", query_string={"q": words}).get_json()["hits"]
        if hit["text"].startswith(words)
    ]
    assert len(page(client, f"/c/{comment}/around", headers=HTMX).select("article")) == count


@pytest.mark.parametrize("part", ["body", "around"])
@pytest.mark.parametrize(
    "headers", [{}, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"}]
)
def test_without_htmx_the_link_leads_to_the_comment_on_its_page(
    client: FlaskClient, part: str, headers: dict[str, str]
) -> None:
    comment = id_of(client, "四番目")
    response = client.get(f"/c/{comment}/{part}?q=土鍋", headers=headers)
    assert response.status_code == 302
    assert unquote(response.headers["Location"]) == f"/posts/pans/details/1?q=土鍋#c-{comment}"


@pytest.mark.parametrize("part", ["body", "around"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_answers_vary_by_what_was_looked_at(client: FlaskClient, part: str, headers: dict[str, str]) -> None:
    vary = client.get(f"/c/{id_of(client, '四番目')}/{part}", headers=headers).headers["Vary"].lower()
    assert all(name in vary for name in ("hx-request", "hx-boosted", "hx-history-restore-request"))


@pytest.mark.parametrize("part", ["body", "around"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/c/nothing/{}", 404), ("/c/%00/{}", 404), ("/c/{id}/{}?q=" + "あ" * 1001, 413), ("/c/{id}/{}?q=%22-%20OR", 200)],
)
def test_what_is_not_there_or_too_long_says_so(client: FlaskClient, part: str, path: str, status: int) -> None:
    url = path.replace("{id}", id_of(client, "四番目")).format(part)
    response = client.get(url, headers=HTMX)
    assert response.status_code == status
    assert soup(response.data).select("html") == []
