"""Hold /metrics: off unless asked for, right figures as Prometheus reads them, few series whatever is requested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from matome_app.config import ROOT
from matome_app.web import metric_files
from tests.app.logs import written
from tests.app.sites import HTMX, TEAPOTS, Site, post_text, quote

COUNT = """
import os, sys
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
import importlib.util
spec = importlib.util.spec_from_file_location("metric_files", sys.argv[2])
metric_files = importlib.util.module_from_spec(spec)
spec.loader.exec_module(metric_files)
metric_files.prepare()
import prometheus_client as p
counter = p.Counter("one", "One.", ["route"], registry=p.CollectorRegistry())
for route, times in zip(sys.argv[3::2], sys.argv[4::2]):
    counter.labels(route).inc(int(times))
"""


class Figures:
    """What `/metrics` said."""

    def __init__(self, text: str) -> None:
        self.samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of a name that have these labels."""
        found = [s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(found)

    def values(self, label: str) -> set[str]:
        """Return the values that a label has."""
        return {s.labels[label] for s in self.samples if label in s.labels}


def figures(client: FlaskClient) -> Figures:
    """Ask for the figures of now."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in answer.headers["Cache-Control"]
    return Figures(answer.text)


@pytest.fixture
def counting(sample: Site) -> FlaskClient:
    """Give a client of an app of its own that counts."""
    return sample.client(METRICS="1")


def test_there_is_no_such_page_unless_it_is_asked_for(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 404
    assert "matome_requests" not in answer.text


@pytest.mark.parametrize(("metrics", "loaded"), [("0", "False"), ("1", "True")])
def test_nothing_is_loaded_for_it_unless_it_is_asked_for(sample: Site, metrics: str, loaded: str) -> None:
    script = (
        "import sys, matome_app; matome_app.create_app({'BUILD': False}); print('prometheus_client' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=sample.environment(METRICS=metrics),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == loaded


def test_commands_do_not_count(site: Site) -> None:
    site.config["METRICS"] = "1"
    site.write("posts/a.md", post_text("題", quote("発言")))
    ended = site.flask("index", PROMETHEUS_MULTIPROC_DIR="x")
    assert ended.returncode == 0
    assert not (site.data / "metrics").exists()


def test_requests_are_counted_by_route_status_and_kind(counting: FlaskClient) -> None:
    for _ in range(3):
        counting.get("/search?q=急須")
    counting.get("/search?q=急須", headers=HTMX)
    counting.get("/search?page=abc")
    tag = counting.get(f"/{TEAPOTS}/").headers["ETag"]
    counting.get(f"/{TEAPOTS}/", headers={"If-None-Match": tag})
    counting.post("/search")
    said = figures(counting)
    count = "matome_requests_total"
    assert said(count, route="/search", status="200", fragment="false") == 3
    assert said(count, route="/search", status="200", fragment="true") == 1
    assert said(count, route="/search", status="400") == 1
    assert said(count, route="/posts/<path:rest>", status="200") == 1
    assert said(count, route="/posts/<path:rest>", status="304") == 1
    assert said(count, status="405") == 1
    assert said(count) == said("matome_request_seconds_count") == 8
    assert figures(counting)(count, route="/metrics", status="200") == 1


def test_the_buckets_of_the_histogram_add_up(counting: FlaskClient) -> None:
    for _ in range(5):
        counting.get("/healthz")
    said = figures(counting)
    buckets = [s for s in said.samples if s.name == "matome_request_seconds_bucket" and s.labels["route"] == "/healthz"]
    values = [s.value for s in sorted(buckets, key=lambda s: float(s.labels["le"]))]
    assert values == sorted(values)
    assert values[-1] == 5
    assert said("matome_request_seconds_sum", route="/healthz") > 0


def test_no_request_makes_a_series_of_its_own(counting: FlaskClient) -> None:
    counting.get("/search?q=ひみつ", headers={"Referer": "/search?q=ひみつ"})
    urls = (
        [f"/ひみつ/{n}" for n in range(10)]
        + [f"/tags/ひみつ{n}/" for n in range(10)]
        + ["/users/ひみつ/", "/c/himitsu"]
    )
    for url in urls:
        counting.get(url)
    answer = counting.get("/metrics").text
    rules = {rule.rule for rule in counting.application.url_map.iter_rules()}
    assert Figures(answer).values("route") <= rules | {"unknown"}
    assert len(Figures(answer).values("route")) == 5
    assert "ひみつ" not in answer
    assert "himitsu" not in answer


def test_the_state_of_the_site_is_that_of_readyz(sample: Site, counting: FlaskClient) -> None:
    ready, said = counting.get("/readyz").get_json(), figures(counting)
    for name in ("generation", "posts", "comments"):
        assert said(f"matome_{name}") == ready[name] > 0
    assert said("matome_ready") == said("matome_state", state="ready") == said("matome_state") == 1
    assert said("matome_last_run_seconds") == ready["last_run"]["seconds"]
    assert said("matome_last_run_posts", change="added") == ready["last_run"]["added"]
    assert said("matome_last_run_timestamp_seconds") > 1e9
    assert said("matome_build_running") == said("matome_last_error_timestamp_seconds") == 0
    assert said("matome_build_info") == 1


def test_a_site_without_an_index_has_figures_too(site: Site) -> None:
    said = figures(site.client(METRICS="1"))
    assert said("matome_ready") == 0
    assert said("matome_state", state="unavailable") == said("matome_state") == 1
    assert "matome_posts" not in {s.name for s in said.samples}


def test_files_that_are_faulty_are_counted(site: Site) -> None:
    site.write("posts/good.md", post_text("よい", quote("発言")))
    site.write("posts/bad.md", post_text("わるい", '{{< details summary="開いたまま" >}}'))
    site.index()
    said = figures(site.client(METRICS="1"))
    assert (said("matome_posts"), said("matome_faulty_posts")) == (1, 1)


def test_a_build_at_work_is_seen(site: Site) -> None:
    site.write("posts/good.md", post_text("よい", quote("発言")))
    site.index()
    progress = f'{{"pid": {os.getpid()}, "phase": "posts", "done": 3, "total": 10, "comments": 5}}'
    (site.data / "progress.json").write_text(progress, "ascii")
    said = figures(site.client(METRICS="1"))
    assert (said("matome_build_running"), said("matome_build_posts"), said("matome_build_posts_done")) == (1, 10, 3)


def test_a_search_that_was_asked_before_is_a_hit(sample: Site) -> None:
    app = sample.app(METRICS="1")
    client = app.test_client()
    before = figures(client)
    client.get("/search?q=灯台の灯り")
    first = figures(client)
    client.get("/search?q=灯台の灯り")
    second = figures(client)

    def change(then: Figures, now: Figures, **labels: str) -> float:
        return now("matome_search_cache_total", **labels) - then("matome_search_cache_total", **labels)

    assert change(before, first, cache="results", outcome="miss") == 1
    assert change(before, first, cache="terms", outcome="miss") >= 1
    assert change(first, second, cache="results", outcome="hit") == 1
    assert change(first, second, outcome="miss") == 0


def test_memory_and_handles_are_those_of_the_process(counting: FlaskClient) -> None:
    said = figures(counting)
    assert said("matome_workers") == 1
    assert said.values("pid") == {str(os.getpid())}
    assert 20e6 < said("matome_process_resident_memory_bytes") < 4e9
    assert said("matome_process_open_fds") > 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of the workers of a server; all that counted there have ended."""
    return tmp_path / "workers"


def count(folder: Path, *routes_and_times: str) -> None:
    """Count in a process of its own, which loads the module alone."""
    subprocess.run(
        [sys.executable, "-c", COUNT, str(folder), str(metric_files.__file__), *routes_and_times], check=True
    )


def counted(folder: Path) -> dict[str, float]:
    """Return what is counted, by route."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    with metric_files.gathered(folder):
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
        return {s.labels["route"]: s.value for metric in registry.collect() for s in metric.samples}


def test_what_ended_workers_counted_stays_in_one_file(folder: Path) -> None:
    count(folder, "/a", "2", "/b", "1")
    assert counted(folder) == {"/a": 2, "/b": 1}
    count(folder, "/a", "40", "/c", "5")
    assert counted(folder) == counted(folder) == {"/a": 42, "/b": 1, "/c": 5}
    assert {path.name for path in folder.iterdir()} == {"counter_0.db", "histogram_0.db"}
    assert metric_files.workers(folder) == []


def test_the_place_of_a_file_is_taken_before_anything_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(metric_files.VARIABLE, str(folder))
    assert metric_files.prepare() == folder
    for file in folder.iterdir():
        assert file.stat().st_blocks * 512 >= metric_files.SIZE
    assert metric_files.workers(folder) == [os.getpid()]


def test_a_worker_that_cannot_share_its_figures_says_so_and_counts_for_itself(
    sample: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(metric_files.VARIABLE, str(tmp_path / "file/below"))
    with written() as log:
        assert metric_files.prepare() is None
    assert [one["event"] for one in log.events] == ["metrics"]
    assert metric_files.VARIABLE not in os.environ
