"""Give the tests of the app a site of their own, or one sample site that all tests that only read share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.app.sites import Site, write_sample


@pytest.fixture(scope="session", autouse=True)
def _no_settings() -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MATOME_")]:
            patch.delenv(name)
        yield


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give an empty site."""
    made = Site(tmp_path)
    made.content.mkdir()
    yield made
    made.close()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the sample site, indexed; tests leave it as it is."""
    made = Site(tmp_path_factory.mktemp("sample"))
    write_sample(made)
    made.index()
    yield made
    made.close()


@pytest.fixture(scope="session")
def client(sample: Site) -> FlaskClient:
    """Give a client of the sample site."""
    return sample.client()
