"""Hold the feed of a search to Atom (RFC 4287): what a feed and its entries must have, whatever is searched or said."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.app.sites import TEAPOTS, Site, post_text
from tests.app.sites import quote as comment

ATOM = "{http://www.w3.org/2005/Atom}"
HOST = "http://localhost"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def feed(client: FlaskClient, query: str = "") -> ElementTree.Element:
    """Return the feed of a search, held to what RFC 4287 asks of every feed and entry."""
    response = client.get(f"/search.atom?{query}" if query else "/search.atom")
    assert response.status_code == 200, response.status
    assert response.mimetype == "application/atom+xml"
    found = ElementTree.fromstring(response.data)
    assert found.tag == f"{ATOM}feed"
    hold_required(found)
    assert len(found.findall(f"{ATOM}link[@rel='self']")) == 1
    entries = found.findall(f"{ATOM}entry")
    for entry in entries:
        hold_required(entry)
        assert len(entry.findall(f"{ATOM}author/{ATOM}name")) == 1
        assert len(entry.findall(f"{ATOM}content")) == len(entry.findall(f"{ATOM}summary")) == 1
        assert entry.find(f"{ATOM}content[@type='html']") is not None
    ids = [text(entry, "id") for entry in entries]
    assert len(ids) == len(set(ids))
    return found


def hold_required(element: ElementTree.Element) -> None:
    """Hold that id, title and updated are there once, and the alternate link with a full address."""
    for name in ("id", "title", "updated"):
        assert len(element.findall(ATOM + name)) == 1, name
        assert text(element, name).strip(), name
    assert RFC3339.fullmatch(text(element, "updated"))
    assert re.match(r"[a-z]+:\S+$", text(element, "id"))
    (alternate,) = element.findall(f"{ATOM}link[@rel='alternate']")
    assert str(alternate.get("href")).startswith("http")


def text(element: ElementTree.Element, name: str) -> str:
    """Return the text of a child."""
    return element.findtext(ATOM + name) or ""


def entries(found: ElementTree.Element) -> list[ElementTree.Element]:
    """Return the entries of a feed."""
    return found.findall(f"{ATOM}entry")


def link(element: ElementTree.Element, rel: str) -> str:
    """Return where a link leads, empty when there is none."""
    found = element.find(f"{ATOM}link[@rel='{rel}']")
    return "" if found is None else str(found.get("href"))


def test_the_feed_holds_what_a_search_finds_the_newest_first(client: FlaskClient) -> None:
    found = feed(client, f"q={quote('丸い')}&user=gull&user=otter-in-a-boat")
    assert [text(entry, "summary").split()[0] for entry in entries(found)] == [
        "土鍋も丸いよ",
        "＞丸いから",
        "急須は丸いから割れにくい。",
    ]
    times = [text(entry, "updated") for entry in entries(found)]
    assert times == ["2024-03-04T18:00:00Z", "2024-03-04T17:00:00Z", "2024-03-04T15:30:00Z"]
    assert text(found, "updated") == times[0]


def test_an_entry_says_who_when_where_and_what(client: FlaskClient, sample: Site) -> None:
    (entry,) = entries(feed(client, "q=List"))
    id_ = sample.comment_ids()["List<Teapot> に入れておけば安全"]
    assert text(entry, "id") == f"{HOST}/c/{id_}"
    assert text(entry, "title") == "急須はなぜ割れないのか #3"
    assert text(entry, "published") == text(entry, "updated") == "2024-03-04T16:00:00Z"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Kettle/Lid"
    assert entry.findtext(f"{ATOM}author/{ATOM}uri") == f"{HOST}/users/Kettle%2FLid/"
    assert unescape(text(entry, "content")) == "List<Teapot> に入れておけば安全"
    assert "<Teapot>" not in text(entry, "content"), "what is typed is text in HTML, too"
    assert text(entry, "summary") == "List<Teapot> に入れておけば安全"
    assert [(one.get("label"), one.get("term")) for one in entry.findall(f"{ATOM}category")] == [
        ("C#", "c#"),
        ("DOOM", "doom"),
        ("お茶", "お茶"),
    ]


def test_the_links_of_entries_and_their_ids_lead_to_the_comment(client: FlaskClient) -> None:
    for entry in entries(feed(client, f"user=gull&tag={quote('お茶')}")):
        address = urlsplit(link(entry, "alternate"))
        shown = client.get(address.path)
        assert shown.status_code == 200
        assert f'id="{address.fragment}"' in shown.text
        moved = client.get(urlsplit(text(entry, "id")).path)
        assert moved.status_code == 302
        assert moved.location.endswith(f"{address.path}#{address.fragment}")


def test_the_feed_says_how_its_search_reads_and_where_it_is(client: FlaskClient) -> None:
    query = urlencode({"q": "丸い 急須 -湯呑", "tag": "お茶"})
    found = feed(client, query)
    assert text(found, "title") == "「丸い」かつ「急須」、除外「湯呑」、タグ「お茶」 - matome"
    assert link(found, "self") == f"{HOST}/search.atom?{query}"
    assert link(found, "alternate") == f"{HOST}/search?{query}"
    assert text(feed(client), "title") == "すべてのコメント - matome"


def test_the_id_of_a_feed_is_that_of_its_search_alone(client: FlaskClient) -> None:
    one = text(feed(client, "q=filler&tag=x&sort=oldest"), "id")
    assert one == text(feed(client, "tag=x&q=filler"), "id")
    assert one != text(feed(client, "q=filler"), "id")
    assert one.startswith("tag:localhost,2026:search.atom?")


def test_a_search_that_finds_more_is_continued_on_further_pages(site: Site) -> None:
    said = [comment(f"発言 その{n}", at=f"2024-03-01T{n // 60:02d}:{n % 60:02d}:00") for n in range(120)]
    site.write("posts/a.md", post_text("長い話", *said))
    client = site.indexed()
    seen: list[str] = []
    query: str | None = f"q={quote('発言')}&sort=oldest"
    pages = []
    while query is not None:
        found = feed(client, query)
        pages.append(len(entries(found)))
        seen += [text(entry, "summary") for entry in entries(found)]
        following = urlsplit(link(found, "next"))
        query = following.query or None
    assert pages == [50, 50, 20]
    assert seen == [f"発言 その{n}" for n in reversed(range(120))], "the newest first, whatever order the search has"
    assert client.get("/search.atom?page=4").status_code == 404


def test_a_search_that_finds_nothing_has_a_feed_without_entries(client: FlaskClient) -> None:
    found = feed(client, f"q={quote('ない言葉')}")
    assert entries(found) == []
    assert text(found, "updated") == "2024-04-02T00:00:00Z", "the newest post's time"


def test_an_empty_site_has_feeds_too(site: Site) -> None:
    assert entries(feed(site.indexed())) == []


@pytest.mark.parametrize(
    "q", ["]]>", "<b>&amp;\"'", "\x01\x08\x0b", "\ufffe\uffff", "🦦", "a\u2028b", "' OR 1=1 --", "%"]
)
def test_nothing_that_is_typed_breaks_the_feed(client: FlaskClient, q: str) -> None:
    assert feed(client, urlencode({"q": f"{q} -filler", "tag": q}))


def test_nothing_that_is_said_breaks_the_feed(site: Site) -> None:
    body = "制御\u0008文字 & <script>alert(1)</script> ]]> \ufffe 👩‍👩‍👧 &lt;"
    text_of_post = post_text("題 & <i>\u0001".replace("\u0001", "]]>"), comment(body, "<b>&\"'"), tags=["<&>", '"'])
    site.write("posts/a.md", text_of_post)
    (entry,) = entries(feed(site.indexed(), f"q={quote('制御')}"))
    assert "<script>" not in text(entry, "content")
    assert "&lt;script&gt;" in text(entry, "content")
    assert "<script>alert(1)</script>" in text(entry, "summary")
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "<b>&\"'"
    assert text(entry, "title") == "題 & <i>]]> #1"


def test_comments_without_name_or_time_have_an_author_and_a_time(site: Site) -> None:
    site.write("posts/a.md", post_text("名前のない話", comment("誰が言ったか", "", "")))
    (entry,) = entries(feed(site.indexed()))
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "名無し"
    assert text(entry, "updated") == "2024-03-01T00:00:00Z"
    assert entry.find(f"{ATOM}published") is None


@pytest.mark.parametrize(
    ("query", "status"),
    [("page=0", 400), ("page=2", 404), ("after=x", 400), ("sort=best", 400), ("q=" + "x" * 1001, 413), ("user=x", 200)],
)
def test_what_cannot_be_asked_is_answered_as_in_the_search(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"/search.atom?{query}").status_code == status


def test_a_reader_that_has_the_feed_is_told_so(client: FlaskClient) -> None:
    etag = client.get("/search.atom?q=List").headers["ETag"]
    again = client.get("/search.atom?q=List", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_addresses_are_those_of_the_settings(sample: Site) -> None:
    client = sample.client(BASE_URL="https://matome.example")
    found = feed(client, f"post={TEAPOTS}")
    assert text(found, "id").startswith("tag:matome.example,2026:")
    addresses = [link(found, "self"), *(text(entry, "id") for entry in entries(found))]
    assert len(addresses) == 1 + 8
    assert datetime.fromisoformat(text(found, "updated"))
    assert all(address.startswith("https://matome.example/") for address in addresses)


def test_the_description_of_the_search_names_the_feed(client: FlaskClient) -> None:
    urls = ElementTree.fromstring(client.get("/opensearch.xml").data).findall(
        "{http://a9.com/-/spec/opensearch/1.1/}Url"
    )
    assert urls[1].get("type") == "application/atom+xml"
    assert urls[1].get("template") == f"{HOST}/search.atom?q={{searchTerms}}"
