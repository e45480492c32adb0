"""Hold the bill of materials to the locks: everything a site is made of is in it, with hashes, and nothing else."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.make_sbom import make_sbom
from tests.test_packaging import locked_blocks, normal_name

Bill = dict[str, Any]


@pytest.fixture(scope="module")
def text() -> str:
    """Give the bill as it is written."""
    return make_sbom()


@pytest.fixture(scope="module")
def bill(text: str) -> Bill:
    """Give the bill."""
    return dict(json.loads(text))


def parts(bill: Bill, kind: str) -> dict[str, Bill]:
    """Return the parts of one kind, pypi or npm, by name and version."""
    return {
        f"{part.get('group', '')}/{part['name']}@{part['version']}".removeprefix("/"): part
        for part in bill["components"]
        if part["purl"].startswith(f"pkg:{kind}/")
    }


def hashes(part: Bill) -> set[str]:
    """Return the hashes of a part."""
    return {one["content"] for place in part["externalReferences"] for one in place.get("hashes", [])}


def test_the_bill_is_valid_cyclonedx_and_a_broken_one_is_not(text: str, bill: Bill) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(json.dumps(bill | {"components": [{"name": "nameless"}]})) is not None


def test_it_has_the_locked_python_packages_with_their_hashes_and_no_others(bill: Bill, root: Path) -> None:
    locked = {}
    for block in locked_blocks((root / "requirements.txt").read_text(encoding="utf-8")):
        version = re.split(r"[=;\s\\]+", block)[1]
        locked[f"{normal_name(block)}@{version}"] = set(re.findall(r"sha256:([0-9a-f]{64})", block))
    found = {
        normal_name(name.split("@")[0]) + "@" + name.split("@")[1]: part for name, part in parts(bill, "pypi").items()
    }
    assert {name: hashes(part) for name, part in found.items()} == locked
    assert "pytest" not in {name.split("@")[0] for name in found}


def test_it_has_what_readers_are_sent_from_npm_and_nothing_of_development(bill: Bill, root: Path) -> None:
    lock = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    found = parts(bill, "npm")
    assert {name.rpartition("@")[0] for name in found} == set(lock[""]["dependencies"])
    for name, part in found.items():
        integrity = lock[f"node_modules/{name.rpartition('@')[0]}"]["integrity"]
        assert hashes(part) == {base64.b64decode(integrity.removeprefix("sha512-")).hex()}


def test_parts_say_their_licence_and_what_they_need(bill: Bill) -> None:
    unlicensed = [name for name, part in (parts(bill, "pypi") | parts(bill, "npm")).items() if "licenses" not in part]
    assert {name.split("@")[0] for name in unlicensed} <= {"numpy"}  # of which one version is for another Python
    names = {part["bom-ref"]: part["name"] for part in bill["components"]}
    needed = {one["ref"]: {names[ref] for ref in one.get("dependsOn", [])} for one in bill["dependencies"]}
    flask = next(ref for ref, name in names.items() if name == "flask")
    assert {"werkzeug", "jinja2", "click"} <= needed[flask]
    assert {"flask", "whoosh3", "htmx.org"} <= needed[bill["metadata"]["component"]["bom-ref"]]


def test_the_same_locks_make_the_same_bill(text: str) -> None:
    assert make_sbom() == text
