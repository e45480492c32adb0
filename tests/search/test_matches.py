"""What is found is combined as sets of comments are; terms are looked up as Whoosh does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matome_app.search.counting import LATIN, WORDS, Counted
from matome_app.search.matches import Matches
from matome_app.search.postings import TermFinder
from matome_app.search.word_index import open_reader, write

SIZE = 5000
SHARES = (0.0, 0.002, 0.1, 0.9, 1.0)


def some(rng: np.random.Generator, share: float, scored: bool) -> Matches:
    """Return matches of chance."""
    slots = np.flatnonzero(rng.random(SIZE) < share).astype(np.int32)
    tier = rng.integers(1, 5, len(slots)).astype(np.uint8)
    return Matches.of(SIZE, slots, tier, rng.random(len(slots)).astype(np.float32) if scored else None)


def scores(found: Matches) -> np.ndarray:
    """Return the score of every comment there is."""
    every = np.zeros(SIZE, np.float32)
    if len(found.score):
        every[found.slots] = found.score
    return every


@pytest.mark.parametrize("scored", [True, False])
@pytest.mark.parametrize("one", SHARES)
@pytest.mark.parametrize("other", SHARES)
def test_and_takes_the_lower_tier_or_the_higher_and_both_add_scores(one: float, other: float, scored: bool) -> None:
    rng = np.random.default_rng(7)
    left, right = some(rng, one, scored), some(rng, other, scored)
    both, either = left.both(right), left.either(right)
    assert both.tiers().tolist() == np.minimum(left.tiers(), right.tiers()).tolist()
    assert either.tiers().tolist() == np.maximum(left.tiers(), right.tiers()).tolist()
    total = scores(left) + scores(right)
    assert scores(both).tolist() == np.where(both.tiers() > 0, total, np.float32(0)).tolist()
    assert scores(either).tolist() == total.tolist()
    for found in (both, either):
        assert np.all(np.diff(found.slots) > 0)
        assert found.total == np.count_nonzero(found.tiers())


@pytest.mark.parametrize("share", SHARES)
def test_a_condition_keeps_what_meets_it_with_its_tier_and_score(share: float) -> None:
    rng = np.random.default_rng(8)
    found, flags = some(rng, share, scored=True), rng.random(SIZE) < 0.5
    kept = found.kept(lambda slots: flags[slots])
    assert kept.tiers().tolist() == np.where(flags, found.tiers(), 0).tolist()
    assert scores(kept).tolist() == np.where(flags, scores(found), np.float32(0)).tolist()


def test_every_term_of_every_segment_is_found_and_no_other(tmp_path: Path) -> None:
    for start in (1, 1001):
        counted = Counted()
        for key in range(start, start + 1000):
            counted.count(key, [f"w{key % 700}", "all"], [f"語{key % 7}" * (key % 60 + 1)])
        write(tmp_path, counted)
    reader = open_reader(tmp_path)
    assert reader is not None
    with reader:
        finder = TermFinder(reader)
        for field in (LATIN, WORDS):
            terms = [term.decode() for term in reader.lexicon(field)]
            assert len(terms) > 100
            for term in [*terms, *(f"{term}x" for term in terms), ""]:
                expected = reader.doc_frequency(field, term)
                assert finder.frequency(field, term) == expected
                assert len(finder.postings(field, term)[0]) == expected
