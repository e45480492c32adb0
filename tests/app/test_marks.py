"""A post opened from a search: marks in all of it, counts on folds, links to every hit, the search of one thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from tests.app.sites import HTMX, LIGHTHOUSE, TEAPOTS, Site, page, post_text, quote, texts, write_sample

POST = f"/{TEAPOTS}/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the sample site, indexed."""
    site = Site(tmp_path_factory.mktemp("marks"))
    write_sample(site)
    site.index()
    yield site
    site.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    """Give a client of the site."""
    return site.client()


def test_what_was_found_is_marked_in_title_prose_and_comments(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=急須")
    assert texts(soup.select("h1 mark")) == ["急須"]
    assert texts(soup.select(".prose mark")) == ["急須"]
    assert texts(soup.select(".comment .body mark")) == ["急須", "急須"]
    assert len(soup.select(".comment.is-match")) == 2
    assert soup.select_one('link[rel="canonical"]')["href"].endswith(POST)  # type: ignore[index,union-attr]


def test_markup_survives_the_marks(client: FlaskClient) -> None:
    soup = page(client, f"{POST}details/1?q=teapot")
    assert texts(soup.select("#fold-1 code mark")) == ["teapot"]
    assert {str(tag["href"]) for tag in soup.select('a[href^="https://example.org"]')} == {
        "https://example.org/t/teapots"
    }


def test_every_closed_fold_says_how_many_hits_it_holds(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=丸い")
    assert texts(soup.select("#fold-1 .badge")) == ["2件一致"]
    assert soup.select("#fold-2 .badge") == []
    assert page(client, POST).select(".badge, mark, .matches") == []


def test_every_hit_has_a_link_that_opens_its_fold_with_the_marks(client: FlaskClient, site: Site) -> None:
    links = page(client, f"{POST}?q=丸い").select(".match-list a")
    assert texts(links) == ["#1", "#2", "#4", "#5"]
    inside = page(client, str(links[3]["href"]).partition("#")[0])
    anchor = str(links[3]["href"]).partition("#")[2]
    found = inside.select_one(f"#fold-1[open] #{anchor}.is-match")
    assert found is not None
    assert texts(found.select("mark")) == ["丸い"]


def test_folds_are_fetched_with_their_marks(client: FlaskClient) -> None:
    fold = page(client, f"{POST}?q=丸い").select_one("#fold-1")
    assert fold is not None
    inside = page(client, str(fold["data-fold"]), headers=HTMX)
    assert texts(inside.select("mark")) == ["丸い", "丸い"]
    assert inside.select("h1") == []


def test_a_comment_is_a_hit_only_when_it_has_all_words(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=丸い 土鍋")
    assert texts(soup.select(".match-list a")) == ["#5"]
    assert texts(soup.select(".comment .body mark")) == ["丸い", "丸い"], "marked wherever it stands"


def test_the_search_of_a_thread_shrinks_what_does_not_match(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=土鍋&view=thread")
    assert [len(soup.select(f"#fold-{n}[open]")) for n in (1, 2)] == [1, 0], "folds that hold hits are open"
    assert texts(soup.select("#fold-1 > .fold-body > .comment mark")) == ["土鍋"]
    lines = texts(soup.select(".shrunk > summary"))
    assert len(lines) == 5
    assert lines[1].startswith("#2 otter-in-a-boat 急須は丸い")
    assert soup.select(".shrunk .comment .body"), "the whole of it is there to be opened"
    assert soup.select_one("#thread-q")["value"] == "土鍋"  # type: ignore[index]


def test_an_empty_search_of_a_thread_is_the_whole_thread(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=&view=thread")
    assert soup.select(".shrunk, .matches, mark") == []


def test_htmx_gets_the_thread_alone_and_its_address(client: FlaskClient) -> None:
    typing = {**HTMX, "HX-Source": "form#thread-search"}
    response = client.get(f"{POST}?q=土鍋&view=thread", headers=typing)
    assert response.headers["HX-Replace-Url"] == f"{POST}?q=%E5%9C%9F%E9%8D%8B&view=thread"
    assert "HX-Request" in response.headers["Vary"]
    soup = page(client, f"{POST}?q=土鍋&view=thread", headers=HTMX)
    assert soup.select("article.post, form") == []
    assert texts(soup.select("#announce")) == ["このスレッドで1件一致"]
    assert texts(soup.select("h1[data-hx-swap-oob] mark")) == []
    assert texts(page(client, f"{POST}?q=急須&view=thread", headers=HTMX).select("h1[data-hx-swap-oob] mark")) == [
        "急須"
    ]
    assert client.get(f"{POST}?q=&view=thread", headers=typing).headers["HX-Replace-Url"] == POST


def test_no_hit_in_the_thread_leads_to_all_posts(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=ないものねだり&view=thread")
    assert "見つかりませんでした" in soup.get_text()
    assert soup.select('#thread a[href^="/search?q="]')


def test_a_permalink_keeps_the_query(client: FlaskClient, site: Site) -> None:
    (id_,) = [id_ for text, id_ in site.comment_ids().items() if text.startswith("土鍋")]
    assert client.get(f"/c/{id_}?q=土鍋").headers["Location"] == f"{POST}details/1?q=%E5%9C%9F%E9%8D%8B#c-{id_}"


@pytest.mark.parametrize(("query", "status"), [("q=" + "あ" * 1001, 413), ("q=" + "+".join("abcdefgh" * 5), 400)])
def test_a_query_that_cannot_be_asked_is_refused_here_too(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"{POST}?{query}").status_code == status


@pytest.mark.parametrize("q", ["<script>", '"><img src=x>', "&lt;", "%00", "'", "[a-", "（", "OR", "-急須"])
def test_hostile_queries_are_shown_as_text(client: FlaskClient, q: str) -> None:
    soup = page(client, f"{POST}?q={q.replace('&', '%26')}")
    assert soup.select("main script, main img[src='x']") == []


def test_two_hundred_hits_have_a_link_each(tmp_path_factory: pytest.TempPathFactory) -> None:
    site = Site(tmp_path_factory.mktemp("many"))
    site.write("posts/many.md", post_text("題", *[quote(f"{n}番目の灯台", "u") for n in range(200)]))
    client = site.indexed()
    assert len(page(client, "/posts/many/?q=灯台").select(".match-list a")) == 200
    site.close()


def test_a_word_that_no_comment_has_is_marked_outside_of_them(client: FlaskClient) -> None:
    soup = page(client, f"/{LIGHTHOUSE}/?q=急須")
    assert texts(soup.select(".prose mark")) == ["急須"]
    assert texts(soup.select(".matches-of")) == ["「急須」に0件一致"]


def test_a_thread_that_has_the_words_in_several_comments_shows_them_all(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?q=土鍋 最後")
    assert texts(soup.select(".some")) == ["すべての語を含むコメントはありません。どれかの語を含むコメントを示します。"]
    assert texts(soup.select(".match-list a")) == ["#5", "#8"]
    assert texts(soup.select(".fold .badge")) == ["1件一致", "1件一致"]
    assert page(client, f"{POST}?q=丸い 土鍋").select(".some") == []


def test_the_links_of_a_thread_search_stay_in_it(client: FlaskClient) -> None:
    (link,) = page(client, f"{POST}?q=土鍋&view=thread").select(".match-list a")
    address, _, anchor = str(link["href"]).partition("#")
    assert page(client, address).select(f"#fold-1[open] #{anchor}.is-match")
    assert len(page(client, address).select(".shrunk")) == 5


def test_a_post_can_be_read_while_there_is_no_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    site = Site(tmp_path_factory.mktemp("unindexed"))
    site.write("posts/one.md", post_text("灯台", quote("灯台の話", "u")))
    site.index()
    database = site.data / str(site.rows("PRAGMA database_list")[0].file)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE search_meta")
    client = site.client()
    for url in ("/posts/one/?q=灯台", "/posts/one/?q=灯台&view=thread"):
        soup = page(client, url)
        assert texts(soup.select(".comment .body")) == ["灯台の話"]
        assert soup.select("mark, .matches, .shrunk") == []
        assert "検索の準備ができていない" in soup.get_text()
    assert page(client, "/posts/one/").select(".related") == []
    site.close()


def test_a_post_and_its_hits_can_be_read_while_the_words_of_the_index_are_damaged(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    site = Site(tmp_path_factory.mktemp("damaged"))
    write_sample(site)
    site.index()
    client = site.client()
    for file in site.data.glob("*/words/*.pst"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    id_ = next(iter(site.comment_ids().values()))
    assert client.get(f"/c/{id_}/similar").status_code == 200
    assert client.get(POST).status_code == 200
    assert texts(page(client, f"{POST}?q=土鍋").select(".match-list a")) == ["#5"]
    site.close()
