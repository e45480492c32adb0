"""axe-core finds nothing on any kind of page: WCAG 2.2 AA and the good practices of landmarks and headings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.kinds import KINDS, visit
from tests.browser.watching import Site

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = [360, 1440]
RUN = """async (tags) => {
  const { violations, passes } = await axe.run(document, {
    runOnly: { type: 'tag', values: tags },
    rules: { 'target-size': { enabled: true } },
    resultTypes: ['violations'],
  });
  return {
    passed: passes.length,
    found: violations.flatMap((one) => one.nodes.map((node) => [
      one.id, node.target.join(' '), node.html.slice(0, 160), node.failureSummary.replaceAll('\\n', ';'),
    ].join(': '))),
  };
}"""


@pytest.fixture(scope="module")
def axe(root: Path) -> str:
    """Return the checker's source; the pages' policy forbids only scripts that the page itself asks for."""
    path = root / "node_modules/axe-core/axe.min.js"
    assert path.is_file(), "make setup fetches it"
    return path.read_text(encoding="utf-8")


def violations(tour: Page, axe: str) -> list[str]:
    """Return what the checker finds on the page as it is, in light and in dark."""
    tour.evaluate(axe)
    found = []
    for scheme in ("light", "dark"):
        tour.emulate_media(color_scheme=scheme)
        result: Any = tour.evaluate(RUN, TAGS)
        assert result["passed"] > 15
        found += [f"{scheme}: {one}" for one in result["found"]]
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing(tour: Page, site: Site, axe: str, name: str, width: int) -> None:
    tour.set_viewport_size({"width": width, "height": 900})
    visit(tour, site, name)
    assert violations(tour, axe) == []


PLANTED = {
    "image-alt": "<img src='/static/icon.svg' width='40' height='40'>",
    "color-contrast": "<p data-style='color: #888; background: #999'>grey on grey</p>",
    "heading-order": "<h2>two</h2><h5>five</h5>",
    "link-name": "<a href='/tags/'></a>",
    "landmark-no-duplicate-main": "<main>another</main>",
    "target-size": "<button data-style='all: unset; font-size: 9px'>a</button>" * 2,
}


@pytest.mark.parametrize("rule", PLANTED)
def test_axe_finds_what_is_planted(tour: Page, site: Site, axe: str, rule: str) -> None:
    tour.set_viewport_size({"width": 360, "height": 900})
    visit(tour, site, "tags")
    tour.evaluate(
        """planted => {
          document.querySelector('main').insertAdjacentHTML('beforeend', planted);
          for (const one of document.querySelectorAll('[data-style]')) one.style.cssText = one.dataset.style;
        }""",
        PLANTED[rule],
    )
    assert {rule} <= {one.split(": ")[1] for one in violations(tour, axe)}
