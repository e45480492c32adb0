"""Reload, restart, rebuild and change the site while it is visited, and count every request that failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from benchmarks.load_mix import Mix
from benchmarks.load_site import HOST, Run
from benchmarks.load_upgrade import released
from benchmarks.load_visits import VISITORS, visited, wait_until
from benchmarks.loaded import Change
from benchmarks.processes import flask, started_process
from benchmarks.serving import children as children_of
from tests.deploy.running import Running

QUIET: Final = 1.0
"""Seconds of visits before and after what is done."""
TIMES: Final = 3


def measure(run: Run) -> None:
    """Do everything in turn, on one server, and at last an upgrade on a server with releases."""
    run.loaded.changes = []
    with run.serve() as site:
        mix = Mix(run.paths, site.port, HOST)
        for what, times, act in actions(run):
            run.say(f"changes: {what}")
            change = measure_change(site, mix, what, times, act)
            _keep(run, change)
    run.say("changes: another release")
    with released(run) as machine:
        mix = Mix(run.paths, machine.site.port, HOST)
        _keep(run, measure_change(machine.site, mix, "another release (deploy/update.sh)", 1, machine.upgrade))


def _keep(run: Run, change: Change) -> None:
    run.loaded.changes.append(change)
    run.say(f"changes: {change.asked:,} requests, {change.failed} failed {change.failures[:3] or ''}")


def actions(run: Run) -> list[tuple[str, int, Callable[[Running], None]]]:
    """Return what is done, how often, and how."""
    return [
        ("nothing, to compare with", TIMES, lambda _: time.sleep(1)),
        ("gunicorn reloaded (HUP)", TIMES, reload_app),
        ("gunicorn restarted", TIMES, restart_app),
        ("nginx reloaded", TIMES, reload_nginx),
        ("index rebuilt (`flask index --rebuild`)", 1, lambda site: rebuild(run, site)),
    ]


def measure_change(site: Running, mix: Mix, what: str, times: int, act: Callable[[Running], None]) -> Change:
    """Do something so many times while visitors come, and return what these got."""
    with visited(site.port, [mix.stream(number) for number in range(VISITORS)]) as visits:
        time.sleep(QUIET)
        took = 0.0
        for _ in range(times):
            started = time.monotonic()
            act(site)
            took += time.monotonic() - started
        time.sleep(QUIET)
    tally = visits.tally
    return Change(
        what=what,
        times=times,
        seconds=round(took / times, 2),
        asked=tally.asked,
        statuses=tally.statuses,
        failed=len(tally.failures),
        failures=tally.failures[:20],
        spread=tally.spread(),
        reopened=tally.reopened,
    )


def reload_app(site: Running) -> None:
    """Have new workers take over, and wait until the old ones are gone."""
    master, before = site.app_processes()[0], set(children_of(site.app_processes()[0]))
    site.reload_app()
    wait_until(lambda: not before & set(children_of(master)) and bool(children_of(master)), "the old workers are gone")
    site.wait_until_ready()


def restart_app(site: Running) -> None:
    """Stop gunicorn and start it anew; what is asked meanwhile waits at the socket."""
    site.restart_app()
    site.wait_until_ready()


def reload_nginx(site: Running) -> None:
    """Have nginx read its configuration anew, and wait until the old workers take no more connections."""
    master, before = site.nginx_processes()[0], set(children_of(site.nginx_processes()[0]))
    site.reload_nginx()
    wait_until(lambda: bool(set(children_of(master)) - before), "new workers of nginx")
    site.wait_until_ready()


def rebuild(run: Run, site: Running) -> None:
    """Build everything anew beside what is served."""
    with started_process(flask("index", "--rebuild"), run.place.environment) as process:
        if process.wait(600):
            raise RuntimeError(f"flask index --rebuild ended with {process.returncode}")
    site.wait_until_ready()
