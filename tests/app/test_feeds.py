"""Hold the feeds of posts to RSS 2.0 and Atom (RFC 4287), whatever the posts say, and to what reader programs need."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import feedparser
import pytest
from flask.testing import FlaskClient
from PIL import Image

from matome_app.web.entries import COMMENTS_OF_POST, POSTS_IN_FEED, absolute
from tests.app.sites import LIGHTHOUSE, NOT_PUBLISHED, TEAPOTS, TRAM, Site, fold, page, post_text, soup
from tests.app.sites import quote as comment

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
MEDIA = "{http://search.yahoo.com/mrss/}content"
HOST = "http://localhost"
TYPES = {"xml": "application/rss+xml", "atom": "application/atom+xml"}
FORMS = tuple(TYPES)

LISTS = ("/", "/posts/", "/tags/", "/months/", "/tags/doom/", "/tags/ui/ux/", "/tags/c%23/", "/months/2024/04/")

HOSTILE = (
    "題 & <b> ]]> \"'",
    "制御\u0001\u0008\u000b文字",
    "\ufffe\uffff",
    "\u202e右から\u2066左\u2069",
    "👩‍👩‍👧 🦦",
    "<script>alert(1)</script>",
    "&lt;&#0;&amp;amp;",
    "改\u2028行",
)


def xml(client: FlaskClient, path: str, form: str) -> ElementTree.Element:
    """Return the feed of a list as XML."""
    response = client.get(f"{path}index.{form}")
    assert response.status_code == 200, response.status
    assert response.mimetype == TYPES[form]
    return ElementTree.fromstring(response.data)


def items(client: FlaskClient, path: str) -> list[ElementTree.Element]:
    """Return the entries of a list's RSS."""
    return xml(client, path, "xml").findall("channel/item")


def links(client: FlaskClient, path: str) -> list[str]:
    """Return the addresses of the entries of a list's RSS."""
    return [item.findtext("link") or "" for item in items(client, path)]


def read(client: FlaskClient, path: str, form: str) -> Any:
    """Return a feed as a reader program understands it; it must find nothing wrong."""
    found = feedparser.parse(client.get(f"{path}index.{form}").data, sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


def hold_rss(channel: ElementTree.Element) -> None:
    """Hold what RSS 2.0 asks of a channel and its items."""
    for name in ("title", "link", "description"):
        assert len(channel.findall(name)) == 1, name
        assert (channel.findtext(name) or "").strip(), name
    guids = []
    for item in channel.findall("item"):
        assert (item.findtext("title") or item.findtext("description") or "").strip()
        guids.append(item.findtext("guid"))
        for date in item.findall("pubDate"):
            assert parsedate_to_datetime(date.text or "").tzinfo is not None
        for enclosure in item.findall("enclosure"):
            assert {"url", "length", "type"} <= set(enclosure.attrib)
            assert enclosure.get("length", "").isdigit()
    assert len(guids) == len(set(guids))


def hold_atom(feed: ElementTree.Element) -> None:
    """Hold what RFC 4287 asks of a feed and its entries."""
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(ATOM + name)) == 1, name
            assert (element.findtext(ATOM + name) or "").strip(), name
        assert re.fullmatch(r"[a-z]+:\S+", element.findtext(f"{ATOM}id") or "")
        moments = [*element.findall(f"{ATOM}updated"), *element.findall(f"{ATOM}published")]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment.text or "") for moment in moments)
        assert len(element.findall(f"{ATOM}link[@rel='alternate']")) == 1
        for person in (*element.findall(f"{ATOM}author"), *element.findall(f"{ATOM}contributor")):
            assert len(person.findall(f"{ATOM}name")) == 1
    assert len(feed.findall(f"{ATOM}author")) == 1, "the entries have none of their own"
    assert len(feed.findall(f"{ATOM}link[@rel='self']")) == 1
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(ids) == len(set(ids))


def addresses(root: ElementTree.Element) -> Iterator[str]:
    """Yield every address in a feed, those in the HTML of its entries, too."""
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name in ("link", "guid", "comments", "uri", "icon") and element.text and not element.text.strip().isdigit():
            yield element.text
        yield from (value for key, value in element.attrib.items() if key in ("href", "url", "domain"))
        if name in ("encoded", "content") and element.text:
            for found in soup(element.text).select("[href], [src]"):
                yield str(found.get("href") or found.get("src"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_feeds_that_are_whole(client: FlaskClient, path: str, form: str) -> None:
    root = xml(client, path, form)
    if form == "xml":
        hold_rss(root.find("channel"))  # type: ignore[arg-type]
    else:
        hold_atom(root)
    found = read(client, path, form)
    assert found.version == {"xml": "rss20", "atom": "atom10"}[form]
    assert found.entries
    assert all(entry.get("published_parsed") and entry.title and entry.link for entry in found.entries)
    assert all(re.match(r"https?://[^/]+/|tag:", address) for address in addresses(root))
    assert [link.href for link in found.feed.links if link.rel == "self"] == [f"{HOST}{path}index.{form}"]
    assert f"{HOST}{path}" in {link.href for link in found.feed.links}


@pytest.mark.parametrize("form", FORMS)
def test_the_links_of_entries_lead_to_pages(client: FlaskClient, form: str) -> None:
    for path in LISTS:
        for entry in read(client, path, form).entries:
            assert client.get(urlsplit(entry.link).path).status_code == 200, entry.link


def test_the_feed_holds_the_newest_posts(client: FlaskClient) -> None:
    found = links(client, "/")
    assert found[:3] == [f"{HOST}/{quote(TRAM)}/", f"{HOST}/{LIGHTHOUSE}/", f"{HOST}/{TEAPOTS}/"]
    assert len(found) == POSTS_IN_FEED
    assert links(client, "/posts/") == found
    assert [entry.link for entry in read(client, "/", "atom").entries] == found


def test_an_entry_has_title_date_tags_and_the_first_part_of_the_post(client: FlaskClient) -> None:
    entry = items(client, "/")[2]
    assert entry.findtext("title") == "急須はなぜ割れないのか"
    assert parsedate_to_datetime(entry.findtext("pubDate") or "").isoformat() == "2024-03-05T00:00:00+00:00"
    assert [category.text for category in entry.findall("category")] == ["C#", "DOOM", "お茶"]
    assert entry.findtext("description") == "急須の話"
    assert entry.findtext("guid") == entry.findtext("link")
    assert entry.findtext("{http://purl.org/rss/1.0/modules/slash/}comments") == "8"
    content = soup(entry.findtext(CONTENT) or "")
    shown = content.get_text()
    assert "List<Teapot> に入れておけば安全" in shown, "what is typed is text"
    assert "急須は丸いから割れにくい。" in shown
    assert "Kettle/Lid" in shown, "who said it"
    assert "丸いから本当だろうか" not in "".join(shown.split()), "what is in a fold is not there"
    assert "全8件" in shown


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_has_the_picture_of_its_post_and_its_card(client: FlaskClient, form: str) -> None:
    entry = read(client, "/tags/お茶/", form).entries[0]
    (enclosure,) = [link for link in entry.links if link.rel == "enclosure"]
    assert enclosure.href == f"{HOST}/{TEAPOTS}/cover.png"
    assert enclosure.type == "image/png"
    assert int(enclosure.length) == len(client.get(f"/{TEAPOTS}/cover.png").data)
    (card,) = entry.media_content
    shown = client.get(urlsplit(card["url"]).path)
    assert (shown.status_code, shown.mimetype) == (200, card["type"])
    image = Image.open(io.BytesIO(shown.data))
    assert image.size == (int(card["width"]), int(card["height"]))


def test_a_post_without_picture_has_a_card_alone(client: FlaskClient) -> None:
    item = xml(client, "/months/2024/04/", "xml").find("channel/item")
    assert item is not None
    assert item.find("enclosure") is None
    assert item.find(MEDIA) is not None


def test_both_kinds_of_feed_say_the_same(client: FlaskClient) -> None:
    for path in LISTS:
        rss, atom = (read(client, path, form) for form in FORMS)
        for one, other in zip(rss.entries, atom.entries, strict=True):
            assert (one.title, one.link, one.published_parsed) == (other.title, other.link, other.published_parsed)
            assert one.get("content") is None or one.content[-1].value == other.content[0].value


def test_atom_names_the_source_and_who_commented(client: FlaskClient) -> None:
    entry = xml(client, "/tags/お茶/", "atom").find(f"{ATOM}entry")
    assert entry is not None
    assert entry.find(f"{ATOM}link[@rel='via']").get("href") == "https://example.org/t/teapots"  # type: ignore[union-attr]
    people = entry.findall(f"{ATOM}contributor")
    assert [one.findtext(f"{ATOM}name") for one in people] == ["otter-in-a-boat", "Kettle/Lid"]
    assert people[1].findtext(f"{ATOM}uri") == f"{HOST}/users/Kettle%2FLid/"


@pytest.mark.parametrize(
    ("path", "posts"),
    [
        ("/tags/doom/", [LIGHTHOUSE, TEAPOTS]),
        ("/tags/DOOM/", [LIGHTHOUSE, TEAPOTS]),
        ("/tags/ui/ux/", [LIGHTHOUSE]),
        ("/tags/c%23/", [TEAPOTS]),
        ("/tags/c++/", [TRAM]),
        ("/months/2024/04/", [TRAM]),
    ],
)
def test_a_term_has_a_feed_of_its_posts(client: FlaskClient, path: str, posts: list[str]) -> None:
    assert links(client, path) == [f"{HOST}/{quote(post)}/" for post in posts]


def test_the_feed_of_all_terms_lists_those_of_the_newest_posts(client: FlaskClient) -> None:
    tags, months = (read(client, path, "xml").entries for path in ("/tags/", "/months/"))
    assert [entry.title for entry in months] == ["2024年4月", "2024年3月", "2023年1月"]
    assert {entry.title for entry in tags[:4]} == {"C++", "A*アルゴリズム", "X (Twitter)", "Anna's Archive"}
    assert tags[-1].title == "filler"
    assert tags[-1].summary == "記事22件"


def test_a_feed_was_last_built_when_its_newest_change_was_made(site: Site) -> None:
    site.write("posts/a.md", post_text("古い", comment("一"), date="2024-01-01", lastmod="2024-06-01"))
    site.write("posts/b.md", post_text("新しい", comment("二"), date="2024-02-01"))
    client = site.indexed()
    built = xml(client, "/", "xml").findtext("channel/lastBuildDate") or ""
    assert parsedate_to_datetime(built).isoformat() == "2024-06-01T00:00:00+00:00"
    assert xml(client, "/", "atom").findtext(f"{ATOM}updated") == "2024-06-01T00:00:00Z"


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_that_has_not_changed_is_not_sent_again(client: FlaskClient, form: str) -> None:
    for path in LISTS:
        first = client.get(f"{path}index.{form}")
        again = client.get(f"{path}index.{form}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("form", FORMS)
def test_addresses_are_those_of_the_settings_where_they_say(sample: Site, form: str) -> None:
    client = sample.client(BASE_URL="https://matome.example/")
    root = xml(client, "/", form)
    ours = [address for address in addresses(root) if "localhost" in address or "matome.example" in address]
    assert len(ours) > 60
    assert all(address.startswith(("https://matome.example/", "tag:matome.example,")) for address in ours)


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_speaks_the_language_of_the_site(sample: Site, form: str) -> None:
    assert read(sample.client(LANGUAGE="en"), "/", form).feed.language == "en"
    assert read(sample.client(), "/", form).feed.language == "ja"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_written_breaks_a_feed(site: Site, text: str) -> None:
    said = [comment(f"{text} と言う", text), fold("続き", comment("x"))]
    site.write("posts/a.md", post_text(f"題{text}", f"本文 {text}", *said, tags=[f"札{text}"]))
    client = site.indexed()
    for path in ("/", "/tags/"):
        hold_rss(xml(client, path, "xml").find("channel"))  # type: ignore[arg-type]
        hold_atom(xml(client, path, "atom"))
        for form in FORMS:
            (entry,) = read(client, path, form).entries
            assert entry.title
            for content in entry.get("content", []):
                assert soup(content.value).select("script") == []
    (item,) = items(client, "/")
    shown = re.sub(r"[\x00-\x08\x0b\ufffe\uffff]", "\ufffd", text)
    assert item.findtext("title") in (f"題{text}", f"題{shown}")


def test_a_long_first_part_is_cut_and_says_how_much_there_is(site: Site) -> None:
    said = [comment(f"発言{n}", at=f"2024-03-01T{n // 60:02d}:{n % 60:02d}:00") for n in range(COMMENTS_OF_POST + 20)]
    site.write("posts/a.md", post_text("折りたたみのない長い話", *said))
    content = soup(items(site.indexed(), "/")[0].findtext(CONTENT) or "")
    assert len(content.select("blockquote")) == COMMENTS_OF_POST
    assert f"全{COMMENTS_OF_POST + 20}件" in content.get_text()
    assert content.select("a")[-1]["href"] == f"{HOST}/posts/a/"


def test_addresses_in_the_text_are_whole(site: Site) -> None:
    body = [
        '[別の記事]({{% ref "/posts/b" %}})',
        "![図](figure.png)",
        comment('リンク https://example.net/?a=1&b="x" です'),
    ]
    site.write("posts/a/index.md", post_text("絵のある話", *body, date="2024-03-02"))
    site.write("posts/a/figure.png", b"\x89PNG not really")
    site.write("posts/b.md", post_text("別の記事", comment("一")))
    content = soup(items(site.indexed(), "/")[0].findtext(CONTENT) or "")
    assert content.select_one("img")["src"] == f"{HOST}/posts/a/figure.png"  # type: ignore[index]
    assert content.find("a", string="別の記事")["href"] == f"{HOST}/posts/b/"  # type: ignore[index]
    assert any("https://example.net/?a=1&b=" in str(link["href"]) for link in content.select("a"))


def test_what_looks_like_an_address_in_the_words_stays_as_it_is() -> None:
    source = '<p>src="/x" と書く <a title="a > b" href="/y?a=1&amp;b=2">"</a></p>'
    made = '<p>src="/x" と書く <a title="a > b" href="https://h.example/y?a=1&amp;b=2">"</a></p>'
    assert absolute(source, "https://h.example/z/") == made


@pytest.mark.parametrize("state", NOT_PUBLISHED)
def test_what_is_not_published_is_in_no_feed(client: FlaskClient, state: str) -> None:
    for form in FORMS:
        for path in LISTS:
            shown = client.get(f"{path}index.{form}").text
            assert f"秘密の{state}" not in shown
            assert f"{state}-tag" not in shown
        assert client.get(f"/tags/{state}-tag/index.{form}").status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_feeds_of_an_empty_site_are_well_formed(site: Site, form: str) -> None:
    client = site.indexed()
    for path in ("/", "/posts/", "/tags/", "/months/"):
        assert read(client, path, form).entries == []


def test_a_page_names_its_feeds(client: FlaskClient) -> None:
    for path in LISTS:
        whole = page(client, path)
        for form in FORMS:
            found = [str(one["href"]) for one in whole.select(f"link[rel=alternate][type='{TYPES[form]}']")]
            assert len(found) == len(set(found))
            assert f"{path}index.{form}" in found or path == "/posts/", path
            assert f"/index.{form}" in found
            assert all(client.get(address).status_code == 200 for address in found)
