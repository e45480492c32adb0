"""Update a site that is being asked without a pause: deploy/update.sh, on releases in a repository of its own.

The socket belongs to the test, as it belongs to systemd on a server; the service is what the shipped unit says.
"""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from matome_app.deployment import Deployment, render
from tests.deploy.service import Service, serving

SHIPPED = ("matome_app", "templates", "static", "deploy", "scripts", "content", "assets")
PATHS = ("/", "/tags/", "/search?q=a", "/posts/2026_09/2026_09_20_how_to_read_a_matome/", "/index.xml")


class ByPath(http.client.HTTPConnection):
    """A connection to a socket of the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(path: Path, page: str) -> tuple[int, str]:
    """Ask for a page on a connection of its own; return status and body."""
    connection = ByPath(path)
    try:
        connection.request("GET", page)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


@dataclass
class Home:
    """A machine with releases: where they lie, and how they are updated."""

    folder: Path
    source: Path
    deployment: Deployment
    root: Path
    service: Service | None = None
    said: list[str] = field(default_factory=list)

    def commit(self, tag: str, **changes: tuple[str, str, str]) -> None:
        """Make a release: each change is a file, what stands in it and what is to stand there."""
        for file, before, after in changes.values():
            path = self.source / file
            text = path.read_text(encoding="utf-8")
            assert before in text
            path.write_text(text.replace(before, after), encoding="utf-8")
        git(self.source, "add", "--all")
        git(self.source, "commit", "--quiet", "--message", tag)
        git(self.source, "tag", tag)

    def update(self, *arguments: str, restart: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script as an operator does; it is the one of the release that serves, or of the clone."""
        home = Path(self.deployment.home)
        script = home / ("current" if (home / "current").exists() else "repository") / "deploy/update.sh"
        command = restart or (self.service.restart_command if self.service else "false")
        options = ["--settings", str(self.folder / "matome.env"), "--state", str(self.folder / "data")]
        options += ["--borrow", str(self.root), "--restart", command]
        done = subprocess.run([str(script), *options, *arguments], capture_output=True, text=True, check=False)
        self.said.append(done.stdout + done.stderr)
        return done

    def serves(self) -> str:
        """Return the release that `current` names."""
        return (Path(self.deployment.home) / "current").readlink().name

    def stylesheet(self) -> str:
        """Return the address of the stylesheet in the page that is served: it tells releases apart."""
        status, page = ask(Path(self.deployment.socket), "/")
        found = re.search(r"/static/(css/site\.[0-9a-f]{12}\.css)", page)
        assert status == 200
        assert found
        return found[1]


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, as somebody."""
    somebody = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *somebody, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def home(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Give a machine that serves a release; each test may leave another."""
    tmp_path = tmp_path_factory.mktemp("update")
    source = tmp_path / "source"
    for name in SHIPPED:
        shutil.copytree(root / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    for name in ("wsgi.py", "pyproject.toml", "requirements.txt", "Makefile", ".gitignore"):
        shutil.copy(root / name, source)
    git(source, "init", "--quiet")
    deployment = Deployment(
        "example.org",
        home=str(tmp_path / "home"),
        content=str(root / "content"),
        assets=str(root / "assets"),
        state=str(tmp_path / "data"),
        socket=str(tmp_path / "live.sock"),
        workers=1,
    )
    site = Home(tmp_path, source, deployment, root)
    site.commit("v1.0.0")
    (tmp_path / "home").mkdir()
    git(tmp_path, "clone", "--quiet", str(source), "home/repository")
    first = site.update()
    assert first.returncode == 0, first.stdout + first.stderr
    files = render(deployment)
    settings = files["/etc/matome/matome.env"]
    (tmp_path / "matome.env").write_text(settings, encoding="utf-8")
    unit = files["/etc/systemd/system/matome.service"].replace("/etc/matome/matome.env", str(tmp_path / "matome.env"))
    with serving(unit, tmp_path / "live.sock", tmp_path / "service.log") as service:
        site.service = service
        wait_until_ready(tmp_path / "live.sock")
        yield site


def wait_until_ready(path: Path) -> None:
    """Wait until the site answers with its posts; fail after a minute."""
    end = time.monotonic() + 60
    while ask(path, "/readyz")[0] != 200:
        assert time.monotonic() < end
        time.sleep(0.1)


@contextmanager
def readers(path: Path) -> Iterator[Counter[str]]:
    """Ask for pages all the while, on new connections and on one that is kept; count the answers.

    Between two there is a moment, since reader, site and script share the machine.
    """
    counted: Counter[str] = Counter()
    ended = threading.Event()

    def read(keep: bool) -> None:
        connection = ByPath(path)
        while not ended.is_set():
            for page in PATHS:
                try:
                    connection.request("GET", page)
                    answer = connection.getresponse()
                    answer.read()
                    counted["answered" if answer.status == 200 else f"{page} {answer.status}"] += 1
                except (OSError, http.client.HTTPException) as error:
                    counted[f"{page} {error!r}"] += 1
                    connection.close()
                if not keep:
                    connection.close()
                ended.wait(0.05)
        connection.close()

    threads = [threading.Thread(target=read, args=[keep]) for keep in (False, True)]
    for thread in threads:
        thread.start()
    try:
        yield counted
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def assert_none_failed(counted: Counter[str], at_least: int) -> None:
    """Hold that every request was answered with a page."""
    assert set(counted) == {"answered"}, counted
    assert counted["answered"] >= at_least


def test_an_update_and_the_way_back_lose_no_request(home: Home) -> None:
    before, first = home.serves(), home.stylesheet()
    # Another format of the data, too: the index is built again, beside.
    home.commit(
        "v1.1.0",
        css=("static/css/site.css", "/*", "/* 1.1 */\n/*"),
        data=("matome_app/judging.py", 'CONTENT_VERSION = "1"', 'CONTENT_VERSION = "1.1"'),
    )
    with readers(Path(home.deployment.socket)) as counted:
        updated = home.update()
        assert updated.returncode == 0, updated.stdout + updated.stderr
        after, second = home.serves(), home.stylesheet()
    assert_none_failed(counted, at_least=5)
    assert "v1.1.0 serves" in updated.stdout
    assert "deploy/ has changed" not in updated.stdout
    assert "building again" in updated.stderr
    assert before != after
    assert first != second
    # Pages that are open name the files of the release they are of.
    for name in (first, second):
        assert (Path(home.deployment.static) / name).is_file()
        assert (Path(home.deployment.static) / f"{name}.gz").is_file()
    # Neither reads what the other wrote.
    data = home.folder / "data"
    assert [(data / one / "current").read_text() for one in (before, after)] == ["g1\n", "g2\n"]

    with readers(Path(home.deployment.socket)) as counted:
        back = home.update("--rollback")
        assert back.returncode == 0, back.stdout + back.stderr
        assert home.stylesheet() == first
    assert_none_failed(counted, at_least=5)
    assert home.serves() == before
    assert "building again" not in back.stderr
    listed = home.update("--list").stdout
    assert f"{before} serves" in listed
    assert f"{after} the one before" in listed


def test_a_release_that_does_not_answer_is_not_taken(home: Home) -> None:
    before = home.serves()
    home.commit("v1.2.0", conf=("deploy/gunicorn.conf.py", "preload_app = False", "preload_app = 1 / 0"))
    with readers(Path(home.deployment.socket)) as counted:
        refused = home.update("--wait", "600")  # which it does not take: the program ends at once
    assert refused.returncode == 1
    assert "it ended when it was started" in refused.stderr
    assert "what served before serves on" in refused.stderr
    assert home.serves() == before
    assert_none_failed(counted, at_least=5)


def test_a_release_whose_service_does_not_start_is_taken_back(home: Home) -> None:
    before, first = home.serves(), home.stylesheet()
    home.commit(
        "v1.3.0",
        css=("static/css/site.css", "1.1", "1.3"),
        conf=("deploy/gunicorn.conf.py", "preload_app = 1 / 0", "preload_app = False"),
    )
    assert home.service
    # The restart fails once, as long as the new release is the current one.
    restart = f'[ "$(readlink {home.deployment.home}/current)" = releases/{before} ] && {home.service.restart_command}'
    with readers(Path(home.deployment.socket)) as counted:
        refused = home.update(restart=restart)
    assert refused.returncode == 1
    assert f"{before} serves" in refused.stderr
    assert home.serves() == before
    assert home.stylesheet() == first
    assert_none_failed(counted, at_least=5)


def test_a_restart_and_a_reload_lose_no_request(home: Home) -> None:
    assert home.service
    with readers(Path(home.deployment.socket)) as counted:
        subprocess.run(home.service.restart_command, shell=True, check=True)
        wait_until_ready(Path(home.deployment.socket))
        home.service.reload()
        end = time.monotonic() + 60
        while home.service.log.read_text(encoding="utf-8").count("Booting worker") < 3:
            assert time.monotonic() < end
            time.sleep(0.1)
        wait_until_ready(Path(home.deployment.socket))
    assert_none_failed(counted, at_least=5)


def test_what_cannot_be_is_said_in_one_line(home: Home, tmp_path: Path) -> None:
    for arguments, line in (
        (["v9"], "the repository knows no release v9"),
        (["--rollback", "--home", str(tmp_path)], "there is no release before this one"),
        (
            ["--home", str(tmp_path)],
            f"there is no clone at {tmp_path}/repository: git clone ADDRESS {tmp_path}/repository",
        ),
        (["--keep", "none"], "--keep none: write a number, 1 at least"),
        (["--frobnicate"], "there is no option --frobnicate; --help lists all"),
        (["--home", "/nowhere"], "there is no folder /nowhere (--home)"),
        (["--borrow", str(tmp_path)], f"--borrow {tmp_path}: there is no .venv; run make setup there"),
        (
            ["--borrow", f"{home.deployment.home}/current"],
            f"--borrow {Path(home.deployment.checkout).resolve()}: a release goes some day, and its .venv with it",
        ),
    ):
        done = home.update(*arguments)
        assert (done.returncode, done.stderr) == (1, f"update: {line}\n"), done
    assert home.update("v1.0.0").stdout == "v1.0.0 serves already\n"
