"""The page of results: what it says of the search, of all hits together and of each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from matome_app.search.opening import opened
from matome_app.search.snapshot import LeafCache
from tests.app.sites import HTMX, Site, page, post_text, quote, texts

SAME = "みなさん、鍋は重いほうが良いですよ。"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Give a client of a site about pots: hits of three posts that lie between each other in time."""
    site = Site(tmp_path_factory.mktemp("results"))
    site.write(
        "posts/a.md",
        post_text(
            "銅鍋の話",
            quote("鍋は鍋でも銅鍋の鍋", "ant", "2024-01-01T10:00:00", "#ff0000"),
            quote("鍋を`鍋 --help`で調べた", "bee", "2024-01-03T10:00:00"),
            quote(SAME, "cat", "2024-01-05T10:00:00"),
            quote("ガベージコレクションは止まる", "ant", "2024-01-07T10:00:00"),
            tags=["鍋", "C++"],
            months="2024/01",
        ),
    )
    site.write(
        "posts/b.md",
        post_text(
            "土鍋の話",
            quote("土鍋という鍋", "bee", "2024-01-02T10:00:00"),
            quote(f"　{SAME}　", "dog", "2024-01-04T10:00:00"),
            quote("GCの話をした", "dog", "2024-01-08T10:00:00"),
            quote("フライパンだけの話", "dog", "2024-01-09T10:00:00"),
            tags=["鍋"],
            months="2024/03",
        ),
    )
    site.write("posts/c.md", post_text("月のない記事", quote("月のない鍋", "bee", "2023-01-01T10:00:00")))
    yield site.indexed()
    site.close()


def search(client: FlaskClient, q: str = "", **more: str) -> BeautifulSoup:
    """Return the page of results of a search."""
    response = client.get("/search", query_string={"q": q, **more})
    assert response.status_code == 200
    return BeautifulSoup(response.data, "html.parser")


def total(client: FlaskClient, url: str) -> str:
    """Return the number of hits that a page of results names."""
    return texts(page(client, url).select(".count strong"))[0]


def query_of(url: object) -> dict[str, list[str]]:
    return parse_qs(urlsplit(str(url)).query)


def test_the_query_is_read_back_as_a_sentence(client: FlaskClient) -> None:
    sentence = "".join(texts(search(client, "鍋 重い -銅 土 OR 月", tag="鍋").select(".read"))).replace(" ", "")
    pattern = r"「鍋」6を外す×かつ「重い」2を外す×、除外「銅」1を外す×、「土」または「月」2を外す×、タグ「鍋」を外す×"
    assert re.fullmatch(pattern, sentence), sentence


def test_the_number_beside_a_word_is_what_it_finds_alone(client: FlaskClient) -> None:
    shown = search(client, "鍋 重い")
    for chip in shown.select(".chip"):
        word = re.findall("「(.+?)」", chip.get_text())[0]
        assert texts(search(client, word).select(".count strong")) == [f"{chip.select_one('.n').get_text()}件"]  # type: ignore[union-attr]


def test_every_part_leads_to_the_search_without_it(client: FlaskClient) -> None:
    links = [query_of(chip["href"]) for chip in search(client, "鍋 -銅", tag="鍋", user="bee").select(".chip")]
    assert links == [
        {"q": ["-銅"], "tag": ["鍋"], "user": ["bee"]},
        {"q": ["鍋"], "tag": ["鍋"], "user": ["bee"]},
        {"q": ["鍋 -銅"], "user": ["bee"]},
        {"q": ["鍋 -銅"], "tag": ["鍋"]},
    ]


def test_spellings_that_are_searched_along_are_named_and_can_be_left_out(client: FlaskClient) -> None:
    shown = search(client, "GC")
    assert "「ガベージコレクション」" in shown.select_one(".aside-line").get_text()  # type: ignore[union-attr]
    assert texts(shown.select(".hit .badge")) == ["「ガベージコレクション」で一致"]
    assert texts(shown.select(".hit mark")) == ["GC", "ガベージコレクション"]
    exact = shown.select_one(".aside-line a")
    assert exact is not None
    assert query_of(exact["href"]) == {"q": ['"GC"']}
    assert total(client, str(exact["href"])) == "1件"


def test_other_forms_of_a_word_are_a_link_that_finds_them_too(client: FlaskClient) -> None:
    shown = search(client, "止まった")
    link = next(a for a in shown.select(".aside-line a"))
    assert texts(shown.select(".count strong")) == ["0件"]
    assert link.get_text() == "ほかの活用形も +1件"
    assert total(client, str(link["href"])) == "1件"


def test_both_scopes_are_offered_with_what_they_find(client: FlaskClient) -> None:
    shown = search(client, "フライパン 重い")
    links = shown.select("[aria-label='言葉の範囲'] a")
    assert texts(links) == ["一つのコメント内 0件", "同じスレッド内 2件"]
    assert [total(client, str(link["href"])) for link in links] == ["0件", "2件"]
    assert search(client, "鍋").select("[aria-label='言葉の範囲']") == []


def test_every_value_of_a_facet_leads_to_as_many_hits_as_it_counts(client: FlaskClient) -> None:
    values = search(client, "鍋").select(".facet .tags a")
    assert len(values) > 4
    for value in values:
        count = value.select_one(".n")
        assert count is not None
        assert total(client, str(value["href"])) == f"{count.get_text()}件"


def test_the_months_are_bars_from_the_first_to_the_last_each_as_high_as_its_hits(client: FlaskClient) -> None:
    shown = search(client, "鍋")
    rows = [texts(row.select("th, td")) for row in shown.select(".month-table tbody tr")]
    assert rows == [["2024年1月", "3"], ["2024年2月", "0"], ["2024年3月", "2"]]
    assert texts(shown.select(".month-table tfoot td")) == ["5"]
    bars = shown.select(".month-bars a")
    assert texts(bars) == ["2024年1月 3件", "2024年3月 2件"]
    heights = [int(str(bar.select(".bar")[0]["height"])) for bar in bars]
    assert heights == [64, 43]
    assert [total(client, str(bar["href"])) for bar in bars] == ["3件", "2件"]


def test_months_that_do_not_add_up_to_the_total_say_why(client: FlaskClient) -> None:
    assert "月のない記事" in "".join(texts(search(client, "鍋").select(".months .late")))
    assert search(client, "土鍋").select(".months .late") == []


def test_while_a_month_is_chosen_the_others_say_what_they_would_find(client: FlaskClient) -> None:
    shown = search(client, "鍋", month="2024/03")
    assert texts(shown.select(".month-bars .chosen")) == ["2024年3月 2件"]
    assert [total(client, str(bar["href"])) for bar in shown.select(".month-bars a")] == ["3件", "6件"]
    assert "替えたとき" in "".join(texts(shown.select(".months .late")))


def test_without_months_there_is_no_chart(client: FlaskClient) -> None:
    assert search(client, "月のない").select(".months") == []


def titles(shown: BeautifulSoup) -> list[str]:
    """Return the posts of the blocks and lone hits, and how many hits stand under each."""
    return [
        f"{block.select('h2, .in-post a')[0].get_text().split(' ')[0]} {len(block.select('.snippet'))}"
        for block in shown.select(".hits > li")
    ]


def test_hits_of_one_post_are_gathered_where_its_first_one_stands(client: FlaskClient) -> None:
    shown = search(client, "鍋")
    assert len(titles(shown)) == 3
    assert sorted(titles(shown)) == ["土鍋の話 1", "月のない記事 1", "銅鍋の話 3"]


def test_in_the_order_of_time_only_neighbours_stand_together(client: FlaskClient) -> None:
    shown = search(client, "鍋 -重い", sort="newest")
    assert titles(shown) == ["銅鍋の話 1", "土鍋の話 1", "銅鍋の話 1", "月のない記事 1"]
    times = [str(one["datetime"]) for one in search(client, "鍋", sort="newest", tag="鍋").select(".hit time")]
    assert times == sorted(times, reverse=True)


def test_hits_can_stand_one_by_one_and_every_link_keeps_that(client: FlaskClient) -> None:
    shown = search(client, "鍋", group="off")
    assert {title.rsplit(" ", 1)[1] for title in titles(shown)} == {"1"}
    in_place = [
        a for a in shown.select("main a[data-hx-get^='/search']") if a.get_text(strip=True) != "記事ごとにまとめる"
    ]
    assert len(in_place) > 10
    assert {tuple(query_of(a["href"]).get("group", [])) for a in in_place} == {("off",)}
    assert shown.select_one("#search-filters input[name=group][value=off]") is not None
    assert shown.select_one("#search-filters input[name=page]") is None


def test_the_same_text_is_shown_once_and_counted_as_often_as_it_was_said(client: FlaskClient) -> None:
    shown = search(client, "重い")
    assert texts(shown.select(".count strong")) == ["2件"]
    assert len(shown.select(".hit")) == 1
    assert texts(shown.select(".same summary")) == ["同じ本文ほか1件"]
    hits = client.get("/api/search?q=重い").get_json()["hits"]
    links = [str(a["href"]).partition("#c-")[2] for a in shown.select(".to-comment, .same a")]
    assert links == [hit["id"] for hit in hits]


def test_a_hit_shows_its_post_its_tags_its_colour_and_leads_into_the_post_with_the_words(client: FlaskClient) -> None:
    hit = search(client, "銅鍋の").select(".hit")[0]
    assert texts(hit.select(".in-post a")) == ["銅鍋の話 #1"]
    assert texts(hit.select(".post-tags bdi")) == ["鍋", "C++"]
    assert hit.select("svg.accent rect")[0]["fill"] == "#ff0000"
    assert query_of(hit.select(".to-comment")[0]["href"]) == {"q": ["銅鍋の"]}


def test_code_in_a_snippet_is_shown_as_code(client: FlaskClient) -> None:
    snippet = search(client, "調べた").select(".snippet")[0]
    assert snippet.get_text() == "鍋を鍋 --helpで調べた"
    assert texts(snippet.select("code")) == ["鍋 --help"]


def test_a_part_of_a_word_says_that_it_is_one(client: FlaskClient) -> None:
    shown = search(client, "コレク")
    assert texts(shown.select(".hit .badge")) == ["部分一致"]
    assert texts(shown.select(".hit mark")) == ["コレク"]


def test_titles_that_match_come_first_with_their_marks(client: FlaskClient) -> None:
    shown = search(client, "土鍋")
    assert texts(shown.select(".post-hits a")) == ["土鍋の話"]
    assert texts(shown.select(".post-hits mark")) == ["土鍋"]


def test_when_nothing_is_found_every_offer_leads_to_what_it_promises(client: FlaskClient) -> None:
    shown = search(client, "鍋 存在しない言葉", tag="鍋", user="ant")
    links = shown.select(".suggested a")
    assert links
    for link in links:
        assert total(client, str(link["href"])) == link.select(".n")[0].get_text()
    assert "「存在しない言葉」はどのコメントにもありません" in shown.select(".empty")[0].get_text()
    filtered = search(client, "銅鍋の", user="dog")
    assert texts(filtered.select(".suggested h2")) == ["条件をゆるめる"]
    assert "を外す" in filtered.select(".suggested a")[0].get_text()


@pytest.mark.parametrize("q", ["鍋", "存在しない言葉", ""])
def test_every_search_has_a_feed_and_hints(client: FlaskClient, q: str) -> None:
    shown = search(client, q, sort="oldest", page="1")
    feed = shown.select_one("head link[rel=alternate][type='application/atom+xml']")
    assert feed is not None
    assert urlsplit(str(feed["href"])).path == "/search.atom"
    assert query_of(feed["href"]) == ({"q": [q]} if q else {}) | {"sort": ["oldest"]}
    assert [a["href"] for a in shown.select(".count-links a")] == [feed["href"], "/help/search"]


def test_screen_readers_are_told_the_words_and_the_number(client: FlaskClient) -> None:
    part = page(client, "/search?q=鍋", headers=HTMX)
    assert texts(part.select("#announce")) == ["「鍋」6件"]
    assert part.select("#announce")[0]["data-hx-swap-oob"] == "innerHTML"


def test_json_says_how_the_search_was_read_and_more_of_what_it_finds(client: FlaskClient) -> None:
    answer = client.get("/api/search", query_string={"q": "GC -鍋", "tag": "鍋"}).get_json()
    assert [(part["kind"], part["label"], part["count"]) for part in answer["read"]] == [
        ("word", "「GC」", 2),
        ("not", "除外「鍋」", 6),
        ("tag", "タグ「鍋」", None),
    ]
    assert "ガベージコレクション" in answer["read"][0]["variants"]
    assert query_of(answer["read"][1]["url"]) == {"q": ["GC"], "tag": ["鍋"]}
    assert [hit["via"] for hit in answer["hits"]] == [[], ["ガベージコレクション"]]
    assert answer["totals"] == {"comment": 2, "post": 2}
    assert [(month["value"], month["count"]) for month in answer["months"]] == [
        ("2024/01", 1),
        ("2024/02", 0),
        ("2024/03", 1),
    ]
    assert answer["late"] == []


def test_json_links_to_other_forms_of_a_word(client: FlaskClient) -> None:
    (other,) = client.get("/api/search?q=止まった").get_json()["inflections"]
    assert (other["total"], total(client, other["url"])) == (1, "1件")
    assert other["q"]
    assert other["why"]


def test_facets_that_take_too_long_say_so_in_their_place_and_the_page_comes(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opened(client.application.extensions["matome"].reader().engine)
    monkeypatch.setattr(engine, "_facet_budget", -1.0)
    assert engine._snapshots
    engine._snapshots[0].cache = LeafCache()  # what was answered in time is remembered
    shown = search(client, "鍋")
    assert texts(shown.select(".facet .late")) == ["時間内に数えられませんでした。"] * 3
    assert texts(shown.select(".facet h2")) == ["タグ", "月", "発言者"]
    assert texts(shown.select(".count strong")) == ["6件"]
    assert len(shown.select(".hit")) == 5
    assert client.get("/api/search?q=鍋").get_json()["late"] == ["tag", "user", "month"]
    assert "ETag" not in client.get("/search?q=鍋").headers  # the next time there may be time
    monkeypatch.undo()
    engine._snapshots[0].cache = LeafCache()
    assert "ETag" in client.get("/search?q=鍋").headers
