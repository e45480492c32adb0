"""Build the sample index once for all search tests that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database, post


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WhooshEngine]:
    """Give the three sample posts, indexed."""
    folder = tmp_path_factory.mktemp("index")
    database = open_database(folder)
    yield build(database, folder, [post(key) for key in (1, 2, 3)])
    database.dispose()
