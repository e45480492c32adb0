"""Look at pages as a browser has them: what ran, what stands in them that no text may make, and what is not shown.

The pages are visited without their content security policy, so that nothing but the program itself keeps a text from
running; what ran is told by `__ran`, dialogs, windows and requests to other hosts.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request, expect

PATIENCE_MS: Final = 20_000

IN_PAGE: Final = Path(__file__).with_name("looking.js")

OPEN: Final = "document.querySelectorAll('details.fold:not([open]) > summary').forEach((one) => one.click())"

SHOWN: Final = """() => {
  const links = [...document.querySelectorAll('main a[href], main img')].map((e) =>
    [e.getAttribute('href') ?? '', e.getAttribute('alt') ?? '', e.title].join(' '));
  return document.body.textContent + '\\n' + links.join('\\n');
}"""


class Lookout:
    """A browser's context in which nothing of a page is forbidden, and all that a page does is told."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.base = base
        self.told: list[str] = []
        self.context: BrowserContext = browser.new_context(base_url=base, locale="ja-JP", bypass_csp=True)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.expose_binding("__told", lambda _, what: self.told.append(what))
        self.context.add_init_script(path=IN_PAGE)
        self.context.on("request", self._request)
        self.context.on("dialog", self._dialog)
        self.page: Page = self.context.new_page()
        self.context.on("page", lambda page: self.told.append(f"a window: {page.url}"))

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.base).netloc and not request.url.startswith("about:"):
            self.told.append(f"a request: {request.url[:200]}")

    def _dialog(self, dialog: Dialog) -> None:
        self.told.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def visit(self, path: str) -> list[str]:
        """Go to a page, and return what is wrong with it as it was sent and as it stands."""
        answer = self.page.goto(path, wait_until="load")
        assert answer is not None
        assert answer.status < 500, f"{path}: {answer.status}"
        found = self.page.evaluate("([text, url]) => __auditSent(text, url, false)", [answer.text(), answer.url])
        return [f"{path}: {one}" for one in [*found, *self.audit()]]

    def open_folds(self) -> None:
        """Open all folds, and wait for what is in them."""
        self.page.evaluate(OPEN)
        expect(self.page.locator(".fold-link")).to_have_count(0)

    def audit(self) -> list[str]:
        """Return what stands in the page that no text may make."""
        found: list[str] = self.page.evaluate("__audit()")
        return found

    def audit_sent(self, text: str, *, fragment: bool = False) -> list[str]:
        """Return what stands in HTML that no text may make."""
        found: list[str] = self.page.evaluate("([text, part]) => __auditSent(text, '/', part)", [text, fragment])
        return found

    def fetch(self, urls: Iterable[str]) -> list[str]:
        """Return what is wrong with answers of any kind that are only parsed."""
        found: list[str] = self.page.evaluate("(urls) => __fetchAndAudit(urls)", list(urls))
        return found

    def shown(self) -> str:
        """Return the letters of the page's text, and of the addresses of its links."""
        return letters(str(self.page.evaluate(SHOWN)))

    def close(self) -> None:
        """Close the context."""
        self.context.close()


def letters(text: Any) -> str:
    """Return the letters and digits of a text in one spelling."""
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(text)).casefold())
    return "".join(one for one in normal if one.isalnum())


def forms(text: str) -> Iterator[str]:
    """Yield the letters of a text as a page may show it: as typed, or what its entities or escapes stand for."""
    for one in (text, re.sub(r"(?i)<br\s*/?>", " ", text), text.replace("\\n", "\n")):
        for read in (
            one,
            html.unescape(one),
            re.sub(r"&(#\d+|#[xX][0-9a-fA-F]+|\w+);", lambda m: html.unescape(m[0]), one),
        ):
            yield letters(read)
            yield letters(unquote(read, errors="ignore"))
