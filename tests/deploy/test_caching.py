"""What nginx keeps: never old for longer than promised, never a fragment for a page, never an error, as clients ask."""

from __future__ import annotations

import gzip
import itertools
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from matome_app.web.conditional import FRESH, WHILE_ASKING
from tests.deploy.running import Answer, Running, running

PROMISED = FRESH + WHILE_ASKING + 2
"""Seconds: nginx counts whole ones, so that each of the two may last almost one longer."""

POST = "/posts/2026_08/2026_08_08_tea_temperature/"
FILE = "posts/2026_08/2026_08_08_tea_temperature.md"
FOLD: Final[dict[str, Any]] = {"HX_Request": "true"}


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run some of the sample posts, of which every edit comes in at once."""
    folder = tmp_path_factory.mktemp("caching")
    content = folder / "content"
    for part in ("2026_08", "2026_09"):
        shutil.copytree(root / "content/posts" / part, content / "posts" / part)
    with running(
        folder / "site", content=content, settings={"MATOME_WATCH": "1"}, search_burst=1000, workers=1
    ) as site:
        yield site


def wait_for(site: Running, path: str, holds: Callable[[Answer], bool]) -> None:
    """Wait until the application itself answers so."""
    until = time.monotonic() + 60
    while not holds(site.ask_app(path)):
        assert time.monotonic() < until, f"{path} did not change"
        time.sleep(0.02)


def edit(site: Running, title: str) -> None:
    """Change the title of the post, and wait until the application has it."""
    path = site.content / FILE
    text = re.sub("(?m)^title = .*$", f"title = '{title}'", path.read_text(encoding="utf-8"))
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
    wait_for(site, POST, lambda answer: title in answer.text)


def test_a_page_is_kept_for_a_moment_and_then_asked_for_by_its_tag(site: Running) -> None:
    first, second = site.get("/months/"), site.get("/months/")
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert first.body == second.body
    assert second.headers["Cache-Control"] == "no-cache"
    time.sleep(PROMISED)
    later = site.get("/months/")
    assert later.headers["X-Cache"] == "REVALIDATED"
    assert later.headers["Cache-Control"] == "no-cache"
    assert later.body == first.body


def test_after_the_promised_seconds_not_even_the_first_reader_gets_an_old_page(site: Running) -> None:
    assert site.get(POST).status == 200
    edit(site, "unasked meanwhile")
    time.sleep(PROMISED)
    assert "unasked meanwhile" in site.get(POST).text


def test_a_page_that_is_asked_for_all_the_time_is_new_within_the_promised_seconds(site: Running) -> None:
    site.get(POST)
    edit(site, "asked all the time")
    changed = time.monotonic()
    newest = None
    while time.monotonic() - changed < PROMISED + 1:
        asked = time.monotonic()
        if "asked all the time" in site.get(POST).text:
            newest = newest or asked
        else:
            assert asked - changed < PROMISED
            assert newest is None, "an old page came after a new one"
        time.sleep(0.02)
    assert newest is not None


def test_errors_are_not_kept(site: Running) -> None:
    for path, status in (("/nothing-there", 404), ("/search?page=none", 400), ("/search?sort=none", 400)):
        answers = [site.get(path) for _ in range(3)]
        assert {answer.status for answer in answers} == {status}, path
        assert {answer.headers["X-Cache"] for answer in answers} == {"MISS"}, path


def test_what_holds_for_this_moment_only_is_not_kept(site: Running) -> None:
    for path in ("/healthz", "/readyz", "/progress", "/metrics"):
        site.get(path)
        assert site.get(path).headers["X-Cache"] is None, path


def test_typing_is_never_answered_from_what_is_kept(site: Running) -> None:
    typed = {**FOLD, "HX_Source": "form#search", "HX_Target": "main#main", "HX_Current_URL": f"{site.url}/search"}
    for _ in range(2):
        answer = site.get("/search?q=a", **typed)
        assert answer.headers["X-Cache"] is None
        assert answer.headers["HX-Replace-Url"] == "/search?q=a"


def is_page(text: str) -> bool:
    """Tell a whole page from a fragment."""
    return text.lstrip().lower().startswith("<!doctype html>")


def test_no_fragment_is_served_as_a_page_nor_a_page_as_a_fragment(site: Running) -> None:
    values = {
        "HX_Request": (None, "true", "TRUE", "false", "true|true|"),
        "HX_Boosted": (None, "true", "false", "x|true"),
        "HX_History_Restore_Request": (None, "true", "True"),
        "HX_Target": (None, "section#posts", "main#main", "page posts"),
        "HX_Source": (None, "form#search", "a#posts"),
    }
    asked: list[tuple[str, dict[str, Any]]] = [
        (path, {name: value for name, value in zip(values, chosen, strict=True) if value is not None})
        for path in ("/posts/", "/search?q=a", POST)
        for chosen in itertools.product(*values.values())
    ]
    order = random.Random(7)
    for path, headers in order.sample(asked, 250):
        wants = (
            headers.get("HX_Request", "").lower() == "true"
            and headers.get("HX_Boosted", "").lower() != "true"
            and headers.get("HX_History_Restore_Request", "").lower() != "true"
        )
        answer = site.get(path, **headers)
        assert answer.status == 200
        assert is_page(answer.text) is not wants, (path, headers)


def test_a_fragment_through_nginx_is_what_the_application_answers(site: Running) -> None:
    for headers in (FOLD, {**FOLD, "HX_Target": "section#posts"}, {**FOLD, "HX_Source": "form#search"}):
        for path in ("/posts/", "/tags/", "/users/"):
            answer = site.get(path, **headers)
            own = site.ask_app(path, host=site.deployment.public_host, **headers)
            assert answer.body == own.body, (path, headers)


def test_clients_cannot_make_keys_without_end(site: Running) -> None:
    site.get("/tags/", **FOLD)
    for n in range(5):
        more: dict[str, Any] = {
            "HX_Target": f"t{n}",
            "HX_Trigger": f"t{n}",
            "HX_Boosted": f"b{n}",
            "User_Agent": f"u{n}",
        }
        assert site.get("/tags/", **FOLD, **more).headers["X-Cache"] in ("HIT", "STALE", "UPDATING", "REVALIDATED")


def test_who_has_a_page_is_told_so(site: Running) -> None:
    page = site.get("/users/")
    for tag in (page.headers["ETag"], f'"other", {page.headers["ETag"]}'):
        answer = site.get("/users/", If_None_Match=tag)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["ETag"] == page.headers["ETag"]
        assert answer.headers["Cache-Control"] == "no-cache"
    assert site.get("/users/", If_None_Match='W/"other"').status == 200
    assert site.get("/users/", If_None_Match=page.headers["ETag"], **FOLD).status == 200


def test_encodings_are_not_mixed(site: Running) -> None:
    plain = site.get("/posts/").body
    for _ in range(2):
        packed = site.get("/posts/", Accept_Encoding="gzip")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain
        again = site.get("/posts/", Accept_Encoding="identity")
        assert again.headers["Content-Encoding"] is None
        assert again.body == plain
    assert "Accept-Encoding" in ", ".join(packed.headers.get_all("Vary", []))


def test_heads_and_ranges_of_what_is_kept(site: Running) -> None:
    head = site.get("/help/search", method="HEAD")
    page = site.get("/help/search")
    assert (head.status, head.body) == (200, b"")
    assert page.headers["X-Cache"] == "HIT"
    assert int(head.headers["Content-Length"]) == len(page.body)
    piece = site.get("/help/search", Range="bytes=0-14")  # of a page there are no pieces, cached or not
    assert (piece.status, piece.body) == (200, page.body)


def test_other_methods_reach_the_application(site: Running) -> None:
    assert site.get("/posts/", method="POST").status == 405
    assert site.get("/posts/", method="DELETE").status == 405


def test_pages_are_served_while_the_application_is_down_then_a_readable_503(site: Running) -> None:
    gone = publish_and_remove(site, "soon_gone")
    kept, then = site.get(POST), time.monotonic()
    site.stop_app()
    try:
        time.sleep(max(0.0, then + PROMISED - time.monotonic()))
        answer = site.get(POST)
        assert (answer.status, answer.body, answer.headers["X-Cache"]) == (200, kept.body, "STALE")
        assert not is_page(site.get(POST, **FOLD).text)
        assert site.get(gone).status == 404, "what was taken away came back"
        never = site.get("/search?q=never-asked")
        assert never.status == 503
        assert int(never.headers["Retry-After"]) > 0
        assert never.headers["Cache-Control"] == "no-store"
        assert is_page(never.text)
        assert "/static/css/site.css" in never.text
        assert site.get("/static/css/site.css").status == 200
        icon = site.get("/favicon.ico")
        assert (icon.status, icon.headers.get_content_type()) == (200, "image/x-icon")
        json = site.get("/api/search?q=never-asked")
        assert (json.status, json.headers.get_content_type()) == (503, "application/json")
    finally:
        site.start_app()
        site.wait_until_ready()
    assert site.get("/search?q=never-asked").status == 200
    assert site.get(POST).headers["X-Cache"] in ("REVALIDATED", "EXPIRED")


def publish_and_remove(site: Running, name: str) -> str:
    """Publish a post, have nginx keep it, and take it away; return its address, at which nginx has noticed."""
    path, address = site.content / f"posts/2026_08/{name}.md", f"/posts/2026_08/{name}/"
    path.write_text((site.content / FILE).read_text(encoding="utf-8"), encoding="utf-8")
    wait_for(site, address, lambda answer: answer.status == 200)
    assert site.get(address).status == 200
    path.unlink()
    wait_for(site, address, lambda answer: answer.status == 404)
    until = time.monotonic() + PROMISED
    while site.get(address).status == 200:
        assert time.monotonic() < until
        time.sleep(0.05)
    return address
