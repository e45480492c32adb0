"""Hold the lists of posts: filters, which combine and live in the URL, pages, tags and months, and commenters."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from matome_app.web.context import PAGE_SIZE
from tests.app.sites import HTMX, LIGHTHOUSE, TEAPOTS, TRAM, Site, page, post_text, quote, texts

TEAPOTS_TITLE, LIGHTHOUSE_TITLE, TRAM_TITLE = "急須はなぜ割れないのか", "灯台の夜勤", "路面電車はなぜ遅れる"


def titles(client: FlaskClient, url: str) -> list[str]:
    """Return the titles of the cards on a page."""
    return texts(page(client, url).select(".item h2"))


def test_the_newest_posts_come_first(client: FlaskClient) -> None:
    first = titles(client, "/")
    assert first[:4] == [TRAM_TITLE, LIGHTHOUSE_TITLE, TEAPOTS_TITLE, "小さな記事22"]
    assert titles(client, "/posts/") == first


def test_a_row_shows_title_date_tags_number_of_comments_and_reading_time(client: FlaskClient) -> None:
    card = page(client, "/").select(".item")[2]
    assert card.select("img, svg") == []
    assert card.select_one("h2 a")["href"] == f"/{TEAPOTS}/"  # type: ignore[index]
    assert card.select_one("time")["datetime"][:10] == "2024-03-05"  # type: ignore[index]
    assert texts(card.select(".meta span")) == ["コメント8件", "約1分"]
    assert texts(card.select(".tags a")) == ["C#", "DOOM", "お茶"]


def test_a_date_with_an_offset_shows_the_authors_day_and_sorts_as_what_it_is(client: FlaskClient) -> None:
    time = page(client, "/").select_one(".item time")
    assert time is not None
    assert time["datetime"] == "2024-04-02T09:00:00+09:00"
    assert time.get_text() == "2024年4月2日"
    assert titles(client, "/posts/?after=2024-04-02") == [TRAM_TITLE]


def test_pages_are_of_one_size_and_together_hold_all_posts(client: FlaskClient) -> None:
    first, second = page(client, "/posts/"), page(client, "/posts/?page=2")
    shown = texts(first.select(".item h2")) + texts(second.select(".item h2"))
    assert [len(one.select(".item")) for one in (first, second)] == [PAGE_SIZE, 25 - PAGE_SIZE]
    assert len(set(shown)) == 25
    assert first.select_one(".pager a[rel=next]")["href"] == "/posts/?page=2"  # type: ignore[index]
    assert first.select(".pager a[rel=prev]") == []
    assert second.select_one(".pager a[rel=prev]")["href"] == "/posts/"  # type: ignore[index]
    assert second.select(".pager a[rel=next]") == []


def test_paging_keeps_the_filters(client: FlaskClient) -> None:
    link = page(client, "/posts/?tag=filler&month=2023/01").select_one(".pager a[rel=next]")
    assert link is not None
    assert parse_qs(urlsplit(str(link["href"])).query) == {"tag": ["filler"], "month": ["2023/01"], "page": ["2"]}
    assert len(titles(client, str(link["href"]))) == 22 - PAGE_SIZE


@pytest.mark.parametrize("path", ["/", "/posts/"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tag=DOOM", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("tag=doom", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("tag=DOOM&tag=UI/UX", [LIGHTHOUSE_TITLE]),
        ("tag=ui/ux&tag=Doom&tag=.NET", [LIGHTHOUSE_TITLE]),
        ("tag=C%23", [TEAPOTS_TITLE]),
        ("tag=C%2B%2B", [TRAM_TITLE]),
        ("tag=C%23&tag=C%2B%2B", []),
        ("tag=A*アルゴリズム", [TRAM_TITLE]),
        ("tag=X (Twitter)", [TRAM_TITLE]),
        ("tag=x-twitter", [TRAM_TITLE]),
        ("tag=Anna's Archive", [TRAM_TITLE]),
        ("tag=missing", []),
        ("month=2024/03", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("month=2024/03&tag=お茶", [TEAPOTS_TITLE]),
        ("user=gull", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("user=gull&user=tram-driver", [TRAM_TITLE, LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("color=any", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("color=%2345d325", [TEAPOTS_TITLE]),
        ("color=%2345D325", [TEAPOTS_TITLE]),
        ("after=2024-03-20", [TRAM_TITLE, LIGHTHOUSE_TITLE]),
        ("after=2024-03-06&before=2024-03-20", [LIGHTHOUSE_TITLE]),
        ("after=2024/3/5&before=2024/3/5", [TEAPOTS_TITLE]),
        (f"post={TEAPOTS}", [TEAPOTS_TITLE]),
        ("after=2024-03-01&sort=oldest", [TEAPOTS_TITLE, LIGHTHOUSE_TITLE, TRAM_TITLE]),
        ("tag=&month=&user=&after=2024-04-01", [TRAM_TITLE]),
    ],
)
def test_filters_leave_the_posts_that_hold_all_of_them(
    client: FlaskClient, path: str, query: str, found: list[str]
) -> None:
    assert titles(client, f"{path}?{query}") == found


def test_words_lead_to_the_search_with_the_filters_kept(client: FlaskClient) -> None:
    response = client.get("/posts/?q=急須&tag=DOOM")
    assert response.status_code == 302
    parts = urlsplit(response.location)
    assert parts.path == "/search"
    assert parse_qs(parts.query) == {"q": ["急須"], "tag": ["DOOM"]}


def test_a_chip_takes_its_filter_away_and_keeps_the_others(client: FlaskClient) -> None:
    url = "/posts/?tag=Doom&tag=UI/UX&month=2024/03&user=gull&color=any&after=2024-03-01&before=2024-03-31"
    chips = page(client, url).select(".chips a.chip")
    assert len(chips) == 7
    for chip in chips:
        left = parse_qs(urlsplit(str(chip["href"])).query)
        assert sum(len(values) for values in left.values()) == 6
        assert client.get(str(chip["href"])).status_code == 200


def test_a_click_on_a_tag_adds_it_and_another_takes_it_away(client: FlaskClient) -> None:
    link = page(client, "/posts/?month=2024/03").select_one("[aria-labelledby=by-tag] a")
    assert link is not None
    narrowed = page(client, str(link["href"]))
    chosen = narrowed.select("[aria-labelledby=by-tag] a[aria-current]")
    assert texts(chosen) == texts([link])
    back = parse_qs(urlsplit(str(chosen[0]["href"])).query)
    assert back == {"month": ["2024/03"]}


def test_tags_to_narrow_with_are_counted_among_the_posts_that_are_left(client: FlaskClient) -> None:
    every, narrowed = (
        texts(page(client, url).select("[aria-labelledby=by-tag] a")) for url in ("/", "/posts/?month=2024/03")
    )
    assert every[:2] == ["filler 22", "DOOM 2"]
    assert narrowed[0] == "DOOM 2"
    assert "filler 22" not in narrowed


def test_a_list_without_posts_says_so_and_offers_a_way_out(client: FlaskClient) -> None:
    empty = page(client, "/posts/?tag=missing").select_one(".empty")
    assert empty is not None
    assert empty.select_one("a")["href"] == "/posts/"  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "heading", "found"),
    [
        ("/tags/c%23/", "C#", [TEAPOTS_TITLE]),
        ("/tags/c++/", "C++", [TRAM_TITLE]),
        ("/tags/c%2B%2B/", "C++", [TRAM_TITLE]),
        ("/tags/.net/", ".NET", [LIGHTHOUSE_TITLE]),
        ("/tags/ui/ux/", "UI/UX", [LIGHTHOUSE_TITLE]),
        ("/tags/a%E3%82%A2%E3%83%AB%E3%82%B4%E3%83%AA%E3%82%BA%E3%83%A0/", "A*アルゴリズム", [TRAM_TITLE]),
        ("/tags/x-twitter/", "X (Twitter)", [TRAM_TITLE]),
        ("/tags/annas-archive/", "Anna's Archive", [TRAM_TITLE]),
        ("/tags/%E3%81%8A%E8%8C%B6/", "お茶", [TEAPOTS_TITLE]),
        ("/tags/doom/", "DOOM", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
        ("/months/2024/03/", "2024年3月", [LIGHTHOUSE_TITLE, TEAPOTS_TITLE]),
    ],
)
def test_a_term_has_hugos_address(client: FlaskClient, path: str, heading: str, found: list[str]) -> None:
    shown = page(client, path)
    assert texts(shown.select("h1"))[0].endswith(heading)
    assert texts(shown.select(".item h2")) == found
    assert path.lower() in {
        str(link["href"]).lower().replace("c++", "c%2b%2b" if "%2B" in path else "c++") for link in _term_links(client)
    }


def _term_links(client: FlaskClient) -> list[dict[str, str]]:
    links = page(client, "/tags/").select("main a") + page(client, "/months/").select("main a")
    return [{"href": str(link["href"])} for link in links]


def test_tags_that_differ_in_case_are_one_term_with_the_posts_of_both(client: FlaskClient) -> None:
    tags = texts(page(client, "/tags/").select("main .tags a"))
    assert [tag for tag in tags if tag.lower().startswith("doom")] == ["DOOM 2"]
    assert page(client, f"/{LIGHTHOUSE}/").select_one(".post-head a[href='/tags/doom/']").get_text() == "Doom"  # type: ignore[union-attr]


def test_a_term_is_spelt_as_most_posts_spell_it(site: Site) -> None:
    for n, tag in enumerate(["WebGPU", "webgpu", "WebGPU", "WEBGPU"]):
        site.write(f"posts/p{n}.md", post_text(f"記事{n}", quote(f"話{n}"), tags=[tag]))
    client = site.indexed()
    assert texts(page(client, "/tags/").select("main .tags a")) == ["WebGPU 4"]


def test_a_page_of_a_tag_narrows_further(client: FlaskClient) -> None:
    assert titles(client, "/tags/doom/?tag=UI/UX") == [LIGHTHOUSE_TITLE]
    assert titles(client, "/tags/doom/?month=2024/04") == []
    assert titles(client, "/months/2024/03/?tag=お茶") == [TEAPOTS_TITLE]
    assert len(titles(client, "/tags/filler/?page=2")) == 22 - PAGE_SIZE


def test_lists_of_terms_count_their_posts(client: FlaskClient) -> None:
    assert texts(page(client, "/months/").select("main li")) == [
        "2024年4月 記事1件・コメント1件",
        "2024年3月 記事2件・コメント9件",
        "2023年1月 記事22件・コメント22件",
    ]
    tags = texts(page(client, "/tags/").select("main .tags a"))
    assert tags[:2] == ["filler 22", "DOOM 2"]
    assert len(tags) == 10


def test_commenters_are_listed_with_what_they_said(client: FlaskClient) -> None:
    users = texts(page(client, "/users/").select("main li"))
    assert users[0] == "gull 3件・2記事"
    assert "otter-in-a-boat 2件・1記事" in users
    assert len(users) == 28


def test_the_page_of_a_commenter_holds_everything_they_said_newest_first(client: FlaskClient) -> None:
    shown = page(client, "/users/gull/?group=off")
    assert texts(shown.select("h1")) == ["gull さんのコメント"]
    assert [title.rpartition(" #")[0] for title in texts(shown.select(".hit .in-post"))] == [
        LIGHTHOUSE_TITLE,
        TEAPOTS_TITLE,
        TEAPOTS_TITLE,
    ]


@pytest.mark.parametrize("name", ["Kettle/Lid", "C# fan", "名無しの湯", "otter-in-a-boat"])
def test_every_commenter_has_a_page_that_their_link_leads_to(client: FlaskClient, name: str) -> None:
    link = next(link for link in page(client, "/users/").select("main li a") if link.get_text() == name)
    shown = page(client, str(link["href"]))
    assert {user.get_text() for user in shown.select(".hit a.user")} == {name}


def test_names_that_no_path_can_hold_have_a_page_too(site: Site) -> None:
    names = [
        "..",
        ".",
        "a/../b",
        "//",
        "a//b",
        "/",
        "?x=1",
        "a%2Fb",
        "50% off",
        "<b>",
        '"',
        "back\\slash",
        "a\tb",
        "ノ ブ",
        "#1",
        "&amp;",
    ]
    site.write("posts/a.md", post_text("名前", *(quote(f"発言{n}", name) for n, name in enumerate(names))))
    client = site.indexed()
    links = page(client, "/posts/a/").select(".comment a.user")
    assert len(links) == len(names)
    for n, link in enumerate(links):
        shown = page(client, str(link["href"]))
        assert f"発言{n}" in texts(shown.select(".hit .snippet")), link


def test_the_tram_is_linked_where_it_stands(client: FlaskClient) -> None:
    link = page(client, "/").select_one(".item h2 a")
    assert link is not None
    assert client.get(str(link["href"])).status_code == 200
    assert TRAM.rsplit("/", 1)[-1] not in str(link["href"]), "addresses are percent-encoded"


def test_the_newest_two_posts_are_cards_with_a_picture_and_one_of_them_is_fetched_first(client: FlaskClient) -> None:
    cards = page(client, "/").select(".card")
    assert texts([card.select_one("h2") for card in cards]) == [TRAM_TITLE, LIGHTHOUSE_TITLE]
    assert all(card.select(".picture :is(img, svg)") for card in cards)
    assert page(client, "/?page=2").select(".card, .picture") == []


def test_the_most_discussed_come_first_where_that_is_asked(client: FlaskClient) -> None:
    assert titles(client, "/posts/?order=discussed")[0] == TEAPOTS_TITLE
    assert titles(client, "/posts/?order=newest")[0] == TRAM_TITLE
    assert titles(client, "/months/2024/03/?order=discussed") == [TEAPOTS_TITLE, LIGHTHOUSE_TITLE]


def test_the_order_stays_with_pages_filters_and_chips_and_is_one_link_away(client: FlaskClient) -> None:
    shown = page(client, "/posts/?order=discussed&month=2023/01")
    kept = shown.select(".item .tags a, .filters .tags a, .pager a, .chip")
    assert len(kept) > 20
    assert [link["href"] for link in kept if "order=discussed" not in str(link["href"])] == []
    orders = shown.select(".switch a")
    assert texts(orders) == ["新着順", "コメントの多い順", "月別"]
    assert [link.get("aria-current") for link in orders] == [None, "true", None]
    assert parse_qs(urlsplit(str(orders[0]["href"])).query) == {"month": ["2023/01"]}


def test_the_oldest_first_says_so_among_the_orders(client: FlaskClient) -> None:
    chosen = page(client, "/posts/?sort=oldest").select(".switch a[aria-current]")
    assert texts(chosen) == ["古い順"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("order=best", 400),
        ("order=DISCUSSED", 400),
        ("from=0", 400),
        ("from=2", 400),
        ("from=-1", 400),
        ("from=x", 400),
        ("from=1&page=x", 400),
        ("page=2&from=3", 400),
        ("page=11&from=1", 400),
        ("page=10&from=1", 404),
        ("page=3&from=2", 404),
        ("page=3", 404),
        ("page=2&from=1", 200),
        ("page=2&from=2", 200),
        ("from=&order=", 200),
        ("from=１", 400),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX, {**HTMX, "HX-Target": "ul#posts"}], ids=["page", "fragment", "more"])
def test_orders_and_pages_that_there_are_not_are_said_to_be_so(
    client: FlaskClient, query: str, status: int, headers: dict[str, str]
) -> None:
    for path in ("/", "/tags/filler/"):
        assert client.get(f"{path}?{query}", headers=headers).status_code == status


def test_pages_from_one_to_another_are_one_list(client: FlaskClient) -> None:
    both = titles(client, "/posts/?page=2&from=1")
    assert both == titles(client, "/posts/") + titles(client, "/posts/?page=2")
    assert len(page(client, "/posts/?page=2&from=1").select(".card")) == 2


def test_more_is_a_link_to_the_next_page_that_htmx_adds_to_the_list(client: FlaskClient) -> None:
    more = page(client, "/posts/?tag=filler").select_one(".more")
    assert more is not None
    assert more["href"] == more["data-hx-get"] == "/posts/?tag=filler&page=2"
    assert more["data-hx-target"] == "#posts"
    assert page(client, "/posts/?page=2").select(".more") == []
    assert page(client, "/posts/?page=2&from=1").select(".more") == []


def test_what_is_added_is_the_rows_of_the_page_and_the_end_of_the_list(client: FlaskClient) -> None:
    url = "/posts/?page=2&from=1"
    part = page(client, url, headers={**HTMX, "HX-Target": "ul#posts"})
    assert texts(part.select(".item h2")) == titles(client, "/posts/?page=2")
    assert part.select("h1, title, .list, .card") == []
    assert [link.get_text() for link in part.select("[autofocus]")] == titles(client, "/posts/?page=2")[:1]
    assert texts(part.select("#announce[data-hx-swap-oob]")) == ["4件を追加しました（全25件）"]
    (end,) = part.select("#list-end[data-hx-swap-oob]")
    assert "1〜2 / 2 ページ" in end.get_text()
    whole = page(client, url, headers={**HTMX, "HX-Target": "main#main"})
    assert len(whole.select(".item")) == 25
    assert whole.select("[autofocus]") == []


def test_a_list_answers_by_where_htmx_puts_it_and_vary_says_so(client: FlaskClient) -> None:
    assert "HX-Target" in client.get("/posts/").headers["Vary"]


def test_no_more_than_ten_pages_grow_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    site = Site(tmp_path_factory.mktemp("pages"))
    for n in range(10 * PAGE_SIZE + 1):
        site.write(f"posts/p{n:03d}.md", post_text(f"記事{n}", quote("話"), date="2024-01-01"))
    client = site.indexed()
    nine, ten = (page(client, f"/?page={n}&from=1") for n in (9, 10))
    assert len(nine.select(".more")) == 1
    assert len(ten.select(".item")) == 10 * PAGE_SIZE
    assert ten.select(".more") == []
    assert ten.select_one(".pager a[rel=next]")["href"] == "/?page=11"  # type: ignore[index]
    assert client.get("/?page=11&from=1").status_code == 400
    site.close()


def test_a_head_names_the_pages_before_and_after_and_the_page_itself(client: FlaskClient) -> None:
    def links(url: str) -> dict[str, str]:
        found = page(client, url).select("head link[rel=prev], head link[rel=next], head link[rel=canonical]")
        return {
            str(link["rel"][0]): urlsplit(str(link["href"]))._replace(scheme="", netloc="").geturl() for link in found
        }

    assert links("/posts/") == {"canonical": "/posts/", "next": "/posts/?page=2"}
    assert links("/posts/?page=2") == {"canonical": "/posts/?page=2", "prev": "/posts/"}
    assert links("/posts/?page=2&from=1") == {"canonical": "/posts/"}
    assert links("/tags/filler/?page=2") == {"canonical": "/tags/filler/?page=2", "prev": "/tags/filler/"}
    assert links("/tags/doom/?month=2024/03") == {"canonical": "/tags/doom/"}
    assert links("/posts/?tag=DOOM") == {"canonical": "/posts/?tag=DOOM"}


def test_a_chip_counts_the_posts_that_have_its_filter(client: FlaskClient) -> None:
    chips = texts(page(client, "/posts/?tag=Doom&month=2024/03&user=gull&after=2024-03-20").select(".chip"))
    assert len(chips) == 4
    for chip, name in zip(chips, ["Doom", "gull", "2024", "2024"], strict=True):
        assert name in chip
        assert chip.endswith(" 2を外す×")


def test_what_the_path_stands_for_is_no_chip(client: FlaskClient) -> None:
    assert page(client, "/tags/doom/").select(".chip") == []
    assert texts(page(client, "/tags/doom/?tag=UI/UX").select(".chip")) == ["タグ「UI/UX」 1を外す×"]


def test_pages_of_a_tag_do_not_repeat_it_in_their_address(client: FlaskClient) -> None:
    link = page(client, "/tags/filler/?month=2023/01").select_one(".pager a[rel=next]")
    assert link is not None
    assert link["href"] == "/tags/filler/?month=2023%2F01&page=2"


def test_months_to_narrow_with_are_counted_given_the_other_filters(client: FlaskClient) -> None:
    def months(url: str) -> list[str]:
        return texts(page(client, url).select("[aria-labelledby=by-month] a"))

    assert months("/") == ["2024年4月 1", "2024年3月 2", "2023年1月 22"]
    assert months("/posts/?tag=DOOM") == ["2024年3月 2"]
    assert months("/posts/?month=2024/03") == ["2024年4月 1", "2024年3月 2", "2023年1月 22"]
    chosen = page(client, "/posts/?month=2024/03").select("[aria-labelledby=by-month] a[aria-current]")
    assert [str(link["href"]) for link in chosen] == ["/posts/"]


def test_a_list_without_posts_offers_each_filter_to_take_away_with_what_is_left(client: FlaskClient) -> None:
    empty = page(client, "/posts/?tag=C%23&month=2024/04").select_one(".empty")
    assert empty is not None
    assert texts(empty.select("li")) == ["タグ「C#」を外す 1件", "月「2024/04」を外す 1件"]
    for link in empty.select("li a"):
        assert len(titles(client, str(link["href"]))) == 1


def test_a_title_in_another_language_says_so(site: Site) -> None:
    site.write("posts/a.md", post_text("Show HN: a kettle", quote("話")))
    site.write("posts/b.md", post_text("急須の話", quote("話")))
    links = page(site.indexed(), "/").select(".item h2 a")
    assert {str(link.get_text()): link.get("lang") for link in links} == {"Show HN: a kettle": "en", "急須の話": None}
