"""Hold icons, manifest and description of the search: what browsers fetch is there, and is what it says it is."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageChops

from scripts import make_icons
from tests.app.sites import Site, page

OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
HOST = "http://localhost"


def picture(client: FlaskClient, path: str, mimetype: str) -> Image.Image:
    """Return the picture at an address, held to be of the type that is said."""
    response = client.get(path)
    assert response.status_code == 200
    assert response.mimetype == mimetype
    image = Image.open(io.BytesIO(response.data))
    assert image.get_format_mimetype() == mimetype
    return image


def test_the_favicon_is_an_icon_in_three_sizes(client: FlaskClient) -> None:
    image = picture(client, "/favicon.ico", "image/x-icon")
    assert image.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert len(client.get("/favicon.ico").data) < 5000


def test_the_icon_of_ios_has_no_transparent_corner(client: FlaskClient) -> None:
    image = picture(client, "/apple-touch-icon.png", "image/png")
    assert image.size == (180, 180)
    assert image.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def test_icons_are_kept_for_a_day_and_asked_for_by_their_tag(client: FlaskClient) -> None:
    for path in ("/favicon.ico", "/apple-touch-icon.png"):
        first = client.get(path)
        assert "max-age=86400" in first.headers["Cache-Control"]
        assert "no-cache" not in first.headers["Cache-Control"]
        assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_manifest_says_what_a_home_screen_needs(client: FlaskClient) -> None:
    response = client.get("/manifest.webmanifest")
    assert response.mimetype == "application/manifest+json"
    found = json.loads(response.data)
    assert (found["name"], found["short_name"], found["lang"]) == ("matome", "matome", "ja")
    assert (found["start_url"], found["scope"], found["display"]) == ("/", "/", "minimal-ui")
    assert {"theme_color", "background_color", "description", "icons"} <= found.keys()
    bars = page(client, "/").select("meta[name=theme-color]")
    assert found["theme_color"] in {str(bar["content"]) for bar in bars}
    for icon in found["icons"]:
        assert client.get(icon["src"]).mimetype == icon["type"]
        if icon["type"] == "image/png":
            side = int(icon["sizes"].partition("x")[0])
            assert picture(client, icon["src"], "image/png").size == (side, side)
    plain = {icon["sizes"] for icon in found["icons"] if "purpose" not in icon}
    masked = [icon for icon in found["icons"] if icon.get("purpose") == "maskable"]
    assert {"192x192", "512x512", "any"} == plain
    assert {icon["sizes"] for icon in masked} == {"192x192", "512x512"}


def test_a_maskable_icon_survives_being_cut_to_a_circle(client: FlaskClient) -> None:
    manifest = json.loads(client.get("/manifest.webmanifest").data)
    for icon in manifest["icons"]:
        if icon.get("purpose") != "maskable":
            continue
        image = picture(client, icon["src"], "image/png").convert("RGBA")
        assert image.getchannel("A").getextrema() == (255, 255)
        middle = (image.width - 1) / 2
        ground = image.getpixel((0, 0))
        for y in range(image.height):
            for x in range(image.width):
                if image.getpixel((x, y)) != ground:
                    assert (x - middle) ** 2 + (y - middle) ** 2 <= (0.4 * image.width) ** 2


def test_the_manifest_speaks_the_settings(sample: Site) -> None:
    client = sample.client(SITE_TITLE="とても長い名前のまとめサイトです", LANGUAGE="en")
    found = json.loads(client.get("/manifest.webmanifest").data)
    assert found["name"] == "とても長い名前のまとめサイトです"
    assert len(found["short_name"]) <= 12
    assert found["lang"] == "en"


def test_every_page_names_icons_and_manifest_that_exist(client: FlaskClient) -> None:
    head = page(client, "/").head
    assert head is not None
    links = {(str(link["rel"][0]), str(link["href"])) for link in head.select("link")}
    named = {rel: href for rel, href in links if rel in ("icon", "apple-touch-icon", "manifest", "search")}
    assert set(named) == {"icon", "apple-touch-icon", "manifest", "search"}
    for href in named.values():
        assert client.get(href).status_code == 200, href


def test_the_icons_are_those_that_the_script_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = make_icons.FOLDER
    monkeypatch.setattr(make_icons, "FOLDER", tmp_path)
    make_icons.main()
    assert {path.name for path in kept.iterdir()} == {path.name for path in tmp_path.iterdir()}
    for path in kept.glob("*.png"):
        with Image.open(path) as one, Image.open(tmp_path / path.name) as other:
            difference = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
            assert max(high for _low, high in difference.getextrema()) <= 8, path.name  # type: ignore[misc]


def description(client: FlaskClient) -> ElementTree.Element:
    """Return the description of the search."""
    response = client.get("/opensearch.xml")
    assert response.mimetype == "application/opensearchdescription+xml"
    return ElementTree.fromstring(response.data)


def test_browsers_can_add_the_search(client: FlaskClient) -> None:
    found = description(client)
    urls = {url.get("type"): url.get("template") for url in found.findall(f"{OPENSEARCH}Url")}
    assert urls["text/html"] == f"{HOST}/search?q={{searchTerms}}"
    assert urls["application/atom+xml"] == f"{HOST}/search.atom?q={{searchTerms}}"
    assert found.findtext(f"{OPENSEARCH}ShortName") == "matome"
    assert found.findtext(f"{OPENSEARCH}Language") == "ja"
    assert found.findtext(f"{OPENSEARCH}InputEncoding") == "UTF-8"
    for image in found.findall(f"{OPENSEARCH}Image"):
        address = urlsplit(image.text or "")
        assert f"{address.scheme}://{address.netloc}" == HOST
        side = int(image.get("width", ""))
        shown = picture(client, address.path, image.get("type", ""))
        assert (side, side) in shown.info.get("sizes", {shown.size})


def test_the_description_of_the_search_keeps_to_its_lengths(sample: Site) -> None:
    client = sample.client(SITE_TITLE="<長い> & " * 20, BASE_URL="https://matome.example/")
    found = description(client)
    assert len(found.findtext(f"{OPENSEARCH}ShortName") or "") <= 16
    assert len(found.findtext(f"{OPENSEARCH}LongName") or "") <= 48
    assert len(found.findtext(f"{OPENSEARCH}Description") or "") <= 1024
    urls = found.findall(f"{OPENSEARCH}Url")
    assert all(str(url.get("template")).startswith("https://matome.example/") for url in urls)
