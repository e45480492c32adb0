"""Figures for Prometheus at `/metrics`, in its text format; imported only where MATOME_METRICS=1 asks for them.

Requests are told apart by route, status and whether they were fragments, never by what was asked: the number of series
is bounded, and no word of a search is one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from matome_app.search.cache_use import USE
from matome_app.web import htmx, metric_files
from matome_app.web.conditional import forget_tags
from matome_app.web.metric_state import process_figures, site_figures
from matome_app.web.requests import route, seconds_so_far

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: a page that the reader has already takes one or two thousandths, a search ten; above 1 is a fault."""

OUTCOMES: Final = ("hit", "miss")


class Metrics:
    """What is counted; `folder` is that of all workers of a server, None for a process by itself."""

    def __init__(self, folder: Path | None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._folder = folder
        self._pid = os.getpid()
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._seen = {name: list(use) for name, use in USE.items()}
        self._requests = Counter(
            "matome_requests", "Requests answered.", ("route", "status", "fragment"), registry=self._registry
        )
        self._seconds = Histogram(
            "matome_request_seconds", "Time to answer.", ("route", "fragment"), buckets=BUCKETS, registry=self._registry
        )
        self._lookups = Counter(
            "matome_search_cache", "What searches looked up.", ("cache", "outcome"), registry=self._registry
        )

    def count(self, response: Response) -> Response:
        """Count the request that is being answered."""
        if self._folder is not None and self._pid != os.getpid():  # forked after the app was made
            metric_files.reserve(self._folder)
            self._pid = os.getpid()
        rule, fragment = route(), str(htmx.wants_fragment()).lower()
        self._requests.labels(rule, str(response.status_code), fragment).inc()
        self._seconds.labels(rule, fragment).observe(seconds_so_far())
        self._count_lookups()
        return response

    def _count_lookups(self) -> None:
        with self._lock:
            for name, now in USE.items():
                for place, outcome in enumerate(OUTCOMES):
                    if more := now[place] - self._seen[name][place]:
                        self._seen[name][place] += more
                        self._lookups.labels(name, outcome).inc(more)

    def text(self) -> bytes:
        """Return all figures."""
        if self._folder is None:
            return _text(self._registry, process_figures([os.getpid()]), site_figures())
        with metric_files.gathered(self._folder):
            counted = MultiProcessCollector(None, str(self._folder))  # type: ignore[no-untyped-call]
            pids = metric_files.workers(self._folder)
            return _text(counted, process_figures(pids), site_figures())


class _Made(Collector):
    """Figures that were made when they were asked for."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _text(counted: Collector, *made: Iterable[Metric]) -> bytes:
    return b"".join(map(generate_latest, (counted, *map(_Made, made))))


def init_app(app: Flask, folder: Path | None) -> None:
    """Count the requests of an app and answer `/metrics`; before all other modules, so that their answers count."""
    metrics = Metrics(folder)
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def show() -> Response:
        """Answer with the figures of now."""
        response = Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
        response.cache_control.no_store = True
        forget_tags()
        return response

    app.register_blueprint(blueprint)
    app.after_request(metrics.count)
