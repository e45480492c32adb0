"""Which comments of a post are shown: coloured ones, one person's; which folds are open; how long it takes to read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.app.sites import HTMX, TEAPOTS, Site, fold, page, post_text, quote, texts, write_sample

POST = f"/{TEAPOTS}/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the sample site and a post that many people talk in, indexed."""
    site = Site(tmp_path_factory.mktemp("views"))
    write_sample(site)
    said = [quote(f"{n}番目の人の{m}言目", f"person{n:02d}") for n in range(15) for m in range(2 + (n == 14))]
    site.write("posts/many.md", post_text("大勢の話", *said, quote("一言だけ", "once")))
    site.write("posts/long.md", post_text("長い話", quote("あ" * 5500, "u"), fold("続き", quote("い" * 1650, "v"))))
    nested = fold("外", quote("外側", "a"), fold("中", quote("中身", "b", color="#45d325")))
    site.write("posts/nested.md", post_text("入れ子", nested, fold("別", quote("別の", "a"))))
    site.index()
    yield site
    site.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    """Give a client of the site."""
    return site.client()


def numbers(client: FlaskClient, url: str, headers: dict[str, str] | None = None) -> list[str]:
    """Return the numbers of the comments that are shown whole."""
    return texts(page(client, url, headers=headers).select(".comment .permalink"))


def test_a_post_says_how_many_speak_and_how_long_it_takes_to_read_at_which_rate(client: FlaskClient) -> None:
    (meta,) = texts(page(client, "/posts/long/").select(".post-head .meta"))
    assert "コメント2件" in meta
    assert "2人" in meta
    assert "約13分（1分550字）" in meta
    assert texts(page(client, "/posts/long/").select(".fold summary")) == ["続き 残り1件・約3分"]


def test_coloured_comments_alone_are_those_of_the_whole_post_under_their_folds(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?color=any")
    assert texts(soup.select(".comment .permalink")) == ["#2", "#5"]
    assert texts(soup.select(".group")) == ["もっとコメントを表示（1）"]
    assert texts(soup.select(".views [aria-current]")) == ["注目だけ 2"]
    assert soup.select("details.fold, .prose, .open-all") == []
    assert texts(soup.select(".choice"))[0].startswith("注目のコメント2件 すべてのコメントに戻る")
    assert soup.select_one(".choice a")["href"] == POST  # type: ignore[index]
    assert soup.select_one("link[rel=canonical]")["href"].endswith(POST)  # type: ignore[index,union-attr]


def test_one_person_alone_is_everything_they_said_here(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?user=otter-in-a-boat")
    assert texts(soup.select(".comment .permalink")) == ["#2", "#5"]
    assert "otter-in-a-boatのコメント2件" in texts(soup.select(".choice"))[0]
    assert soup.select_one('.choice a[href="/users/otter-in-a-boat/"]') is not None
    assert numbers(client, f"{POST}?user=gull&user=Kettle/Lid") == ["#3", "#4", "#7"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("user=otter-in-a-boat&color=%2345d325", ["#2"]),
        ("user=gull&color=any", []),
        ("user=nobody", []),
        ("color=any&q=土鍋", ["#5"]),
        ("color=any&q=丸い&view=thread", ["#2", "#5"]),
        ("user=gull&q=土鍋", []),
        ("color=any&tag=absent&month=1999/01", ["#2", "#5"]),
    ],
)
def test_choices_hold_together_and_with_words(client: FlaskClient, query: str, shown: list[str]) -> None:
    assert numbers(client, f"{POST}?{query}") == shown


def test_words_are_marked_and_counted_among_what_is_chosen(client: FlaskClient) -> None:
    soup = page(client, f"{POST}?color=any&q=丸い")
    assert texts(soup.select(".matches-of strong")) == ["2件"]
    assert texts(soup.select(".comment.is-match mark")) == ["丸い", "丸い"]
    for link in soup.select(".match-list a"):
        address, _, anchor = str(link["href"]).partition("#")
        assert page(client, address).find(id=anchor) is not None


@pytest.mark.parametrize("query", ["color=green", "color=%2345d3", "user=" + "x" * 301])
@pytest.mark.parametrize("path", ["", "details/1"])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_a_bad_choice_is_refused(client: FlaskClient, path: str, query: str, headers: dict[str, str]) -> None:
    assert client.get(f"{POST}{path}?{query}", headers=headers).status_code == 400


def test_the_inside_of_a_fold_obeys_the_choice(client: FlaskClient) -> None:
    assert numbers(client, f"{POST}details/1?color=any", HTMX) == ["#5"]
    assert numbers(client, f"{POST}details/1?user=gull", HTMX) == ["#4"]
    assert numbers(client, f"{POST}details/2?color=any", HTMX) == []


def test_every_link_of_the_choice_is_a_fragment_that_says_what_is_shown(client: FlaskClient) -> None:
    links = page(client, POST).select(".views a[data-hx-get]")
    assert [link["href"] for link in links] == [link["data-hx-get"] for link in links]
    assert texts(links) == ["すべて 8", "注目だけ 2", "otter-in-a-boat 2", "gull 2"]
    for link, said in zip(links, ("すべてのコメント", "注目の", "otter", "gull"), strict=True):
        response = client.get(str(link["href"]), headers={**HTMX, "HX-Source": "a"})
        assert response.headers["HX-Push-Url"] == link["href"], "a choice is something to come back from"
        assert said in texts(page(client, str(link["href"]), headers=HTMX).select("#announce"))[0]


def test_a_choice_keeps_the_words(client: FlaskClient) -> None:
    for link in page(client, f"{POST}?q=丸い").select(".views a[data-hx-get]"):
        assert "q=%E4%B8%B8%E3%81%84" in str(link["href"])


def test_those_who_said_most_are_listed_and_the_others_can_be_reached(client: FlaskClient) -> None:
    soup = page(client, "/posts/many/")
    listed = texts(soup.select(".people li"))
    assert listed[0] == "person14 3"
    assert (len(listed), listed[-1]) == (13, "ほか3人")
    rest = page(client, str(soup.select(".people a")[-1]["href"]))
    assert len(rest.select(".people[open] li")) == 15
    assert "once" not in texts(rest.select(".people"))[0]


def test_a_post_in_which_nobody_speaks_twice_offers_no_choice_of_people(client: FlaskClient) -> None:
    assert page(client, "/posts/long/").select(".people") == []


def test_all_folds_open_and_close_by_links(client: FlaskClient) -> None:
    post = page(client, "/posts/nested/")
    (all_,) = post.select(".open-all")
    opened = page(client, str(all_["href"]))
    assert [one["id"] for one in opened.select("details.fold[open]")] == ["fold-1", "fold-2", "fold-3"]
    assert len(opened.select(".comment")) == 3
    assert opened.select_one(".open-all")["href"] == "/posts/nested/"  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "opened"), [("open=1", [1]), ("open=2", [1, 2]), ("open=3&open=x&open=99&open=-1", [3])]
)
def test_folds_that_the_address_names_are_open_with_those_around(
    client: FlaskClient, query: str, opened: list[int]
) -> None:
    found = page(client, f"/posts/nested/?{query}").select("details.fold[open]")
    assert [one["id"] for one in found] == [f"fold-{n}" for n in opened]


def test_an_open_fold_can_be_closed_from_its_end_and_the_others_stay_open(client: FlaskClient) -> None:
    soup = page(client, f"{POST}details/1?open=2")
    (link,) = soup.select("#fold-1 > .fold-body > .fold-end a")
    address, _, anchor = str(link["href"]).partition("#")
    assert anchor == "fold-1"
    assert [one["id"] for one in page(client, address).select("details.fold[open]")] == ["fold-2"]
    (alone,) = page(client, f"{POST}details/1", headers=HTMX).select(".fold-end a")
    assert alone["href"] == f"{POST}#fold-1"


def test_a_coloured_comment_says_so_to_those_who_see_no_colour(client: FlaskClient) -> None:
    for comment in page(client, POST).select(".comment"):
        assert ("注目" in texts(comment.select("header .hidden"))) == bool(comment.select(".accent"))


@pytest.mark.parametrize(
    ("language", "bodies", "quotations"),
    [("ja", [None, "en", None, None], ["en", None]), ("en", ["ja", None, "ja", "ja"], ["en", None])],
)
def test_the_language_of_comments_and_quotations_is_said_where_it_is_another(
    tmp_path_factory: pytest.TempPathFactory, language: str, bodies: list[str | None], quotations: list[str | None]
) -> None:
    site = Site(tmp_path_factory.mktemp("languages"), {"LANGUAGE": language})
    said = ("＞ It is a teapot<br>そうだね", "Entirely in English", "＞ 日本語の引用<br>そうかな", "日本語だけ")
    site.write("posts/languages.md", post_text("言葉", *[quote(body, "u") for body in said]))
    soup = page(site.indexed(), "/posts/languages/")
    assert [body.get("lang") for body in soup.select(".comment .body")] == bodies
    assert [quotation.get("lang") for quotation in soup.select(".comment blockquote")] == quotations
    site.close()


def test_tags_and_neighbours_stand_at_the_end_too(client: FlaskClient) -> None:
    end = page(client, POST).select_one(".post-end")
    assert end is not None
    assert texts(end.select(".tags a")) == ["C#", "DOOM", "お茶"]
    assert end.select("a[rel=next]")
