"""Comments like a comment, and posts like a post: shown in place and as pages, and never what nobody may see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.app.sites import HTMX, Site, page, post_text, quote, texts

SAID = "借用検査器のおかげでメモリ管理は安全だ"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site with posts that have to do with each other, one of them a draft."""
    site = Site(tmp_path_factory.mktemp("related"))
    for name, draft in (("one", False), ("two", False), ("draft", True)):
        text = post_text(f"借用検査器の話 {name}", quote(f"{SAID}（{name}）", name), tags=["rust"], draft=draft)
        site.write(f"posts/{name}.md", text)
    site.write("posts/other.md", post_text("パンを焼く", quote("窯の温度を測った。", "baker"), tags=["pan"]))
    site.index()
    yield site
    site.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    """Give a client of the site."""
    return site.client()


def test_related_posts_stand_below_a_post_and_drafts_do_not(client: FlaskClient) -> None:
    assert texts(page(client, "/posts/one/").select(".related a")) == ["借用検査器の話 two"]
    assert page(client, "/posts/other/").select(".related") == []


def test_similar_comments_are_a_page_and_a_fragment(client: FlaskClient, site: Site) -> None:
    id_ = site.comment_ids()[f"{SAID}（one）"]
    whole, part = page(client, f"/c/{id_}/similar"), page(client, f"/c/{id_}/similar", headers=HTMX)
    for soup in (whole, part):
        (link,) = soup.select(".similar a")
        assert str(link["href"]).startswith("/posts/two/#c-")
        assert "draft" not in soup.get_text()
    assert whole.select(f"#c-{id_}")
    assert part.select("html, h1") == []


def test_a_comment_like_no_other_says_so(client: FlaskClient, site: Site) -> None:
    id_ = site.comment_ids()["窯の温度を測った。"]
    assert "見つかりませんでした" in page(client, f"/c/{id_}/similar").get_text()


def test_similar_comments_of_an_unknown_comment_are_not_found(client: FlaskClient) -> None:
    assert client.get("/c/aaaaaaaaaaaaaaaa/similar").status_code == 404


def test_the_menu_of_a_comment_leads_there(client: FlaskClient, site: Site) -> None:
    id_ = site.comment_ids()[f"{SAID}（one）"]
    (opener,) = page(client, "/posts/one/").select(f"#c-{id_} .dots")
    (link,) = page(client, str(opener["href"]), headers=HTMX).select("a[href$='/similar']")
    assert link["href"] == link["data-hx-get"] == f"/c/{id_}/similar"
    assert link["data-hx-target"] == f"#c-{id_}"


def test_related_things_are_in_the_json_too(client: FlaskClient, site: Site) -> None:
    assert [post["path"] for post in client.get("/api/posts/one").get_json()["related"]] == ["posts/two"]
    ids = site.comment_ids()
    similar = client.get(f"/api/comments/{ids[f'{SAID}（one）']}").get_json()["similar"]
    assert [one["id"] for one in similar] == [ids[f"{SAID}（two）"]]
