"""Hold the commands: `flask index` and its report, `flask check` in both forms, `flask run` serving at once."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import Result

from matome_app.config import ROOT
from tests.app.sites import Site, post_text, quote

GOOD = post_text("よい記事", quote("よい発言"))
UNCLOSED = post_text("開いたまま", '{{< details summary="s" >}}')


def invoke(site: Site, *words: str) -> Result:
    """Run a command in this process."""
    return site.app().test_cli_runner().invoke(args=list(words))


def test_index_builds_and_reports(site: Site) -> None:
    site.write("posts/a.md", GOOD)
    site.write("posts/b.md", UNCLOSED)
    ended = site.flask("index")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == ""
    assert "ERROR: posts/b.md:6:1: shortcode-unclosed: " in ended.stderr
    last = ended.stderr.splitlines()[-1]
    pattern = r"index: 1 added, 0 changed, 0 removed, 1 faulty; 1 comments in \d+\.\d s \(\d+ a second\)"
    assert re.fullmatch(pattern, last), last
    assert site.rows("SELECT count(*) FROM posts")[0][0] == 1


def test_index_rebuilds_when_told(site: Site) -> None:
    site.write("posts/a.md", GOOD)
    site.index()
    assert invoke(site, "index").stderr == "", "nothing has changed, so there is nothing to say"
    assert "1 added" in invoke(site, "index", "--rebuild").stderr


def test_index_without_a_content_folder_says_where_it_looked(site: Site) -> None:
    site.content.rmdir()
    ended = invoke(site, "index")
    assert ended.exit_code == 1
    assert str(site.content) in ended.stderr
    assert "MATOME_CONTENT_DIR" in ended.stderr


def test_check_prints_a_line_a_fault_and_fails_on_errors(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.root)
    site.write("posts/a.md", UNCLOSED)
    site.write("posts/b.md", post_text("知らない", "{{< glow >}}"))
    ended = invoke(site, "check")
    assert ended.exit_code == 1
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("content/posts/a.md:6:1: shortcode-unclosed: ")
    assert re.fullmatch(r"content/posts/b\.md:6:1: shortcode-unknown: .+ \(warning\)", lines[1])
    assert len(lines) == 2
    assert ended.stderr.strip() == "1 errors, 1 warnings"


def test_check_prints_json_of_the_shape_of_the_contract(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.root)
    site.write("posts/a.md", UNCLOSED)
    ended = invoke(site, "check", "--json")
    assert ended.exit_code == 1
    (fault,) = json.loads(ended.stdout)
    assert list(fault) == ["path", "line", "column", "code", "message", "severity"]
    assert (fault["path"], fault["line"], fault["column"]) == ("content/posts/a.md", 6, 1)
    assert (fault["code"], fault["severity"]) == ("shortcode-unclosed", "error")


def test_check_succeeds_without_errors(site: Site) -> None:
    site.write("posts/a.md", GOOD)
    ended = invoke(site, "check", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)) == (0, [])
    site.write("posts/b.md", post_text("知らない", "{{< glow >}}"))
    assert invoke(site, "check").exit_code == 0, "warnings alone are no failure"


def test_check_takes_paths_as_they_are_seen_from_where_one_stands(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("posts/a.md", UNCLOSED)
    site.write("posts/b.md", UNCLOSED)
    monkeypatch.chdir(site.content / "posts")
    ended = invoke(site, "check", "b.md")
    assert [line.partition(":")[0] for line in ended.stdout.splitlines()] == ["b.md"]
    assert invoke(site, "check", "nowhere.md").exit_code == 1


def test_check_needs_neither_store_nor_data_folder(site: Site) -> None:
    site.write("posts/a.md", GOOD)
    assert invoke(site, "check").exit_code == 0
    assert not site.data.exists()


def test_check_without_a_content_folder_fails(site: Site) -> None:
    site.content.rmdir()
    ended = invoke(site, "check")
    assert ended.exit_code == 1
    assert str(site.content) in ended.stderr


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def fetch(url: str) -> tuple[int, str]:
    """Return status and text of an address; status 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def wait_for(url: str, server: subprocess.Popen[str], status: int = 200) -> str:
    """Return the text of an address once it answers with a status."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, server.communicate()
        found, text = fetch(url)
        if found == status:
            return text
        time.sleep(0.05)
    raise AssertionError(f"{url} never answered {status}")


def test_run_serves_at_once_and_builds_beside(site: Site, tmp_path: Path) -> None:
    for n in range(60):
        site.write(f"posts/p{n}.md", post_text(f"記事{n}", *(quote(f"発言{n} {m}") for m in range(5))))
    base = f"http://127.0.0.1:{(port := free_port())}"
    command = site.command("run", "--port", str(port))
    server = subprocess.Popen(command, cwd=ROOT, env=site.environment(), stderr=subprocess.PIPE, text=True)
    try:
        assert json.loads(wait_for(f"{base}/healthz", server)) == {"status": "ok"}
        assert json.loads(wait_for(f"{base}/readyz", server))["posts"] == 60
        assert "記事59" in fetch(f"{base}/posts/p59/")[1]
    finally:
        server.terminate()
        _, said = server.communicate(timeout=20)
    assert "60 of 60 posts" in said
    assert "index: 60 added" in said
    assert "Traceback" not in said


def test_run_on_an_unchanged_site_starts_no_build(site: Site) -> None:
    site.write("posts/a.md", GOOD)
    site.index()
    base = f"http://127.0.0.1:{(port := free_port())}"
    command = site.command("run", "--port", str(port))
    server = subprocess.Popen(command, cwd=ROOT, env=site.environment(), stderr=subprocess.PIPE, text=True)
    try:
        wait_for(f"{base}/readyz", server)
    finally:
        server.terminate()
        _, said = server.communicate(timeout=20)
    assert "index" not in said


def test_index_draws_a_bar_in_a_terminal_and_says_one_line_at_the_end(site: Site) -> None:
    for n in range(60):
        site.write(f"posts/p{n}.md", post_text(f"記事{n}", quote(f"発言{n}")))
    ours, theirs = pty.openpty()
    try:
        ended = subprocess.Popen(site.command("index"), cwd=ROOT, env=site.environment(), stderr=theirs)
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # how a terminal ends whose other side is closed
            while part := os.read(ours, 4096):
                said += part
        assert ended.wait(60) == 0
    finally:
        os.close(ours)
    text = said.decode()
    assert re.search(r"\[#+-*\]\s+\d+%\s+\d+ of 60 posts, \d+ comments, \d+ a second", text), text
    assert "60 of 60 posts, 60 comments" in text
    assert "index: 60 added, 0 changed, 0 removed, 0 faulty; 60 comments in" in text.splitlines()[-1]


def test_index_says_in_one_line_why_it_cannot_write(site: Site) -> None:
    site.write("posts/a.md", GOOD)
    site.data.mkdir()
    (site.data / "lock").mkdir()
    ended = site.flask("index")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    assert str(site.data) in line
