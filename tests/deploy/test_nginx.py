"""What readers get through nginx: redirects, files from disk, headers, addresses as they were written."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from tests.deploy.running import Running


def test_pages_come_through_compressed(site: Running) -> None:
    answer = site.get("/", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "HX-Request" in ", ".join(answer.headers.get_all("Vary", []))


def test_a_versioned_static_file_may_be_kept_for_ever_and_any_other_may_not(site: Running, root: Path) -> None:
    asked = re.search(r"/static/css/site\.[0-9a-f]{12}\.css", site.get("/").text)
    assert asked
    versioned, plain = site.get(asked[0]), site.get("/static/css/site.css")
    assert "immutable" in versioned.headers["Cache-Control"]
    assert "immutable" not in plain.headers["Cache-Control"]
    assert versioned.body == plain.body == (root / "static/css/site.css").read_bytes()
    assert versioned.headers["Content-Type"].startswith("text/css")


def test_no_file_outside_the_static_folder_is_served(site: Running) -> None:
    for path in ("/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static../wsgi.py"):
        assert site.get(path).status == 404, path


def test_a_search_of_a_thousand_japanese_characters_is_answered_and_a_longer_one_refused(site: Running) -> None:
    longest = f"/search?q={quote('茶' * 1000)}"
    assert site.get(longest, HX_Current_URL=f"{site.url}{longest}").status == 200
    assert site.get(f"/search?q={quote('茶' * 1001)}").status == 413


def test_encoded_addresses_reach_the_site_as_they_were_written(site: Running) -> None:
    for path in ("/tags/c%23/", "/tags/c++/", "/tags/ui/ux/", f"/tags/{quote('データベース')}/"):
        assert site.get(path).status == 200, path
