"""Hold the page of a post: what is on it, Hugo's addresses, its files, and the permalinks of its comments."""

from __future__ import annotations

import re
from urllib.parse import quote as percent

import pytest
from bs4 import Tag
from flask.testing import FlaskClient

from tests.app.sites import LIGHTHOUSE, NOT_PUBLISHED, TEAPOTS, TRAM, Site, fold, page, post_text, quote, soup, texts


def comment_of(client: FlaskClient, post: str, text: str) -> dict[str, object]:
    """Return the JSON of the comment of a post whose text holds something."""
    comments = client.get(f"/api/{post}").get_json()["comments"]
    found: dict[str, object] = next(comment for comment in comments if text in comment["text"])
    return found


def element(client: FlaskClient, url: str, selector: str) -> Tag:
    """Return the one element of a page that a selector finds."""
    found = page(client, url).select(selector)
    assert len(found) == 1, f"{selector}: {len(found)} at {url}"
    return found[0]


def test_a_post_shows_its_head(client: FlaskClient) -> None:
    post = page(client, f"/{TEAPOTS}/")
    assert texts(post.select("h1")) == ["急須はなぜ割れないのか"]
    assert post.title is not None
    assert post.title.get_text() == "急須はなぜ割れないのか - matome"
    assert [link["href"] for link in post.select(".post-head .tags a")] == [
        "/tags/c%23/",
        "/tags/doom/",
        "/tags/%E3%81%8A%E8%8C%B6/",
    ]
    assert texts(post.select(".post-head time")) == ["2024年3月5日"]
    source = post.select_one(".post-head a[rel~=nofollow]")
    assert source is not None
    assert (source["href"], source.get_text()) == ("https://example.org/t/teapots", "引用元")
    assert post.select_one("meta[name=description]")["content"] == "急須の話"  # type: ignore[index]
    assert "コメント8件" in post.select_one(".post-head .meta").get_text()  # type: ignore[union-attr]


def test_a_post_shows_what_stands_before_its_folds_and_how_many_comments_they_hold(client: FlaskClient) -> None:
    post = page(client, f"/{TEAPOTS}/")
    assert len(post.select(".comment")) == 3
    assert texts(post.select("details.fold summary")) == [
        "もっとコメントを表示（1） 残り3件・約1分",
        "もっとコメントを表示（2） 残り2件・約1分",
    ]
    assert [fold["data-fold"] for fold in post.select("details.fold")] == [
        f"/{TEAPOTS}/details/1",
        f"/{TEAPOTS}/details/2",
    ]
    assert not any(fold.has_attr("open") for fold in post.select("details.fold"))
    assert [link["href"] for link in post.select(".fold-link a")] == [
        f"/{TEAPOTS}/details/1#fold-1",
        f"/{TEAPOTS}/details/2#fold-2",
    ]
    assert "二つ目の折りたたみの中" not in post.get_text()


def test_a_comment_shows_who_when_what_and_its_colour(client: FlaskClient) -> None:
    first = page(client, f"/{TEAPOTS}/").select(".comment:not(.summary)")[0]
    user = first.select_one("a.user")
    assert user is not None
    assert (user["href"], user.get_text()) == ("/users/otter-in-a-boat/", "otter-in-a-boat")
    time = first.select_one("time")
    assert time is not None
    # Stored in UTC, shown in the site's time zone: half past midnight of the next day in Tokyo.
    assert (time["datetime"], time.get_text()) == ("2024-03-04T15:30:00Z", "2024年3月5日 0:30")
    assert first.select_one(".accent [fill='#45d325']") is not None
    comment = comment_of(client, TEAPOTS, "割れにくい")
    assert first["id"] == f"c-{comment['id']}"
    assert first.select_one("a.permalink")["href"] == f"/c/{comment['id']}"  # type: ignore[index]


def test_times_are_shown_in_the_time_zone_of_the_settings(sample: Site) -> None:
    client = sample.client(TIMEZONE="America/New_York")
    assert (
        element(client, f"/{TEAPOTS}/", ".comment time[datetime='2024-03-04T15:30:00Z']").get_text()
        == "2024年3月4日 10:30"
    )


def test_what_looks_like_markup_in_a_comment_is_shown(client: FlaskClient) -> None:
    comment = page(client, f"/{TEAPOTS}/").select(".comment")[2]
    assert texts(comment.select(".body")) == ["List<Teapot> に入れておけば安全"]
    assert comment.select("teapot") == []


def test_a_summary_breaks_its_lines(client: FlaskClient) -> None:
    summary = element(client, f"/{TEAPOTS}/", ".comment.summary .body")
    assert len(summary.select("br")) == 1
    assert summary.get_text("|") == "要点|急須は丸い"


def test_a_user_whose_name_no_path_holds_is_linked_all_the_same(client: FlaskClient) -> None:
    links = [link["href"] for link in page(client, f"/{TEAPOTS}/details/2").select(".comment a.user")]
    for href in links:
        assert client.get(str(href)).status_code == 200, href


def test_refs_lead_to_the_pages_they_name(client: FlaskClient) -> None:
    assert element(client, f"/{TEAPOTS}/", ".prose a[href='/posts/']").get_text() == "記事一覧へ"
    assert element(client, f"/{LIGHTHOUSE}/", ".prose a").get("href") == f"/{TEAPOTS}/"


def test_previous_and_next_posts_are_those_by_date(client: FlaskClient) -> None:
    lighthouse = page(client, f"/{LIGHTHOUSE}/")
    assert lighthouse.select_one("a[rel=prev]")["href"] == f"/{TEAPOTS}/"  # type: ignore[index]
    assert lighthouse.select_one("a[rel=next]")["href"] == f"/{percent(TRAM)}/"  # type: ignore[index]
    assert page(client, f"/{percent(TRAM)}/").select("a[rel=next]") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"/{TEAPOTS}", f"/{TEAPOTS}/"),
        (f"/{TEAPOTS}?a=b", f"/{TEAPOTS}/?a=b"),
        (f"/{LIGHTHOUSE}", f"/{LIGHTHOUSE}/"),
        (f"/{TEAPOTS.upper().replace('POSTS', 'posts')}/", f"/{TEAPOTS}/"),
        (f"/{TRAM}", f"/{percent(TRAM)}/"),
        ("/old/teapots/", f"/{TEAPOTS}/"),
        ("/old/teapots", f"/{TEAPOTS}/"),
        ("/2019/急須/", f"/{TEAPOTS}/"),
        ("/posts/2024_04/2024_04_02_tram/", f"/{percent(TRAM)}/"),
        (f"/{percent('2019/急須')}/", f"/{TEAPOTS}/"),
        ("/tags/doom", "/tags/doom/"),
        ("/tags/DOOM/", "/tags/doom/"),
        ("/tags/お茶", f"/tags/{percent('お茶')}/"),
        ("/months/2024/03", "/months/2024/03/"),
        ("/posts", "/posts/"),
        ("/tags", "/tags/"),
        ("/months", "/months/"),
        ("/users", "/users/"),
        ("/users/gull", "/users/gull/"),
    ],
)
def test_an_old_or_untidy_address_redirects_for_good(client: FlaskClient, old: str, new: str) -> None:
    response = client.get(old)
    assert response.status_code in (301, 308)
    assert response.location.removeprefix("http://localhost") == new
    assert client.get(new).status_code == 200


@pytest.mark.parametrize("path", [f"/{TRAM}/", f"/{percent(TRAM)}/", f"/{percent(TRAM).lower()}/"])
def test_japanese_in_an_address_answers_in_every_spelling(client: FlaskClient, path: str) -> None:
    assert texts(page(client, path).select("h1")) == ["路面電車はなぜ遅れる"]


def test_a_ref_by_file_name_leads_to_the_post_whose_slug_took_its_place(site: Site) -> None:
    site.write("posts/a.md", post_text("一", '[二へ]({{% ref "/posts/b.md" %}})'))
    site.write("posts/b.md", post_text("二", slug="second"))
    assert site.index().faults == []
    client = site.client()
    link = element(client, "/posts/a/", ".prose a")
    assert client.get(str(link["href"])).location == "/posts/second/"


def test_files_of_a_bundle_are_served_and_its_markdown_is_not(client: FlaskClient) -> None:
    response = client.get(f"/{TEAPOTS}/cover.png")
    assert (response.status_code, response.mimetype) == (200, "image/png")
    assert client.get(f"/{TEAPOTS}/index.md").status_code == 404
    assert client.get(f"/{TEAPOTS}/missing.png").status_code == 404
    assert client.get(f"/{LIGHTHOUSE}/cover.png").status_code == 404


def test_a_file_of_a_bundle_that_is_no_picture_is_not_given_out(site: Site) -> None:
    site.write("posts/a/index.md", post_text("本", quote("一言")))
    for name in (
        "page.html",
        "page.xhtml",
        "feed.xml",
        "style.css",
        "run.js",
        "data.json",
        "paper.pdf",
        "plain",
        "x.svgz",
    ):
        site.write(f"posts/a/{name}", "<script>alert(1)</script>")
    site.write("posts/a/sub/deep.png", b"deep")
    client = site.indexed()
    for path in sorted((site.content / "posts/a").glob("*.*")):
        assert client.get(f"/posts/a/{path.name}").status_code == 404
    response = client.get("/posts/a/sub/deep.png")
    assert response.data == b"deep"
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_files_of_a_draft_inside_another_bundle_are_not_given_out(site: Site) -> None:
    site.write("posts/a/index.md", post_text("本", quote("一言")))
    site.write("posts/a/sub/index.md", post_text("下書き", draft=True))
    site.write("posts/a/sub/deep/hidden.png", b"hidden")
    site.write("posts/a/open/shown.png", b"shown")
    client = site.indexed()
    assert client.get("/posts/a/sub/deep/hidden.png").status_code == 404
    assert client.get("/posts/a/open/shown.png").data == b"shown"


def test_a_link_out_of_the_bundle_is_not_followed(site: Site) -> None:
    site.write("posts/a/index.md", post_text("本", quote("一言")))
    (site.root / "secret.png").write_text("secret")
    (site.content / "posts/a/link.png").symlink_to(site.root / "secret.png")
    assert site.indexed().get("/posts/a/link.png").status_code == 404


def test_files_of_the_assets_folder_are_served_as_they_are(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("一言")))
    site.write("../assets/thumbnails/x.png", b"picture")
    assert site.indexed().get("/assets/thumbnails/x.png").data == b"picture"


def test_a_post_without_a_picture_that_exists_shows_a_pattern(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("一言"), featureimage="thumbnails/missing.png"))
    client = site.indexed()
    assert page(client, "/posts/a/").select(".feature img") == page(client, "/").select(".item img") == []
    assert page(client, "/posts/a/").select_one(".feature svg.pattern") is not None


def test_a_permalink_leads_to_its_comment_with_the_fold_open(client: FlaskClient) -> None:
    comment = comment_of(client, TEAPOTS, "二つ目")
    response = client.get(f"/c/{comment['id']}")
    assert response.status_code == 302
    assert response.location == f"/{TEAPOTS}/details/2#c-{comment['id']}"
    post = page(client, response.location)
    assert [fold["id"] for fold in post.select("details.fold[open]")] == ["fold-2"]
    assert post.find(id=f"c-{comment['id']}") is not None


def test_a_permalink_of_a_comment_outside_folds_leads_to_the_post(client: FlaskClient) -> None:
    comment = comment_of(client, TEAPOTS, "割れにくい")
    assert client.get(f"/c/{comment['id']}").location == f"/{TEAPOTS}/#c-{comment['id']}"


def test_a_permalink_of_nothing_is_not_found(client: FlaskClient) -> None:
    for id_ in ("a" * 16, "x", "~" * 16, "%00", "a" * 3000, "c-" + "a" * 16):
        assert client.get(f"/c/{id_}").status_code == 404


def test_a_permalink_outlives_an_edit_of_its_comment(site: Site) -> None:
    site.write("posts/a.md", post_text("本", quote("元の言葉", "ann"), quote("他の人", "bob")))
    client = site.indexed()
    old = site.comment_ids()["元の言葉"]
    site.write("posts/a.md", post_text("本", quote("元の言葉（追記あり）", "ann"), quote("他の人", "bob")))
    site.index()
    new = site.comment_ids()["元の言葉（追記あり）"]
    assert new != old
    assert client.get(f"/c/{old}").location == f"/posts/a/#c-{new}"
    assert client.get(f"/api/comments/{old}").get_json()["id"] == new


def test_ids_stay_over_a_rebuild_another_folder_and_edits_elsewhere_in_the_post(site: Site, tmp_path: object) -> None:
    before = [quote(f"発言{n}", f"user{n}") for n in range(4)]
    site.write("posts/a.md", post_text("本", *before))
    site.index()
    ids = site.comment_ids()
    assert len(set(ids.values())) == 4
    site.index(rebuild=True)
    assert site.comment_ids() == ids
    site.config["DATA_DIR"] = str(site.root / "another")
    assert site.index().added == 1
    site.config.clear()
    after = [quote("割り込み", "new"), before[2], fold("折りたたみ", before[0]), quote("発言3（編集）", "user3")]
    site.write("posts/a.md", post_text("題も変わった", *after, tags=["別"]))
    site.index()
    now = site.comment_ids()
    assert {text: now[text] for text in ("発言0", "発言2")} == {text: ids[text] for text in ("発言0", "発言2")}


def test_a_nested_fold_opens_with_those_around_it(site: Site) -> None:
    inner = fold("内側", quote("奥の発言", "deep"))
    site.write("posts/a.md", post_text("入れ子", fold("外側", quote("手前の発言"), inner), quote("外の発言")))
    client = site.indexed()
    post = page(client, "/posts/a/")
    assert texts(post.select("details.fold summary")) == ["外側 残り2件・約1分"]
    assert texts(page(client, "/posts/a/details/2").select("details.fold[open] > summary")) == [
        "外側 残り2件・約1分",
        "内側 残り1件・約1分",
    ]
    deep = comment_of(client, "posts/a", "奥の発言")
    assert (deep["details"], deep["ordinal"]) == (2, 2)
    assert client.get(f"/c/{deep['id']}").location == f"/posts/a/details/2#c-{deep['id']}"


def test_an_unknown_shortcode_is_shown_to_the_author_only(site: Site) -> None:
    site.write("posts/a.md", post_text("本", "前の段落", '{{< twinkle size="3" >}}', "後の段落"))
    report = site.index()
    assert [(fault.code, fault.severity) for fault in report.faults] == [("shortcode-unknown", "warning")]
    reader = page(site.client(), "/posts/a/")
    assert "前の段落" in reader.get_text()
    assert "後の段落" in reader.get_text()
    assert "twinkle" not in reader.get_text()
    author = page(site.client(DEBUG=True), "/posts/a/")
    assert "twinkle" in author.select_one(".note").get_text()  # type: ignore[union-attr]


def test_a_post_without_title_or_date_is_served(site: Site) -> None:
    site.write("posts/bare.md", "+++\n+++\n本文だけ\n")
    client = site.indexed()
    assert texts(page(client, "/posts/bare/").select("h1")) == ["bare"]
    assert texts(page(client, "/").select(".item h2")) == ["bare"]
    assert client.get("/index.xml").status_code == 200
    assert client.get("/sitemap.xml").status_code == 200


@pytest.mark.parametrize("state", NOT_PUBLISHED)
def test_what_is_not_published_is_nowhere(client: FlaskClient, sample: Site, state: str) -> None:
    for url in (
        f"/posts/secret/{state}/",
        f"/posts/secret/{state}/picture.png",
        f"/posts/secret/{state}/details/1",
        f"/api/posts/secret/{state}",
        f"/tags/{state}-tag/",
        f"/tags/{state}-tag/index.xml",
        f"/users/{state}-user/",
        f"/months/1999/{len(state):02d}/",
    ):
        assert client.get(url).status_code == 404, url
    for url in (
        *(
            "/",
            "/?page=2",
            "/posts/",
            "/tags/",
            "/months/",
            "/users/",
            "/index.xml",
            "/posts/index.xml",
            "/sitemap.xml",
        ),
        *("/api/posts", "/api/search", "/search", f"/search?sort=oldest&user={state}-user", "/search?page=2"),
    ):
        response = client.get(url)
        assert response.status_code == 200, url
        shown = soup(response.data).get_text() if "html" in (response.mimetype or "") else response.text
        assert f"秘密の{state}" not in shown, url
        assert f"{state}-tag" not in shown, url
    for query in ("秘密", state, f"秘密の{state}発言", f"user:{state}-user", f"tag:{state}-tag"):
        assert client.get("/api/search", query_string={"q": query}).get_json()["total"] == 0, query
        assert client.get("/api/search", query_string={"q": query}).get_json()["posts"] == []


def test_ids_of_comments_that_are_not_published_lead_nowhere(site: Site) -> None:
    text = post_text("本", quote("もうすぐ消える", "ann"))
    site.write("posts/a.md", text)
    client = site.indexed()
    id_ = site.comment_ids()["もうすぐ消える"]
    assert client.get(f"/c/{id_}").status_code == 302
    for field in ("draft = true", 'publishDate = "2999-01-01"', 'expiryDate = "2020-01-01"'):
        site.write("posts/a.md", text.replace("+++\n", f"+++\n{field}\n", 1))
        site.index()
        assert client.get(f"/c/{id_}").status_code == 404, field
        assert client.get(f"/api/comments/{id_}").status_code == 404, field


def test_counts_leave_out_what_is_not_published(client: FlaskClient) -> None:
    ready = client.get("/readyz").get_json()
    assert (ready["posts"], ready["comments"]) == (25, 32)
    count = page(client, "/").select_one("p.count")
    assert count is not None
    assert re.findall(r"\d+", count.get_text())[:2] == ["25", "32"]
