"""Hold the page of search hints: the readers' part of the document; its examples are searches that do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from matome_app.search.params import MAX_QUERY
from matome_app.search.query import FIELDS, MAX_TERMS, parse
from matome_app.web import help as help_page
from tests.app.sites import Site, page, post_text, texts
from tests.app.sites import quote as comment


def examples(client: FlaskClient) -> dict[str, str]:
    """Return the queries of the examples with the addresses they lead to."""
    links = page(client, "/help/search").select("main a:has(> code)")
    return {link.get_text(): str(link["href"]) for link in links}


def test_readers_see_their_part_of_the_document_alone(client: FlaskClient, root: Path) -> None:
    shown = page(client, "/help/search")
    document = (root / "docs/search.md").read_text(encoding="utf-8")
    readers = document[: document.index("## For developers")]
    assert texts(shown.select("main h1, main h2")) == re.findall(r"^##? (.+)$", readers, re.MULTILINE)
    assert "For developers" not in shown.get_text()
    assert "For developers" in document


def test_every_example_is_a_search_that_answers(client: FlaskClient) -> None:
    found = examples(client)
    assert len(found) > 20
    for q, url in found.items():
        assert parse_qs(urlsplit(url).query) == {"q": [q]}
        assert urlsplit(url).path == "/search"
        assert page(client, url).select_one(".chip") is not None, q


def test_examples_are_read_as_the_hints_say(client: FlaskClient) -> None:
    kinds = {q: [group.kind for group in parse(q).groups] for q in examples(client)}
    assert kinds["Rust メモリ"] == ["word", "word"]
    assert kinds['"メモリ安全"'] == ["phrase"]
    assert kinds["Rust OR Go メモリ"] == ["or", "word"]
    assert kinds["*"] == kinds["?"] == kinds["C++"] == kinds[".NET"] == ["word"]
    shown = {kind for found in kinds.values() for kind in found}
    assert shown == {"word", "phrase", "or", "not", *FIELDS}
    for q, found in kinds.items():
        assert ("not" in found) == ("-" in re.sub(r"\d-\d", "", q)), q


def test_the_bounds_in_the_hints_are_those_of_the_search(client: FlaskClient) -> None:
    shown = page(client, "/help/search").get_text()
    assert f"言葉は{MAX_TERMS}個" in shown
    assert f"{MAX_QUERY:,}文字" in shown


def test_examples_speak_of_people_tags_and_months_of_this_site(client: FlaskClient) -> None:
    found = examples(client)
    assert {"user:gull", "tag:filler", "month:2024/04", "after:2024-04-01"} <= set(found)
    for q in ("user:gull", "tag:filler", "month:2024/04"):
        assert page(client, found[q]).select(".hit"), q


@pytest.mark.parametrize("name", ['a"b', "C# fan", "`x`", "<b>", "a|b", "*x*", "\\"])
def test_names_that_an_example_cannot_hold_are_not_used_in_one(site: Site, name: str) -> None:
    site.write("posts/a.md", post_text("題", comment("一言", name), tags=[name]))
    found = examples(site.indexed())
    assert f"user:{help_page.USER}" in found
    assert f"tag:{help_page.TAG['ja']}" in found


def test_the_hints_are_there_before_anything_is_indexed(site: Site) -> None:
    client = site.client()
    assert f"month:{help_page.MONTH}" in examples(client)


def test_without_the_document_there_is_no_such_page(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(help_page.HINTS, "ja", tmp_path / "search.md")
    assert "検索" in page(client, "/help/search", status=404).get_text()


def shape(document: str) -> list[str]:
    """Return what a document is made of, line by line: headings by their depth, rows, items, paragraphs, keys."""
    readers = document.partition(help_page.END)[0]
    kinds = [re.match(r"#+|\||-|\S|$", line) for line in readers.splitlines()]
    keys = re.findall("<kbd>.</kbd>", readers)
    return [
        kind[0] if kind and kind[0].strip("0123456789") in ("#", "##", "|", "-", "") else "text" for kind in kinds
    ] + keys


def test_the_english_hints_say_as_much_as_the_japanese_ones() -> None:
    japanese, english = (help_page.HINTS[language].read_text(encoding="utf-8") for language in ("ja", "en"))
    assert shape(japanese) == shape(english)


def test_the_examples_of_the_english_hints_are_searches_as_well(sample: Site) -> None:
    english = sample.client(LANGUAGE="en")
    found = examples(english)
    assert len(found) > 20
    assert {"user:gull", "tag:filler", "month:2024/04"} <= set(found)
    kinds = {q: [group.kind for group in parse(q).groups] for q in found}
    assert {kind for one in kinds.values() for kind in one} == {"word", "phrase", "or", "not", *FIELDS}
    shown = page(english, "/help/search").get_text()
    assert f"up to {MAX_TERMS} words and {MAX_QUERY:,} characters" in shown


@pytest.mark.parametrize("url", ["/", "/search?q=急須", "/help/search"])
def test_every_page_leads_to_the_hints(client: FlaskClient, url: str) -> None:
    assert page(client, url).select_one("footer a[href='/help/search']") is not None
