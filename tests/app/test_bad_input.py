"""Hold that no address and no content file, however bad, brings the site down: helpful pages, never a 500."""

from __future__ import annotations

import os
from urllib.parse import quote as percent

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.app.sites import TEAPOTS, Site, page, post_text, quote, soup

LISTS = (
    "/",
    "/posts/",
    "/search",
    "/tags/doom/",
    "/months/2024/03/",
    "/users/",
    "/users/gull/",
    "/api/search",
    "/api/posts",
)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("page=x", 400),
        ("page=0", 400),
        ("page=-1", 400),
        ("page=1.5", 400),
        ("page=1e3", 400),
        ("page=２", 400),
        ("page=99", 404),
        ("page=999999999", 404),
        ("page=99999999999999999999999999", 400),
        ("after=tomorrow", 400),
        ("before=2024-02-30", 400),
        ("after=0000-00-00", 400),
        ("color=red", 400),
        ("color=%23fff;}", 400),
        ("sort=sideways", 400),
        ("scope=world", 400),
        ("tag=" + "x" * 301, 400),
        ("month=" + "9" * 301, 400),
        ("&".join(f"tag={n}" for n in range(21)), 400),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(client: FlaskClient, path: str, query: str, status: int) -> None:
    response = client.get(f"{path}?{query}")
    assert response.status_code == status
    assert query.split("=")[0] in response.text


@pytest.mark.parametrize("path", ["/search", "/api/search", "/posts/", "/users/gull/"])
def test_a_query_of_a_thousand_characters_is_read_and_a_longer_one_is_too_long(client: FlaskClient, path: str) -> None:
    assert client.get(path, query_string={"q": "あ" * 1000}).status_code in (200, 302)
    response = client.get(path, query_string={"q": "あ" * 1001})
    assert response.status_code == 413
    assert "1000" in response.text


@pytest.mark.parametrize(
    "q",
    [
        "*",
        "?",
        '"',
        '""',
        "-",
        "--",
        "OR",
        "OR OR",
        "a OR",
        "user:",
        "tag:",
        "after:never",
        "(",
        ")",
        "[a TO b]",
        "\\",
        "%",
        "_",
        "'",
        "; DROP TABLE posts",
        "\0",
        "\ud800",
        "\uffff",
        "\u202e",
        "a" * 1000,
        "あ " * 400,
        '"' * 999,
        "-a " * 300,
        "～",
        "𠮷野家",
        "👨‍👩‍👧‍👦",
        "ｶﾞｷﾞ",
        "<script>",
        "{{< x >}}",
    ],
)
def test_any_words_are_a_search(client: FlaskClient, q: str) -> None:
    for path in ("/search", "/api/search"):
        response = client.get(path, query_string={"q": q.encode("utf-8", "surrogatepass")})
        assert response.status_code in (200, 400), q


@pytest.mark.parametrize(
    "path",
    [
        "/posts/../../etc/passwd",
        "/posts/%2e%2e/%2e%2e/etc/passwd",
        "/posts/..%2f..%2fetc/passwd",
        "/assets/../../../etc/passwd",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/assets/.hidden",
        "/assets/",
        "/assets/%00",
        "/static/../wsgi.py",
        "/static/..%2fwsgi.py",
        f"/{TEAPOTS}/../2024_03_05_teapots/index.md",
        f"/{TEAPOTS}/index.md",
        f"/{TEAPOTS}/..%2f2024_03_20_lighthouse.md",
        f"/{TEAPOTS}/cover.png%00.html",
        f"/{TEAPOTS}/cover.png/",
        f"/{TEAPOTS}/%2fetc%2fpasswd",
        f"/{TEAPOTS}\\cover.png",
        "/posts/%00/",
        "/posts/%ff%fe/",
        "/posts/%",
        "/posts/%zz/",
        "/posts//",
        "/posts///2024_03/",
        "/posts/" + "a" * 5000 + "/",
        "/posts/" + "a/" * 2000,
        "/posts/" + percent("あ" * 1000) + "/",
        "/tags/%00/",
        "/tags/%ff/",
        "/tags//",
        "/tags/../",
        "/tags/" + "x" * 3000 + "/",
        "/months/2024/13/",
        "/months/%/",
        "/users/%00/",
        "/users/%ff/",
        "/users/%20/",
        "/users//",
        "/users/" + "x" * 3000 + "/",
        "/c/",
        "/c/%00",
        "/c/..",
        "/api/posts/",
        "/api/posts/%00",
        "/api/posts/../x",
        "/api/comments/",
        "/api/comments/%ff",
        "/.env",
        "/.git/config",
        "/wp-login.php",
        "/index.php",
        "/%",
        "/%00",
        "/\u202e",
        "/posts/index.xml/",
        "/tags/nothing/index.xml",
    ],
)
def test_an_address_of_nothing_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(
        [
            "/",
            "/posts/",
            "/tags/",
            "/months/",
            "/users/",
            "/c/",
            "/assets/",
            "/api/posts/",
            "/api/comments/",
            f"/{TEAPOTS}/",
        ]
    ),
    st.text(max_size=30) | st.binary(max_size=20),
    st.dictionaries(
        st.sampled_from(["q", "tag", "month", "user", "page", "after", "color", "post", "open"]),
        st.text(max_size=20),
        max_size=3,
    ),
)
def test_no_address_whatever_is_an_error_of_ours(
    client: FlaskClient, root: str, rest: str | bytes, query: dict[str, str]
) -> None:
    encoded = rest.encode("utf-8", "surrogatepass") if isinstance(rest, str) else rest
    values = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    assert client.get(root + percent(encoded), query_string=values).status_code < 500


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/", "/search", "/posts/", f"/{TEAPOTS}/", "/c/x", "/api/search", "/healthz", "/static/css/site.css"]
)
def test_methods_that_change_things_are_refused(client: FlaskClient, method: str, path: str) -> None:
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/search?q=急須", f"/{TEAPOTS}/", "/api/search", "/index.xml"])
def test_head_answers_like_get_without_a_body(client: FlaskClient, path: str) -> None:
    response = client.head(path)
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true", "HX-Current-URL": "http://[broken"},
        {"HX-Request": "true", "HX-Current-URL": "x" * 5000, "HX-Source": "form#search"},
        {"HX-Request": "maybe"},
        {"Host": "evil.example"},
        {"If-None-Match": '"x", W/"y", *'},
        {"If-Modified-Since": "yesterday"},
        {"Range": "bytes=5-1"},
        {"Accept-Language": "\x01"},
        {"Cookie": "a=b; ;;; =; \xff"},
    ],
)
def test_strange_headers_do_no_harm(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/", "/search?q=急須", f"/{TEAPOTS}/details/1"):
        assert client.get(path, headers=headers).status_code in (200, 304)


def test_broken_files_are_reported_and_the_rest_of_the_site_is_served(site: Site) -> None:
    good = post_text("よい記事", quote("よい発言"))
    for name in ("one", "two"):
        site.write(f"posts/{name}.md", good.replace("よい", f"よい{name}"))
    site.write("posts/unclosed/index.md", good + '{{< details summary="s" >}}\n')
    site.write("posts/toml.md", "+++\ntitle = \n+++\n")
    site.write("posts/latin.md", b"+++\ntitle = '\xe9'\n+++\n")
    site.write("posts/none.md", "")
    (site.content / "posts/folder/index.md").mkdir(parents=True)
    os.mkfifo(site.content / "posts/pipe.md")
    (site.content / "posts/gone.md").symlink_to("nowhere.md")
    huge = site.write("posts/huge.md", "+++\n")
    os.truncate(huge, 50_000_000)
    report = site.index()
    assert report.added == 2
    assert {(fault.path.removeprefix("posts/"), fault.code) for fault in report.faults} == {
        ("unclosed/index.md", "shortcode-unclosed"),
        ("toml.md", "front-matter"),
        ("latin.md", "encoding"),
        ("none.md", "front-matter"),
        ("folder/index.md", "unreadable"),
        ("pipe.md", "unreadable"),
        ("gone.md", "unreadable"),
        ("huge.md", "unreadable"),
    }
    client = site.client()
    assert client.get("/posts/one/").status_code == client.get("/posts/two/").status_code == 200
    assert len(page(client, "/").select(".item")) == 2
    assert client.get("/posts/huge/").status_code == 404


def test_faults_are_logged_with_file_and_line(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.write("posts/a.md", post_text("本") + '\n{{< details summary="s" >}}\n')
    site.app()
    with caplog.at_level("WARNING", logger="matome"):
        site.index()
    assert any(record.getMessage().startswith("posts/a.md:8:1: shortcode-unclosed: ") for record in caplog.records)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "<svg><script>alert(1)</script></svg>",
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}",
    "{% raw %}",
    "&lt;script&gt;",
    "<!-- comment -->",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<plaintext>",
    "]]></description><script>alert(1)</script>",
]


def test_hostile_text_in_every_place_is_shown_and_never_run(site: Site) -> None:
    for n, text in enumerate(HOSTILE):
        body = [text, quote(f"目印{n} {text}", f"{text}{n}", color=text)]
        site.write(f"posts/p{n:02d}.md", post_text(f"{text} {n}", *body, tags=[f"{text}{n}"], description=text))
    client = site.indexed()
    for n, text in enumerate(HOSTILE):
        post = page(client, f"/posts/p{n:02d}/")
        assert post.select_one("h1").get_text() == f"{text} {n}"  # type: ignore[union-attr]
        assert text.replace("&lt;", "<").replace("&gt;", ">") in post.select_one(".comment .body").get_text()  # type: ignore[union-attr]
        assert post.select_one(".comment .user").get_text() == f"{text}{n}"  # type: ignore[union-attr]
    urls = [f"/posts/p{n:02d}/" for n in range(len(HOSTILE))]
    for url in [
        *urls,
        "/",
        "/tags/",
        "/users/",
        "/search",
        "/search?q=目印",
        *(f"/search?q={percent(text)}" for text in HOSTILE),
    ]:
        whole = soup(client.get(url).data)
        scripts = whole.select("script:not([type='application/ld+json'])")
        assert all(str(script.get("src", "")).startswith("/static/") for script in scripts), url
        assert whole.select("body meta, plaintext, iframe, [onerror], [onmouseover], [href^='javascript' i]") == [], url
    feed = client.get("/index.xml")
    assert "<script>" not in feed.text
