"""Bring another release onto the machine by deploy/update.sh while the site is visited, and count what fails."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.load_mix import files_of
from benchmarks.load_site import HOST, Run
from benchmarks.load_visits import wait_until
from matome_app.config import ROOT
from matome_app.deployment import render
from tests.deploy.running import Running, deployment_in
from tests.deploy.service import Service, serving

SHIPPED: Final = ("matome_app", "templates", "static", "deploy", "scripts", "content", "assets")
FILES: Final = ("wsgi.py", "pyproject.toml", "requirements.txt", "Makefile", ".gitignore")
STYLE: Final = "static/css/site.css"


@dataclass(slots=True)
class Machine:
    """A server with releases side by side, and the repository that they come from."""

    folder: Path
    site: Running
    service: Service | None = None
    releases: int = 0

    @property
    def home(self) -> Path:
        """Return the folder of the releases."""
        return Path(self.site.deployment.home)

    @property
    def source(self) -> Path:
        """Return the repository."""
        return self.folder / "source"

    def commit(self) -> str:
        """Make a release whose style differs from the one before; return its tag."""
        self.releases += 1
        with (self.source / STYLE).open("a", encoding="utf-8") as style:
            style.write(f"/* release {self.releases} */\n")
        tag = f"v1.{self.releases}.0"
        for words in (["add", "--all"], ["commit", "--quiet", "--message", tag], ["tag", tag]):
            git(self.source, *words)
        return tag

    def update(self) -> None:
        """Run the script as an operator does; raises RuntimeError with what it said."""
        script = self.home / ("current" if (self.home / "current").exists() else "repository") / "deploy/update.sh"
        restart = self.service.restart_command if self.service else "false"
        options = ["--settings", str(self.folder / "matome.env"), "--state", self.site.deployment.state]
        command = [str(script), *options, "--borrow", str(ROOT), "--restart", restart]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"update.sh: {ended.stdout[-1000:]}{ended.stderr[-1000:]}")

    def serves(self) -> str:
        """Return the address of the style of the release that is served."""
        return next(name for name in files_of(self.site.port, HOST)["static"] if "/css/site." in name)

    def upgrade(self, _site: Running) -> None:
        """Go over to a new release; raises RuntimeError when the one before is still served."""
        before = self.serves()
        self.commit()
        self.update()
        # nginx may keep the page of the release before for as long as it promises.
        wait_until(lambda: self.serves() != before, "the new release is served", 30)


@contextmanager
def released(run: Run) -> Iterator[Machine]:
    """Serve a first release as deploy/ sets it up, on a copy of the site's data folder."""
    folder = run.folder / "releases"
    source, home = folder / "source", folder / "home"
    for name in SHIPPED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    git(source, "init", "--quiet")
    home.mkdir()
    deployment = deployment_in(
        folder,
        home=str(home),
        checkout=str(home / "current"),
        static=str(home / "static"),
        data=str(home / "current/instance"),
        state=str(folder / "data"),
        content=str(run.place.content),
        assets=str(run.place.content.parent / "assets"),
        trusted_proxies=("127.0.0.1",),
    )
    machine = Machine(folder, Running(folder, deployment, run.place.content))
    machine.commit()
    git(folder, "clone", "--quiet", str(source), str(home / "repository"))
    machine.update()
    # The first release begins with what is built already.
    data = (home / "current/instance").resolve()
    shutil.rmtree(data)
    shutil.copytree(run.place.data, data)
    files = render(deployment)
    settings = f"/etc/matome/{deployment.name}.env"
    (folder / "matome.env").write_text(files[settings], encoding="utf-8")
    unit = files[f"/etc/systemd/system/{deployment.name}.service"].replace(settings, str(folder / "matome.env"))
    with serving(unit, Path(deployment.socket), folder / "service.log") as service:
        machine.service = service
        machine.site.start_nginx()
        try:
            wait_until(lambda: _is_ready(machine.site), "the first release answers")
            yield machine
        finally:
            machine.site.stop_nginx()


def _is_ready(site: Running) -> bool:
    try:
        return site.get("/readyz").status == 200
    except OSError:
        return False  # nginx does not listen yet


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, as somebody."""
    somebody = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *somebody, *arguments], cwd=folder, capture_output=True, check=True)
