"""Hold the heads of pages: one address each for search engines, cards for other sites, feeds for reader programs."""

from __future__ import annotations

import io
import re
from urllib.parse import quote, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from PIL import Image

from tests.app.sites import HTMX, LIGHTHOUSE, TEAPOTS, TRAM, Site, page, post_text, soup
from tests.app.sites import quote as comment

HOST = "http://localhost"
RSS, ATOM = "application/rss+xml", "application/atom+xml"


def said(whole: BeautifulSoup, name: str) -> list[str]:
    """Return what the head says by a name, such as `og:title` or `description`."""
    return [str(one["content"]) for one in whole.select(f'meta[property="{name}"], meta[name="{name}"]')]


def canonical(whole: BeautifulSoup) -> list[str]:
    """Return the addresses that a page gives as its own."""
    return [str(one["href"]) for one in whole.select("link[rel=canonical]")]


def feeds(whole: BeautifulSoup) -> list[tuple[str, str]]:
    """Return type and address of the feeds of a page."""
    return [(str(one["type"]), str(one["href"])) for one in whole.select("link[rel=alternate]")]


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("/", "/"),
        ("/?page=2", "/?page=2"),
        ("/?utm_source=x", "/"),
        ("/posts/", "/posts/"),
        ("/tags/", "/tags/"),
        ("/tags/?name=D", "/tags/"),
        ("/months/", "/months/"),
        ("/tags/doom/", "/tags/doom/"),
        ("/tags/filler/?page=2", "/tags/filler/?page=2"),
        ("/tags/doom/?month=2024/03", "/tags/doom/"),
        ("/months/2024/03/", "/months/2024/03/"),
        (f"/{TEAPOTS}/", f"/{TEAPOTS}/"),
        (f"/{TEAPOTS}/?q=急須", f"/{TEAPOTS}/"),
        (f"/{TEAPOTS}/?q=急須&view=thread", f"/{TEAPOTS}/"),
        (f"/{TEAPOTS}/details/1", f"/{TEAPOTS}/"),
        (f"/{TEAPOTS}/details/2?open=1", f"/{TEAPOTS}/"),
        (f"/{quote(TRAM)}/", f"/{quote(TRAM)}/"),
        ("/users/", "/users/"),
        ("/users/gull/", "/users/gull/"),
        ("/help/search", "/help/search"),
        ("/search", "/search"),
    ],
)
def test_every_page_has_one_address_for_search_engines(client: FlaskClient, url: str, own: str) -> None:
    response = client.get(url)
    assert response.status_code == 200
    assert canonical(soup(response.data)) == [HOST + own]


@pytest.mark.parametrize("url", ["/search?q=急須", "/nowhere", "/search?page=x"])
def test_what_is_no_page_of_its_own_names_none(client: FlaskClient, url: str) -> None:
    assert canonical(soup(client.get(url).data)) == []


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("/", False),
        ("/?page=2", False),
        ("/posts/", False),
        (f"/{TEAPOTS}/", False),
        ("/tags/", False),
        ("/tags/doom/", False),
        ("/months/", False),
        ("/months/2024/03/", False),
        ("/users/", False),
        ("/help/search", False),
        ("/search", False),
        ("/search?q=急須", True),
        ("/users/gull/", True),
        ("/users/?prefix=g", True),
        ("/posts/?tag=DOOM", True),
        ("/?user=gull", True),
        ("/tags/doom/?month=2024/03", True),
        ("/nowhere", True),
        ("/search?page=x", True),
    ],
)
def test_searches_people_filters_and_errors_are_not_for_search_engines(
    client: FlaskClient, url: str, hidden: bool
) -> None:
    assert said(soup(client.get(url).data), "robots") == (["noindex"] if hidden else [])


def test_pieces_of_pages_are_not_for_search_engines(client: FlaskClient, sample: Site) -> None:
    id_ = sample.comment_ids()["最後の一言"]
    assert said(page(client, f"/c/{id_}/similar"), "robots") == ["noindex"]


def test_a_post_has_a_card_with_its_picture(client: FlaskClient) -> None:
    whole = page(client, f"/{TEAPOTS}/")
    (title,), (kind,), (url,) = (said(whole, f"og:{name}") for name in ("title", "type", "url"))
    assert (title, kind, url) == ("急須はなぜ割れないのか", "article", f"{HOST}/{TEAPOTS}/")
    assert said(whole, "og:description") == said(whole, "description") == ["急須の話"]
    assert said(whole, "og:site_name") == ["matome"]
    assert said(whole, "og:locale") == ["ja_JP"]
    assert said(whole, "article:published_time") == ["2024-03-05T00:00:00Z"]
    assert said(whole, "article:modified_time") == ["2024-03-05T00:00:00Z"]
    assert said(whole, "article:tag") == ["C#", "DOOM", "お茶"]
    (image,) = said(whole, "og:image")
    assert image.startswith(f"{HOST}/")
    assert len(said(whole, "og:image:alt")) == 1


@pytest.mark.parametrize("url", ["/", "/posts/", f"/{TEAPOTS}/", f"/{LIGHTHOUSE}/", "/tags/doom/", "/users/"])
def test_the_picture_of_a_card_is_what_is_said_of_it(client: FlaskClient, url: str) -> None:
    whole = page(client, url)
    (address,), (width,), (height,), (kind,) = (
        said(whole, f"og:image{name}") for name in ("", ":width", ":height", ":type")
    )
    assert address.startswith(f"{HOST}/")
    response = client.get(urlsplit(address).path)
    assert response.status_code == 200
    image = Image.open(io.BytesIO(response.data))
    assert image.size == (int(width), int(height))
    assert image.get_format_mimetype() == response.mimetype == kind
    wide = image.width > image.height
    assert said(whole, "twitter:card") == ["summary_large_image" if wide else "summary"]


def test_a_fold_shows_the_card_of_its_post(client: FlaskClient) -> None:
    whole = page(client, f"/{TEAPOTS}/details/1")
    assert said(whole, "og:url") == [f"{HOST}/{TEAPOTS}/"]
    assert said(whole, "og:title") == ["急須はなぜ割れないのか"]


def test_a_post_without_description_is_described_by_what_is_said_first(client: FlaskClient) -> None:
    assert said(page(client, f"/{LIGHTHOUSE}/"), "description") == ["灯台の灯りは朝まで消えない。"]


def test_a_summary_describes_a_post_better_than_what_comes_before_it(site: Site) -> None:
    summary = '{{< matomeSummary body="要点だけ" userName="" createdAt="" color="" >}}'
    site.write("posts/a.md", post_text("題", comment("長い話 " * 60), summary))
    (text,) = said(page(site.indexed(), "/posts/a/"), "description")
    assert text.startswith("要点だけ 長い話")
    assert len(text) <= 120
    assert text.endswith("…")


def test_addresses_and_quotations_describe_nothing(site: Site) -> None:
    said = comment("＞誰かの言葉<br>自分の言葉 https://example.net/a?b=c です")
    site.write("posts/a.md", post_text("題", said))
    assert said_of(site.indexed()) == "自分の言葉 です"


def said_of(client: FlaskClient) -> str:
    """Return how the post `a` is described."""
    return said(page(client, "/posts/a/"), "description")[0]


def test_a_list_is_described_by_its_newest_posts(client: FlaskClient) -> None:
    (text,) = said(page(client, "/tags/doom/"), "description")
    assert "DOOM" in text
    assert "記事2件" in text
    assert "灯台の夜勤" in text


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("/", []),
        ("/tags/doom/", [(RSS, "/tags/doom/index.xml"), (ATOM, "/tags/doom/index.atom")]),
        ("/months/2024/03/", [(RSS, "/months/2024/03/index.xml"), (ATOM, "/months/2024/03/index.atom")]),
        ("/tags/", [(RSS, "/tags/index.xml"), (ATOM, "/tags/index.atom")]),
        ("/search?q=%E6%80%A5%E9%A0%88", [(ATOM, "/search.atom?q=%E6%80%A5%E9%A0%88")]),
        ("/users/gull/", [(ATOM, "/search.atom?user=gull")]),
    ],
)
def test_a_page_names_its_own_feeds_and_those_of_the_site(
    client: FlaskClient, url: str, own: list[tuple[str, str]]
) -> None:
    assert feeds(page(client, url)) == [*own, (RSS, "/index.xml"), (ATOM, "/index.atom")]
    for _, address in own:
        assert client.get(address).status_code == 200


def test_a_post_names_the_feeds_of_its_tags(client: FlaskClient) -> None:
    assert (RSS, "/tags/doom/index.xml") in feeds(page(client, f"/{TEAPOTS}/"))


def test_fragments_have_no_head(client: FlaskClient) -> None:
    for url in ("/posts/", f"/{TEAPOTS}/details/1", "/search?q=急須"):
        assert "og:" not in client.get(url, headers=HTMX).text


def test_the_head_speaks_the_language_of_the_site(sample: Site) -> None:
    assert said(page(sample.client(LANGUAGE="en"), "/"), "og:locale") == ["en_US"]


def test_addresses_in_the_head_are_those_of_the_settings(sample: Site) -> None:
    whole = page(sample.client(BASE_URL="https://matome.example"), f"/{TEAPOTS}/")
    for address in [*canonical(whole), *said(whole, "og:url"), *said(whole, "og:image")]:
        assert address.startswith("https://matome.example/")


@pytest.mark.parametrize(
    "text", ['" onload="alert(1)', "<script>alert(1)</script>", "</title><b>", "\u202e右 🦦 &amp;"]
)
def test_nothing_that_is_written_breaks_the_head(site: Site, text: str) -> None:
    site.write("posts/a.md", post_text(f"題{text}", comment(text, text), tags=[f"札{text}"], description=text))
    client = site.indexed()
    whole = page(client, "/posts/a/")
    assert said(whole, "og:title") == [f"題{text}"]
    assert said(whole, "description") == [text]
    assert said(whole, "article:tag") == [f"札{text}"]
    for url in ("/", "/tags/", *(str(one["href"]) for one in whole.select("a[href^='/tags/']"))):
        head = page(client, url).head
        assert head is not None
        assert not [one for one in head.find_all(True) if one.get("onload")]
        assert head.select("b") == []
        assert all(re.match(r"/static/", str(one["src"])) for one in head.select("script[src]"))
