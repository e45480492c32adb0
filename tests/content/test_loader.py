"""Hold what the content folder is read into: which files are posts, and what is said of those that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from matome_app.content.loader import LARGEST, Site, decode, load_post, read_bytes, read_post, scan
from matome_app.errors import ContentError

POST = '+++\ntitle = "t"\ndate = "2024-03-01"\n+++\n本文\n'


def put(content: Path, relative: str, data: str | bytes = POST) -> Path:
    """Write a file below the content folder."""
    path = content / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_posts_are_bundles_and_single_files_below_posts(tmp_path: Path) -> None:
    for name in ("posts/b/index.md", "posts/a.md", "posts/x/y/z/index.md", "posts/c.markdown"):
        put(tmp_path, name)
    assert [file.relative for file in scan(tmp_path).files] == [
        "posts/a.md",
        "posts/b/index.md",
        "posts/c.markdown",
        "posts/x/y/z/index.md",
    ]
    assert scan(tmp_path).faults == []


def test_files_that_are_no_posts_are_passed_over(tmp_path: Path) -> None:
    for name in (
        "posts/_index.md",
        "posts/.hidden.md",
        "posts/.git/x.md",
        "posts/a.md~",
        "posts/a.txt",
        "posts/b/pic.png",
        "_index.md",
    ):
        put(tmp_path, name)
    assert scan(tmp_path).files == []
    assert scan(tmp_path).faults == []


@pytest.mark.parametrize(
    ("misplaced", "beside"),
    [("outside.md", "posts/a.md"), ("posts/b/notes.md", "posts/b/index.md"), ("posts/index.md", "posts/a.md")],
)
def test_markdown_where_no_post_can_be_is_a_warning(tmp_path: Path, misplaced: str, beside: str) -> None:
    put(tmp_path, beside)
    put(tmp_path, misplaced)
    found = scan(tmp_path)
    assert misplaced not in [file.relative for file in found.files]
    assert [(fault.path, fault.code, fault.severity) for fault in found.faults] == [(misplaced, "location", "warning")]


def test_a_missing_folder_holds_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path / "missing").files == []
    assert scan(tmp_path / "missing").faults == []


@pytest.mark.parametrize("kind", ["folder", "fifo", "dangling", "loop"])
def test_what_is_named_like_a_post_and_is_no_file_is_unreadable(tmp_path: Path, kind: str) -> None:
    put(tmp_path, "posts/good.md")
    (tmp_path / "posts/bad").mkdir()
    path = tmp_path / "posts/bad/index.md"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(path if kind == "loop" else tmp_path / "missing.md")
    found = scan(tmp_path)
    assert [file.relative for file in found.files] == ["posts/good.md"]
    assert [(fault.path, fault.code) for fault in found.faults] == [("posts/bad/index.md", "unreadable")]


def test_a_folder_that_is_a_link_to_one_above_it_does_not_make_the_scan_endless(tmp_path: Path) -> None:
    put(tmp_path, "posts/a.md")
    (tmp_path / "posts/loop").symlink_to(tmp_path / "posts")
    assert "posts/a.md" in [file.relative for file in scan(tmp_path).files]
    assert len(scan(tmp_path).files) < 50


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = put(tmp_path, "posts/a.md")
    os.truncate(path, 50_000_000)
    (file,) = scan(tmp_path).files
    with pytest.raises(ContentError) as caught:
        read_bytes(tmp_path, file)
    (fault,) = caught.value.faults
    assert (fault.path, fault.code) == ("posts/a.md", "unreadable")
    assert f"{LARGEST:,}" in fault.message


def test_a_file_that_goes_between_the_scan_and_the_reading_is_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path, "posts/a.md")
    (file,) = scan(tmp_path).files
    path.unlink()
    with pytest.raises(ContentError) as caught:
        load_post(tmp_path, file, Site.of(tmp_path, [file]))
    assert [fault.code for fault in caught.value.faults] == ["unreadable"]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"\xff", 1, 1),
        (b"ok\n\n a\xe3\x81", 3, 3),
        ("日本語".encode("shift-jis"), 1, 1),
        (b"a\n" + "é".encode("latin-1"), 2, 1),
    ],
)
def test_bytes_that_are_not_utf8_are_a_fault_at_their_place(data: bytes, line: int, column: int) -> None:
    with pytest.raises(ContentError) as caught:
        decode(data, "posts/a.md")
    (fault,) = caught.value.faults
    assert (fault.line, fault.column, fault.code) == (line, column, "encoding")
    assert "UTF-8" in fault.message


def test_a_byte_order_mark_is_no_part_of_the_text_and_nul_is_replaced() -> None:
    assert decode(b"\xef\xbb\xbf+++", "posts/a.md") == "+++"
    assert decode(b"a\0b", "posts/a.md") == "a\ufffdb"


def test_all_faults_of_a_file_come_together_in_order() -> None:
    text = '+++\ntitle = []\ndate = "soon"\n+++\n\n{{< details >}}\n\n[x]({{% ref "missing" %}})\n\n{{< glow >}}\n'
    post, faults = read_post(text, "posts/a.md", Site(Path("x"), {}))
    assert post is None
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)
    assert {"front-matter-field", "shortcode-unclosed", "shortcode-unknown", "link"} <= {fault.code for fault in faults}


def test_a_post_keeps_its_file_and_gets_its_address(tmp_path: Path) -> None:
    put(tmp_path, "posts/2024_03/Tea Time/index.md")
    (file,) = scan(tmp_path).files
    post, faults = load_post(tmp_path, file, Site.of(tmp_path, [file]))
    assert faults == []
    assert (post.source, post.path, post.url) == (file.relative, "posts/2024_03/tea-time", "/posts/2024_03/tea-time/")


@pytest.mark.parametrize("field", ["draft = true", "publishDate = '2999-01-01'", "expiryDate = '2001-01-01'"])
def test_a_ref_to_a_post_that_is_not_published_is_a_link_fault(tmp_path: Path, field: str) -> None:
    for name, extra, body in (("hidden", field, "x"), ("shown", "", '[次]({{% ref "hidden" %}})')):
        (tmp_path / "posts").mkdir(exist_ok=True)
        text = f"+++\ntitle = '{name}'\ndate = '2024-01-01'\n{extra}\n+++\n{body}\n"
        (tmp_path / "posts" / f"{name}.md").write_text(text, encoding="utf-8")
    files = scan(tmp_path).files
    post, faults = load_post(tmp_path, files[1], Site.of(tmp_path, files))
    assert [(fault.code, fault.blocks) for fault in faults] == [("link", False)]
    assert "次" in str(post.segments)
