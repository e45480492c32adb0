"""What `/metrics` says of the site and of its processes, as they are when it is asked."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from matome_app.web.api import readyz
from matome_app.web.program import program

STATES: Final = ("ready", "building", "rebuilding", "damaged", "unavailable")


def site_figures() -> Iterator[Metric]:
    """Yield what `/readyz` says, as figures."""
    answer, status = readyz()
    said: dict[str, Any] = answer.get_json()
    yield _gauge("matome_ready", "Whether store and index can be used.", int(status == 200))
    state = GaugeMetricFamily("matome_state", "What /readyz says: 1 for the state of now.", labels=("state",))
    for name in STATES:
        state.add_metric([name], int(said["state"] == name))
    yield state
    for name, about in (
        ("generation", "Number of the state of the content that is served."),
        ("posts", "Posts that are served."),
        ("comments", "Comments that are served."),
    ):
        if said[name] is not None:
            yield _gauge(f"matome_{name}", about, said[name])
    yield from _build(said["progress"])
    yield from _last_run(said["last_run"] or {})
    error = said["last_error"] or {}
    yield _gauge("matome_last_error_timestamp_seconds", "When a run last failed; 0: none did.", _seconds(error, "at"))
    yield _build_info()


def _build(progress: dict[str, Any]) -> Iterator[Metric]:
    yield _gauge("matome_build_running", "Whether a run is at work.", int(bool(progress)))
    yield _gauge("matome_build_posts", "Posts that the run at work has to read.", progress.get("total", 0))
    yield _gauge("matome_build_posts_done", "Posts that it has read.", progress.get("done", 0))


def _last_run(run: dict[str, Any]) -> Iterator[Metric]:
    yield _gauge("matome_last_run_timestamp_seconds", "When the last run ended; 0: never.", _seconds(run, "end"))
    yield _gauge("matome_last_run_seconds", "How long it took.", run.get("seconds") or 0)
    posts = GaugeMetricFamily("matome_last_run_posts", "Posts that it brought, changed, took away.", labels=("change",))
    for change in ("added", "changed", "removed"):
        posts.add_metric([change], run.get(change) or 0)
    yield posts
    yield _gauge("matome_faulty_posts", "Files that it found faulty.", run.get("faulty") or 0)


def _build_info() -> Metric:
    try:
        number = version("matome")
    except PackageNotFoundError:
        number = ""  # served from a checkout
    labels = {"version": number, "program": program()[0][:12], "python": platform.python_version()}
    info = GaugeMetricFamily("matome_build_info", "What is served with.", labels=tuple(labels))
    info.add_metric(list(labels.values()), 1)
    return info


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _seconds(facts: dict[str, Any], name: str) -> float:
    return datetime.fromisoformat(facts[name]).timestamp() if facts.get(name) else 0.0


def process_figures(pids: Iterable[int]) -> Iterator[Metric]:
    """Yield memory, processor time and open files of the processes that serve."""
    pids = list(pids)
    yield _gauge("matome_workers", "Processes that serve.", len(pids))
    found: dict[str, Metric] = {}
    for pid in pids:
        for metric in ProcessCollector("matome", pid=_always(pid), registry=None).collect():
            kept = found.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
            for sample in metric.samples:
                kept.add_sample(sample.name, {"pid": str(pid)}, sample.value)
    yield from found.values()


def _always(pid: int) -> Any:
    return lambda: pid
