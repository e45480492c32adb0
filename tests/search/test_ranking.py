"""A page cut out of very many hits is the page of all of them in order."""

from __future__ import annotations

import numpy as np
import pytest

from matome_app.search.column_loading import load_columns
from matome_app.search.columns import Columns
from matome_app.search.matches import Matches
from matome_app.search.params import Sort
from matome_app.search.ranking import PAGE_SIZE, all_slots, page_slots
from matome_app.search.tables import add_posts, create_tables
from tests.search.sample import open_database, post

POSTS, COMMENTS = 80, 150


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    database = open_database(tmp_path_factory.mktemp("ranking"))
    with database.begin() as connection:
        create_tables(connection)
        add_posts(connection, [post(key, ["話"] * COMMENTS, first=key * 1000) for key in range(1, POSTS + 1)])
        loaded = load_columns(connection)
    database.dispose()
    return loaded


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
@pytest.mark.parametrize("scores", [3, 50, 100_000])
@pytest.mark.parametrize("rare", [0.0005, 0.4])
def test_every_page_is_a_part_of_the_whole_order(columns: Columns, sort: Sort, scores: int, rare: float) -> None:
    rng = np.random.default_rng(scores)
    size = columns.size
    tier = np.where(rng.random(size) < rare, 4, np.where(rng.random(size) < 0.9, rng.integers(1, 4, size), 0))
    # Scores that differ in the seventh digit only are as good as equal.
    score = (rng.integers(0, scores, size) / scores * 9 + rng.random(size) * 1e-6).astype(np.float32)
    slots = np.flatnonzero(tier)
    found = Matches(size, slots, tier[slots].astype(np.uint8), score[slots])
    assert found.total > 5000
    whole = all_slots(columns, found, sort).tolist()
    for page in (1, 2, 7, 100, found.total // PAGE_SIZE, -(-found.total // PAGE_SIZE)):
        expected = whole[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        assert page_slots(columns, found, sort, page).tolist() == expected
