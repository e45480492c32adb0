"""Hold structured data: it parses whatever is written, and says what the page shows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from matome_app.web.structured import MOST_COMMENTS, MOST_IN_ALL, MOST_TEXT
from tests.app.sites import HTMX, LIGHTHOUSE, TEAPOTS, TRAM, Site, fold, page, post_text, texts
from tests.app.sites import quote as comment

HOST = "http://localhost"


def nodes(whole: BeautifulSoup) -> dict[str, Any]:
    """Return the structured data of a page by type."""
    found = {}
    for script in whole.select("script[type='application/ld+json']"):
        data = json.loads(script.get_text())
        assert data["@context"] == "https://schema.org"
        for node in data.get("@graph", [data]):
            assert node["@type"] not in found
            found[node["@type"]] = node
    return found


def discussion(client: FlaskClient, url: str) -> Any:
    """Return what a post's page says of its discussion."""
    return nodes(page(client, url))["DiscussionForumPosting"]


def test_a_post_is_a_discussion(client: FlaskClient) -> None:
    found = discussion(client, f"/{TEAPOTS}/")
    url = f"{HOST}/{TEAPOTS}/"
    assert found["url"] == found["mainEntityOfPage"] == url
    assert found["headline"] == "急須はなぜ割れないのか"
    assert found["text"] == "急須の話"
    assert found["author"] == {"@type": "Organization", "name": "matome", "url": f"{HOST}/"}
    assert found["datePublished"] == found["dateModified"] == "2024-03-05T00:00:00Z"
    assert found["isBasedOn"] == found["citation"] == "https://example.org/t/teapots"
    assert found["keywords"] == ["C#", "DOOM", "お茶"]
    assert found["commentCount"] == found["interactionStatistic"]["userInteractionCount"] == 8
    assert found["image"]["@type"] == "ImageObject"
    assert found["image"]["url"].startswith(f"{HOST}/")


@pytest.mark.parametrize("path", [TEAPOTS, LIGHTHOUSE, TRAM])
def test_the_comments_are_those_that_the_page_shows(client: FlaskClient, path: str) -> None:
    whole = page(client, f"/{path}/")
    shown = whole.select("article.comment")
    found = nodes(whole)["DiscussionForumPosting"]["comment"]
    assert len(found) == len(shown) > 0
    for one, article in zip(found, shown, strict=True):
        assert one["@type"] == "Comment"
        assert urlsplit(one["url"]).fragment == article["id"]
        body = article.select_one(".body")
        assert body is not None
        assert "".join(one["text"].split()) == "".join(body.get_text().split())
        user = article.select_one("header .user")
        assert user is not None
        assert one["author"]["@type"] == "Person"
        assert [one["author"]["name"]] == texts([user])
        if user.get("href"):
            assert one["author"]["url"] == f"{HOST}{user['href']}"
        moment = article.select_one("header time")
        assert one.get("dateCreated") == one.get("datePublished") == (moment and moment["datetime"])


def test_the_address_of_a_comment_leads_to_it(client: FlaskClient) -> None:
    for one in discussion(client, f"/{TEAPOTS}/")["comment"]:
        parts = urlsplit(one["url"])
        assert page(client, parts.path).find(id=parts.fragment) is not None


def test_what_is_in_folds_is_left_to_the_folds(client: FlaskClient) -> None:
    found = discussion(client, f"/{TEAPOTS}/")["comment"]
    assert [one["text"] for one in found][1:] == ["急須は丸いから割れにくい。", "List<Teapot> に入れておけば安全"]


def test_only_the_post_as_it_is_carries_it(client: FlaskClient) -> None:
    for url in (
        f"/{TEAPOTS}/details/1",
        f"/{TEAPOTS}/?q=急須",
        "/search?q=急須",
        "/tags/doom/",
        "/?page=2",
        "/nowhere",
    ):
        assert "ld+json" not in client.get(url).text, url
    assert "ld+json" not in client.get("/posts/", headers=HTMX).text


@pytest.mark.parametrize(("body", "shown"), [("短い発言", MOST_COMMENTS), ("長い発言" * 300, MOST_IN_ALL // MOST_TEXT)])
def test_a_long_discussion_is_bounded(site: Site, body: str, shown: int) -> None:
    said = [comment(f"{n} {body}", f"u{n}", f"2024-03-01T{n // 60:02d}:{n % 60:02d}:00") for n in range(90)]
    site.write("posts/a.md", post_text("長い話", *said))
    found = discussion(site.indexed(), "/posts/a/")
    assert found["commentCount"] == 90
    assert [one["author"]["name"] for one in found["comment"]] == [f"u{n}" for n in range(shown)]
    assert all(len(one["text"]) <= MOST_TEXT for one in found["comment"])
    assert found["comment"][0]["text"].endswith("…") is (len(body) > MOST_TEXT)


def test_what_is_not_known_is_not_said(site: Site) -> None:
    site.write("posts/bare.md", "+++\n+++\n本文だけ\n")
    site.write("posts/a.md", post_text("名前のない話", comment("誰が言ったか", "", "")))
    client = site.indexed()
    bare = discussion(client, "/posts/bare/")
    assert not {"datePublished", "dateModified", "keywords", "isBasedOn", "citation", "comment"} & bare.keys()
    assert bare["commentCount"] == 0
    (one,) = discussion(client, "/posts/a/")["comment"]
    assert one["author"] == {"@type": "Person", "name": "名無し"}
    assert not {"dateCreated", "datePublished"} & one.keys()


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "]]> & &lt;/script&gt;",
        '"}],"x":"\\',
        "行\u2028区\u2029切",
        "\u0001\u0008制御",
        "\u202e👩‍👩‍👧",
    ],
)
def test_nothing_that_is_written_ends_the_script(site: Site, text: str) -> None:
    said = [comment(f"話 {text} 終", text), fold("続き", comment("x"))]
    site.write("posts/a.md", post_text(f"題{text}", *said, tags=[f"札{text}"], description=f"説{text}"))
    client = site.indexed()
    whole = page(client, "/posts/a/")
    found = nodes(whole)["DiscussionForumPosting"]
    assert len(whole.select("script[type='application/ld+json']")) == 1
    raw = whole.select("script[type='application/ld+json']")[0].decode_contents()
    assert not set(raw) & set("<>&\u2028\u2029")
    assert found["headline"] == f"題{text}"
    assert found["keywords"] == [f"札{text}"]
    shown = whole.select_one("article.comment .body")
    assert shown is not None
    assert "".join(found["comment"][0]["text"].split()) == "".join(shown.get_text().split())
    assert client.get("/posts/a/").text.count("alert(1)</script>") == 0


def test_a_post_says_where_it_stands(client: FlaskClient) -> None:
    steps = nodes(page(client, f"/{TEAPOTS}/"))["BreadcrumbList"]["itemListElement"]
    assert [step["position"] for step in steps] == [1, 2, 3, 4]
    assert [step["name"] for step in steps] == ["matome", "月別", "2024年3月", "急須はなぜ割れないのか"]
    for step in steps:
        assert client.get(unquote(urlsplit(step["item"]).path)).status_code == 200


def test_home_says_how_the_site_is_searched(client: FlaskClient) -> None:
    found = nodes(page(client, "/"))["WebSite"]
    assert (found["name"], found["url"]) == ("matome", f"{HOST}/")
    action = found["potentialAction"]
    assert action["@type"] == "SearchAction"
    assert action["query-input"] == "required name=search_term_string"
    template = action["target"]["urlTemplate"]
    assert template == f"{HOST}/search?q={{search_term_string}}"
    form = page(client, "/").select_one("header.site form[role=search]")
    assert form is not None
    assert template.startswith(f"{HOST}{form['action']}?q=")


def test_a_short_text_stays_in_one_script_however_the_site_is_called(sample: Site) -> None:
    client = sample.client(SITE_TITLE="</script><b>", BASE_URL="https://matome.example")
    found = nodes(page(client, "/"))["WebSite"]
    assert found["name"] == "</script><b>"
    assert found["url"] == "https://matome.example/"
