"""Share a running site among the tests of deploy/; skip them where there is no nginx."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.running import NGINX, Running, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what runs a site where nginx is missing."""
    skip = pytest.mark.skip(reason="needs nginx: scripts/install-test-packages.sh installs it")
    for item in items:
        if NGINX is None and "site" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the sample posts behind nginx with TLS, for all tests of a module."""
    with running(tmp_path_factory.mktemp("deploy") / "site", tls=True) as site:
        yield site


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a folder for a site of a test's own."""
    return tmp_path / "site"
