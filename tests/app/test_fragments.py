"""Hold that pages and fragments come from one place, and that everything works without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import Tag
from flask.testing import FlaskClient

from tests.app.sites import HTMX, TEAPOTS, Site, page, soup, texts

PAGES = (
    *("/", "/?page=2", "/posts/", "/posts/?tag=filler", "/tags/", "/tags/doom/", "/months/", "/months/2024/03/"),
    *(
        "/?page=2&from=1",
        "/posts/?order=discussed&tag=filler",
        "/months/?tag=DOOM",
        "/tags/?name=o",
        "/posts/?tag=missing",
    ),
    *("/users/", "/users/gull/", "/search", "/search?q=急須", "/search?q=ない言葉", "/search?tag=DOOM&color=any"),
    *(f"/{TEAPOTS}/", f"/{TEAPOTS}/details/1", f"/{TEAPOTS}/details/2?open=1", "/nowhere/", "/search?page=x"),
)
FRAGMENTS = (
    "/",
    "/posts/?tag=filler",
    "/tags/doom/",
    "/tags/?name=o",
    "/months/",
    "/search?q=急須",
    "/users/gull/",
    f"/{TEAPOTS}/details/1",
)
WHOLE: tuple[dict[str, str], ...] = (
    {},
    {**HTMX, "HX-Boosted": "true"},
    {**HTMX, "HX-History-Restore-Request": "true"},
    {"HX-Boosted": "true"},
    {"HX-Request": "false"},
)


@pytest.mark.parametrize("url", FRAGMENTS)
def test_htmx_gets_a_fragment(client: FlaskClient, url: str) -> None:
    response = client.get(url, headers=HTMX)
    assert response.status_code == 200
    assert soup(response.data).select("html, body, header.site") == []


@pytest.mark.parametrize("headers", WHOLE)
@pytest.mark.parametrize("url", FRAGMENTS)
def test_everybody_else_gets_a_whole_page(client: FlaskClient, url: str, headers: dict[str, str]) -> None:
    assert len(page(client, url, headers=headers).select("html > body > main#main")) == 1


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("url", [*FRAGMENTS, f"/{TEAPOTS}/", "/nowhere/", "/search?page=x"])
def test_vary_names_every_header_that_was_looked_at(client: FlaskClient, url: str, headers: dict[str, str]) -> None:
    vary = {name.strip().lower() for name in client.get(url, headers=headers).headers["Vary"].split(",")}
    assert {"hx-request", "hx-boosted", "hx-history-restore-request"} <= vary


@pytest.mark.parametrize("url", ["/posts/?tag=filler", "/search?q=急須", "/tags/doom/"])
def test_a_fragment_holds_what_the_page_holds(client: FlaskClient, url: str) -> None:
    whole = page(client, url).select_one("main .list")
    part = page(client, url, headers=HTMX).select_one(".list")
    assert whole is not None
    assert part is not None
    for chosen in (".item, .hit", ".chips", ".tags", "h1"):
        assert texts(part.select(chosen)) == texts(whole.select(chosen))


def test_a_fold_as_a_fragment_is_its_inside_and_nothing_else(client: FlaskClient) -> None:
    fragment = page(client, f"/{TEAPOTS}/details/1", headers=HTMX)
    assert len(fragment.select(".comment")) == 3
    assert "割れにくい" not in fragment.get_text()
    assert "二つ目" not in fragment.get_text()


def test_a_fold_as_a_page_is_the_post_with_that_fold_open(client: FlaskClient) -> None:
    whole = page(client, f"/{TEAPOTS}/details/1")
    assert [one["id"] for one in whole.select("details.fold[open]")] == ["fold-1"]
    assert len(whole.select("details.fold[open] .comment")) == 3
    assert len(whole.select(".comment")) == 6
    assert whole.select_one("link[rel=canonical]")["href"] == f"http://localhost/{TEAPOTS}/"  # type: ignore[index]


def test_several_folds_open_one_after_the_other_without_javascript(client: FlaskClient) -> None:
    first = page(client, f"/{TEAPOTS}/").select(".fold-link a")[1]["href"]
    second = page(client, str(first)).select_one("#fold-1 .fold-link a")
    assert second is not None
    whole = page(client, str(second["href"]))
    assert [one["id"] for one in whole.select("details.fold[open]")] == ["fold-1", "fold-2"]
    assert len(whole.select(".comment")) == 8


@pytest.mark.parametrize("wanted", ["99", "x", "-1", "1" * 50, "%00", "１", ""])
def test_folds_to_open_that_there_are_not_are_passed_over(client: FlaskClient, wanted: str) -> None:
    whole = page(client, f"/{TEAPOTS}/details/1?open={wanted}")
    assert [one["id"] for one in whole.select("details.fold[open]")] == ["fold-1"]


@pytest.mark.parametrize("n", ["0", "3", "999999", "9999999", "x", "1/2", "-1"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_fold_that_there_is_not_is_not_found(client: FlaskClient, n: str, headers: dict[str, str]) -> None:
    assert client.get(f"/{TEAPOTS}/details/{n}", headers=headers).status_code == 404


def actions(element: Tag) -> list[Tag]:
    """Return the real links and forms that an element is, or holds."""
    own = [element] if element.name in ("a", "form") else []
    return [*own, *element.select("a[href], form[action]")]


@pytest.mark.parametrize("url", PAGES)
def test_every_element_with_a_request_of_htmx_is_or_holds_a_real_link_or_form_there(
    client: FlaskClient, url: str
) -> None:
    whole = soup(client.get(url).data)
    # HTML knows no attributes but data-… of others; htmx reads them with that before its own names.
    assert not [name for element in whole.find_all() for name in element.attrs if name.startswith("hx-")]
    for element in whole.select("[data-hx-get], [data-hx-post], [data-hx-put], [data-hx-patch], [data-hx-delete]"):
        assert not any(element.has_attr(f"data-hx-{method}") for method in ("post", "put", "patch", "delete"))
        if element.get("id") == "progress":
            continue
        targets = {
            str(real.get("href") or real.get("action")).partition("#")[0].partition("?open=")[0]
            for real in actions(element)
        }
        assert str(element["data-hx-get"]) in targets, element


@pytest.mark.parametrize("url", PAGES)
def test_a_page_has_no_inline_script_or_style_and_asks_no_other_host(client: FlaskClient, url: str) -> None:
    whole = soup(client.get(url).data)
    assert whole.select("style, [style], base, iframe, object, embed") == []
    for script in whole.select("script:not([type='application/ld+json'])"):
        assert script.get("src")
        assert not script.get_text().strip()
    for element in whole.find_all(True):
        assert not [name for name in element.attrs if name.startswith(("on", "hx-on", "data-hx-on"))], element
    loaded = [
        str(element.get("src") or element.get("href"))
        for element in whole.select("script[src], img, link:not([rel=canonical], [rel=prev], [rel=next]), use")
    ]
    assert loaded
    assert [address for address in loaded if not address.startswith("/") or address.startswith("//")] == []


def test_no_template_imports_macros_with_context(root: Path) -> None:
    # Modules made for each request are garbage in cycles, and CPython 3.11 crashed while it collected them.
    templates = list((root / "templates").rglob("*.html"))
    assert [path for path in templates if "with context" in path.read_text(encoding="utf-8")] == []
    assert len(templates) > 20


@pytest.mark.parametrize("url", PAGES)
def test_every_link_of_a_page_to_the_site_itself_answers(client: FlaskClient, url: str) -> None:
    for link in soup(client.get(url).data).select("a[href]"):
        href = str(link["href"])
        if href.startswith("/"):
            assert client.get(href).status_code in (200, 302), f"{href} on {url}"


@pytest.mark.parametrize("url", PAGES)
def test_no_id_stands_twice_on_a_page(client: FlaskClient, url: str) -> None:
    ids = [element["id"] for element in soup(client.get(url).data).select("[id]")]
    assert len(ids) == len(set(ids))


def test_typing_in_the_search_box_makes_one_entry_of_history(client: FlaskClient) -> None:
    typing = {**HTMX, "HX-Source": "form#search"}
    first = client.get("/search?q=急", headers={**typing, "HX-Current-URL": "http://localhost/"})
    assert "q=" in first.headers["HX-Push-Url"]
    second = client.get(
        "/search?q=急須",
        headers={**typing, "HX-Current-URL": "http://localhost/search?q=急".encode().decode("latin-1")},
    )
    assert "q=" in second.headers["HX-Replace-Url"]
    assert "HX-Push-Url" not in second.headers


def test_an_answer_to_typing_does_not_write_over_the_field(client: FlaskClient) -> None:
    typing = page(client, "/search?q=急須", headers={**HTMX, "HX-Source": "form#search"})
    assert typing.select("#q") == []
    clicked = page(client, "/search?q=急須", headers={**HTMX, "HX-Source": "a"})
    assert [field["value"] for field in clicked.select("#q[data-hx-swap-oob]")] == ["急須"]


def test_an_error_comes_as_a_fragment_too(client: FlaskClient) -> None:
    response = client.get("/search?page=x", headers=HTMX)
    assert response.status_code == 400
    assert soup(response.data).select("html") == []
    assert "page=x" in response.text


def test_progress_is_a_fragment_for_htmx_and_leads_home_otherwise(sample: Site) -> None:
    client = sample.client()
    assert client.get("/progress").status_code == 302
    assert page(client, "/progress", headers=HTMX).select("#progress[data-hx-get]") == []
