"""The table of names: what it joins, how it is read, and the one line that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from matome_app.errors import SettingError
from matome_app.search.terms import TermTable, load_terms

GROUP = '[[group]]\nterms = ["ガベージコレクション", "GC", "garbage collection"]\n'


@pytest.fixture
def table() -> TermTable:
    """Give a small table."""
    groups = [["ガベージコレクション", "GC", "garbage collection"], ["コンピュータビジョン", "computer vision"]]
    return TermTable.of(groups)


def test_every_name_of_a_group_has_the_others(table: TermTable) -> None:
    assert table.others("gc") == ("ガベージコレクション", "garbage collection")
    assert table.others("ガベージコレクション") == ("GC", "garbage collection")
    assert table.others("garbage-collection") == ("ガベージコレクション", "GC")
    assert table.others("garbage") == ()


def test_a_long_vowel_at_the_end_of_a_long_word_makes_no_difference(table: TermTable) -> None:
    table = TermTable.of([["ロードバランサ", "load balancer"], ["キー入力", "key input"]])
    assert table.others("ロードバランサー") == ("load balancer",)
    assert table.others("キ入力") == ()


def test_words_that_follow_each_other_are_one_name(table: TermTable) -> None:
    assert table.starting_with(["garbage", "collection", "rust"]) == (2, ("ガベージコレクション", "GC"))
    assert table.starting_with(["rust", "garbage", "collection"]) == (0, ())
    assert table.starting_with(["gc"]) == (0, ())
    assert table.starting_with([]) == (0, ())


def test_our_own_table_is_large_and_joins_what_it_should() -> None:
    ours = load_terms()
    assert len(ours) >= 150
    assert {"GC", "garbage collection"} <= set(ours.others("ガベージコレクション"))
    assert "OSS" in ours.others("オープンソース")
    assert "DB" in ours.others("データベース")


def test_a_table_of_ones_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_text('# ours\n[[group]]\nterms = ["まとめ", "matome"]\n', encoding="utf-8")
    table = load_terms(path)
    assert (len(table), table.others("matome")) == (1, ("まとめ",))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[[group]]\nterms = ["a b", "ab"', 2, "not TOML"),
        (GROUP + '[[group]]\nterms = ["OSS"]\n', 3, "a group of 1 terms"),
        (GROUP + '[[group]]\nterms = "OSS"\n', 3, "terms = ["),
        (GROUP + '[[group]]\nnames = ["OSS", "x y"]\n', 3, "terms = ["),
        (GROUP + '[[group]]\nterms = ["OSS", 7]\n', 4, "7: a term is text"),
        (GROUP + '[[group]]\nterms = ["OSS", ""]\n', 4, "2 to 100 characters"),
        (GROUP + '[[group]]\nterms = ["OSS", "型"]\n', 4, "'型'"),
        (GROUP + '[[group]]\nterms = [\n  "OSS",\n  "' + "x" * 101 + '"]\n', 6, "2 to 100 characters"),
        (GROUP + '[[group]]\nterms = ["OSS", "gc"]\n', 4, "the same as 'GC' before"),
        (GROUP + "[[group]]\nterms = ['OSS', 'a \"b\"']\n", 4, "quotation mark"),
        (GROUP + "[[group]]\nterms = [" + ", ".join(f'"name {n}"' for n in range(21)) + "]\n", 3, "2 to 20"),
        (GROUP + '\n[groups]\nterms = ["OSS", "x y"]\n', 4, "groups: unknown"),
        ("group = 1\n", 1, "unknown"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_its_place(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "terms.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as raised:
        load_terms(path)
    message = str(raised.value)
    assert message.startswith(f"MATOME_TERMS_FILE: {path}:{line}: ")
    assert said in message
    assert "\n" not in message


def test_a_file_that_is_not_utf8_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_bytes(GROUP.encode() + "[[group]]\nterms = ['日本', 'Japan']".encode("shift_jis"))
    with pytest.raises(SettingError, match=r"terms\.toml:4: not UTF-8"):
        load_terms(path)
    with pytest.raises(SettingError, match=r"nowhere\.toml.*cannot be read"):
        load_terms(tmp_path / "nowhere.toml")
