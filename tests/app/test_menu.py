"""The menu of a comment: what is copied, where its links lead, and how the original is found in the source thread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from tests.app.sites import HTMX, Site, page, post_text, quote, texts

SECOND = int(datetime(2024, 3, 1, 10, 0, 0, tzinfo=UTC).timestamp())
SOURCES = {
    "news": "https://news.ycombinator.com/item?id=123",
    "other": "https://forum.example.org/t/5#top",
    "none": "",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site of three posts that say, or do not say, where they are from."""
    site = Site(tmp_path_factory.mktemp("menu"), {"BASE_URL": "https://matome.example"})
    for name, source in SOURCES.items():
        comments = [
            quote(f'{name}の一行目<br>二行目 & "三"', "gull"),
            quote(f"{name}の別の人", "otter-in-a-boat", "2024-03-01 11:00:00"),
            quote(f"{name}の無記名", "", ""),
        ]
        lead = [f"引用元：[{source}]({source})"] if source else []
        site.write(f"posts/{name}.md", post_text(f"{name}の話", *lead, *comments))
    site.index()
    yield site
    site.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    """Give a client of the site."""
    return site.client()


def menu(client: FlaskClient, site: Site, beginning: str, headers: dict[str, str] = HTMX) -> BeautifulSoup:
    """Return the menu of the comment whose text begins so."""
    (id_,) = [id_ for text, id_ in site.comment_ids().items() if text.startswith(beginning)]
    return page(client, f"/c/{id_}/menu", headers=headers)


def original(client: FlaskClient, site: Site, beginning: str) -> str:
    """Return where the original of a comment is said to be, empty when nothing is said."""
    links = menu(client, site, beginning).select("a[rel~=noopener]")
    assert all(link["rel"] == ["nofollow", "noopener", "noreferrer"] for link in links)
    return str(links[0]["href"]) if links else ""


def test_a_quotation_has_the_text_who_said_it_where_and_the_address(client: FlaskClient, site: Site) -> None:
    soup = menu(client, site, "newsの一行目")
    link, quotation = (str(button["data-copy"]) for button in soup.select("button[data-copy]"))
    id_ = next(id_ for text, id_ in site.comment_ids().items() if text.startswith("newsの一行目"))
    assert link == f"https://matome.example/c/{id_}"
    assert quotation.split("\n") == [
        "＞ newsの一行目",
        '＞ 二行目 & "三"',
        "",
        "gull（2024年3月1日 19:00）",
        "newsの話",
        link,
    ]


def test_what_needs_a_script_is_hidden_until_one_shows_it(client: FlaskClient, site: Site) -> None:
    soup = menu(client, site, "newsの一行目", {})
    assert len(soup.select(".menu-list button")) == len(soup.select(".menu-list .scripted button")) == 3


def test_the_menu_leads_to_what_they_said_here_and_everywhere(client: FlaskClient, site: Site) -> None:
    links = {text: link["href"] for link in menu(client, site, "newsの別").select("a") for text in texts([link])}
    assert links["この人のここでのコメント"] == "/posts/news/?user=otter-in-a-boat"
    assert links["この人のすべてのコメント"] == "/users/otter-in-a-boat/"
    assert len(page(client, str(links["この人のここでのコメント"])).select(".comment")) == 1
    assert [text for text in texts(menu(client, site, "newsの無記名").select("a")) if "この人" in text] == []


def test_the_original_on_hacker_news_is_found_by_author_and_second(client: FlaskClient, site: Site) -> None:
    address = urlsplit(original(client, site, "newsの一行目"))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (address.scheme, address.hostname) == ("https", "hn.algolia.com")
    assert asked["query"] == "author:gull"
    assert (asked["type"], asked["dateRange"]) == ("comment", "custom")
    assert (int(asked["dateStart"]), int(asked["dateEnd"])) == (SECOND - 1, SECOND + 1)


def test_a_name_that_its_search_cannot_read_is_found_by_story_and_second(client: FlaskClient, site: Site) -> None:
    asked = parse_qs(urlsplit(original(client, site, "newsの別")).query)
    assert asked["query"] == ["story:123"]
    assert asked["dateStart"] == [str(SECOND + 3599)]


def test_elsewhere_the_browser_looks_for_the_name(client: FlaskClient, site: Site) -> None:
    assert original(client, site, "otherの一行目") == "https://forum.example.org/t/5#:~:text=gull"
    assert original(client, site, "otherの別") == "https://forum.example.org/t/5#:~:text=otter%2Din%2Da%2Dboat"
    assert original(client, site, "otherの無記名") == SOURCES["other"]
    assert original(client, site, "noneの一行目") == ""


def test_without_a_script_the_menu_is_a_page_with_the_comment_and_its_quotation(
    client: FlaskClient, site: Site
) -> None:
    soup = menu(client, site, "newsの一行目", {})
    assert len(soup.select(".comment")) == 1
    assert "＞ newsの一行目" in texts(soup.select("textarea"))[0]
    assert soup.select_one('meta[name=robots][content="noindex"]') is not None
    links = soup.select("main a[href^='/']")
    assert links
    for link in links:
        assert client.get(str(link["href"]), follow_redirects=True).status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_the_menu_of_no_comment_is_not_found(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/c/aaaaaaaaaaaaaaaa/menu", headers=headers).status_code == 404
