"""The main job on the real posts: a server with nothing indexed yet, asked by the checkers once it says it is ready."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SHARED

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not SHARED.exists(), reason="needs ../shared/corpus: the real posts and what Hugo reads of them"
    ),
]
ORACLE = SHARED / "corpus" / "oracle.jsonl.gz"
LONGEST_BUILD_S = 600


def ask(base: str, path: str) -> tuple[int, bytes]:
    """Return status and body of an answer; status 0 while nobody listens."""
    try:
        with urllib.request.urlopen(base + path, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


@pytest.fixture(scope="module")
def base(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server on an empty data folder and wait until it has indexed everything beside itself."""
    data = tmp_path_factory.mktemp("corpus")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"MATOME_CONTENT_DIR": str(SHARED / "corpus" / "content"), "MATOME_DATA_DIR": str(data / "data")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATOME_")} | settings
    command = [sys.executable, "-m", "gunicorn", "--threads", "4", "--no-control-socket", "-b", f"127.0.0.1:{port}"]
    with (data / "log").open("wb") as log:
        server = subprocess.Popen([*command, "wsgi:app"], cwd=root, env=environment, stdout=log, stderr=log)
    base = f"http://127.0.0.1:{port}"
    try:
        served_early = wait_until_ready(base, server, data / "log")
        assert served_early, "no page with posts was served before the index was whole"
        yield base
    finally:
        server.terminate()
        server.wait(30)


def wait_until_ready(base: str, server: subprocess.Popen[bytes], log: Path) -> bool:
    """Return, when all is indexed, whether posts were served before that."""
    deadline = time.monotonic() + LONGEST_BUILD_S
    served_early = False
    while time.monotonic() < deadline and server.poll() is None:
        status, body = ask(base, "/readyz")
        if status == 200:
            return served_early
        if status == 503 and (json.loads(body).get("posts") or 0) > 0:
            served_early = served_early or b'class="item' in ask(base, "/")[1]
        time.sleep(0.5)
    pytest.fail(f"the index was not whole in time:\n{log.read_text(encoding='utf-8')[-2000:]}")


def check(name: str, *arguments: str | Path) -> str:
    """Run a checker and return what it printed; it must end without complaint."""
    command = [sys.executable, str(SHARED / "tools" / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


def test_every_post_and_comment_is_what_hugo_reads(base: str) -> None:
    assert re.search(
        r"[1-9]\d* posts, [1-9]\d* comments, 0 differences$", check("check_parity.py", base, ORACLE).rstrip()
    )


def test_every_search_finds_what_it_must(base: str) -> None:
    said = check("check_search.py", base, ORACLE, SHARED / "queries" / "dev.jsonl")
    assert re.search(r"search: ([1-9]\d*) of \1 queries met", said)


def test_the_seed_post_opens_with_its_folds(base: str) -> None:
    status, body = ask(base, "/posts/2025_04/2025_04_05_the_llama_4_herd/")
    assert (status, len(re.findall(rb'class="fold[ "]', body))) == (200, 3)
    fold = ask(base, "/posts/2025_04/2025_04_05_the_llama_4_herd/details/3")[1]
    assert len(re.findall(rb'class="comment[ "]', fold)) == 40
