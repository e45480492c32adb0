"""Share a small site of made posts, served as deploy/ sets it up, among the short forms of the load test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import made
from benchmarks.load_mix import Mix
from benchmarks.load_paths import draw
from benchmarks.load_site import HOST, Place, Run
from benchmarks.loaded import Loaded
from tests.deploy.running import NGINX, Running

COMMENTS = 1_600


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a site that is built, and what to ask it for; each measurement takes one or two seconds."""
    if NGINX is None:
        pytest.skip("needs nginx (Debian: apt-get install nginx-light)")
    folder = tmp_path_factory.mktemp("load")
    made.write(folder / "made/content", COMMENTS)
    place = Place(folder / "content", folder / "data")
    place.fill(folder / "made/content")
    return Run(folder, place, draw(place.database(), searches=3000), 1.5, Loaded(comments=COMMENTS))


@pytest.fixture(scope="module")
def site(run: Run) -> Iterator[Running]:
    """Give a server on it, for the tests of a file."""
    with run.serve() as site:
        yield site


@pytest.fixture
def mix(run: Run, site: Running) -> Mix:
    """Give the mixed traffic."""
    return Mix(run.paths, site.port, HOST)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the place for a list of addresses."""
    return tmp_path / "paths.txt"
