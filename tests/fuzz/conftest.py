"""Give the fuzz tests the sample posts, indexed once, as an app and behind the gunicorn that deploy/ sets up."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.app.sites import Site, post_text, quote
from tests.faults.serving import Server, serving

GUNICORN = ("gunicorn", "--config", "deploy/gunicorn.conf.py", "--workers", "1", "--bind", "127.0.0.1:{port}")


@pytest.fixture(scope="session", autouse=True)
def _no_settings() -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MATOME_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def sample_posts(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a site of the sample posts, and one that lies in no folder."""
    site = Site(tmp_path_factory.mktemp("fuzz"))
    shutil.copytree(root / "content", site.content)
    shutil.copytree(root / "assets", site.root / "assets")
    site.write("posts/about.md", post_text("このサイトについて", quote("ここにも一言。")))
    site.index()
    yield site
    site.close()


@pytest.fixture(scope="session")
def app(sample_posts: Site) -> Flask:
    """Give the app that serves it."""
    return sample_posts.app()


@pytest.fixture(scope="session")
def served(sample_posts: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server of it on loopback."""
    log = tmp_path_factory.mktemp("served") / "log"
    with serving(sample_posts, log, command=(sys.executable, "-m", *GUNICORN, "wsgi:app")) as server:
        yield server
