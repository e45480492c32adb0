"""Files beside the text: only pictures of a published post's own folder and of the assets folder are given out."""

from __future__ import annotations

from urllib.parse import quote as percent

import pytest

from tests.app.sites import Site, post_text, quote


@pytest.fixture
def bundle(site: Site) -> Site:
    site.write("posts/a/one/index.md", post_text("束", quote("絵がある")))
    site.write("posts/a/two/index.md", post_text("隣", quote("隣の束")))
    names = ("pic.png", "sub/x.webp", "data.txt", ".hidden", "sub/.hidden", "notes.md")
    for name in (*(f"one/{name}" for name in names), "two/pic.png"):
        (site.content / "posts/a" / name).parent.mkdir(parents=True, exist_ok=True)
        (site.content / "posts/a" / name).write_bytes(b"x")
    return site


def test_files_of_a_bundle_are_given_out_below_its_post(bundle: Site) -> None:
    client = bundle.indexed()
    assert client.get("/posts/a/one/pic.png").mimetype == "image/png"
    assert client.get("/posts/a/one/sub/x.webp").data == b"x"


@pytest.mark.parametrize(
    "name",
    [
        "../two/pic.jpg",
        "../../../x",
        "index.md",
        "notes.md",
        "data.txt",
        ".hidden",
        "sub/.hidden",
        "a\\b",
        "\0",
        "missing.png",
        "sub",
    ],
)
def test_nothing_else_of_the_content_folder_is_given_out(bundle: Site, name: str) -> None:
    assert bundle.indexed().get(f"/posts/a/one/{percent(name, safe='')}").status_code == 404


def test_a_list_of_posts_inside_a_fold_is_there_in_page_and_fragment(site: Site) -> None:
    site.write(
        "posts/a.md", post_text("表紙", '{{< details summary="最近" >}}\n{{< list limit=2 >}}\n{{< /details >}}')
    )
    client = site.indexed()
    for headers in ({}, {"HX-Request": "true"}):
        assert "表紙" in client.get("/posts/a/details/1", headers=headers).text.partition("newest")[2]
