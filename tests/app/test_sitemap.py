"""Hold the sitemap to its protocol, with the time of every change and split when it is large, and robots.txt."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient

from matome_app.web import sitemap
from tests.app.sites import LIGHTHOUSE, NOT_PUBLISHED, TEAPOTS, TRAM, Site, post_text
from tests.app.sites import quote as comment

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOST = "http://localhost"


def listed(client: FlaskClient, path: str = "/sitemap.xml", root: str = "urlset") -> dict[str, str | None]:
    """Return the addresses of a sitemap (or of its index) with the times of their last changes."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.mimetype == "application/xml"
    found = ElementTree.fromstring(response.data)
    assert found.tag == NAMESPACE + root
    times = {one.findtext(f"{NAMESPACE}loc") or "": one.findtext(f"{NAMESPACE}lastmod") for one in found}
    assert len(times) == len(found), "an address stands there once"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times.values() if time)
    return times


def test_the_sitemap_names_every_post_and_when_it_changed(client: FlaskClient) -> None:
    found = listed(client)
    assert found[f"{HOST}/{TEAPOTS}/"] == "2024-03-05T00:00:00Z"
    assert found[f"{HOST}/{quote(TRAM)}/"] == "2024-04-02T00:00:00Z"
    assert sum(f"{HOST}/posts/" in address for address in found) == 25


def test_the_lists_changed_with_their_newest_posts(client: FlaskClient) -> None:
    found = listed(client)
    assert found[f"{HOST}/"] == "2024-04-02T00:00:00Z"
    assert found[f"{HOST}/tags/doom/"] == "2024-03-20T00:00:00Z"
    assert found[f"{HOST}/months/2023/01/"] == "2023-01-22T00:00:00Z"


def test_tags_of_a_single_post_are_left_out(client: FlaskClient) -> None:
    tags = {address for address in listed(client) if address.startswith(f"{HOST}/tags/")}
    assert tags == {f"{HOST}/tags/", f"{HOST}/tags/doom/", f"{HOST}/tags/filler/"}


def test_every_address_is_a_page_of_its_own(client: FlaskClient) -> None:
    for address in listed(client):
        response = client.get(urlsplit(address).path)
        assert response.status_code == 200, address
        assert f'<link rel="canonical" href="{address}">' in response.text
        assert 'content="noindex' not in response.text


@pytest.mark.parametrize("state", NOT_PUBLISHED)
def test_what_is_not_published_is_not_listed(client: FlaskClient, state: str) -> None:
    assert not [address for address in listed(client) if state in address or "secret" in address or "/1999/" in address]


def test_a_large_site_has_an_index_of_sitemaps(sample: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sample.client()
    whole = listed(client)
    monkeypatch.setattr(sitemap, "MOST", 10)
    client = sample.client(SITE_TITLE="別の題")  # whose pages have tags of their own
    files = listed(client, root="sitemapindex")
    assert list(files) == [f"{HOST}/sitemap-{n}.xml" for n in range(1, 1 + -(-len(whole) // 10))]
    together: dict[str, str | None] = {}
    for address, newest in files.items():
        one = listed(client, urlsplit(address).path)
        assert 0 < len(one) <= 10
        assert newest == max(time for time in one.values() if time)
        assert not together.keys() & one.keys()
        together |= one
    assert together == whole
    for n in (0, len(files) + 1, 10**12):
        assert client.get(f"/sitemap-{n}.xml").status_code == 404


def test_a_new_post_leaves_the_files_of_older_posts_as_they_are(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "MOST", 5)
    for n in range(1, 21):
        site.write(f"posts/p{n:02d}.md", post_text(f"記事{n}", comment(f"{n}"), date=f"2024-01-{n:02d}"))
    client = site.indexed()
    before = [client.get(f"/sitemap-{n}.xml").text for n in (2, 3, 4)]
    site.write("posts/new.md", post_text("新しい記事", comment("新"), date="2024-02-01"))
    site.index()
    assert [client.get(f"/sitemap-{n}.xml").text for n in (2, 3, 4)] == before
    assert f"{HOST}/posts/new/" in listed(client, "/sitemap-5.xml")


def test_the_sitemap_of_an_empty_site_names_its_home(site: Site) -> None:
    assert list(listed(site.indexed())) == [f"{HOST}/"]


def test_signs_that_xml_cannot_hold_do_not_break_the_sitemap(site: Site) -> None:
    tags = ["<&>]]>", "\u0001制御", "🦦"]
    for name in ("a", "b"):
        site.write(f"posts/{name}.md", post_text("題", comment(name), tags=tags))
    client = site.indexed()
    assert len(listed(client)) == 3 + 2 + 3
    for address in listed(client):
        assert client.get(urlsplit(address).path).status_code == 200, address


def allowed(client: FlaskClient, path: str, agent: str = "*") -> bool:
    """Tell whether robots.txt lets a crawler fetch an address, by RFC 9309: the longest rule that matches."""
    groups = [group for group in client.get("/robots.txt").text.split("\n\n") if f"User-agent: {agent}\n" in group]
    assert len(groups) == 1
    rules = re.findall(r"^(Allow|Disallow): (\S+)$", groups[0], re.MULTILINE)
    matching = [
        (len(rule), kind)
        for kind, rule in rules
        if re.match(re.escape(rule).replace(r"\*", ".*").replace(r"\$", "$"), path)
    ]
    return not matching or max(matching)[1] == "Allow"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?page=2",
        "/posts/",
        f"/{TEAPOTS}/",
        f"/{LIGHTHOUSE}/",
        "/tags/doom/",
        "/months/2024/03/?page=2",
        "/users/",
        "/users/gull/",
        "/search",
        "/index.xml",
        "/tags/doom/index.atom",
        "/static/css/site.css",
        "/opensearch.xml",
        "/sitemap-1.xml",
        f"/{TEAPOTS}/cover.png",
    ],
)
def test_crawlers_may_fetch_pages_and_what_they_need(client: FlaskClient, path: str) -> None:
    assert allowed(client, path)


@pytest.mark.parametrize(
    "path",
    [
        "/search?q=x",
        "/search.atom?q=x",
        "/api/posts",
        "/c/abc",
        "/c/abc/similar",
        f"/{TEAPOTS}/details/1",
        f"/{TEAPOTS}/?q=x",
        f"/{TEAPOTS}/?q=x&view=thread",
        "/posts/?tag=DOOM",
        "/posts/?month=2024/03&tag=DOOM",
        "/tags/doom/?month=2024/03",
        "/users/?prefix=a",
        "/users/gull/?q=x",
        "/progress",
    ],
)
def test_crawlers_are_kept_out_of_searches_and_pieces_of_pages(client: FlaskClient, path: str) -> None:
    assert not allowed(client, path)


def test_other_sites_may_show_a_card_of_a_single_comment(client: FlaskClient) -> None:
    for agent in ("Twitterbot", "facebookexternalhit", "Slackbot"):
        assert allowed(client, "/c/abc", agent)
        assert allowed(client, f"/{TEAPOTS}/details/1", agent)
        assert not allowed(client, "/api/posts", agent)


def test_robots_are_shown_the_sitemap(client: FlaskClient, sample: Site) -> None:
    response = client.get("/robots.txt")
    assert response.mimetype == "text/plain"
    assert {"User-agent: *", f"Sitemap: {HOST}/sitemap.xml"} <= set(response.text.splitlines())
    assert (
        "https://matome.example/sitemap.xml" in sample.client(BASE_URL="https://matome.example").get("/robots.txt").text
    )
