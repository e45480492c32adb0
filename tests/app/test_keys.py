"""Hold the map of keys to the keys that the scripts know."""

from __future__ import annotations

import re
from pathlib import Path

from flask.testing import FlaskClient

from matome_app.web.keys import GROUPS
from tests.app.sites import HTMX, page, texts


def letters() -> set[str]:
    """Return the keys of one typed character that the map shows."""
    names = {name for _, keys in GROUPS for key in keys for name in key.keys}
    return {name for name in names if re.fullmatch("[ -~]", name)}


def known(script: str, name: str) -> set[str]:
    """Return the keys of an object of a script, such as `'/': () => …` or `t: …`."""
    inside = re.search(rf"^\s*const {name} = (\{{.*?\}});$", script, re.MULTILINE | re.DOTALL)
    assert inside, name
    return {one or other for one, other in re.findall(r"[{,]\s*(?:'(.)'|(\w)): ", inside[1])}


def test_the_map_shows_every_key_that_the_scripts_know_and_no_other(root: Path) -> None:
    names = ("site.js", "post.js", "acts.js")
    site, post, acts = ((root / "static/js" / name).read_text(encoding="utf-8") for name in names)
    assert known(site, "shortcuts") == {"/", "?", "t"}
    steps = re.search(r"^const STEPS = /\^\[(\w+)\]\$/;$", post, re.MULTILINE)
    assert steps is not None
    assert set(steps[1]) == known(acts, "STEPS")
    of_posts = set(steps[1]) | set(re.findall(r"\bkey === '(.)'", post))
    assert known(site, "shortcuts") | of_posts == letters()


def test_page_and_dialog_come_from_one_table(client: FlaskClient) -> None:
    whole, part = page(client, "/help/keys"), page(client, "/help/keys", headers=HTMX)
    assert texts(part.select("dl > div")) == texts(whole.select("main dl > div"))
    assert len(part.select("kbd")) == sum(len(key.keys) for _, keys in GROUPS for key in keys)
    assert part.select("html, header.site") == []
    assert whole.select("main form") == []
    assert part.select_one("form[method=dialog] button") is not None


def test_every_page_leads_to_the_map(client: FlaskClient) -> None:
    assert page(client, "/tags/").select_one("footer a[href='/help/keys']") is not None
