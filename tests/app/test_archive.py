"""Hold the archive: months by year with their posts and comments, filters on them, and the way from month to month."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.app.sites import HTMX, Site, page, post_text, quote, texts


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Give a site with posts in three years, and one whose month is none."""
    site = Site(tmp_path_factory.mktemp("archive"))
    months = ["2023/11", "2023/12", "2024/02", "2024/02", "2025/01"]
    for n, month in enumerate(months):
        said = [quote(f"話{n}の{m}", f"user{m}") for m in range(n + 1)]
        tags = ["毎年", *(["二月"] if month.endswith("02") else [])]
        date = f"{month.replace('/', '-')}-0{n + 1}"
        site.write(f"posts/p{n}.md", post_text(f"記事{n}", *said, date=date, tags=tags, months=[month]))
    site.write("posts/odd.md", post_text("季節の記事", quote("話"), date="2024-07-01", months=["夏"]))
    return site.indexed()


def test_months_stand_under_their_year_the_newest_first(years: FlaskClient) -> None:
    sections = page(years, "/months/").select(".archive section")
    assert [texts(section.select("h2, bdi")) for section in sections] == [
        ["2025年", "2025年1月"],
        ["2024年", "2024年2月"],
        ["2023年", "2023年12月", "2023年11月"],
        ["そのほか", "夏"],
    ]


def test_a_month_says_how_many_posts_and_comments_it_holds(years: FlaskClient) -> None:
    (february,) = page(years, "/months/").select(".archive a[href='/months/2024/02/']")
    assert texts(february.select(".n")) == ["記事2件・コメント7件"]
    assert february.select_one("rect")["width"] == "100.0%"  # type: ignore[index]
    (january,) = page(years, "/months/").select(".archive a[href='/months/2025/01/']")
    assert january.select_one("rect")["width"] == "50.0%"  # type: ignore[index]


def test_the_archive_of_some_filters_counts_what_they_leave_and_keeps_them(years: FlaskClient) -> None:
    shown = page(years, "/months/?tag=二月")
    (link,) = shown.select(".archive-months a")
    assert texts([link]) == ["2024年2月 記事2件・コメント7件"]
    assert len(page(years, str(link["href"])).select(".item")) == 2
    (chip,) = shown.select(".chip")
    assert texts([chip]) == ["タグ「二月」 2を外す×"]
    assert chip["href"] == "/months/"
    assert page(years, "/months/?tag=ない").select(".archive-months") == []


def test_the_archive_is_a_fragment_too(years: FlaskClient) -> None:
    part = page(years, "/months/?tag=毎年", headers=HTMX)
    assert part.select("html") == []
    assert len(part.select(".archive-months a")) == 4


def test_a_month_leads_to_the_months_before_and_after_it(years: FlaskClient) -> None:
    beside = page(years, "/months/2024/02/").select(".beside a")
    assert [(link["rel"], link["href"], link.get_text()) for link in beside] == [
        (["prev"], "/months/2023/12/", "← 2023年12月"),
        (["next"], "/months/2025/01/", "2025年1月 →"),
    ]
    assert texts(page(years, "/months/2023/11/").select(".beside a")) == ["2023年12月 →"]
    assert page(years, "/tags/毎年/").select(".beside") == []


def test_the_way_to_the_next_month_keeps_the_filters_and_passes_over_months_without_posts(years: FlaskClient) -> None:
    (after,) = page(years, "/months/2023/12/?tag=二月").select(".beside a")
    assert after.get_text() == "2024年2月 →"
    assert len(page(years, str(after["href"])).select(".item")) == 2


def test_a_month_has_a_heading_in_words_and_its_feed(years: FlaskClient) -> None:
    shown = page(years, "/months/2024/02/")
    assert texts(shown.select("h1")) == ["2024年2月"]
    assert shown.select_one(".count a")["href"] == "/months/2024/02/index.xml"  # type: ignore[index]
    assert years.get("/months/2024/02/index.xml").status_code == 200


def test_the_month_of_the_path_holds_against_one_in_the_query(years: FlaskClient) -> None:
    assert texts(page(years, "/months/2023/12/?month=2025/01").select(".item h2")) == ["記事1"]


def test_an_empty_site_has_an_empty_archive(site: Site) -> None:
    site.write("posts/a.md", post_text("月のない記事", quote("話")))
    client = site.indexed()
    assert len(page(client, "/months/").select(".empty")) == 1
