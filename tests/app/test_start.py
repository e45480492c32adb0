"""A start loads what the first page needs and nothing else: the rest would stand before the first answer."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from matome_app.background import follow
from matome_app.config import ROOT
from matome_app.runtime import Runtime
from matome_app.search.opening import opened
from matome_app.search.params import SearchParams
from matome_app.web import routes
from tests.app.sites import Site, post_text, quote

NOT_NEEDED = (
    *("numpy", "whoosh", "sudachipy", "rapidfuzz", "markdown", "nh3", "frontmatter", "yaml"),
    *("watchfiles", "multiprocessing", "matome_app.ingest", "matome_app.update", "matome_app.content.loader"),
)
"""What searches, builds, watches and the page of hints need."""

NOT_IN_LISTS = (
    *(
        "PIL",
        "statistics",
        "matome_app.store.writing",
        "matome_app.search.engine",
        "matome_app.search.query",
        "matome_app.search.terms",
    ),
    *("matome_app.web.api", "matome_app.web.feeds", "matome_app.web.posts", "matome_app.web.search"),
)
"""What lists of posts without pictures and filters do without; other pages need it."""

LOAD_BESIDE = """
import sys, time
from click import Command, Context
from matome_app import create_app
with Context(Command("run"), info_name="run"):
    app = create_app()
app.test_client().get("/")
until = time.monotonic() + 100
while not {"matome_app.web.api", "matome_app.web.users"} <= set(sys.modules) and time.monotonic() < until:
    time.sleep(0.01)
print("matome_app.web.api" in sys.modules, "matome_app.web.users" in sys.modules)
"""

FREEZE = """
import gc, time
from click import Command, Context
from matome_app import create_app
with Context(Command("run"), info_name="run"):
    app = create_app()
app.test_client().get("/")
until = time.monotonic() + 100
while not gc.get_freeze_count() and time.monotonic() < until:
    time.sleep(0.01)
print(gc.get_freeze_count())
"""

END_BROKEN = """
import threading
from matome_app.background import load_or_end
def load():
    import matome_app.web.nothing_of_this_name
threading.Thread(target=load_or_end, args=[load]).start()
threading.Event().wait(100)
print("still here")
"""

ASK = """
import json, sys
from matome_app import create_app
client = create_app({"BUILD": False}).test_client()
told = []
for address in sys.argv[1:]:
    answer = client.get(address)
    told.append((answer.status_code, len(answer.data), sorted(sys.modules)))
print(json.dumps(told))
"""


@pytest.mark.parametrize("address", ["/", "/posts/", "/readyz"])
def test_the_first_page_loads_neither_search_nor_what_reads_content(sample: Site, address: str) -> None:
    environment = {**os.environ, **{f"MATOME_{name}": value for name, value in sample.values.items()}}
    command = [sys.executable, "-c", ASK, address, "/search?q=otter"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    (first, size, loaded), (second, _, after) = json.loads(run.stdout)
    assert (first, second) == (200, 200)
    assert size > 10
    not_needed = NOT_NEEDED if address == "/readyz" else NOT_NEEDED + NOT_IN_LISTS
    assert not [name for name in not_needed if name in loaded]
    assert "whoosh" in after  # so it is the first search that loads it


def run_python(code: str, sample: Site) -> subprocess.CompletedProcess[str]:
    """Run a program on its own, with the settings of a site."""
    environment = {**os.environ, **{f"MATOME_{name}": value for name, value in sample.values.items()}}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_the_first_answer_has_all_other_views_loaded(sample: Site) -> None:
    run = run_python(LOAD_BESIDE, sample)
    assert run.stdout == "True True\n", run.stderr


def test_a_program_that_cannot_be_loaded_ends(sample: Site) -> None:
    run = run_python(END_BROKEN, sample)
    assert run.returncode != 0
    assert "still here" not in run.stdout
    assert "the program cannot be loaded" in run.stderr


@pytest.mark.parametrize("endpoint", sorted({route.endpoint for route in routes.ROUTES}))
def test_every_address_of_the_table_has_a_view(endpoint: str) -> None:
    view = routes.view(endpoint)
    assert view.__doc__  # a function of ours, not something that a module imports
    assert view.__module__ == f"matome_app.web.{endpoint.partition('.')[0]}"


def test_views_of_the_table_have_no_other_addresses() -> None:
    for module in {route.endpoint.partition(".")[0] for route in routes.ROUTES}:
        tree = ast.parse((ROOT / "matome_app" / "web" / f"{module}.py").read_text(encoding="utf-8"))
        assert "blueprint" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}, module


def test_what_a_server_has_loaded_is_not_collected_again_and_again(sample: Site) -> None:
    run = run_python(FREEZE, sample)
    assert int(run.stdout) > 10_000


def test_what_changed_is_read_before_anybody_asks(site: Site) -> None:
    site.write("posts/one.md", post_text("ひとつめ", quote("猫の話")))
    site.index()
    app = site.app()
    runtime: Runtime = app.extensions["matome"]
    engine = opened(runtime.reader().engine)
    engine.search(SearchParams(q="猫"))
    stop = threading.Event()
    thread = threading.Thread(target=follow, args=[runtime, stop])
    thread.start()
    try:
        site.write("posts/two.md", post_text("ふたつめ", quote("犬の話")))
        site.index()
        until = time.monotonic() + 60
        while engine._snapshots[0].columns.size < 2 and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join()
    assert engine._snapshots[0].columns.size == 2
