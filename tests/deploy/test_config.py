"""Use `flask deploy-config` as an operator does: what it prints, writes, compares and refuses."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from matome_app import create_app
from matome_app.deployment import PATHS, Deployment, has_brotli, render
from matome_app.errors import SettingError

EVERY_FILE = {"watch": False, "pull": True}
"""What has all files rendered."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Give the app that has the command."""
    folder = str(tmp_path_factory.mktemp("config"))
    return create_app({"CONTENT_DIR": folder, "DATA_DIR": folder, "BUILD": False})


def run(app: Flask, *arguments: str) -> Result:
    """Run the command for example.org."""
    return app.test_cli_runner().invoke(args=["deploy-config", "--domain", "example.org", *arguments])


def test_it_prints_every_file_with_its_place_and_says_what_to_do_next(app: Flask) -> None:
    said = run(app)
    assert said.exit_code == 0, said.output
    for path, text in render(Deployment("example.org", brotli=has_brotli())).items():
        assert f"# ---- {path}\n{text}" in said.stdout
    assert "systemctl enable --now matome.socket matome.service" in said.stderr
    assert "https://example.org/" in said.stderr


def test_it_writes_below_a_folder_and_finds_that_nothing_differs(app: Flask, tmp_path: Path) -> None:
    assert run(app, "--output", str(tmp_path)).exit_code == 0
    written = {f"/{path.relative_to(tmp_path)}" for path in tmp_path.rglob("*") if path.is_file()}
    assert written == set(render(Deployment("example.org")))
    same = run(app, "--output", str(tmp_path), "--check")
    assert (same.exit_code, same.output) == (0, "")


def test_it_names_what_differs_and_keeps_what_was_there(app: Flask, tmp_path: Path) -> None:
    run(app, "--output", str(tmp_path))
    service = tmp_path / "etc/systemd/system/matome.service"
    before = service.read_text(encoding="utf-8")
    (tmp_path / "etc/logrotate.d/matome").unlink()
    differs = run(app, "--output", str(tmp_path), "--memory", "1G", "--check")
    assert differs.exit_code == 1
    assert differs.output.splitlines() == [f"differs: {service}", f"missing: {tmp_path}/etc/logrotate.d/matome"]
    run(app, "--output", str(tmp_path), "--memory", "1G")
    assert "MemoryMax=1G" in service.read_text(encoding="utf-8")
    assert service.with_name("matome.service.bak").read_text(encoding="utf-8") == before


def test_it_leaves_settings_that_somebody_changed(app: Flask, tmp_path: Path) -> None:
    run(app, "--output", str(tmp_path))
    settings = tmp_path / "etc/matome/matome.env"
    settings.write_text("MATOME_SITE_TITLE=mine\n", encoding="utf-8")
    said = run(app, "--output", str(tmp_path))
    assert f"left as it is: {settings}" in said.stderr
    assert settings.read_text(encoding="utf-8") == "MATOME_SITE_TITLE=mine\n"
    assert run(app, "--output", str(tmp_path), "--check").exit_code == 0


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--domain", "exa mple.org", "write a host's name"),
        ("--domain", "example.org; include /etc/passwd", "write a host's name"),
        ("--domain", "Example.org", "in lower case"),
        ("--domain", "例え.jp", "xn--"),
        ("--name", "Matome site", "lower case letters"),
        ("--name", "../x", "lower case letters"),
        ("--content", "posts", "write a whole path"),
        ("--content", "/srv/../etc", "without .."),
        ("--socket", "/run/x y.sock", "write a whole path"),
        ("--certificate", "/etc/ssl/a;b.pem", "write a whole path"),
        ("--title", 'a"b', "without double quotes"),
        ("--title", "a\nb", "in one line"),
        ("--http-port", "0", "from 1 to 65535"),
        ("--https-port", "80", "the same port"),
        ("--workers", "0", "from 1 to 64"),
        ("--threads", "1000", "from 1 to 64"),
        ("--memory", "much", "write 1G or 75%"),
        ("--listen", "example.org", "an IP address"),
        ("--behind", "10.0.0.0/33", "a network"),
        ("--user", "ro ot", "a user's name"),
    ],
)
def test_a_wrong_value_is_said_in_one_line_that_names_it(app: Flask, option: str, value: str, says: str) -> None:
    said = run(app, option, value)
    assert said.exit_code == 1
    assert said.output.startswith(f"Error: {option} ")
    assert repr(value).strip("'") in said.output
    assert says in said.output
    assert said.output.count("\n") == 1


def test_a_comparison_needs_a_folder(app: Flask) -> None:
    said = run(app, "--check")
    assert said.exit_code == 2
    assert "--output" in said.output


def test_sites_of_one_machine_share_nothing() -> None:
    one, other = Deployment("one.example", name="one"), Deployment("two.example", name="two")
    shared = {name for name in PATHS if getattr(one, name) == getattr(other, name)}
    assert shared == {"acme_root"}
    common = set(render(one)) & set(render(other))
    assert all("unknown-hosts" in path for path in common)


def test_every_path_that_is_given_is_the_one_that_is_used() -> None:
    given = {name: f"/given/{name}" for name in PATHS}
    texts = "\n".join(render(Deployment("example.org", brotli=True, watch=False, pull=True, **given)).values())  # type: ignore[arg-type]
    for name, path in given.items():
        if name not in ("home", "static"):  # the folder of all releases stands in no file, of static files one tree
            assert path in texts, name
    assert "/srv/matome" not in texts
    assert "/var/lib/matome" not in texts


def test_every_field_can_be_set_by_an_option(app: Flask) -> None:
    named = {option for parameter in app.cli.commands["deploy-config"].params for option in parameter.opts}
    others = {"trusted_proxies": "behind"}
    missing = {
        field.name
        for field in fields(Deployment)
        if f"--{others.get(field.name, field.name).replace('_', '-')}" not in named
    }
    assert missing == set()


def test_brotli_is_used_where_both_modules_are(tmp_path: Path) -> None:
    assert not has_brotli(tmp_path)
    (tmp_path / "mod-http-brotli-static.conf").touch()
    assert not has_brotli(tmp_path)
    (tmp_path / "mod-http-brotli-filter.conf").touch()
    assert has_brotli(tmp_path)


def test_what_is_left_empty_follows_from_the_name() -> None:
    site = Deployment("example.org", name="tea")
    assert (site.home, site.checkout, site.data) == ("/srv/tea", "/srv/tea/current", "/srv/tea/current/instance")
    assert (site.socket, site.user, site.settings) == ("/run/tea/tea.sock", "tea", "/etc/matome/tea.env")
    with pytest.raises(SettingError, match="--name ''"):
        Deployment("example.org", name="")
