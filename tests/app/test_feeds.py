"""Hold feeds, sitemap, robots.txt and the description of the search: well-formed, complete, with full addresses."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.app.sites import LIGHTHOUSE, TEAPOTS, TRAM, Site, post_text
from tests.app.sites import quote as comment

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOST = "http://localhost"


def xml(client: FlaskClient, path: str, mimetype: str) -> ElementTree.Element:
    """Return the XML at an address."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.mimetype == mimetype
    return ElementTree.fromstring(response.data)


def items(client: FlaskClient, path: str) -> list[ElementTree.Element]:
    """Return the entries of a feed."""
    return xml(client, path, "application/rss+xml").findall("channel/item")


def links(client: FlaskClient, path: str) -> list[str]:
    """Return the addresses of a feed's entries."""
    return [item.findtext("link") or "" for item in items(client, path)]


def test_the_feed_holds_the_newest_posts(client: FlaskClient) -> None:
    found = links(client, "/index.xml")
    assert found[:3] == [f"{HOST}/{quote(TRAM)}/", f"{HOST}/{LIGHTHOUSE}/", f"{HOST}/{TEAPOTS}/"]
    assert len(found) == 20
    assert links(client, "/posts/index.xml") == found


def test_an_entry_has_title_date_tags_and_the_beginning_of_the_post(client: FlaskClient) -> None:
    entry = items(client, "/index.xml")[2]
    assert entry.findtext("title") == "急須はなぜ割れないのか"
    assert parsedate_to_datetime(entry.findtext("pubDate") or "").isoformat() == "2024-03-05T00:00:00+00:00"
    assert [category.text for category in entry.findall("category")] == ["C#", "DOOM", "お茶"]
    assert "<blockquote>" in (entry.findtext("description") or "")
    assert entry.findtext("guid") == entry.findtext("link")


@pytest.mark.parametrize(
    ("path", "posts"),
    [
        ("/tags/doom/index.xml", [LIGHTHOUSE, TEAPOTS]),
        ("/tags/ui/ux/index.xml", [LIGHTHOUSE]),
        ("/tags/c%23/index.xml", [TEAPOTS]),
        ("/tags/c++/index.xml", [TRAM]),
        ("/months/2024/04/index.xml", [TRAM]),
    ],
)
def test_a_term_has_a_feed_of_its_posts(client: FlaskClient, path: str, posts: list[str]) -> None:
    assert links(client, path) == [f"{HOST}/{quote(post)}/" for post in posts]


def test_the_feed_names_its_own_address(client: FlaskClient) -> None:
    own = xml(client, "/tags/doom/index.xml", "application/rss+xml").find("channel/{http://www.w3.org/2005/Atom}link")
    assert own is not None
    assert own.get("href") == f"{HOST}/tags/doom/index.xml"
    assert client.get("/").text.count('type="application/rss+xml"') == 1


def test_the_sitemap_names_every_post_and_when_it_changed(client: FlaskClient) -> None:
    urls = xml(client, "/sitemap.xml", "application/xml").findall(f"{SITEMAP}url")
    found = {url.findtext(f"{SITEMAP}loc"): url.findtext(f"{SITEMAP}lastmod") for url in urls}
    assert len(found) == 26
    assert found[f"{HOST}/{TEAPOTS}/"] == "2024-03-05T00:00:00Z"
    assert found[f"{HOST}/{quote(TRAM)}/"] == "2024-04-02T00:00:00Z"
    assert f"{HOST}/" in found


def test_robots_are_kept_out_of_searches_and_shown_the_sitemap(client: FlaskClient) -> None:
    response = client.get("/robots.txt")
    assert response.mimetype == "text/plain"
    assert {"User-agent: *", "Disallow: /search", f"Sitemap: {HOST}/sitemap.xml"} <= set(response.text.splitlines())


def test_browsers_can_add_the_search(client: FlaskClient) -> None:
    description = xml(client, "/opensearch.xml", "application/opensearchdescription+xml")
    url = description.find("{http://a9.com/-/spec/opensearch/1.1/}Url")
    assert url is not None
    assert url.get("template") == f"{HOST}/search?q={{searchTerms}}"


def test_addresses_are_those_of_the_settings_where_they_say(sample: Site) -> None:
    client = sample.client(BASE_URL="https://matome.example/")
    assert links(client, "/index.xml")[2] == f"https://matome.example/{TEAPOTS}/"
    assert "https://matome.example/sitemap.xml" in client.get("/robots.txt").text
    assert 'template="https://matome.example/search?q={searchTerms}"' in client.get("/opensearch.xml").text


def test_signs_that_xml_cannot_hold_do_not_break_the_feed(site: Site) -> None:
    site.write(
        "posts/a.md", post_text("題 \\u0001 & < > ]]>".replace("\\u0001", "\u0001"), "本文 \u0008 & <b>", comment("x"))
    )
    client = site.indexed()
    (entry,) = items(client, "/index.xml")
    assert entry.findtext("title") == "題 \ufffd & < > ]]>"
    xml(client, "/sitemap.xml", "application/xml")


def test_feeds_of_an_empty_site_are_well_formed(site: Site) -> None:
    client = site.indexed()
    assert items(client, "/index.xml") == []
    assert len(xml(client, "/sitemap.xml", "application/xml")) == 1
