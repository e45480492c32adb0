"""Write what a site is made of, as a CycloneDX bill of materials: the locked Python packages, htmx and the font.

Run `python scripts/make_sbom.py` to write `build/sbom.json` from `requirements.txt` and `package-lock.json`: each part
with its hashes, and, where it is installed, its licence and what it needs as its own metadata says. The same locks make
the same file, on the same Python.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterable
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any, Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
VERSION: Final = SchemaVersion.V1_6
LICENCE_CLASSIFIER: Final = "License :: OSI Approved :: "
LONGEST_LICENCE: Final = 60
"""Some packages put the whole text where its name belongs."""


def python_packages() -> Bom:
    """Return the bill of the locked Python packages, with their hashes, as cyclonedx-py reads it from the lock."""
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(ROOT / "requirements.txt")]
    options = [
        "--pyproject",
        str(ROOT / "pyproject.toml"),
        "--no-validate",
        "--output-reproducible",
        "--sv",
        VERSION.to_version(),
    ]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    bom: Bom = Bom.from_json(json.loads(done.stdout))  # type: ignore[attr-defined]
    return bom


def npm_packages() -> list[Component]:
    """Return what readers are sent or cards are drawn with: the packages of the npm lock but those for development."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    served = {path.removeprefix("node_modules/"): entry for path, entry in lock["packages"].items() if path}
    return [_npm_package(name, entry) for name, entry in sorted(served.items()) if not entry.get("dev")]


def _npm_package(name: str, entry: dict[str, Any]) -> Component:
    group, _, short = name.rpartition("/")
    algorithm, _, digest = entry["integrity"].partition("-")
    assert algorithm == "sha512", f"{name}: the lock has another kind of hash now"
    sha512 = HashType(alg=HashAlgorithm.SHA_512, content=base64.b64decode(digest).hex())
    return Component(
        type=ComponentType.LIBRARY,
        group=group or None,
        name=short,
        version=entry["version"],
        bom_ref=f"npm:{name}@{entry['version']}",
        purl=PackageURL("npm", group or None, short, entry["version"]),
        licenses=[LicenseFactory().make_from_string(entry["license"])],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(f"https://www.npmjs.com/package/{name}/v/{entry['version']}"),
                hashes=[sha512],
            )
        ],
    )


def describe(component: Component) -> None:
    """Add to a Python package what its own metadata says, where just this version is installed."""
    component.description = None  # the lines of the lock, which stand in the other fields
    try:
        known = metadata.metadata(component.name)
    except metadata.PackageNotFoundError:
        return
    if known["Version"] != component.version:
        return
    component.description = _field(known, "Summary") or None
    if licence := _licence(known):
        component.licenses = [licence]


def _field(known: metadata.PackageMetadata, name: str) -> str:
    return known[name] if name in known else ""  # noqa: SIM401 - the type has no get


def _licence(known: metadata.PackageMetadata) -> License | None:
    said = _field(known, "License-Expression") or _field(known, "License")
    if not said or len(said) > LONGEST_LICENCE or "\n" in said:
        named = [line for line in known.get_all("Classifier") or [] if line.startswith(LICENCE_CLASSIFIER)]
        return DisjunctiveLicense(name=named[0].removeprefix(LICENCE_CLASSIFIER)) if named else None
    return LicenseFactory().make_from_string(said)


def needs(name: str, locked: Iterable[NormalizedName]) -> list[NormalizedName]:
    """Return which of the locked packages a package needs, by normal name; nothing where it is not installed."""
    try:
        wanted = [Requirement(line) for line in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []
    found = {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})}
    return sorted(found & set(locked))


def make_sbom() -> str:
    """Return the whole bill as JSON; raises ValueError when it breaks the schema of its own format."""
    bom = python_packages()
    packages: dict[NormalizedName, list[Component]] = {}  # a lock may have versions for different Pythons
    for component in list(bom.components):
        describe(component)
        packages.setdefault(canonicalize_name(component.name), []).append(component)
    others = npm_packages()
    bom.components = [*chain.from_iterable(packages.values()), *others]
    root = bom.metadata.component
    assert root is not None
    for name, versions in packages.items():
        needed = list(chain.from_iterable(packages[other] for other in needs(name, packages)))
        for component in versions:
            bom.register_dependency(component, needed)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = [packages[canonicalize_name(Requirement(line).name)] for line in project["dependencies"]]
    bom.register_dependency(root, [*chain.from_iterable(direct), *others])
    bom.serial_number = bom.metadata.timestamp = None  # type: ignore[assignment]
    text = make_outputter(bom, OutputFormat.JSON, VERSION).output_as_string(indent=2)
    if fault := JsonStrictValidator(VERSION).validate_str(text):
        raise ValueError(f"the bill of materials breaks its schema: {fault}")
    return f"{text}\n"


def main() -> None:
    """Write the file that is named, or build/sbom.json."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "sbom.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("error")
    path.write_text(make_sbom(), encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
