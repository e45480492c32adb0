"""Hold that settings have defaults, come from the environment, and stop the start with one line when they are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from matome_app import CANNOT_START, create_app
from matome_app.config import ROOT, ROWS, read_settings
from matome_app.errors import SettingError
from tests.app.sites import Site

WRONG = [
    ("CONTENT_DIR", "{file}"),
    ("CONTENT_DIR", "a\0b"),
    ("ASSETS_DIR", "{file}"),
    ("DATA_DIR", "{file}"),
    ("DATA_DIR", "~nobody-of-this-name/data"),
    ("DATABASE_URL", "nonsense"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "mysql://user:secret@host/db"),
    ("BASE_URL", "matome.example"),
    ("BASE_URL", "ftp://matome.example"),
    ("BASE_URL", "https://"),
    ("BASE_URL", "https://matome.example/?a=b"),
    ("BASE_URL", "https://matome.example:port"),
    ("BASE_URL", "https://[broken"),
    ("LANGUAGE", "fr"),
    ("LANGUAGE", "JA"),
    ("LOG_FORMAT", "xml"),
    ("SLOW_REQUEST", "-1"),
    ("SLOW_REQUEST", "soon"),
    ("SLOW_REQUEST", "nan"),
    ("METRICS", "yes"),
    ("SEARCH_LOG", "2"),
    ("TIMEZONE", "Tokyo"),
    ("TIMEZONE", "../etc/passwd"),
    ("TIMEZONE", ""),
    ("TIMEZONE", "Mars/Olympus"),
    ("TERMS_FILE", "{file}/terms.toml"),
    ("TERMS_FILE", "no-such-file.toml"),
    ("TERMS_FILE", "."),
    ("TERMS_FILE", "a\0b"),
    ("TERMS_FILE", "\ud800"),
    ("TERMS_FILE", "x" * 300),
    ("TERMS_FILE", "~nobody-of-this-name/terms.toml"),
    ("TRUSTED_PROXIES", "-1"),
    ("TRUSTED_PROXIES", "one"),
    ("TRUSTED_PROXIES", "11"),
    ("TRUSTED_PROXIES", "１"),
    ("TRUSTED_PROXIES", "1.0"),
]


def test_everything_has_a_default() -> None:
    settings = read_settings({})
    assert settings.content_dir == ROOT / "content"
    assert settings.assets_dir == ROOT / "assets"
    assert settings.data_dir == ROOT / "instance"
    assert (settings.database_url, settings.base_url, settings.site_title) == ("", "", "matome")
    assert settings.terms_file is None
    assert (settings.language, settings.timezone.key, settings.trusted_proxies) == ("ja", "Asia/Tokyo", 0)


def test_assets_lie_beside_the_content_folder_where_nothing_else_is_said(tmp_path: Path) -> None:
    assert read_settings({"CONTENT_DIR": str(tmp_path / "x/content")}).assets_dir == tmp_path / "x/assets"
    assert read_settings({"ASSETS_DIR": str(tmp_path)}).assets_dir == tmp_path


def test_a_given_path_is_taken_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert read_settings({"CONTENT_DIR": "content"}).content_dir == tmp_path / "content"
    assert read_settings({"DATA_DIR": "~/data"}).data_dir == tmp_path / "home/data"
    (tmp_path / "terms.toml").touch()
    assert read_settings({"TERMS_FILE": "terms.toml"}).terms_file == tmp_path / "terms.toml"


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError) as caught:
        create_app({"BUILD": False, name: value.format(file=tmp_path / "file")})
    message = str(caught.value)
    assert f"MATOME_{name}" in message
    assert "\n" not in message
    assert "secret" not in message


def test_settings_come_from_the_environment_and_those_given_to_the_factory_come_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MATOME_SITE_TITLE", "環境")
    monkeypatch.setenv("MATOME_TRUSTED_PROXIES", "2")
    assert site.app().extensions["matome"].settings.site_title == "環境"
    given = site.app(SITE_TITLE="設定").extensions["matome"].settings
    assert (given.site_title, given.trusted_proxies) == ("設定", 2)


def test_another_process_can_be_given_the_same_settings(site: Site) -> None:
    site.config.update(
        SITE_TITLE="題",
        TIMEZONE="UTC",
        SLOW_REQUEST="0.25",
        METRICS="1",
        SEARCH_LOG="1",
        BASE_URL="https://matome.example",
        TRUSTED_PROXIES="1",
    )
    site.config.update(TERMS_FILE=str(site.root / "terms.toml"))
    (site.root / "terms.toml").touch()
    environment = site.settings.as_environment()
    assert set(environment) == {f"MATOME_{row.name}" for row in ROWS}
    assert read_settings({name.removeprefix("MATOME_"): value for name, value in environment.items()}) == site.settings


@pytest.mark.parametrize("command", [["run", "--port", "0"], ["index"], ["check"]])
def test_a_wrong_setting_stops_every_command_with_one_line(site: Site, command: list[str]) -> None:
    ended = site.flask(*command, TIMEZONE="Mars/Olympus")
    assert ended.returncode == CANNOT_START == 4
    assert ended.stderr.splitlines() == [ended.stderr.strip()]
    assert ended.stderr.startswith("matome: MATOME_TIMEZONE='Mars/Olympus': ")


def test_a_wrong_term_table_stops_the_start_with_one_line(site: Site) -> None:
    terms = site.root / "terms.toml"
    terms.write_text('[[group]]\nterms = ["OSS"]\n', encoding="utf-8")
    ended = site.flask("run", "--port", "0", TERMS_FILE=str(terms))
    assert ended.returncode == CANNOT_START
    assert ended.stderr.splitlines() == [ended.stderr.strip()]
    assert ended.stderr.startswith(f"matome: MATOME_TERMS_FILE: {terms}:1: ['OSS']: ")


@pytest.mark.parametrize("command", [["run", "--port", "0"], ["index"]])
def test_a_data_folder_that_cannot_be_written_is_one_line_and_not_a_success(site: Site, command: list[str]) -> None:
    (site.root / "file").touch()
    ended = site.flask(*command, DATA_DIR=str(site.root / "file/sub"))
    assert ended.returncode not in (0, None)
    assert len(ended.stderr.splitlines()) == 1
    assert "MATOME_DATA_DIR" in ended.stderr
    assert str(site.root / "file/sub") in ended.stderr


def test_importing_the_package_opens_nothing(tmp_path: Path) -> None:
    script = "import matome_app, os; print(sorted(os.listdir('.')))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
