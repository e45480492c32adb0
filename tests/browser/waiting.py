"""What tests wait for where the page itself shows nothing to wait for, and typing that is quick on any machine."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Locator, Page, expect

PATIENCE_SECONDS = 15
SEARCH_FETCHED = """() => {
  const { href } = new URL(document.querySelector('[data-search]').dataset.search, location);
  return performance.getEntriesByType('resource').some(({ name, responseEnd }) => name === href && responseEnd > 0);
}"""


def expect_value(page: Page, expression: str, wanted: object, arg: Any = None) -> None:
    """Expect an expression to give a value in the end; say what it gives where that never comes.

    `wait_for_function` looks once only: when it tries again, the policy of our pages forbids it to evaluate a text.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := page.evaluate(expression, arg)) != wanted and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert found == wanted, expression


def laid_out(page: Page) -> None:
    """Wait until everything is laid out, which a page come to anew does bit by bit (without scripts it is at once)."""
    expect(page.locator("html[data-fresh]")).to_have_count(0)


def search_ready(page: Page) -> None:
    """Wait until the page itself has fetched what searching by keyboard needs, and that is in force."""
    expect_value(page, SEARCH_FETCHED, True)
    page.evaluate("import(document.querySelector('[data-search]').dataset.search).then(() => {})")


def failure_told(page: Page) -> None:
    """Wait until the page tells that a request failed, and asks for nothing any more."""
    expect(page.locator("#announce")).to_have_class("toast")
    expect(page.locator(".htmx-request")).to_have_count(0)


def type_at_once(field: Locator, text: str) -> None:
    """Type into a field, one letter after the other and all of them without a pause, however slow the machine is."""
    field.focus()
    field.evaluate("(_, text) => { for (const one of text) document.execCommand('insertText', false, one); }", text)


def click_where_it_is(button: Locator) -> None:
    """Click what sticks to an edge of the window as a reader does: `click` would scroll the window first."""
    expect(button).to_be_in_viewport(ratio=1)
    place = button.bounding_box()
    assert place is not None
    button.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
