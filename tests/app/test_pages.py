"""Hold what every page has, the search page, and the pages of errors."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask.testing import FlaskClient

from matome_app.web.context import PAGE_SIZE
from tests.app.sites import TEAPOTS, Site, page, post_text, quote, soup, texts

PAGES = (
    "/",
    "/posts/",
    "/tags/",
    "/tags/doom/",
    "/months/",
    "/months/2024/03/",
    "/users/",
    "/users/gull/",
    "/search",
    f"/{TEAPOTS}/",
)


@pytest.mark.parametrize("url", [*PAGES, "/nowhere/"])
def test_every_page_has_the_frame_of_the_site(client: FlaskClient, url: str) -> None:
    whole = soup(client.get(url).data)
    assert whole.select_one("html[lang=ja]") is not None
    assert [link["href"] for link in whole.select("header.site nav a")] == ["/posts/", "/tags/", "/months/", "/users/"]
    form = whole.select_one("header.site form[role=search]")
    assert form is not None
    assert (form["action"], form["method"]) == ("/search", "get")
    assert form.select_one("label[for=q]") is not None
    assert form.select_one("input#q[name=q]") is not None
    assert form.select_one("button[type=submit]") is not None
    assert len(whole.select("h1")) == 1
    assert whole.title is not None
    assert "matome" in whole.title.get_text()


def test_the_title_of_the_site_is_that_of_the_settings(sample: Site) -> None:
    client = sample.client(SITE_TITLE="<まとめ> & Co")
    assert texts(page(client, "/").select("a.brand")) == ["<まとめ> & Co"]
    assert "&lt;まとめ&gt; &amp; Co" in client.get("/index.xml").text


def test_the_search_without_words_lists_everything_newest_first(client: FlaskClient) -> None:
    shown = page(client, "/search")
    assert texts(shown.select(".count strong")) == ["32件"]
    hits = texts(shown.select(".hit .snippet"))
    assert len(hits) == PAGE_SIZE
    assert hits[0] == "信号が全部赤だった。"
    assert len(page(client, "/search?page=2").select(".hit")) == 32 - PAGE_SIZE


def test_a_hit_shows_user_time_post_and_where_the_words_stand(client: FlaskClient) -> None:
    shown = page(client, "/search?q=灯台")
    assert shown.title is not None
    assert shown.title.get_text() == "「灯台」の検索結果 - matome"
    hit = shown.select_one(".hit")
    assert hit is not None
    assert texts(hit.select("a.user")) == ["gull"]
    assert hit.select_one("time")["datetime"] == "2024-03-19T22:00:00Z"  # type: ignore[index]
    assert texts(hit.select(".in-post")) == ["灯台の夜勤 #1"]
    assert texts(hit.select(".snippet mark")) == ["灯台"]


def test_a_hit_leads_to_its_comment_with_the_fold_open(client: FlaskClient) -> None:
    link = page(client, "/search?q=土鍋").select_one(".hit a[href*='#c-']")
    assert link is not None
    path, _, anchor = str(link["href"]).partition("#")
    assert unquote(path) == f"/{TEAPOTS}/details/1?q=土鍋"
    assert "土鍋" in page(client, path).find(id=anchor).get_text()  # type: ignore[union-attr]


def test_posts_whose_title_matches_come_above_the_comments(client: FlaskClient) -> None:
    assert texts(page(client, "/search?q=灯台").select(".post-hits a")) == ["灯台の夜勤"]


def test_a_facet_narrows_by_what_it_says(client: FlaskClient) -> None:
    shown = page(client, "/search")
    for value in shown.select(".facet li a"):
        count = int(value.select_one(".n").get_text().replace(",", ""))  # type: ignore[union-attr]
        narrowed = page(client, str(value["href"]))
        assert texts(narrowed.select(".count strong")) == [f"{count}件"], value


def test_filters_of_a_search_travel_with_the_next_words(client: FlaskClient) -> None:
    fields = page(client, "/search?q=急須&tag=DOOM&user=gull&user=x&month=2024/03").select(
        "#search-filters input[type=hidden]"
    )
    assert sorted((str(field["name"]), str(field["value"])) for field in fields) == [
        ("month", "2024/03"),
        ("tag", "DOOM"),
        ("user", "gull"),
        ("user", "x"),
    ]


def test_the_words_stay_in_the_field_and_are_not_markup(client: FlaskClient) -> None:
    words = '"><script>alert(1)</script>'
    shown = soup(client.get("/search", query_string={"q": words}).data)
    assert [field["value"] for field in shown.select("#q")] == [words]
    assert all(script.get("src") or script["type"] == "application/ld+json" for script in shown.select("script"))


def test_chips_of_a_search_take_one_condition_away(client: FlaskClient) -> None:
    chips = page(client, "/search?q=急須 -土鍋&tag=DOOM").select(".chips a.chip")
    assert len(chips) == 3
    for chip in chips:
        query = parse_qs(urlsplit(str(chip["href"])).query)
        assert query != {"q": ["急須 -土鍋"], "tag": ["DOOM"]}
        assert client.get(str(chip["href"])).status_code == 200


def test_a_search_that_finds_nothing_says_so(client: FlaskClient) -> None:
    assert "見つかりません" in page(client, "/search?q=ズンドコベロンチョ").select_one(".empty").get_text()  # type: ignore[union-attr]


def test_a_suggestion_leads_to_as_many_as_it_promises(client: FlaskClient) -> None:
    answer = client.get("/api/search?q=急須 灯台").get_json()
    assert answer["total"] == 0
    assert answer["suggestions"]
    for suggestion in answer["suggestions"]:
        assert (
            client.get("/api/search", query_string={"q": suggestion["q"]}).get_json()["total"]
            == suggestion["total"]
            > 0
        )
        assert suggestion["why"]


@pytest.mark.parametrize(("sort", "first"), [("newest", "信号が全部赤だった。"), ("oldest", "埋め草の話 その1")])
def test_a_search_can_be_put_in_the_order_of_time(client: FlaskClient, sort: str, first: str) -> None:
    query = "" if sort == "newest" else "その1"
    shown = page(client, f"/search?q={query}&sort={sort}")
    assert texts(shown.select(".hit .snippet"))[0] == first
    assert shown.select_one(f".switch a[aria-current][href*='sort={sort}']") is not None


@pytest.mark.parametrize(
    "url",
    ["/nowhere/", "/posts/2024_03/nothing/", "/tags/nothing/", "/months/1900/01/", "/users/nobody/", "/c/nothing"],
)
def test_what_is_not_there_is_a_helpful_page(client: FlaskClient, url: str) -> None:
    shown = page(client, url, status=404)
    assert texts(shown.select("h1")) == ["ページが見つかりません"]
    assert {"/", "/search", "/tags/"} <= {str(link["href"]) for link in shown.select(".error a")}
    assert shown.select_one("meta[name=robots][content=noindex]") is not None


def test_a_missing_content_folder_is_a_page_that_says_where_it_looked(site: Site) -> None:
    site.content.rmdir()
    response = site.client().get("/")
    assert response.status_code == 503
    assert str(site.content) in soup(response.data).get_text()
    assert "MATOME_CONTENT_DIR" in response.text


def test_before_the_first_build_pages_ask_to_come_back(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("一言")))
    client = site.client()
    for url in ("/", "/posts/a/", "/search", "/api/search", "/tags/", "/index.xml", "/c/x", "/nowhere/"):
        response = client.get(url)
        assert response.status_code == (404 if url == "/nowhere/" else 503), url
    assert client.get("/").headers["Retry-After"]
    site.index()
    assert client.get("/posts/a/").status_code == 200


def test_a_store_that_breaks_while_serving_is_an_apology_and_no_traceback(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("一言")))
    client = site.indexed()
    database = next(site.data.glob("g*/matome.sqlite3"))
    database.write_bytes(b"not a database " * 500)
    response = client.get("/posts/a/")
    assert response.status_code == 503
    assert "Traceback" not in response.text


def test_empty_posts_and_empty_comments_are_shown(site: Site) -> None:
    site.write("posts/a.md", post_text("空", quote(""), quote("　"), quote("なにか", "")))
    client = site.indexed()
    shown = page(client, "/posts/a/")
    assert len(shown.select(".comment")) == 3
    assert texts(shown.select(".comment .user"))[2] == "名無し"
    assert len(page(client, "/search").select(".hit")) == 3
