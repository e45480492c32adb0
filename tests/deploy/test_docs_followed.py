"""Hold docs/deploy.md to what there is: its commands are run, its paths are those of the files it leads to."""

from __future__ import annotations

import re
import shlex
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from flask import Flask

from matome_app import create_app
from matome_app.deployment import Deployment, render

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs/deploy.md").read_text(encoding="utf-8")
SITE = Deployment("example.org", brotli=True)
NOT_OURS = ("/var/www/html", "/etc/nginx/sites-enabled/default", "/usr/sbin/nologin", "/path/to/", "/dev/null")
"""Paths of Debian, and ones to be replaced."""


def commands() -> list[str]:
    """Return the lines of the document's blocks of commands."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def matching(pattern: str) -> list[str]:
    """Return the commands in which something stands; one at least."""
    found = [command for command in commands() if re.search(pattern, command)]
    assert found, pattern
    return found


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Give the app whose commands are run."""
    folder = str(tmp_path_factory.mktemp("followed"))
    return create_app({"CONTENT_DIR": folder, "DATA_DIR": folder, "BUILD": False})


def arguments_of(command: str) -> list[str]:
    """Return what a line gives to `flask deploy-config`."""
    words = shlex.split(command)
    return words[words.index("deploy-config") + 1 :]


def test_the_files_are_written_as_the_document_says_and_stand_where_it_looks(app: Flask, tmp_path: Path) -> None:
    for command in matching(r"flask deploy-config"):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        arguments = [str(folder) if word == "/" else word for word in arguments_of(command)]
        run = app.test_cli_runner().invoke(args=["deploy-config", *arguments])
        assert run.exit_code == (1 if "--check" in arguments else 0), run.output  # nothing is there to compare with
    written = {f"/{path.relative_to(tmp_path / '0')}" for path in (tmp_path / "0").rglob("*") if path.is_file()}
    assert "/etc/matome/matome.env" in written
    assert written == set(render(SITE))


def test_every_choice_in_its_table_is_one(app: Flask) -> None:
    options = {
        option for row in re.findall(r"^\|.*\|$", TEXT, re.MULTILINE) for option in re.findall(r"`(--[a-z-]+)", row)
    }
    parameters = app.cli.commands["deploy-config"].params
    known = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    assert len(options) > 10
    assert options <= known, options - known


def test_every_path_in_it_is_one_that_the_files_lead_to() -> None:
    known = {
        *render(SITE),
        *(str(getattr(SITE, name)) for name in ("home", "checkout", "static", "state", "socket", "logs")),
    }
    known |= {
        SITE.settings,
        str(Path(SITE.content).parent),
        SITE.content,
        f"{SITE.home}/repository",
        f"{SITE.home}/releases",
    }
    named = set(re.findall(r"(?<![\w.~/:>$-])(/(?:srv|etc|var|run|usr|path|dev)/[\w./*-]*\w)", TEXT))
    ours = {path.replace("/tea", "/matome") for path in named if not path.startswith(NOT_OURS)}
    for path in ours:
        # Folders of what is known, and files of the checkout.
        inside = path.removeprefix(f"{SITE.checkout}/").removeprefix(f"{SITE.home}/repository/")
        is_known = any(fnmatch(one, path) or one.startswith(f"{path}/") for one in known)
        assert is_known or (Path(__file__).resolve().parents[2] / inside).exists(), path
    assert "/run/matome/matome.sock" in ours


def test_units_it_starts_are_written() -> None:
    names = {path.rpartition("/")[2] for path in render(SITE)}
    for command in matching(r"systemctl (enable|restart|status)"):
        for unit in re.findall(r"[\w-]+\.(?:service|socket|timer|path)", command):
            assert unit in names
    for command in matching(r"systemd-tmpfiles"):
        assert f"/etc/tmpfiles.d/{command.split()[-1]}" in render(SITE)


def test_the_update_script_knows_what_is_asked_of_it(root: Path, tmp_path: Path) -> None:
    for command in matching(r"update\.sh"):
        words = shlex.split(command)
        script = root / "deploy" / Path(words[0]).name
        # On a folder without anything it says what is missing there, and nothing of its options.
        said = subprocess.run(
            [str(script), *words[1:], "--home", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert "no option" not in said.stderr
        assert said.returncode in (0, 1)


def test_the_site_can_be_looked_through_with_its_settings(app: Flask, tmp_path: Path, root: Path) -> None:
    (command,) = matching(r"flask doctor")
    settings = tmp_path / "matome.env"
    text = render(SITE)["/etc/matome/matome.env"].replace(SITE.content, str(root / "content"))
    settings.write_text(f'{text}MATOME_DATA_DIR={tmp_path}/data\nMATOME_SITE_TITLE="two words"\n', encoding="utf-8")
    here = command.replace("/srv/matome/current", str(root)).replace("/etc/matome/matome.env", str(settings))
    said = subprocess.run(["sh", "-c", here], capture_output=True, text=True, check=False)
    assert str(root / "content") in said.stdout, said.stderr
    assert said.returncode == 1  # there is no index yet, and it says so
