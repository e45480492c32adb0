"""Hold that the site stays up under more than it can do, and under clients that hold it up."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import load_overload, load_slow
from benchmarks.load_mix import Mix
from benchmarks.load_site import Run
from benchmarks.loaded import Overload
from tests.deploy.running import Running

# The whole machine is busy with them.
pytestmark = pytest.mark.alone

CLIENTS = 150
REFUSED = {"429", "503"}
MEGABYTES = 150
"""What a few hundred connections may cost at the most."""


def hold(found: Overload) -> None:
    """Hold that other readers were served meanwhile, and that the memory is bounded."""
    assert found.failures == []
    assert found.others_failed == 0
    assert found.others_asked > 10
    before, peak = found.memory_before, found.memory_peak
    assert peak.nginx + peak.gunicorn - before.nginx - before.gunicorn < MEGABYTES


@pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk (Debian: apt-get install wrk)")
def test_ten_times_too_many_searches_are_refused_at_once_while_pages_are_served(run: Run) -> None:
    run.loaded.overloads = []
    load_overload.measure(run)
    for found in run.loaded.overloads:
        hold(found)
        assert set(found.statuses) <= REFUSED | {"200"}
        assert REFUSED & set(found.statuses)
        assert found.without_retry == 0
        assert set(found.others) == {"static file", "cached page"}
        assert found.recovery is not None
    ever_new, one = run.loaded.overloads
    assert "503" in ever_new.statuses
    assert "429" in one.statuses


@pytest.mark.parametrize("what", list(load_slow.ATTACKS))
def test_clients_that_hold_the_site_up_hold_up_themselves_alone(run: Run, site: Running, mix: Mix, what: str) -> None:
    found = load_slow.attack(run, site, mix, what, CLIENTS)
    hold(found)
    assert sum(found.statuses.values()) >= CLIENTS
    assert "500" not in found.statuses
    if load_slow.ATTACKS[what][1]:
        assert set(found.statuses) <= {"400", "405", "413", "414", "431", "429", "closed by the server"}
