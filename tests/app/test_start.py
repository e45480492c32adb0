"""A start loads what the first page needs and nothing else: the rest would stand before the first answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from matome_app.config import ROOT
from tests.app.sites import Site

NOT_NEEDED = (
    *("numpy", "whoosh", "sudachipy", "rapidfuzz", "markdown", "nh3", "frontmatter", "yaml"),
    *("watchfiles", "multiprocessing", "matome_app.ingest", "matome_app.update", "matome_app.content.loader"),
)
"""What searches, builds, watches and the page of hints need."""

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
    assert not [name for name in NOT_NEEDED if name in loaded]
    assert "whoosh" in after  # so it is the first search that loads it
