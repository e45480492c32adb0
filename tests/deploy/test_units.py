"""Have systemd read the units that `flask deploy-config` writes, judge their sandboxes, and logrotate its rule."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matome_app.deployment import Deployment, render
from tests.deploy.service import unit_values

UNITS = "/etc/systemd/system/"
EXPOSURE = 15
"""At most, in tenths (systemd's scale ends at 100): what serves, and what only reads and writes files."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (Debian's package systemd)"
)


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write all units of a site into a folder, with a program to start in its place; give them by name."""
    folder = tmp_path_factory.mktemp("units")
    checkout = folder / "checkout"
    program = checkout / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    deployment = Deployment("example.org", checkout=str(checkout), watch=False, pull=True, metrics=True)
    found = {}
    for path, text in render(deployment).items():
        if path.startswith(UNITS):
            found[path.removeprefix(UNITS)] = folder / path.removeprefix(UNITS)
            found[path.removeprefix(UNITS)].write_text(text, encoding="utf-8")
    return found


def values(units: dict[str, Path], name: str) -> dict[str, str]:
    """Return the settings of a unit."""
    return unit_values(units[name].read_text(encoding="utf-8"))


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_units(units: dict[str, Path]) -> None:
    said = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units.values())], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@needs_systemd
def test_systemd_notices_a_unit_that_is_wrong(units: dict[str, Path], tmp_path: Path) -> None:
    wrong = tmp_path / "matome.service"
    wrong.write_text(units["matome.service"].read_text().replace("ProtectSystem=strict", "ProtectSystem=rather"))
    said = subprocess.run(["systemd-analyze", "verify", str(wrong)], capture_output=True, text=True, check=False)
    assert "rather" in said.stderr


@needs_systemd
def test_services_may_do_little(units: dict[str, Path]) -> None:
    for name in units:
        if name.endswith(".service"):
            bound = 30 if name == "matome-pull.service" else EXPOSURE  # this one needs the network
            said = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", f"--threshold={bound}", str(units[name])],
                capture_output=True,
                text=True,
                check=False,
            )
            assert said.returncode == 0, said.stdout[-400:]


def test_the_service_takes_the_socket_that_systemd_holds(units: dict[str, Path]) -> None:
    socket, service = values(units, "matome.socket"), values(units, "matome.service")
    assert socket["ListenStream"] == "/run/matome/matome.sock"
    assert service["Requires"] == "matome.socket"
    assert "gunicorn" in service["ExecStart"]
    # The folder of the socket would go with the service, and the socket with it: figures have a folder of their own.
    assert service["RuntimeDirectory"] == "matome-figures"


def test_readers_have_their_answers_before_the_service_is_killed(units: dict[str, Path], root: Path) -> None:
    conf = (root / "deploy/gunicorn.conf.py").read_text(encoding="utf-8")
    graceful = re.search(r"^graceful_timeout = (\d+)$", conf, re.MULTILINE)
    assert graceful
    assert int(values(units, "matome.service")["TimeoutStopSec"]) > int(graceful[1])


def test_as_many_connections_wait_in_the_kernel_with_systemd_as_without(units: dict[str, Path], root: Path) -> None:
    conf = (root / "deploy/gunicorn.conf.py").read_text(encoding="utf-8")
    assert f"\nbacklog = {values(units, 'matome.socket')['Backlog']}\n" in conf


def test_timers_and_paths_start_services_that_are_there(units: dict[str, Path]) -> None:
    for name in units:
        kind = name.rpartition(".")[2]
        if kind in ("timer", "path"):
            assert values(units, name).get("Unit", name.replace(kind, "service")) in units


def test_without_a_watch_pulled_content_is_indexed_and_with_one_no_unit_does_it_twice() -> None:
    assert not any("-index." in path for path in render(Deployment("example.org")))
    files = render(Deployment("example.org", watch=False))
    assert "PathChanged=/srv/matome-content/.git/logs/HEAD" in files[f"{UNITS}matome-index.path"]
    assert "MATOME_WATCH=0" in files["/etc/matome/matome.env"]
    assert "MATOME_WATCH=1" in render(Deployment("example.org"))["/etc/matome/matome.env"]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_writes_the_file_that_the_path_unit_looks_at_with_every_pull_that_brings_something(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        somebody = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", *somebody, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "source")
    git("-C", "source", "commit", "--allow-empty", "-m", "one")
    git("clone", "source", "content")
    log = tmp_path / "content/.git/logs/HEAD"
    before = log.read_text(encoding="utf-8")
    git("-C", "content", "pull", "--ff-only", "--quiet")
    assert log.read_text(encoding="utf-8") == before
    git("-C", "source", "commit", "--allow-empty", "-m", "two")
    git("-C", "content", "pull", "--ff-only", "--quiet")
    assert len(log.read_text(encoding="utf-8").splitlines()) == len(before.splitlines()) + 1


def logrotate() -> str | None:
    """Return where logrotate is, if it is."""
    return shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin")


@pytest.mark.skipif(logrotate() is None, reason="needs logrotate: scripts/install-test-packages.sh installs it")
def test_logrotate_turns_the_logs_of_the_site_over(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o755)
    (logs / "access.log").write_text("a line\n", encoding="utf-8")
    user = tmp_path.owner()
    rule = render(Deployment("example.org", logs=str(logs), nginx_user=user))["/etc/logrotate.d/matome"]
    rule = rule.replace(f"create 0640 {user} adm", f"create 0640 {user} {tmp_path.group()}")
    rules = tmp_path / "logrotate.d"
    rules.mkdir(mode=0o755)
    for name in ("matome", "matome.bak"):  # what `flask deploy-config` keeps of the rule before lies beside it
        (rules / name).write_text(rule.replace("/run/nginx.pid", str(tmp_path / "nginx.pid")), encoding="utf-8")
        (rules / name).chmod(0o644)
    conf = tmp_path / "rules"
    conf.write_text(f"include {rules}\n", encoding="utf-8")
    conf.chmod(0o644)
    program = str(logrotate())
    said = subprocess.run(
        [program, "--force", "--state", str(tmp_path / "state"), str(conf)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert (logs / "access.log").read_text(encoding="utf-8") == ""
    assert (logs / "access.log.1").read_text(encoding="utf-8") == "a line\n"


def test_what_the_service_loads_later_is_of_the_release_it_began_with(units: dict[str, Path], tmp_path: Path) -> None:
    for number in (1, 2):
        venv = tmp_path / f"releases/{number}/.venv/bin"
        venv.mkdir(parents=True)
        (venv / "python").symlink_to(f"{sys.base_prefix}/bin/python3")
        (venv.parent / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\n", encoding="utf-8")
    (tmp_path / "current").symlink_to("releases/1")
    command = values(units, "matome.service")["ExecStart"]
    code = "import sys; print(sys.executable, sys.prefix)"
    shell = shlex.split(command.replace("-m gunicorn --config deploy/gunicorn.conf.py wsgi:app", f'-c "{code}"'))
    said = subprocess.run(
        shell, cwd=tmp_path / "current", env={"PATH": "/usr/bin"}, capture_output=True, text=True, check=True
    )
    release = f"{tmp_path}/releases/1/.venv"
    assert said.stdout.split() == [f"{release}/bin/python", release]
