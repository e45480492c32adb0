"""Hold what the long form of the torture writes and how it spends its time; the kills are held elsewhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from matome_app.config import ROOT
from tests.faults.killing import Outcome
from tests.faults.moments import ACTIONS, TARGETS, Measured, plan
from tests.faults.report import kills_table, table, write_between
from tests.faults.torture import shares

FAST = dict.fromkeys(ACTIONS, Measured(2.0, 1.0, 20))
SLOW = FAST | {"first": Measured(100.0, 95.0, 400)}


def test_every_round_is_drawn_from_the_seed_alone() -> None:
    counts = shares(200, FAST, 3600, 5)
    assert sum(counts.values()) == 200
    assert plan(7, counts) == plan(7, counts)
    assert plan(7, counts) != plan(8, counts)
    assert Counter(kill.action for kill in plan(7, counts)) == counts
    assert all(kill.target in TARGETS[kill.action] for kill in plan(7, counts))


def test_where_a_build_takes_long_fewer_are_killed_and_more_updates() -> None:
    fast, slow = shares(200, FAST, 1500, 3), shares(200, SLOW, 1500, 3)
    assert sum(slow.values()) == 200
    assert 0 < slow["first"] < fast["first"]
    assert 0 < slow["rebuild"] < fast["rebuild"]
    assert slow["update"] > fast["update"]


def test_figures_replace_those_of_the_run_before_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- kills: begin -->\nold\n<!-- kills: end -->\nafter\n", encoding="utf-8")
    write_between(page, "kills", "new")
    write_between(page, "kills", "newer")
    expected = "before\n<!-- kills: begin -->\nnewer\n<!-- kills: end -->\nafter\n"
    assert page.read_text(encoding="utf-8") == expected
    with pytest.raises(ValueError, match="no place for others"):
        write_between(page, "others", "new")


@pytest.mark.parametrize("name", ["kills", "extremes"])
def test_the_document_has_a_place_for_the_figures(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "reliability.md"
    copy.write_bytes((ROOT / "docs/reliability.md").read_bytes())
    write_between(copy, name, "figures")
    assert "figures" in copy.read_text(encoding="utf-8")


def test_the_table_says_what_was_killed_how_often_and_what_was_wrong() -> None:
    kills = plan(1, {"update": 2, "rebuild": 1})
    outcomes = [
        Outcome(kill, "all", 1.5, 4, "posts", recovery=number + 0.5, bytes=1500, faults=["bad"] if not number else [])
        for number, kill in enumerate(kills)
    ]
    rows = kills_table(outcomes, 1000).splitlines()
    assert rows[-1] == (
        "| all | 3 | 1.5 to 1.5 s after the start: 3 while posts are stored | 1 | 1.5 s | 2.5 s | 1.50 × |"
    )
    assert any(row.startswith("| rebuild beside the live generation | 1 |") for row in rows)
    assert table(("a", "#b"), [("x|y", 1)]).splitlines() == ["| a | b |", "| --- | ---: |", "| x y | 1 |"]
