"""Hold how front matter is read: three formats, every field, and every fault at its own line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.content.front_matter import moment_value, read_document
from matome_app.content.models import FrontMatter
from matome_app.errors import Fault

TOML = """+++
title = "題"
date = "2024-03-05T12:00:00"
draft = false
tags = ["C#", "お茶"]
months = ['2024/03']
featureimage = "cover.png"
slug = "sencha"
aliases = ["/old/", "older"]
lastmod = 2024-03-06T01:02:03Z
publishDate = 2024-03-05
expiryDate = "2999-12-31"
description = "話"
+++
本文
"""

YAML = """---
title: 題
date: 2024-03-05T12:00:00
draft: no
tags:
  - C#
  - お茶
months: [2024/03]
featureimage: cover.png
slug: sencha
aliases: [/old/, older]
lastmod: 2024-03-06T01:02:03Z
publishDate: 2024-03-05
expiryDate: "2999-12-31"
description: 話
---
本文
"""

JSON = """{
  "title": "題",
  "date": "2024-03-05T12:00:00",
  "draft": false,
  "tags": ["C#", "お茶"],
  "months": ["2024/03"],
  "featureimage": "cover.png",
  "slug": "sencha",
  "aliases": ["/old/", "older"],
  "lastmod": "2024-03-06T01:02:03Z",
  "publishDate": "2024-03-05",
  "expiryDate": "2999-12-31",
  "description": "話"
}
本文
"""

FIELDS = FrontMatter(
    title="題",
    date=datetime(2024, 3, 5, 12, tzinfo=UTC),
    draft=False,
    tags=("C#", "お茶"),
    months=("2024/03",),
    featureimage="cover.png",
    slug="sencha",
    aliases=("/old/", "older"),
    lastmod=datetime(2024, 3, 6, 1, 2, 3, tzinfo=UTC),
    publish_date=datetime(2024, 3, 5, tzinfo=UTC),
    expiry_date=datetime(2999, 12, 31, tzinfo=UTC),
    description="話",
)


def faults_of(text: str) -> list[Fault]:
    """Return the faults of a file's front matter."""
    return read_document(text, "posts/a.md")[1]


def places(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and code of the faults of a file's front matter."""
    return [(fault.line, fault.column, fault.code) for fault in faults_of(text)]


def one_field(line: str) -> FrontMatter:
    """Read TOML front matter with a title, a date and one more line."""
    document, faults = read_document(f'+++\ntitle = "t"\ndate = "2024-01-01"\n{line}\n+++\n', "posts/a.md")
    assert faults == []
    return document.front_matter


@pytest.mark.parametrize("text", [TOML, YAML, JSON], ids=["TOML", "YAML", "JSON"])
def test_every_field_is_read_in_each_format(text: str) -> None:
    document, faults = read_document(text, "posts/a.md")
    assert faults == []
    assert document.front_matter == FIELDS
    assert document.body.strip() == "本文"
    assert document.body_line + document.body.splitlines().index("本文") == len(text.splitlines())


@pytest.mark.parametrize("text", [TOML, YAML, JSON], ids=["TOML", "YAML", "JSON"])
def test_windows_line_ends_and_blank_lines_before_make_no_difference(text: str) -> None:
    document, faults = read_document("\n\n" + text.replace("\n", "\r\n"), "posts/a.md")
    assert faults == []
    assert document.front_matter == FIELDS
    assert document.body.strip() == "本文"


def test_front_matter_ends_at_the_first_delimiter_and_the_body_may_hold_more() -> None:
    document, _ = read_document('+++\ntitle = "t"\n+++\n上\n+++\n下\n', "posts/a.md")
    assert document.body == "上\n+++\n下\n"
    assert document.body_line == 4


def test_names_of_fields_are_read_in_any_case() -> None:
    assert one_field("Draft = true").draft
    assert one_field('EXPIRYDATE = "2024-01-02"').expiry_date == datetime(2024, 1, 2, tzinfo=UTC)


def test_fields_of_hugo_and_of_themes_that_are_not_ours_are_passed_over() -> None:
    assert one_field('showTableOfContents = true\nweight = 3\n[params]\ntitle = "other"').title == "t"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"2024-03-05"', datetime(2024, 3, 5, tzinfo=UTC)),
        ('"2024/03/05"', datetime(2024, 3, 5, tzinfo=UTC)),
        ('"2024/3/5 07:08:09"', datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC)),
        ('"2024-03-05T07:08:09"', datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC)),
        ('"2024-03-05 07:08"', datetime(2024, 3, 5, 7, 8, tzinfo=UTC)),
        ('"2024-03-05T07:08:09Z"', datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC)),
        ('"2024-03-05T07:08:09.5+09:00"', datetime(2024, 3, 4, 22, 8, 9, 500_000, tzinfo=UTC)),
        ('"2024-03-05T07:08:09 -0500"', datetime(2024, 3, 5, 12, 8, 9, tzinfo=UTC)),
        ("2024-03-05", datetime(2024, 3, 5, tzinfo=UTC)),
        ("2024-03-05T07:08:09", datetime(2024, 3, 5, 7, 8, 9, tzinfo=UTC)),
        ("2024-03-05 07:08:09+09:00", datetime(2024, 3, 4, 22, 8, 9, tzinfo=UTC)),
        ('"Tue, 05 Mar 2024 07:08:09 +0900"', datetime(2024, 3, 4, 22, 8, 9, tzinfo=UTC)),
    ],
)
def test_a_date_may_be_native_or_text_with_or_without_an_offset(written: str, meant: datetime) -> None:
    document, faults = read_document(f'+++\ntitle = "t"\ndate = {written}\n+++\n', "posts/a.md")
    assert faults == []
    assert document.front_matter.date == meant


def test_the_offset_of_a_date_is_kept_so_that_the_day_is_the_authors() -> None:
    moment = moment_value("2024-04-02T01:00:00+09:00")
    assert moment is not None
    assert moment.utcoffset() == timedelta(hours=9)
    assert moment.date().isoformat() == "2024-04-02"


@pytest.mark.parametrize(
    "written",
    [
        '"yesterday"',
        '"2024-13-01"',
        '"2024-02-30"',
        '"2024-W10-1"',
        '"20240305"',
        "true",
        "[]",
        '"0001-01-01T00:00:00+09:00"',
        "20240305",
    ],
)
def test_what_is_no_date_is_a_fault_that_says_what_to_write(written: str) -> None:
    (fault,) = faults_of(f'+++\ntitle = "t"\ndate = {written}\n+++\n')
    assert (fault.line, fault.column, fault.code, fault.severity) == (3, 1, "front-matter-field", "error")
    assert (
        "2024" in fault.message
        or written.strip('"') in fault.message
        or "True" in fault.message
        or "[]" in fault.message
    )


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-9, minutes=-30))])
    )
)
def test_any_moment_written_as_iso_8601_is_read_as_itself(moment: datetime) -> None:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return
    assert moment_value(moment.isoformat()) == moment
    assert moment_value(moment.isoformat(sep=" ")) == moment


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ('tags = ["a", "b", "a"]', ("a", "b")),
        ('tags = "one"', ("one",)),
        ('tags = [2024, "x"]', ("2024", "x")),
        ('tags = ["", " ", "x"]', ("x",)),
        ("tags = []", ()),
    ],
)
def test_lists_of_names_are_read_leniently(written: str, tags: tuple[str, ...]) -> None:
    assert one_field(written).tags == tags


def test_yaml_that_turns_names_into_other_things_is_read_as_what_was_meant() -> None:
    text = "---\ntitle: 2024\ndate: 2024-01-01\ntags: [2024-05-01, 1.5, ~]\nmonths:\ndescription: 7\n---\n"
    document, faults = read_document(text.replace(", ~", ""), "posts/a.md")
    assert faults == []
    fields = document.front_matter
    assert (fields.title, fields.tags, fields.months, fields.description) == ("2024", ("2024-05-01", "1.5"), (), "7")


def test_several_faults_of_a_file_are_reported_together_each_at_its_line() -> None:
    first = 'title = ["no"]\ndate = "soon"\n\ndraft = "perhaps"\n'
    text = f'+++\n{first}tags = {{ a = 1 }}\nslug = "fine"\n  expiryDate = "never"\n+++\n'
    assert places(text) == [
        (2, 1, "front-matter-field"),
        (3, 1, "front-matter-field"),
        (5, 1, "front-matter-field"),
        (6, 1, "front-matter-field"),
        (8, 3, "front-matter-field"),
    ]
    document, _ = read_document(text, "posts/a.md")
    assert document.front_matter.slug == "fine"


def test_faults_of_yaml_and_json_are_at_their_lines_too() -> None:
    assert places("---\ntitle: t\ndraft: maybe\ndate: never\n---\n") == [
        (3, 1, "front-matter-field"),
        (4, 1, "front-matter-field"),
    ]
    assert places('{\n "title": "t", "draft": 3,\n "date": "never"\n}\n') == [
        (2, 16, "front-matter-field"),
        (3, 2, "front-matter-field"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('+++\ntitle = "t"\ndate = \n+++\n', 3),
        ('+++\ntitle = "open\n+++\n', 2),
        ('+++\ntitle = "a"\ntitle = "b"\n+++\n', 3),
        ("---\ntitle: t\n  bad: [1\n---\n", 3),
        ("---\na: b: c\n---\n", 2),
        ("---\n- only\n- a list\n---\n", 2),
        ('{\n"title": "t",\n}\n', 3),
        ('{"title": "never closed"\n', 2),
        ("+++\ntitle = 't'\nno end\n", 1),
        ("---\ntitle: t\n", 1),
        ("\n\n+++\ntitle = 't'\n", 3),
        ("[1]\n", 1),
    ],
)
def test_front_matter_that_cannot_be_read_is_one_fault_near_the_mistake(text: str, line: int) -> None:
    (fault,) = faults_of(text)
    assert fault.code == "front-matter"
    assert abs(fault.line - line) <= 1, fault
    assert fault.blocks


@pytest.mark.parametrize("text", ["", "本文だけ\n", "# 見出し\n\n本文", "++++\ntitle\n++++\n"])
def test_a_file_without_front_matter_is_a_fault_that_says_how_to_begin(text: str) -> None:
    (fault,) = faults_of(text)
    assert (fault.line, fault.code, fault.blocks) == (1, "front-matter", True)
    assert "+++" in fault.message


def test_a_missing_title_or_date_is_a_warning() -> None:
    faults = faults_of("+++\n+++\n")
    assert {fault.severity for fault in faults} == {"warning"}
    assert not any(fault.blocks for fault in faults)
    assert [word for fault in faults for word in ("title", "date") if word in fault.message] == ["title", "date"]


def test_a_field_that_is_wrong_is_not_called_missing_as_well() -> None:
    assert len(faults_of('+++\ntitle = "t"\ndate = "soon"\n+++\n')) == 1
    assert len(faults_of('+++\ntitle = []\ndate = "2024-01-01"\n+++\n')) == 1


@given(st.text(max_size=200), st.sampled_from(["+++\n{}\n+++\n", "---\n{}\n---\n", "{{{}", "{}"]))
def test_no_text_makes_reading_fail(text: str, frame: str) -> None:
    document, faults = read_document(frame.format(text), "posts/a.md")
    assert document.body_line >= 1
    assert all(fault.line >= 1 and fault.column >= 1 and "\n" not in fault.message for fault in faults)


@pytest.mark.parametrize(
    "text",
    [
        "---\na: &a [1]\nb: *missing\n---\n",
        "---\n" + "a: " * 3000 + "\n---\n",
        "---\n" + "[" * 5000 + "\n---\n",
        "{" * 1 + '"a":' + "[" * 100_000 + "\n",
        "---\n!!python/object/apply:os.system ['true']\n---\n",
        "---\ntitle: \x07\n---\n",
        "---\n? [a]\n: b\n---\n",
        "---\n2024-01-01: x\n---\n",
        "+++\na = " + "[" * 3000 + "\n+++\n",
        "+++\ntitle = 9999999999999999999999999999\ndate = 1979-05-27T07:32:00.999999+23:59\n+++\n",
    ],
    ids=range(10),
)
def test_hostile_front_matter_ends_in_faults_at_most(text: str) -> None:
    _, faults = read_document(text, "posts/a.md")
    assert all("\n" not in fault.message for fault in faults)
