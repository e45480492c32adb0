"""Hold the pages of commenters: the list that a prefix narrows, and everything one of them said, searched in place."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from tests.app.sites import HTMX, LIGHTHOUSE, TEAPOTS, Site, page, post_text, soup, texts
from tests.app.sites import quote as comment


def listed(client: FlaskClient, prefix: str) -> list[str]:
    """Return whom the list shows for a prefix."""
    return texts(page(client, f"/users/?prefix={quote(prefix)}").select("#users li a"))


def snippets(shown: BeautifulSoup) -> list[str]:
    """Return the hits of a page."""
    return texts(shown.select(".hit .snippet"))


@pytest.fixture
def many_names(site: Site) -> FlaskClient:
    """Give a site whose commenters have names of every kind."""
    said = ["Otter", "otter-two", "OTTER3", "o%t", "o_t", "oxt", "ＯＴＴＥＲ４", "ÉLAN", "élan2", "猫", "猫舌", "子猫"]
    site.write("posts/a.md", post_text("名前", *(comment(f"発言{n}", name) for n, name in enumerate(said))))
    site.write("posts/b.md", post_text("また", comment("二度目", "OTTER3"), comment("三度目", "猫舌")))
    return site.indexed()


def test_a_prefix_finds_names_in_any_case_the_busiest_first_but_the_whole_name_before_them(
    many_names: FlaskClient,
) -> None:
    assert listed(many_names, "ott") == ["OTTER3", "Otter", "otter-two", "ＯＴＴＥＲ４"]
    assert listed(many_names, "oTTer") == ["Otter", "OTTER3", "otter-two", "ＯＴＴＥＲ４"]
    assert listed(many_names, "猫") == ["猫", "猫舌"]
    assert listed(many_names, "élan") == ["ÉLAN", "élan2"]


def test_a_prefix_in_full_width_finds_both_widths(many_names: FlaskClient) -> None:
    assert listed(many_names, "ＯＴＴＥＲ") == ["Otter", "OTTER3", "otter-two", "ＯＴＴＥＲ４"]


def test_nothing_in_a_prefix_is_a_wildcard(many_names: FlaskClient) -> None:
    assert listed(many_names, "o%") == ["o%t"]
    assert listed(many_names, "o_") == ["o_t"]
    assert listed(many_names, "%") == []
    assert listed(many_names, "o\\") == []


def test_a_prefix_that_nobody_has_is_said_and_leads_back(many_names: FlaskClient) -> None:
    empty = page(many_names, "/users/?prefix=<b>zzz").select_one("#users .empty")
    assert empty is not None
    assert "「<b>zzz」で始まる名前の発言者はいません" in empty.get_text()
    assert [link["href"] for link in empty.select("a")] == ["/users/"]


def test_the_list_of_a_prefix_is_paged_with_it(site: Site) -> None:
    said = [comment(f"発言{n}", f"walker{n:03d}") for n in range(130)]
    site.write("posts/a.md", post_text("散歩", *said, comment("ほか", "zebra")))
    client = site.indexed()
    first = page(client, "/users/?prefix=WALK")
    assert len(first.select("#users li")) == 100
    following = first.select_one("a[rel=next]")
    assert following is not None
    assert following["href"] == "/users/?prefix=WALK&page=2"
    assert texts(page(client, str(following["href"])).select("#users li a"))[-1] == "walker129"
    assert page(client, "/users/?prefix=WALK&page=3", status=404)


def test_the_list_comes_alone_for_htmx_and_whole_otherwise(client: FlaskClient) -> None:
    response = client.get("/users/?prefix=gul", headers=HTMX)
    part = soup(response.data)
    assert texts(part.select("li a")) == ["gull"]
    assert part.select_one("html, form") is None
    assert "HX-Request" in response.vary
    whole = page(client, "/users/?prefix=gul")
    field = whole.select_one("form[action='/users/'] input[name=prefix]")
    assert field is not None
    assert field["value"] == "gul"


@pytest.mark.parametrize("prefix", ["x" * 301, "x" * 5000])
def test_a_prefix_no_name_can_have_is_refused(client: FlaskClient, prefix: str) -> None:
    assert "300文字" in page(client, f"/users/?prefix={prefix}", status=400).get_text()


@pytest.mark.parametrize("prefix", ["%00", "%ff", "%F0%9F%A6%A6", "%20"])
def test_a_prefix_of_odd_signs_is_plain_text(client: FlaskClient, prefix: str) -> None:
    assert page(client, f"/users/?prefix={prefix}").select_one("h1") is not None


def test_the_head_of_a_commenters_page_says_how_much_when_and_in_which_posts(client: FlaskClient) -> None:
    shown = page(client, "/users/gull/")
    assert texts(shown.select(".facts dd")) == ["3件", "2記事", "2024年3月5日 2:00", "2024年3月20日 7:00"]
    posts = shown.select_one(".facts a")
    assert posts is not None
    assert len(page(client, str(posts["href"])).select(".item")) == 2
    assert texts(shown.select(".month-table tbody tr > *")) == ["2024年3月", "3"]
    assert texts(shown.select(".post-facet li")) == ["急須はなぜ割れないのか 2", "灯台の夜勤 1"]
    assert {"お茶 2", ".NET 1"} <= set(texts(shown.select(".facet .tags li")))


def test_words_are_searched_among_what_one_said_on_their_own_page(client: FlaskClient) -> None:
    shown = page(client, f"/users/gull/?q={quote('灯台')}")
    assert snippets(shown) == ["灯台の灯りは朝まで消えない。"]
    own, everywhere = shown.select_one("#user-q"), shown.select_one("#q")
    assert own is not None
    assert everywhere is not None
    assert (own["value"], everywhere["value"]) == ("灯台", "")


def test_every_filter_page_and_order_stays_on_the_page_of_the_commenter(client: FlaskClient) -> None:
    shown = page(client, f"/users/gull/?q={quote('折りたたみ OR 灯台 OR 丸い')}&sort=oldest&group=off")
    links = [str(link["href"]) for link in shown.select("#found a[data-hx-get]:not(.actions a)")]
    assert len(links) > 8
    for link in links:
        assert urlsplit(link).path == "/users/gull/", link
        assert "user=" not in link
        assert page(client, link)
    assert [str(link["data-hx-get"]) for link in shown.select("#found a[data-hx-get]:not(.actions a)")] == links


def test_choosing_a_post_narrows_to_it_and_choosing_it_again_widens(client: FlaskClient) -> None:
    choose = page(client, "/users/gull/").select(".post-facet a")[1]
    narrowed = page(client, str(choose["href"]))
    assert parse_qs(urlsplit(str(choose["href"])).query) == {"post": [LIGHTHOUSE]}
    assert len(snippets(narrowed)) == 1
    chosen = narrowed.select_one(".post-facet a[aria-current]")
    assert chosen is not None
    assert chosen["href"] == "/users/gull/"
    assert texts(narrowed.select(".post-facet li")) == ["急須はなぜ割れないのか 2", "灯台の夜勤 1"]


def test_whose_page_it_is_cannot_be_taken_away_or_changed(client: FlaskClient) -> None:
    shown = page(client, f"/users/gull/?user=filler1&q={quote('灯台')}")
    assert {name.get_text() for name in shown.select(".hit a.user")} == {"gull"}
    assert texts(shown.select(".read .chip bdi")) == ["「灯台」"]
    assert texts(page(client, f"/users/gull/?q={quote('灯台 user:gull')}").select(".read .chip bdi")) == [
        "「灯台」",
        "ユーザー「gull」",
    ]


def test_where_one_said_nothing_of_it_the_others_are_offered(client: FlaskClient) -> None:
    shown = page(client, f"/users/gull/?q={quote('埋め草')}")
    assert "見つかりませんでした" in shown.get_text()
    everyone = next(link for link in shown.select(".empty a") if link.get_text() == "全員のコメントで探す")
    assert everyone.get("data-hx-get") is None
    assert len(page(client, str(everyone["href"])).select(".hit")) == 21
    for link in shown.select(".empty a[data-hx-get]"):
        assert urlsplit(str(link["href"])).path == "/users/gull/"


def test_a_fragment_brings_the_filters_and_spares_the_field_that_is_typed_in(client: FlaskClient) -> None:
    url = f"/users/gull/?q={quote('灯台')}&tag=Doom"
    typed = soup(client.get(url, headers=HTMX | {"HX-Source": "form#user-search"}).data)
    assert typed.select_one("html, h1, #user-q") is None
    assert [(one["name"], one["value"]) for one in typed.select("#user-filters[data-hx-swap-oob] input")] == [
        ("tag", "Doom")
    ]
    assert len(typed.select(".hit")) == 1
    clicked = soup(client.get(url, headers=HTMX | {"HX-Source": "a"}).data)
    field = clicked.select_one("#user-q[data-hx-swap-oob]")
    assert field is not None
    assert field["value"] == "灯台"


@pytest.mark.parametrize("name", ["Kettle/Lid", "C# fan", "名無しの湯", "otter-in-a-boat"])
def test_words_are_searched_under_names_of_any_kind(client: FlaskClient, name: str) -> None:
    link = next(link for link in page(client, "/users/").select("#users li a") if link.get_text() == name)
    form = page(client, str(link["href"])).select_one("#user-search")
    assert form is not None
    assert form["action"] == link["href"]
    assert len(snippets(page(client, f"{form['action']}?q=user:x+OR+{quote(TEAPOTS)}"))) == 0
    assert len(snippets(page(client, f"{form['action']}?q=-{quote('ない言葉')}"))) >= 1


def test_an_address_without_its_last_slash_leads_on_with_its_words(client: FlaskClient) -> None:
    response = client.get(f"/users/Kettle/Lid?q={quote('安全')}&page=1")
    assert response.status_code == 301
    assert response.location == f"/users/Kettle%2FLid/?q={quote('安全')}"


def test_names_are_told_apart_by_case_and_strangers_have_no_page(site: Site) -> None:
    site.write("posts/a.md", post_text("名前", comment("大きい", "Gull"), comment("小さい", "gull")))
    client = site.indexed()
    assert snippets(page(client, "/users/Gull/")) == ["大きい"]
    assert snippets(page(client, "/users/gull/")) == ["小さい"]
    assert page(client, "/users/GULL/", status=404)


@pytest.mark.parametrize(
    ("query", "status"), [("page=0", 400), ("page=9", 404), ("sort=x", 400), ("q=" + "x" * 1001, 413), ("tag=no", 200)]
)
def test_what_cannot_be_asked_is_answered_as_in_the_search(client: FlaskClient, query: str, status: int) -> None:
    assert page(client, f"/users/gull/?{query}", status=status)
