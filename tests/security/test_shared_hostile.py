"""A sample of the public collection of hostile texts, by the checker that comes with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import free_port, wait_until_ready
from tests.browser.watching import Site as Served
from tests.chromium import CHROMIUM
from tests.conftest import SHARED

pytestmark = pytest.mark.browser

STEP = 60
"""Of the collection's texts, one in so many is tried here."""


def test_a_sample_of_the_collection_does_nothing_and_is_shown(root: Path, tmp_path: Path) -> None:
    tools = [SHARED / "hostile/make_posts.py", SHARED / "hostile/payloads.json", SHARED / "tools/check_hostile.py"]
    if missing := [str(path) for path in tools if not path.is_file()]:
        pytest.skip(f"needs ../shared/hostile and ../shared/tools: {', '.join(missing)}")
    make, payloads, check = tools
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(json.loads(payloads.read_text(encoding="utf-8"))[::STEP]), encoding="utf-8")
    out = tmp_path / "out"
    subprocess.run([sys.executable, str(make), str(out), str(sample)], check=True, capture_output=True, timeout=120)
    settings = {
        "MATOME_CONTENT_DIR": str(out / "content"),
        "MATOME_ASSETS_DIR": str(root / "assets"),
        "MATOME_DATA_DIR": str(tmp_path / "data"),
        "CHROMIUM": CHROMIUM,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATOME_")} | settings
    index = [sys.executable, "-m", "flask", "--app", "wsgi", "index"]
    subprocess.run(index, cwd=root, env=environment, check=True, capture_output=True, timeout=300)
    port, log = free_port(), tmp_path / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4", "--no-control-socket"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "wsgi:app"],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=output,
        )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(Served(base), server, log)
        done = subprocess.run(
            [sys.executable, str(check), base, str(out)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((out / "xss_report.json").read_text(encoding="utf-8"))
    assert report["executed"] == report["unsafe"] == []
    assert report["pages"] > 40
