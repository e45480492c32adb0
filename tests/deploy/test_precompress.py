"""Static files are published under hashed names, packed; those of other releases stay until nobody needs them."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from matome_app.web.static import static_url

A_DAY = 86_400


def publish(root: Path, folder: Path, *options: str) -> str:
    """Run the script; return what it says."""
    command = [sys.executable, "scripts/precompress.py", str(folder), *options]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder in which the static files of this checkout are published."""
    folder = tmp_path_factory.mktemp("static")
    publish(root, folder)
    return folder


def test_every_static_file_lies_under_the_name_that_pages_use(root: Path, folder: Path) -> None:
    originals = [path for path in (root / "static").rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert originals
    for path in originals:
        address = static_url(path.relative_to(root / "static").as_posix())
        assert (folder / address.removeprefix("/static/")).read_bytes() == path.read_bytes()


def test_text_is_packed_and_pictures_are_not(folder: Path) -> None:
    styles, pictures = list(folder.glob("css/*.css")), list(folder.glob("icons/*.png"))
    assert styles
    assert pictures
    for style in styles:
        packed = style.with_name(f"{style.name}.gz")
        assert gzip.decompress(packed.read_bytes()) == style.read_bytes()
        assert packed.stat().st_size < style.stat().st_size / 2
        assert packed.stat().st_mode & 0o044 == 0o044
    assert not list(folder.glob("icons/*.png.gz"))


@pytest.mark.skipif(shutil.which("brotli") is None, reason="needs brotli: scripts/install-test-packages.sh installs it")
def test_brotli_is_smaller_still(folder: Path) -> None:
    for style in folder.glob("css/*.css"):
        packed = style.with_name(f"{style.name}.br")
        unpacked = subprocess.run(
            ["brotli", "--decompress", "--stdout", packed], check=True, capture_output=True
        ).stdout
        assert unpacked == style.read_bytes()
        assert packed.stat().st_size < style.with_name(f"{style.name}.gz").stat().st_size


def test_what_is_there_stays_and_what_no_release_has_named_for_long_goes(root: Path, folder: Path) -> None:
    present = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for path in present:
        os.utime(path, (time.time() - 40 * A_DAY,) * 2)
    (folder / "css/site.000000000000.css").write_text("of another release", encoding="utf-8")
    (folder / "css/site.111111111111.css").write_text("of one long ago", encoding="utf-8")
    os.utime(folder / "css/site.111111111111.css", (time.time() - 40 * A_DAY,) * 2)
    said = publish(root, folder, "--forget", "30")
    assert "0 files written, 1 removed" in said
    left = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert left == present | {folder / "css/site.000000000000.css": b"of another release"}
