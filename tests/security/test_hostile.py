"""Whatever is written in posts, comments, names and addresses: nothing of it runs, and readers see it as typed."""

from __future__ import annotations

import html
import json
import re
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from tests.security.conftest import HostileSite
from tests.security.hostile import EVERYTHING, LINKS, RUN, HostilePost
from tests.security.looking import Lookout, forms, letters

pytestmark = pytest.mark.browser

LEAST_SHOWN = 0.99
"""The share of the hostile texts whose letters stand in the page, one after the other, up to their marker."""

CANARIES = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}></svg>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "<img src='http://elsewhere.test/pixel.png'>",
    f"<input autofocus onfocus={RUN}>",
    f"<a data-hx-get='/posts/' data-hx-trigger='load' data-hx-on:htmx:before:request='{RUN}'>x</a>",
)
"""What a page of ours would do if a text got through."""

QUIET_CANARIES = (
    f"<a href='javascript:{RUN}'>x</a>",
    f"<a href='java\tscript:{RUN}'>x</a>",
    "<p style='position:fixed'>x</p>",
    "<style>p { color: red }</style>",
    "<base href='//elsewhere.test/'>",
    "<form action='/x' method=post></form>",
    "<form action='//elsewhere.test/' method=get></form>",
    "<p id=main>x</p>",
    "<p id='payload!'>x</p>",
    "<input name=attributes>",
    "<math><mi>x</mi></math>",
    "<svg><animate attributeName=href></animate></svg>",
    "<svg><foreignObject></foreignObject></svg>",
    "<object data=x></object>",
    "<embed src=x>",
    "<p onclick='x'>x</p>",
    "<meta http-equiv=refresh content='0;url=//elsewhere.test'>",
    "<template><script>x</script></template>",
    "<script src='//elsewhere.test/a.js'></script>",
    "<script type='application/ld+json'>{</script>",
    "<button data-hx-vals='js:{a:1}'>x</button>",
    "<a ping=/x>x</a>",
    "<link rel=stylesheet href='//elsewhere.test/a.css'>",
)
"""What stands in a page without doing anything by itself."""


@pytest.mark.parametrize("canary", CANARIES)
def test_the_lookout_tells_what_would_run(hostile: HostileSite, lookout: Lookout, canary: str) -> None:
    def let_through(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{canary}</main>"))

    lookout.page.route("**/posts/calm/", let_through)
    try:
        assert lookout.visit("/posts/calm/") != []
        for _ in range(100):
            if lookout.told:
                break
            lookout.page.wait_for_timeout(50)
        assert lookout.told != []
    finally:
        lookout.page.unroute("**/posts/calm/")
        lookout.told.clear()


@pytest.mark.parametrize("canary", QUIET_CANARIES)
def test_the_lookout_sees_what_no_text_may_make(lookout: Lookout, canary: str) -> None:
    page = f"<!doctype html><html lang=ja><head></head><body><main id=main><p>x</p>{canary}</main></body></html>"
    assert lookout.audit_sent(page) != []
    assert lookout.audit_sent(page.replace(canary, "")) == []


def test_nothing_runs_and_everything_is_shown_on_the_pages_of_posts(hostile: HostileSite, lookout: Lookout) -> None:
    found: list[str] = []
    missing: list[str] = []
    total = 0
    for post in (post for post in hostile.posts if post.places):
        found += lookout.visit(f"/{post.path}/")
        lookout.open_folds()
        found += [f"{post.path} with its folds: {one}" for one in lookout.audit()]
        text = lookout.shown()
        total += len(post.places)
        missing += [f"{kind}: {typed!r}" for kind, typed, marker in post.places if not is_shown(typed, marker, text)]
    assert found == []
    assert lookout.told == []
    assert len(missing) <= (1 - LEAST_SHOWN) * total, missing


def is_shown(typed: str, marker: str, text: str) -> bool:
    """Tell whether a text stands in a page directly before its marker; what became a link or picture, in parts."""
    if any(f"{form}{marker}" in text for form in forms(typed)):
        return True
    words = [letters(word) for word in re.findall(r"\w+", html.unescape(typed))]
    return typed in LINKS and marker in text and all(word in text for word in words)


def test_nothing_runs_on_lists_searches_users_and_errors(hostile: HostileSite, lookout: Lookout) -> None:
    found = [one for path in looked_at(hostile.posts) for one in lookout.visit(path)]
    assert found == []
    assert lookout.told == []


def looked_at(posts: list[HostilePost]) -> Iterator[str]:
    """Yield pages of every kind with hostile texts on them."""
    yield from ("/", "/posts/?page=2", "/posts/?page=5&from=1", "/tags/?all=1", "/users/", "/months/", "/help/search")
    yield from ("/search", "/search?group=off&sort=oldest", "/search?q=mark", "/search?color=any", "/?order=discussed")
    yield from (f"/{post.path}/" for post in posts[2:60:7] if not post.places)
    for n, text in enumerate(EVERYTHING[3::11]):
        words = quote(text.replace("\0", ""), safe="")
        yield f"/search?q={words}" if n % 2 else f"/no/such/{words}"


def test_nothing_gets_in_anywhere_by_any_address(hostile: HostileSite, lookout: Lookout) -> None:
    lookout.page.goto("/posts/calm/")
    addresses = [*by_address(), *of_posts(hostile)]
    assert len(addresses) > 600
    assert lookout.fetch(addresses) == []
    assert lookout.told == []


def by_address() -> Iterator[str]:
    """Yield addresses that say hostile texts themselves, each in three of the ways there are."""
    ways = (
        "/search?q={}",
        "/users/{}/",
        "/tags/{}/",
        "/posts/?tag={}",
        "/search?user={}&color={}",
        "/nothing/{}",
        "/users/?prefix={}",
        "/tags/?name={}",
        "/posts/calm/?q={}&view=thread",
        "/posts/calm/?user={}",
        "/search.atom?q={}",
        "/api/search?q={}&tag={}",
        "/search?post={}",
        "/search?month={}",
        "/search?after={}",
        "/posts/calm/{}",
        "/months/{}/",
        "/c/{}",
        "/api/posts/{}",
        "/posts/?page={}",
        "/search?sort={}&scope={}&group={}",
        "/posts/calm/?open={}&people={}",
        "/?order={}&from={}",
        "/static/{}",
        "/{}",
    )
    for n, text in enumerate(EVERYTHING):
        # A browser would read dots and slashes as parts of the path.
        words = quote(text, safe="").replace(".", "%2E") if len(text) < 400 else quote(text[:400], safe="")
        for way in (ways[0], *(ways[(n + step) % len(ways)] for step in (1, 13))):
            yield way.replace("{}", words)


def of_posts(hostile: HostileSite) -> Iterator[str]:
    """Yield what else is there of the hostile posts: feeds, JSON, fragments, menus, pages of their users and tags."""
    yield from ("/index.xml", "/index.atom", "/posts/index.xml", "/tags/index.xml", "/tags/index.atom", "/search.atom")
    yield from (
        "/sitemap.xml",
        "/opensearch.xml",
        "/robots.txt",
        "/api/posts",
        "/api/search?q=mark",
        "/months/index.atom",
    )
    for post in hostile.posts[:30]:
        yield f"/api/{post.path}"
        yield from (f"/{post.path}/details/{n}" for n in range(1, post.folds + 1))
    with urllib.request.urlopen(f"{hostile.base}/api/{hostile.posts[0].path}", timeout=30) as answer:
        comments = json.load(answer)["comments"]
    for comment in comments:
        yield from (f"/c/{comment['id']}{end}" for end in ("/menu", "/similar", "/body", "/around"))
        yield f"/users/{quote(comment['user'], safe='')}/"
        yield f"/api/comments/{comment['id']}"


@pytest.mark.parametrize("path", ["/search", "/", "/posts/calm/", "/users/", "/tags/"])
def test_nothing_runs_while_a_reader_types_it(lookout: Lookout, path: str) -> None:
    lookout.visit(path)
    field = lookout.page.locator("main input[type=search]")
    field = field.first if field.count() else lookout.page.locator("#q")
    for text in EVERYTHING[::41]:
        with lookout.page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true") as waited:
            field.fill(text.replace("\n", " ").replace("\r", " ").strip("\0")[:200] + path[1:3])
        waited.value.finished()
        expect(lookout.page.locator(".htmx-request")).to_have_count(0)
        assert lookout.audit() == []
    lookout.page.keyboard.press("Enter")
    lookout.page.wait_for_load_state("load")
    assert lookout.told == []


def test_nothing_that_is_printed_controls_a_terminal_or_forges_a_line(hostile: HostileSite) -> None:
    check, doctor = hostile.flask("check"), hostile.flask("doctor")
    assert check.returncode == 1
    said = {
        "check": check.stdout + check.stderr,
        "doctor": doctor.stdout + doctor.stderr,
        "index": hostile.indexing,
        "server": hostile.log.read_text(encoding="utf-8"),
    }
    for name, text in said.items():
        assert len(text) > 500, name
        assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text) == [], name
        assert not [line for line in text.split("\n") if line.startswith("ERROR: forged")], name
        assert "Traceback" not in text, name
