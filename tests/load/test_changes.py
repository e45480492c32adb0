"""Hold that no request fails while the site is reloaded, restarted, rebuilt and changed: every answer is counted."""

from __future__ import annotations

import pytest

from benchmarks import load_changes
from benchmarks.load_mix import Mix
from benchmarks.load_site import HOST, Run
from benchmarks.load_upgrade import released
from benchmarks.loaded import Change
from tests.deploy.running import Running


def hold(change: Change) -> None:
    """Hold that visitors came, and that none was turned away."""
    assert change.failures == []
    assert change.failed == 0
    assert change.asked > 10
    assert set(change.statuses) <= {"200", "304", "404"}


def test_no_request_fails_while_gunicorn_is_reloaded(site: Running, mix: Mix) -> None:
    before = set(site.app_processes()[1:])
    hold(load_changes.measure_change(site, mix, "reload", 1, load_changes.reload_app))
    assert before.isdisjoint(site.app_processes())


def test_no_request_fails_while_gunicorn_is_restarted(site: Running, mix: Mix) -> None:
    before = set(site.app_processes())
    hold(load_changes.measure_change(site, mix, "restart", 2, load_changes.restart_app))
    assert before.isdisjoint(site.app_processes())


def test_no_request_fails_while_nginx_is_reloaded(site: Running, mix: Mix) -> None:
    hold(load_changes.measure_change(site, mix, "nginx", 1, load_changes.reload_nginx))


def test_no_request_fails_while_the_index_is_rebuilt(run: Run, site: Running, mix: Mix) -> None:
    before = run.place.database()
    hold(load_changes.measure_change(site, mix, "rebuild", 1, lambda one: load_changes.rebuild(run, one)))
    assert run.place.database() != before


def test_failures_are_counted(site: Running, mix: Mix) -> None:
    def break_off(one: Running) -> None:
        one.stop_nginx()
        one.start_nginx()
        one.wait_until_ready()

    change = load_changes.measure_change(site, mix, "broken", 2, break_off)
    assert change.failed > 0
    assert change.failed >= len(change.failures) > 0


@pytest.mark.parametrize("kind", ["post", "fragment", "search", "json", "feed", "list", "static", "lost"])
def test_the_traffic_is_mixed(mix: Mix, kind: str) -> None:
    stream = mix.stream(1)
    assert kind in {next(stream).kind for _ in range(400)}


def test_no_request_fails_while_another_release_is_brought(run: Run) -> None:
    with released(run) as machine:
        mix = Mix(run.paths, machine.site.port, HOST)
        hold(load_changes.measure_change(machine.site, mix, "release", 1, machine.upgrade))
