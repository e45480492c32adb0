"""The audit itself: what it reads out of its judges' answers, and that it can fail."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.lighthouse import CATEGORIES, METRICS, Run, Verdict, read_run
from audit.nu import Checked, Message, linked, read_messages
from audit.pages import Chosen, Judged, choose, pages_to_check, pages_to_judge
from audit.report import LEAST_SCORE, Audit, shortcomings, write
from audit.tools import NODE_AT_LEAST, find_node, read_version
from matome_app import create_app, ingest
from matome_app.web.context import KEY

CONTENT = Chosen(
    30,
    900,
    "posts/2026_05/kettles",
    44,
    "急須",
    "急須",
    "2026/05",
    "kappa",
    "abcdefghijklmnop",
    "kappa",
    "posts/2026_05/kettles",
)


def answer(**scores: float | None) -> dict[str, Any]:
    """Return what Lighthouse answers, with all points but in the categories named."""
    audits: dict[str, Any] = {name: {"title": name, "score": 1, "displayValue": "1.0 s"} for name in METRICS}
    audits["is-crawlable"] = {"title": "Page is blocked from indexing", "score": scores.get("seo", 1)}
    references: dict[str, list[dict[str, Any]]] = {name: [] for name in CATEGORIES}
    references |= {"seo": [{"id": "is-crawlable", "weight": 4}]}
    categories = {name: {"score": scores.get(name, 1), "auditRefs": references[name]} for name in CATEGORIES}
    return {"categories": categories, "audits": audits, "environment": {"benchmarkIndex": 1500}}


def made_audit(*runs: Run, messages: tuple[Message, ...] = ()) -> Audit:
    """Return an audit of one page, judged by the runs."""
    verdicts = [Verdict(Judged("home", "/"), list(runs or [read_run(answer())]))]
    return Audit(CONTENT, {"Lighthouse": "13.5.0"}, Checked(["home"], list(messages)), verdicts)


def test_nothing_falls_short_where_all_is_well() -> None:
    assert shortcomings(made_audit()) == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_score_below_the_promise_falls_short(category: str) -> None:
    name = {"best-practices": "good practice", "seo": "SEO"}.get(category, category)
    enough, less = (read_run(answer(**{category: score})) for score in (LEAST_SCORE / 100, LEAST_SCORE / 100 - 0.01))
    assert shortcomings(made_audit(enough)) == []
    (found,) = shortcomings(made_audit(less))
    assert found.startswith(f"home: {name} {LEAST_SCORE - 1} of {LEAST_SCORE}")


def test_the_score_is_the_median_of_the_runs() -> None:
    low, high = read_run(answer(performance=0.5)), read_run(answer())
    assert shortcomings(made_audit(low, high, high)) == []
    assert len(shortcomings(made_audit(low, low, high))) == 1


def test_what_cost_points_is_named() -> None:
    (found,) = shortcomings(made_audit(read_run(answer(seo=0.6))))
    assert "Page is blocked from indexing" in found


def test_a_category_without_a_score_was_not_judged() -> None:
    with pytest.raises(ValueError, match="no score for seo"):
        read_run(answer(seo=None))


def test_an_error_in_the_html_falls_short_and_a_warning_is_listed(tmp_path: Path) -> None:
    error = Message("home", "error", "Duplicate ID “q”.", '<input id="q">')
    warning = Message("post", "warning", "Article lacks heading.", "<article>", times=3)
    audit = made_audit(messages=(error, warning))
    assert shortcomings(audit) == ["Duplicate ID “q”. (home)"]
    text = write(audit, tmp_path).read_text(encoding="utf-8")
    assert "1 documents, 1 errors, 3 warnings" in text
    assert "- Article lacks heading. (post)" in text


def test_an_audit_that_looked_at_nothing_is_no_success() -> None:
    nothing = replace(made_audit(), checked=Checked([], []), verdicts=[])
    assert shortcomings(nothing) == ["no page was checked", "no page was judged"]


def test_the_report_has_a_row_of_scores_for_each_page_and_marks_those_that_fall_short(tmp_path: Path) -> None:
    text = write(made_audit(read_run(answer(performance=0.9))), tmp_path).read_text(encoding="utf-8")
    assert "| home | **90** | 100 | 100 | 100 | 1.0 s |" in text
    assert "30 posts with 900 comments" in text
    assert "Lighthouse 13.5.0" in text


def test_what_is_left_out_for_a_page_is_said_with_its_reason(tmp_path: Path) -> None:
    pages = pages_to_judge(CONTENT)
    skipping = [page for page in pages if page.skipped]
    assert [page.path.partition("?")[0] for page in skipping] == ["/search"]
    assert any(page.path == "/search" and not page.skipped for page in pages)
    verdict = Verdict(skipping[0], [read_run(answer())])
    text = write(replace(made_audit(), verdicts=[verdict]), tmp_path).read_text(encoding="utf-8")
    assert "`is-crawlable` is left out for search results" in text


def test_the_checkers_messages_are_counted_by_page_and_text(tmp_path: Path) -> None:
    said = {"type": "error", "message": "Stray end tag “p”.", "url": f"file:{tmp_path}/01.html", "extract": "a\n </p>"}
    info = {
        "type": "info",
        "subType": "warning",
        "message": "Article lacks heading.",
        "url": f"file:{tmp_path}/02.html",
    }
    found = read_messages(
        {"messages": [said, said, info]}, {tmp_path / "01.html": "home", tmp_path / "02.html": "post"}
    )
    assert found == [
        Message("home", "error", "Stray end tag “p”.", "a </p>", 2),
        Message("post", "warning", "Article lacks heading.", ""),
    ]


def test_css_that_the_checker_does_not_know_is_listed_and_other_css_counts(tmp_path: Path) -> None:
    texts = ("CSS: “container”: Property “container” doesn't exist.", "CSS: Parse Error.")
    said = [{"type": "error", "message": text, "url": f"file:{tmp_path}/a.css"} for text in texts]
    found = read_messages({"messages": said}, {tmp_path / "a.css": "site.css"})
    assert [message.level for message in found] == ["warning", "error"]


def test_style_sheets_and_drawn_pictures_of_this_site_are_read_too() -> None:
    html = '<link href="/static/css/site.css"><img src="/images/a.svg"><img src="/b.webp"><a href="//other/x.svg">'
    assert linked(html) == ["/static/css/site.css", "/images/a.svg"]


def test_every_page_to_check_answers_as_it_should(root: Path, tmp_path: Path) -> None:
    app = create_app({"BUILD": False, "DATA_DIR": str(tmp_path), "CONTENT_DIR": str(root / "content")})
    ingest.run(app.extensions[KEY].settings)
    chosen = choose(app.extensions[KEY].reader().generation.folder / "matome.sqlite3")
    client = app.test_client()
    answers = {kind.path: client.get(kind.path).status_code for kind in pages_to_check(chosen)}
    assert answers == {kind.path: kind.status for kind in pages_to_check(chosen)}
    assert chosen.post_comments > 20
    with pytest.raises(LookupError):
        choose(app.extensions[KEY].reader().generation.folder / "matome.sqlite3", "posts/none")


def test_versions_are_compared_as_numbers() -> None:
    assert read_version("v22.19.0") == (22, 19, 0) >= NODE_AT_LEAST > read_version("v22.9.0")
    assert read_version("Chromium 156.0.1 built on Debian") == (156, 0, 1)
    assert read_version("none") == ()


def test_an_old_node_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("v18.20.4", "v22.19.0"):
        node = tmp_path / version / "node"
        node.parent.mkdir()
        node.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
        node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/v22.19.0:{os.environ['PATH']}")
    assert find_node() == str(tmp_path / "v22.19.0/node")
    monkeypatch.setenv("PATH", f"{tmp_path}/v18.20.4:{os.environ['PATH']}")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Exception, match=r"needs Node 22\.19 or newer"):
        find_node()


def test_make_asks_for_the_node_that_the_audit_looks_for(root: Path) -> None:
    asked = re.search(r"NODE_AT_LEAST=(\S+) scripts/npm.sh", (root / "Makefile").read_text(encoding="utf-8"))
    assert asked is not None
    assert read_version(asked[1]) == NODE_AT_LEAST


def test_the_lock_of_the_judges_pins_them_by_content_and_names_no_registry(root: Path) -> None:
    text = (root / "audit/package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert {"node_modules/lighthouse", "node_modules/vnu-jar"} <= set(packages)
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "resolved" not in text
