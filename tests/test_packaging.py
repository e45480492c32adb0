"""Check what a fresh clone is set up from: the lock files, the licence of what is locked to, and the sample posts."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from matome_app.content.loader import Site, load_post, scan

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt", "requirements-node.txt")


def locked_blocks(text: str) -> list[str]:
    """Return the requirements of a lock, each with its continuation lines."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return re.findall(r"^\S.*(?:\n[ \t].*)*", "\n".join(lines), re.MULTILINE)


def normal_name(requirement: str) -> str:
    """Return the name that a requirement begins with, as registries compare names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_with_hashes_and_names_no_registry(root: Path, name: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    blocks = locked_blocks(text)
    assert blocks
    for block in blocks:
        assert re.match(r"[\w.-]+==\S+", block), f"{block.splitlines()[0]} is not pinned"
        assert "--hash=sha256:" in block, f"{block.splitlines()[0]} has no hash"
    assert not re.search(r"https?:|--(?:extra-)?index|--find-links", text)


def test_every_dependency_of_the_project_is_in_its_lock(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for lock, wanted in (
        ("requirements.txt", project["dependencies"]),
        ("requirements-dev.txt", project["dependencies"] + project["optional-dependencies"]["dev"]),
        ("requirements-dev.txt", project["optional-dependencies"]["bench"]),
        ("requirements-bench.txt", project["dependencies"] + project["optional-dependencies"]["bench"]),
    ):
        locked = {normal_name(block) for block in locked_blocks((root / lock).read_text(encoding="utf-8"))}
        assert {normal_name(requirement) for requirement in wanted} <= locked


def test_every_file_that_the_package_reads_beside_its_modules_is_packaged(root: Path) -> None:
    setuptools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packaged = {
        path
        for name, patterns in setuptools["package-data"].items()
        for pattern in patterns
        for path in (root / name.replace(".", "/")).glob(pattern)
    }
    beside = {
        path for path in (root / "matome_app").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert beside == packaged != set()


def test_tests_and_benchmarks_run_with_the_versions_that_serve(root: Path) -> None:
    serving = {
        block.splitlines()[0] for block in locked_blocks((root / "requirements.txt").read_text(encoding="utf-8"))
    }
    for name in ("requirements-dev.txt", "requirements-bench.txt"):
        others = {block.splitlines()[0] for block in locked_blocks((root / name).read_text(encoding="utf-8"))}
        assert serving <= others


def test_the_npm_lock_pins_htmx_by_content_and_names_no_registry(root: Path) -> None:
    text = (root / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages["node_modules/htmx.org"]["version"] == "4.0.1"
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "resolved" not in text


def test_the_sample_posts_are_free_of_faults(root: Path) -> None:
    content = root / "content"
    found = scan(content)
    site = Site.of(content, found.files)
    assert found.faults == []
    assert [str(fault) for file in found.files for fault in load_post(content, file, site)[1]] == []


def test_the_sample_posts_show_what_the_format_can_do(root: Path) -> None:
    content = root / "content"
    found = scan(content)
    site = Site.of(content, found.files)
    posts = [load_post(content, file, site)[0] for file in found.files]
    published = [post for post in posts if not post.front_matter.draft]
    comments = [comment for post in published for comment in post.comments]
    assert len(published) >= 8
    assert len(posts) - len(published) == 1
    assert len({month for post in published for month in post.front_matter.months}) >= 3
    assert all(8 <= len(post.comments) <= 25 and post.details and post.source_url for post in published)
    assert all(post.front_matter.date and post.front_matter.date < datetime(2026, 11, 1, tzinfo=UTC) for post in posts)
    assert all(comment.created_at for comment in comments)
    assert {comment.kind for comment in comments} == {"quote", "summary"}
    assert len({comment.color for comment in comments} - {""}) == 6
    assert any("-" in comment.user for comment in comments)


def test_the_pictures_of_the_sample_posts_exist(root: Path) -> None:
    content = root / "content"
    found = scan(content)
    site = Site.of(content, found.files)
    for file in found.files:
        image = load_post(content, file, site)[0].front_matter.featureimage
        bundle = content / Path(file.relative).parent
        assert (root / "assets" / image).is_file() or (bundle / image).is_file(), f"{file.relative}: {image}"
