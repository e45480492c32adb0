"""Hold the documentation to the program: settings, commands, options, targets and addresses, in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from matome_app import create_app
from matome_app.config import ROWS
from matome_app.errors import CODES
from matome_app.search.params import MAX_QUERY, NAMES, SCOPES, SORTS
from matome_app.web.context import PAGE_SIZE

ROOT = Path(__file__).resolve().parent.parent
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = {f"MATOME_{row.name}" for row in ROWS}
OTHER_VARIABLES = {"MATOME_SKIP_SYSTEM"}
"""What the scripts read and the program does not."""

FLASKS_OWN = {"run"}
"""Commands of Flask itself that the documentation names."""


def read(path: Path) -> str:
    """Return the text of a document."""
    return path.read_text(encoding="utf-8")


def code(text: str) -> Iterator[str]:
    """Yield what stands in code spans and code blocks."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    yield from (line.partition("#")[0].strip() for block in blocks for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def table(text: str, heading: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this heading."""
    lines = iter(text.splitlines())
    for line in lines:
        if re.match(rf"\|\s*{heading}\s*\|", line):
            next(lines)
            break
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Give the app whose commands and addresses are documented."""
    folder = tmp_path_factory.mktemp("docs")
    return create_app({"CONTENT_DIR": str(folder), "DATA_DIR": str(folder), "BUILD": False, "METRICS": "1"})


def targets() -> set[str]:
    """Return the targets of the Makefile that are meant for people."""
    return set(re.findall(r"^([a-z-]+):.*## ", read(ROOT / "Makefile"), re.MULTILINE))


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "LICENSE", "docs/decisions.md", "docs/urls.md", "docs/content.md"]
)
def test_a_document_that_is_promised_is_there(name: str) -> None:
    assert len(read(ROOT / name)) > 200


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"MATOME_[A-Z_]*[A-Z]", read(path)))
    assert named - SETTINGS - OTHER_VARIABLES == set()


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    rows = {row[0].strip("`"): row[1] for row in table(read(ROOT / "README.md"), "setting")}
    assert list(rows) == [f"MATOME_{row.name}" for row in ROWS]
    for row in ROWS:
        shown = rows[f"MATOME_{row.name}"]
        if row.default:
            assert shown == f"`{row.default}`", row.name
        else:
            assert shown, row.name
            assert re.fullmatch(r"`[^`]*`", shown) is None, f"{row.name} has no fixed default"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_command_and_option_that_is_named_exists(path: Path, app: Flask) -> None:
    for piece in code(read(path)):
        found = re.search(r"(?:^|[\s/])flask ([a-z][a-z-]*)([^|;&]*)", piece)
        if not found:
            continue
        name, rest = found.groups()
        assert name in app.cli.commands or name in FLASKS_OWN, piece
        if name in app.cli.commands:
            command = app.cli.commands[name]
            opposites = {option for parameter in command.params for option in parameter.secondary_opts}
            assert set(re.findall(r"--[a-z-]+", rest)) <= options(command) | opposites, piece


def options(command: click.Command) -> set[str]:
    """Return the options of a command."""
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def test_every_command_of_ours_and_each_of_its_options_is_in_the_readme(app: Flask) -> None:
    rows = {row[0].strip("`"): row[1] for row in table(read(ROOT / "README.md"), "command")}
    for name, command in app.cli.commands.items():
        assert f"flask {name}" in rows
        assert set(re.findall(r"`(--[a-z-]+)`", rows[f"flask {name}"])) == options(command), name
        assert command.help


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_target_of_make_that_is_named_exists(path: Path) -> None:
    named = {found[1] for piece in code(read(path)) if (found := re.search(r"(?:^|\s)make ([a-z][a-z-]*)", piece))}
    assert named - targets() == set()


def test_the_targets_for_people_are_in_the_readme() -> None:
    named = {row[0].strip("`").removeprefix("make ") for row in table(read(ROOT / "README.md"), "command")}
    assert targets() - named <= {"help", "setup-dev"}


def test_the_addresses_in_the_documentation_are_those_of_the_app(app: Flask) -> None:
    rows = table(read(ROOT / "docs/urls.md"), "address")
    documented = [address for row in rows for address in re.findall(r"`([^`]+)`", row[0])]
    rules = {re.sub(r"<path:\w+>", "<path>", rule.rule).replace("<id_>", "<id>") for rule in app.url_map.iter_rules()}
    assert len(documented) == len(set(documented))
    assert set(documented) == rules


def test_the_parameters_in_the_documentation_are_those_that_are_read() -> None:
    rows = {
        name: row[1] for row in table(read(ROOT / "docs/urls.md"), "name") for name in re.findall(r"`(\w+)`", row[0])
    }
    assert set(rows) == set(NAMES)
    assert f"{MAX_QUERY:,}" in rows["q"]
    assert f"{PAGE_SIZE} rows" in rows["page"]
    assert set(re.findall(r"`(\w+)`", rows["scope"])) == set(SCOPES)
    assert set(re.findall(r"`(\w+)`", rows["sort"])) == set(SORTS)


def test_every_kind_of_fault_is_documented() -> None:
    named = set(re.findall(r"`([a-z-]+)`", read(ROOT / "docs/content.md")))
    assert set(CODES) - named == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", read(path), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", prose):
        assert (path.parent / target).exists(), target
