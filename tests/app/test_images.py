"""Pictures on pages and at their addresses: what is offered, what is kept for ever, and what nobody may fetch."""

from __future__ import annotations

import io
import os
import re
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient
from PIL import Image

from matome_app.images import cache
from matome_app.images.fonts import PLACES
from tests.app.sites import Site, fold, page, post_text, quote
from tests.images.made import AS_THEY_ARE, DAMAGED, NO_PICTURES, WHOLE, encoded, turned_jpeg, two_halves, write

POST = "/posts/a/tea/"
FOR_EVER = "public, max-age=31536000, immutable"


def with_feature(site: Site, name: str, data: bytes) -> FlaskClient:
    """Return a client of a site with one post, whose feature picture lies in the assets folder."""
    site.write("posts/a/tea/index.md", post_text("急須", quote("丸い"), featureimage=name, tags=["お茶"]))
    write(site.root / "assets", name, data)
    return site.indexed()


def feature(client: FlaskClient, path: str = POST) -> Tag:
    """Return what a post's page shows above its text."""
    found = page(client, path).select_one(".feature")
    assert found is not None
    return found


def addresses(element: Tag) -> list[str]:
    """Return every address that an element offers, those of `srcset`s as well."""
    found = [str(one["src"]) for one in element.select("[src]")]
    for one in element.select("[srcset]"):
        found += [part.split()[0] for part in str(one["srcset"]).split(",")]
    return found


def copy_address(client: FlaskClient, path: str = POST) -> str:
    """Return the address of one copy of a post's picture."""
    return next(one for one in addresses(feature(client, path)) if one.endswith(".avif"))


def test_a_feature_picture_is_offered_in_the_widths_used(site: Site) -> None:
    client = with_feature(site, "thumbnails/a.jpg", encoded(two_halves(1600, 900), "JPEG"))
    shown = feature(client)
    image, source = shown.select_one("picture > img"), shown.select_one("picture > source")
    assert image is not None
    assert source is not None
    assert (image["width"], image["height"], image["alt"]) == ("1600", "900", "")
    assert source["type"] == "image/avif"
    for element, kind in ((source, "avif"), (image, "webp")):
        offered = [part.split() for part in str(element["srcset"]).split(", ")]
        assert [width for _, width in offered] == ["320w", "640w", "960w", "1280w"]
        for address, width in offered:
            answer = client.get(address)
            assert answer.mimetype == f"image/{kind}"
            with Image.open(io.BytesIO(answer.data)) as copy:
                assert copy.format == kind.upper()
                assert f"{copy.width}w" == width
    assert image["src"] == str(image["srcset"]).split(", ")[1].split()[0]


def test_the_first_picture_of_a_page_is_fetched_at_once_and_no_other(site: Site) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    image = feature(client).select_one("img")
    assert image is not None
    assert image.get("loading") is None
    assert image["fetchpriority"] == "high"
    assert image["decoding"] == "async"


def test_a_copy_is_kept_for_ever_and_asked_for_again_in_vain(site: Site) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    address = copy_address(client)
    answer = client.get(address)
    assert set(answer.headers["Cache-Control"].split(", ")) == set(FOR_EVER.split(", "))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.head(address).headers["Content-Length"] == str(len(answer.data))


def test_the_address_changes_with_the_picture_and_the_old_one_leads_to_the_new(site: Site) -> None:
    client = with_feature(site, "a.png", encoded(two_halves(1600, 900), "PNG"))
    before = [one for one in addresses(feature(client)) if one.endswith(".avif")][-1]
    path = write(site.root / "assets", "a.png", encoded(two_halves(500, 300), "PNG"))
    os.utime(path, (1, 1))
    after = [one for one in addresses(feature(client)) if one.endswith(".avif")]
    answer = client.get(before)
    assert answer.status_code == 302
    assert answer.headers["Location"] == after[-1]
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get(after[-1]).status_code == 200


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_what_cannot_be_made_smaller_is_served_as_it_is(site: Site, name: str) -> None:
    client = with_feature(site, name, AS_THEY_ARE[name])
    image = feature(client).select_one("img")
    assert image is not None
    assert image["src"] == f"/assets/{name}"
    assert int(str(image["width"])) > int(str(image["height"])) > 0
    assert image.get("srcset") is None
    answer = client.get(str(image["src"]))
    assert answer.data == AS_THEY_ARE[name]
    assert str(answer.mimetype).startswith("image/")
    assert "attachment" not in answer.headers.get("Content-Disposition", "")


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_gives_way_to_a_pattern(site: Site, name: str) -> None:
    client = with_feature(site, name, NO_PICTURES[name])
    assert "<img" not in str(page(client, "/").select(".picture"))
    assert page(client, "/").select_one(".picture svg.pattern") is not None
    assert client.get(f"/images/{'0' * 16}/320/assets/{name}.avif").status_code == 404


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_picture_is_never_an_error(site: Site, name: str) -> None:
    client = with_feature(site, name, DAMAGED[name])
    assert client.get(POST).status_code == client.get("/").status_code == 200
    for address in {one for one in addresses(page(client, "/")) if name in one}:
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/assets/{name}"


def test_a_post_without_a_picture_has_a_pattern_of_its_tags(site: Site) -> None:
    for name, tags in (("a", ["お茶"]), ("b", ["お茶"]), ("c", ["DOOM"])):
        site.write(f"posts/{name}.md", post_text(name, quote(f"一言{name}"), tags=tags))
    client = site.indexed()
    shown = {}
    for name in "abc":
        with client.application.test_request_context():
            shown[name] = str(page(client, "/").select_one(f".item:has(a[href='/posts/{name}/']) svg.pattern"))
    drawn = [one for one in shown.values() if one != "None"]
    assert len(drawn) == 2  # the first posts of the page
    for one in drawn:
        svg = BeautifulSoup(one, "html.parser").svg
        assert svg is not None
        assert (svg["aria-hidden"], svg["width"], svg["height"]) == ("true", "320", "180")
        assert "style" not in one


@pytest.mark.parametrize(
    "name", ["日本語 と空白.png", "a,b.png", "a%20b.png", "q?x=1#y.png", "a&amp;b'c.png", "x.png.avif.png"]
)
def test_names_of_any_kind_survive_their_address(site: Site, name: str) -> None:
    client = with_feature(site, name, WHOLE["rgb.png"])
    found = addresses(feature(client))
    assert len(found) == 7
    for address in found:
        assert "," not in address
        assert client.get(address).status_code == 200, address


@pytest.fixture
def guarded(site: Site) -> Site:
    """Give a site with pictures that readers may see and others that they may not."""
    text = quote("一言")
    site.write("posts/a/tea/index.md", post_text("急須", text, featureimage="pic.png"))
    site.write("posts/a/tea/draft/index.md", post_text("下書き", quote("秘密"), draft=True))
    site.write("posts/a/draft/index.md", post_text("下書き", quote("秘密2"), draft=True))
    site.write("posts/a/future/index.md", post_text("未来", quote("秘密3"), date="2999-01-01"))
    for name in ("tea", "tea/draft", "draft", "future", "tea/.hidden", "nobody"):
        site.write(f"posts/a/{name}/pic.png", WHOLE["rgb.png"])
    site.write("posts/a/tea/.pic.png", WHOLE["rgb.png"])
    site.write("posts/a/tea/notes.md", WHOLE["rgb.png"])
    write(site.root / "assets", "pic.png", WHOLE["rgb.png"])
    write(site.root / "assets", ".git/pic.png", WHOLE["rgb.png"])
    write(site.root, "secret.png", WHOLE["rgb.png"])
    (site.root / "assets/link.png").symlink_to(site.root / "secret.png")
    (site.content / "posts/a/tea/link.png").symlink_to(site.root / "secret.png")
    return site


def test_a_picture_of_a_published_bundle_can_be_had(guarded: Site) -> None:
    client = guarded.indexed()
    address = copy_address(client)
    assert "/posts/a/tea/pic.png.avif" in address
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "posts/a/draft/pic.png",
        "posts/a/future/pic.png",
        "posts/a/tea/draft/pic.png",
        "posts/a/nobody/pic.png",
        "posts/a/tea/.pic.png",
        "posts/a/tea/.hidden/pic.png",
        "posts/a/tea/notes.md",
        "posts/a/tea/link.png",
        "posts/a/tea/none.png",
        "posts/a/tea/../draft/pic.png",
        "posts/a/tea/%2e%2e/draft/pic.png",
        "posts/a/tea",
        "posts",
        "assets/.git/pic.png",
        "assets/link.png",
        "assets/../secret.png",
        "assets/..%2fsecret.png",
        "assets/..%5csecret.png",
        "assets//pic.png",
        "assets/%00.png",
        "secret.png",
        "content/posts/a/draft/pic.png",
        "data/current",
        "/etc/passwd",
    ],
)
def test_no_other_picture_can_be_had_even_with_its_hash(guarded: Site, name: str) -> None:
    client = guarded.indexed()
    version = copy_address(client).split("/")[2]  # all these files have the same content
    for kind in ("avif", "webp"):
        assert client.get(f"/images/{version}/320/{name}.{kind}").status_code == 404
    assert not list((guarded.data / "images").glob("*")) if (guarded.data / "images").exists() else True


@pytest.mark.parametrize(
    "width", ["0", "1", "319", "321", "1280", "2000", "99999999999999999999", "-320", "x", "3.2e2"]
)
def test_no_other_width_can_be_had(guarded: Site, width: str) -> None:
    client = guarded.indexed()
    address = re.sub(r"/320/", f"/{width}/", copy_address(client))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "AVIF", "", "avif/"])
def test_no_other_kind_can_be_had(guarded: Site, kind: str) -> None:
    client = guarded.indexed()
    assert client.get(copy_address(client).removesuffix("avif") + kind).status_code == 404


@pytest.mark.parametrize("version", ["0", "ABCDEF0123456789", "x" * 16, "0" * 15, "0" * 17])
def test_what_is_no_version_leads_nowhere(guarded: Site, version: str) -> None:
    assert guarded.indexed().get(f"/images/{version}/320/assets/pic.png.avif").status_code == 404


def test_a_post_that_is_no_longer_published_takes_its_pictures_along(guarded: Site) -> None:
    client = guarded.indexed()
    address = copy_address(client)
    assert client.get(address).status_code == 200
    guarded.write("posts/a/tea/index.md", post_text("急須", quote("一言"), featureimage="pic.png", draft=True))
    guarded.index()
    assert client.get(address).status_code == 404


def test_while_others_are_made_the_original_stands_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    address = copy_address(client)
    monkeypatch.setattr(cache, "SLOTS", 1)
    monkeypatch.setattr(cache, "PATIENCE", 0.05)
    inside, over = threading.Event(), threading.Event()

    def hold() -> bytes:
        inside.set()
        over.wait(10)
        return b"x"

    thread = threading.Thread(target=cache.cached, args=(site.data / "images", "other", hold))
    thread.start()
    assert inside.wait(10)
    answer = client.get(address)
    over.set()
    thread.join()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/assets/a.png")
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get(address).status_code == 200


def test_a_folder_that_cannot_be_written_costs_no_picture(site: Site) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    (site.data / "images").write_text("a file where the folder should be")
    assert client.get(copy_address(client), follow_redirects=True).data == WHOLE["rgb.png"]
    assert client.get(card_address(client)).status_code == 503


def in_text(site: Site, *body: str, **files: bytes) -> list[Tag]:
    """Return the pictures in the text of a post, whose bundle holds some files (`pic_png` is pic.png)."""
    site.write("posts/a/tea/index.md", post_text("急須", *body, quote("丸い")))
    for name, data in files.items():
        site.write(f"posts/a/tea/{name.replace('_', '.')}", data)
    return page(site.indexed(), POST).select(".prose img")


@pytest.mark.parametrize(
    "markdown",
    [
        "![急須の絵](pic.jpg)",
        "![急須の絵](./pic.jpg)",
        f"![急須の絵]({POST}pic.jpg)",
        '{{< figure src="pic.jpg" alt="急須の絵" caption="絵" >}}',
    ],
)
def test_a_picture_in_the_text_is_offered_in_the_widths_used(site: Site, markdown: str) -> None:
    (image,) = in_text(site, markdown, pic_jpg=turned_jpeg(6, (900, 1600)))
    assert (image["width"], image["height"]) == ("1600", "900")
    assert (image["loading"], image["decoding"], image["alt"]) == ("lazy", "async", "急須の絵")
    assert image.parent is not None
    assert image.parent.name == "picture"
    client = site.client()
    assert [client.get(address).status_code for address in addresses(image.parent)] == [200] * 9


def test_one_of_the_assets_folder_too(site: Site) -> None:
    write(site.root / "assets", "b/pic.png", WHOLE["rgb.png"])
    (image,) = in_text(site, "![絵](/assets/b/pic.png)")
    assert image["width"] == "700"
    assert "/assets/b/pic.png.webp" in str(image["srcset"])


def test_what_the_author_wrote_of_it_stays(site: Site) -> None:
    (image,) = in_text(site, """![a < b "c"](pic.png '題 "x"')""", pic_png=WHOLE["rgb.png"])
    assert (image["title"], image["alt"]) == ('題 "x"', 'a < b "c"')


@pytest.mark.parametrize(
    "source", ["missing.png", "/posts/b/other/pic.png", "/elsewhere.png", "text.png", "/%00.png", "/%"]
)
def test_a_picture_of_which_nothing_is_known_stays_as_it_is(site: Site, source: str) -> None:
    (image,) = in_text(site, f"![絵]({source})", text_png=b"not a picture")
    assert image["src"] == urljoin(POST, source)
    assert image["loading"] == "lazy"
    assert image.get("width") is None


def test_a_picture_of_a_draft_is_not_described(site: Site) -> None:
    site.write("posts/a/tea/draft/index.md", post_text("下書き", quote("秘密"), draft=True))
    site.write("posts/a/tea/draft/pic.png", WHOLE["rgb.png"])
    (image,) = in_text(site, "![絵](draft/pic.png)")
    assert image.get("width") is None


def test_pictures_inside_a_fold_are_there_in_page_and_fragment(site: Site) -> None:
    in_text(site, fold("中", "![絵](pic.png)"), pic_png=WHOLE["rgb.png"])
    client = site.client()
    for headers in ({}, {"HX-Request": "true"}):
        text = client.get(f"{POST}details/1", headers=headers).text
        assert "/posts/a/tea/pic.png.avif 320w" in text


def test_pictures_and_marks_of_a_search_do_not_meet(site: Site) -> None:
    in_text(site, "急須の話 ![急須の絵](pic.png)", pic_png=WHOLE["rgb.png"])
    found = page(site.client(), f"{POST}?q=急須").select_one(".prose")
    assert found is not None
    assert [mark.text for mark in found.select("mark")] == ["急須"]
    assert found.select("picture img[alt='急須の絵']")


def card_address(client: FlaskClient, path: str = POST) -> str:
    """Return the path of the card that a page names."""
    found = page(client, path).select_one("meta[property='og:image']")
    assert found is not None
    return re.sub(r"^https?://[^/]+", "", str(found["content"]))


def test_a_post_names_a_card_of_its_own(site: Site) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    answer = client.get(card_address(client))
    assert set(answer.headers["Cache-Control"].split(", ")) == set(FOR_EVER.split(", "))
    assert len(answer.data) < 300_000
    with Image.open(io.BytesIO(answer.data)) as card:
        assert (card.format, card.size) == ("JPEG", (1200, 630))


def test_an_address_of_before_leads_to_the_card_of_today(site: Site) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    before = card_address(client)
    site.write("posts/a/tea/index.md", post_text("新しい急須", quote("丸い"), featureimage="a.png"))
    site.index()
    answer = client.get(before)
    assert (answer.status_code, answer.headers["Location"]) == (302, card_address(client))
    assert before != card_address(client)


@pytest.mark.parametrize("name", ["posts/a/draft", "posts/a/none", "tags", "posts/a/tea/index", "assets/pic.png"])
def test_there_is_no_card_but_of_published_posts(guarded: Site, name: str) -> None:
    client = guarded.indexed()
    version = card_address(client).split("/")[3]
    assert client.get(f"/images/og/{version}/{name}.jpg").status_code == 404
    assert client.get(f"/images/og/{'0' * 16}/{name}.jpg").status_code == 404
    assert client.get(f"/images/og/x/{name}.jpg").status_code == 404


def test_without_a_font_no_card_is_offered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = with_feature(site, "a.png", WHOLE["rgb.png"])
    address = card_address(client)
    monkeypatch.setattr("matome_app.images.fonts.PLACES", (Path("/nowhere/font.ttf"),))
    assert len(PLACES) > 1
    assert "/images/og/" not in client.get(POST).text
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("title", ["題\u0000名", "😀", "مرحبا", "長い題名" * 200, "<b>&\"'"])
def test_a_card_stands_any_title(site: Site, title: str) -> None:
    site.write("posts/a/tea/index.md", post_text(title, quote("丸い")))
    client = site.indexed()
    assert client.get(card_address(client)).mimetype == "image/jpeg"


def test_a_post_with_letters_of_japan_in_its_address_has_pictures_and_a_card(site: Site) -> None:
    site.write("posts/茶/急須 の話/index.md", post_text("急須", quote("丸い"), featureimage="絵.png"))
    site.write("posts/茶/急須 の話/絵.png", WHOLE["rgb.png"])
    client = site.indexed()
    path = unquote(str(page(client, "/").select(".item a[href^='/posts/']")[0]["href"]))
    assert client.get(copy_address(client, path)).mimetype == "image/avif"
    assert client.get(card_address(client, path)).mimetype == "image/jpeg"
