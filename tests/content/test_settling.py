"""Hold when a content file is read: not while somebody writes it, not right after, and only if it stayed the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from matome_app.content.scanning import SourceFile, find, scan, scan_part, source_file
from matome_app.content.settling import FRESH, LARGEST, Unsettled, is_fresh, is_written, read_settled
from matome_app.errors import ContentError

LONG_AGO = 1_600_000_000


def put(content: Path, relative: str, text: str = "text") -> SourceFile:
    """Write a file and return it once it is not fresh any more."""
    path = content / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    file = source_file(relative, path.stat())
    while is_fresh(file):
        time.sleep(0.01)
    return file


def test_a_quiet_file_is_read_with_its_stamp(tmp_path: Path) -> None:
    file = put(tmp_path, "posts/a.md", "本文")
    assert read_settled(tmp_path, file) == ("本文".encode(), file)


def test_a_file_that_changed_just_now_is_not_read(tmp_path: Path) -> None:
    file = put(tmp_path, "posts/a.md")
    (tmp_path / "posts/a.md").write_text("other", encoding="utf-8")
    with pytest.raises(Unsettled):
        read_settled(tmp_path, file)


def test_an_old_time_does_not_hide_that_a_file_came_just_now_and_a_future_one_does_not_matter(tmp_path: Path) -> None:
    put(tmp_path, "posts/a.md")
    path = tmp_path / "posts/a.md"
    os.utime(path, (LONG_AGO, LONG_AGO))
    file = source_file("posts/a.md", path.stat())
    assert is_fresh(file)
    time.sleep(FRESH)
    assert read_settled(tmp_path, file)[0] == b"text"
    os.utime(path, (LONG_AGO * 2, LONG_AGO * 2))
    time.sleep(FRESH)
    assert read_settled(tmp_path, source_file("posts/a.md", path.stat()))[0] == b"text"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who has a file open")
def test_a_file_that_another_process_has_open_for_writing_is_not_read(tmp_path: Path) -> None:
    file = put(tmp_path, "posts/a.md")
    code = "import sys; open(sys.argv[1], 'a'); handle = open(sys.argv[1], 'a'); print('open', flush=True); input()"
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "posts/a.md")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(Unsettled):
            read_settled(tmp_path, file)
    finally:
        writer.communicate(b"\n", timeout=20)
    assert read_settled(tmp_path, file)[0] == b"text"


def test_who_only_reads_a_file_keeps_nobody_from_it(tmp_path: Path) -> None:
    file = put(tmp_path, "posts/a.md")
    with (tmp_path / "posts/a.md").open("rb") as reader:
        assert not is_written(reader.fileno())
        assert read_settled(tmp_path, file)[0] == b"text"


def test_a_writer_that_opens_a_file_while_it_is_looked_at_waits_and_kills_nobody(tmp_path: Path) -> None:
    put(tmp_path, "posts/a.md")
    path = tmp_path / "posts/a.md"
    code = (
        "import sys, time; ends = time.monotonic() + 1\nwhile time.monotonic() < ends: open(sys.argv[1], 'a').close()"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
    looks = 0
    with path.open("rb") as reader:
        while writer.poll() is None:
            is_written(reader.fileno())
            looks += 1
    assert writer.returncode == 0
    assert looks > 100, "this process lives, and looked often"


def test_a_file_that_went_away_is_looked_for_again_and_one_that_is_too_large_is_a_fault(tmp_path: Path) -> None:
    file = put(tmp_path, "posts/a.md")
    os.truncate(tmp_path / "posts/a.md", LARGEST + 1)
    with pytest.raises(ContentError):
        read_settled(tmp_path, file)
    (tmp_path / "posts/a.md").unlink()
    with pytest.raises(Unsettled):
        read_settled(tmp_path, file)


def test_a_pipe_in_place_of_a_file_makes_nobody_wait(tmp_path: Path) -> None:
    file = put(tmp_path, "posts/a.md")
    (tmp_path / "posts/a.md").unlink()
    os.mkfifo(tmp_path / "posts/a.md")
    with pytest.raises((Unsettled, ContentError)):
        read_settled(tmp_path, file)


@pytest.mark.parametrize(
    "name",
    [
        "posts/a.md",
        "posts/b/index.md",
        "posts/b/beside.md",
        "posts/.hidden/a.md",
        "posts/_index.md",
        "posts/a.md~",
        "posts/index.md",
        "posts/link.md",
        "posts/linked/a.md",
        "posts/dangling.md",
        "posts/folder.md/a.md",
        "outside.md",
        "posts/missing.md",
        "posts/a.txt",
    ],
)
def test_looking_at_one_name_finds_what_a_look_at_everything_finds(tmp_path: Path, name: str) -> None:
    for relative in ("posts/a.md", "posts/b/index.md", "posts/b/beside.md", "posts/.hidden/a.md", "posts/_index.md"):
        put(tmp_path, relative)
    for relative in ("posts/a.md~", "posts/index.md", "posts/folder.md/a.md", "outside.md", "posts/a.txt", "out/a.md"):
        put(tmp_path, relative)
    (tmp_path / "posts/link.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "posts/linked").symlink_to(tmp_path / "out")
    (tmp_path / "posts/dangling.md").symlink_to(tmp_path / "nothing")
    whole, one = scan(tmp_path), find(tmp_path, [name])
    assert one.files == [file for file in whole.files if file.relative == name]
    assert one.links == [link for link in whole.links if link == name and one.files]
    if name != "outside.md":  # only a scan says what lies outside posts/
        assert [fault.path for fault in one.faults] == [fault.path for fault in whole.faults if fault.path == name]


def test_a_part_of_the_folder_is_what_a_scan_finds_there(tmp_path: Path) -> None:
    for relative in ("posts/a/one.md", "posts/a/deep/index.md", "posts/b/two.md"):
        put(tmp_path, relative)
    (tmp_path / "posts/linked").symlink_to(tmp_path / "posts/a")
    whole = scan(tmp_path).files
    assert scan_part(tmp_path, "posts/a").files == [file for file in whole if file.relative.startswith("posts/a/")]
    for nothing in ("posts/linked", "posts/missing", "elsewhere", "posts/.hidden"):
        assert scan_part(tmp_path, nothing).files == []
