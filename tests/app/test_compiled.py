"""Compiled templates are kept for the next start: for this version, these settings, and only if they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Template

from tests.app.sites import Site, post_text, quote


@pytest.fixture
def folder(site: Site) -> Path:
    """Give the folder of templates of a site that answered once."""
    site.write("posts/a.md", post_text("記事", quote("灯台の話", "otter")))
    site.indexed().get("/")
    return site.data / "templates"


def started(site: Site) -> tuple[Flask, bytes]:
    """Start anew and return the app, and its first page."""
    client = site.client()
    return client.application, client.get("/").get_data()


def test_the_next_start_takes_what_the_first_compiled(site: Site, folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(before) > 3
    app, shown = started(site)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert "記事".encode() in shown
    assert app.jinja_env.cache is not None
    assert all(isinstance(template, Template) for template in app.jinja_env.cache.values())


@pytest.mark.parametrize("damage", ["short", "empty", "zeroed", "one byte"])
def test_what_was_damaged_is_compiled_again(site: Site, folder: Path, damage: str) -> None:
    whole = {path: path.read_bytes() for path in folder.iterdir()}
    for path, data in whole.items():
        changed = bytearray(data)
        changed[len(changed) // 2] ^= 1
        other = {"short": data[: len(data) // 2], "empty": b"", "zeroed": bytes(len(data))}
        path.write_bytes(other.get(damage, bytes(changed)))
    _, shown = started(site)
    assert "記事".encode() in shown
    assert {path: path.read_bytes() for path in folder.iterdir()} == whole


def test_other_settings_have_templates_of_their_own_and_the_old_ones_go(site: Site, folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    (folder / "new-1-left").write_bytes(b"by a process that was killed")
    site.config["LANGUAGE"] = "en"
    _, shown = started(site)
    assert b'lang="en"' in shown
    after = {path.name for path in folder.iterdir()}
    assert after
    assert not after & before
    assert "new-1-left" not in after


def test_where_nothing_can_be_written_pages_come_all_the_same(site: Site, folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_bytes(b"no folder")
    _, shown = started(site)
    assert "記事".encode() in shown
