"""Hold the list of tags: by use, narrowed by name, seldom ones held back; and what the page of a tag says of it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from matome_app.web.taxonomies import MANY
from tests.app.sites import HTMX, Site, page, post_text, quote, texts

SELDOM = [f"一度きり{n:02d}" for n in range(MANY)]
OFTEN = ["紅茶", "ｺｰﾋｰ", "コーヒー豆", "Rust", "rustc", "カフェ"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Give a site with more tags than are shown at once, most of them used once."""
    site = Site(tmp_path_factory.mktemp("tags"))
    for n, tag in enumerate(SELDOM):
        site.write(f"posts/s{n}.md", post_text(f"小さな記事{n}", quote("話"), tags=[tag], date="2024-01-01"))
    for n in range(6):
        tags = OFTEN[: len(OFTEN) - n] if n < 5 else OFTEN
        text = post_text(f"記事{n}", quote("話"), quote("続き"), tags=tags, date=f"2024-02-0{n + 1}")
        site.write(f"posts/o{n}.md", text)
    return site.indexed()


def listed(client: FlaskClient, query: str) -> list[str]:
    """Return the names of the tags that a list shows."""
    return texts(page(client, f"/tags/?{query}").select(".cloud bdi"))


def test_tags_that_one_post_has_are_held_back_and_said_how_many(many: FlaskClient) -> None:
    shown = page(many, "/tags/")
    assert set(texts(shown.select(".cloud bdi"))) == set(OFTEN)
    (more,) = shown.select(".tags-count a")
    assert texts([more]) == [f"1記事だけのタグ{len(SELDOM)}種類も表示"]
    assert len(listed(many, str(more["href"]).partition("?")[2])) == len(SELDOM) + len(OFTEN)
    assert page(many, "/tags/?all=1").select(".tags-count a") == []


def test_tags_stand_by_use(many: FlaskClient) -> None:
    counts = [int(n) for n in texts(page(many, "/tags/").select(".cloud .n"))]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 6


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("RUST", ["Rust", "rustc"]),
        ("ＲＵＳＴ", ["Rust", "rustc"]),
        ("ust", ["Rust", "rustc"]),
        ("コーヒー", ["ｺｰﾋｰ", "コーヒー豆"]),
        ("こーひー", ["ｺｰﾋｰ", "コーヒー豆"]),
        ("ふぇ", ["カフェ"]),
        ("茶", ["紅茶"]),
        ("一度きり07", ["一度きり07"]),
        ("%", []),
        ("_", []),
        ("ない名前", []),
    ],
)
def test_a_name_finds_tags_whatever_its_case_width_and_kana_the_whole_name_first(
    many: FlaskClient, name: str, found: list[str]
) -> None:
    assert listed(many, f"name={name}") == found


def test_a_name_looks_among_the_seldom_tags_too(many: FlaskClient) -> None:
    assert len(listed(many, "name=一度")) == len(SELDOM)


def test_a_name_that_no_tag_has_says_so_and_offers_all(many: FlaskClient) -> None:
    shown = page(many, "/tags/?name=<b>")
    assert "「<b>」を含むタグはありません。" in shown.select_one(".empty").get_text()  # type: ignore[union-attr]
    assert shown.select_one(".tags-count a")["href"] == "/tags/"  # type: ignore[index]
    assert shown.select_one("#name")["value"] == "<b>"  # type: ignore[index]


def test_a_fragment_is_the_list_and_never_the_field(many: FlaskClient) -> None:
    part = page(many, "/tags/?name=rust", headers=HTMX)
    assert part.select("html, input, form") == []
    assert texts(part.select(".cloud bdi")) == ["Rust", "rustc"]
    assert texts(part.select("#announce")) == ["タグ2種類"]
    assert part.select_one("title").get_text().startswith("「rust」を含むタグ")  # type: ignore[union-attr]


def test_a_name_of_bad_characters_or_length_is_no_fault(many: FlaskClient) -> None:
    assert many.get("/tags/?name=%00%ff").status_code == 200
    assert many.get(f"/tags/?name={'長' * 301}").status_code == 400


def test_a_small_site_holds_nothing_back(client: FlaskClient) -> None:
    shown = page(client, "/tags/")
    assert shown.select(".tags-count a") == []
    assert len(shown.select(".cloud a")) == 10


def test_the_page_of_a_tag_leads_to_the_tags_that_most_often_stand_beside_it(many: FlaskClient) -> None:
    related = page(many, "/tags/紅茶/").select(".strip a")
    assert texts(related)[:2] == ["ｺｰﾋｰ 6", "コーヒー豆 5"]
    assert "紅茶" not in " ".join(texts(related))
    assert many.get(str(related[0]["href"])).status_code == 200


def test_the_page_of_a_tag_says_how_much_it_holds_from_when_to_when_and_has_a_feed(many: FlaskClient) -> None:
    shown = page(many, "/tags/紅茶/")
    assert texts(shown.select(".list-head .count span")) == [
        "記事6件・コメント12件",
        "2024年2月1日から2024年2月6日まで",
    ]
    (feed,) = shown.select(".list-head .count a")
    assert many.get(str(feed["href"])).mimetype == "application/rss+xml"
    assert [str(link["href"]) for link in shown.select("link[rel=alternate]")].count(str(feed["href"])) == 1
