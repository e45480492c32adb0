"""Hold what a check finds: every fault of every file, drafts included, sorted, without stopping at the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from matome_app.content.check import check
from matome_app.errors import CODES, Fault

HEAD = '+++\ntitle = "t"\ndate = "2024-03-01"\n{}\n+++\n'


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Give a content folder with a post for many a fault, and a good one."""
    posts = {
        "good/index.md": HEAD.format("")
        + '{{< matomeQuote body="よい" userName="a" createdAt="2024-03-01T00:00:00" color="" >}}\n',
        "draft.md": HEAD.format("draft = true") + '{{< details summary="s" >}}\n',
        "front.md": "+++\ntitle = \n+++\n",
        "field.md": '+++\ntitle = "t"\ndate = "soon"\ndraft = 3\n+++\n',
        "syntax.md": HEAD.format("") + '{{< matomeQuote body="x >}}\n',
        "parameter.md": HEAD.format("") + '{{< matomeQuote userName="a" >}}\n',
        "unknown.md": HEAD.format("") + "{{< glow >}}\n",
        "link.md": HEAD.format('featureimage = "missing.png"') + '[x]({{% ref "missing" %}})\n',
        "twin.md": HEAD.format('slug = "good"'),
    }
    folder = tmp_path / "content/posts"
    (folder / "good").mkdir(parents=True)
    for name, text in posts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "latin.md").write_bytes(b"+++\ntitle = '\xe9'\n+++\n")
    (folder / "folder/index.md").mkdir(parents=True)
    (folder / "good/notes.md").write_text("memo")
    return tmp_path / "content"


def found(content: Path, *paths: str) -> list[Fault]:
    """Check the content folder, or some paths in it."""
    return list(check(content, content.parent / "assets", [content / path for path in paths]))


def test_every_fault_of_every_file_is_found_at_its_line(content: Path) -> None:
    faults = {(fault.path.removeprefix("posts/"), fault.line, fault.code, fault.severity) for fault in found(content)}
    assert faults == {
        ("draft.md", 6, "shortcode-unclosed", "error"),
        ("front.md", 2, "front-matter", "error"),
        ("field.md", 3, "front-matter-field", "error"),
        ("field.md", 4, "front-matter-field", "error"),
        ("syntax.md", 6, "shortcode-syntax", "error"),
        ("parameter.md", 6, "shortcode-parameter", "error"),
        ("unknown.md", 6, "shortcode-unknown", "warning"),
        ("link.md", 1, "link", "warning"),
        ("link.md", 6, "link", "error"),
        ("twin.md", 1, "duplicate", "error"),
        ("latin.md", 2, "encoding", "error"),
        ("folder/index.md", 1, "unreadable", "error"),
        ("good/notes.md", 1, "location", "warning"),
    }


def test_faults_are_sorted_and_of_known_kinds_and_say_what_to_do(content: Path) -> None:
    faults = found(content)
    assert faults == sorted(faults)
    assert {fault.code for fault in faults} == set(CODES)
    for fault in faults:
        assert "\n" not in str(fault)
        assert len(fault.message) > 15


def test_only_the_files_and_folders_that_are_named_are_checked(content: Path) -> None:
    assert {fault.path for fault in found(content, "posts/field.md")} == {"posts/field.md"}
    assert {fault.path for fault in found(content, "posts/folder", "posts/front.md")} == {
        "posts/folder/index.md",
        "posts/front.md",
    }
    assert found(content, "posts/good/index.md") == []
    assert found(content, "posts") == found(content)


def test_a_named_file_that_is_not_there_is_a_fault(content: Path) -> None:
    assert [(fault.path, fault.code) for fault in found(content, "posts/nowhere.md")] == [
        ("posts/nowhere.md", "unreadable")
    ]


def test_a_file_outside_the_content_folder_can_be_checked(content: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.md"
    path.write_text("+++\n", encoding="utf-8")
    faults = list(check(content, tmp_path / "assets", [path]))
    assert [(fault.path, fault.code) for fault in faults] == [("../new.md", "front-matter")]


def test_a_picture_may_lie_in_the_bundle_or_in_the_assets_folder(content: Path) -> None:
    for name, text in (("one", "here.png"), ("two", "thumbnails/there.png"), ("three", "/thumbnails/there.png")):
        folder = content / "posts" / name
        folder.mkdir()
        (folder / "index.md").write_text(HEAD.format(f'featureimage = "{text}"'), encoding="utf-8")
    (content / "posts/one/here.png").touch()
    (content.parent / "assets/thumbnails").mkdir(parents=True)
    (content.parent / "assets/thumbnails/there.png").touch()
    assert found(content, "posts/one", "posts/two", "posts/three") == []
