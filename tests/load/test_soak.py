"""Hold that the site can be visited and changed at once: a few seconds of what `make soak` does for ten minutes."""

from __future__ import annotations

from benchmarks import load, soak
from benchmarks.load_report import growth, soak_targets
from benchmarks.load_site import Run


def test_visits_and_changes_at_once_lose_nothing(run: Run) -> None:
    run.loaded.machine = load.machine()
    found = soak.soak(run, 5)
    assert found.failures == []
    assert found.asked > 10
    assert set(found.statuses) <= {"200", "304", "404"}
    assert found.updates >= 3
    assert found.seen == found.sought
    assert all(sample.files > 10 and sample.gunicorn_mb > 10 and sample.data_bytes > 1e5 for sample in found.samples)
    assert {"memory of gunicorn", "open files", "data folder"} <= set(growth(found))
    assert next(iter(soak_targets(found))).is_met
