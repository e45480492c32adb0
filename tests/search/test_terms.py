"""The table of names: what it joins, how it is read, and the one line that says what is wrong with it."""

from __future__ import annotations

import gzip
import json
import re
import time
from pathlib import Path

import pytest

from matome_app.errors import SettingError
from matome_app.search.analysis import fold
from matome_app.search.terms import MOST_GROUPS, TermTable, load_terms

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


def test_a_long_vowel_at_the_end_of_a_long_word_makes_no_difference() -> None:
    table = TermTable.of([["ロードバランサ", "load balancer"], ["キー入力", "key input"], ["ブラウザー", "browser"]])
    assert table.others("ブラウザ") == table.others("ブラウザー") == ("browser",)
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
        (GROUP + '[[group]]\nterms = ["OSS"]\n', 3, "['OSS']: a group has 2 to 20 terms, not 1"),
        (GROUP + '[[group]]\nterms = "OSS"\n', 3, "{'terms': 'OSS'}: write a group as terms = ["),
        (GROUP + '[[group]]\nnames = ["OSS", "x y"]\n', 3, "terms = ["),
        (GROUP + '[[group]]\nterms = ["OSS", 7]\n', 4, "7: a term is text"),
        (GROUP + '[[group]]\nterms = ["OSS", ""]\n', 4, "2 to 100 characters"),
        (GROUP + '[[group]]\nterms = ["OSS", "型"]\n', 4, "'型'"),
        (GROUP + '[[group]]\nterms = [\n  "OSS",\n  "' + "x" * 101 + '"]\n', 6, "2 to 100 characters"),
        (GROUP + '[[group]]\nterms = ["OSS", "gc"]\n', 4, "the same as 'GC' before"),
        (GROUP + "[[group]]\nterms = ['OSS', 'a \"b\"']\n", 4, "quotation mark"),
        (
            GROUP + "[[group]]\nterms = [" + ", ".join(f'"name {n}"' for n in range(21)) + "]\n",
            3,
            "2 to 20 terms, not 21",
        ),
        (GROUP + "[[group]]\nterms = []\n", 3, "[]: a group has"),
        (GROUP + '[[group]]\nterms = ["OSS", "x y", "ＯＳＳ"]\n', 4, "'ＯＳＳ': the same as 'OSS' before"),
        (GROUP + '[[group]]\nterms = ["サーバ", "サーバー"]\n', 4, "'サーバー': the same as 'サーバ' before"),
        (GROUP + "[[group]]\nterms = ['OSS', ' - ']\n", 4, "' - ': a term has 2 to 100"),
        ("group = [[1, 2]]\n", 1, "[1, 2]: write a group as"),
        (GROUP + '\n# groups\n[groups]\nterms = ["OSS", "x y"]\n', 5, "'groups': unknown"),
        (GROUP + '[[group]]\nterms = ["OSS", "x y"]\n"a\\nb" = 1\n', 3, "write a group as"),
        ("group = 1\n", 1, "'group': unknown"),
        (GROUP + "x = [\n", 4, "not TOML"),
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
    with pytest.raises(SettingError, match=r"terms\.toml:4: 0x93 is not UTF-8; save"):
        load_terms(path)
    with pytest.raises(SettingError, match=r"^MATOME_TERMS_FILE='.*nowhere\.toml': cannot be read .*; name a file$"):
        load_terms(tmp_path / "nowhere.toml")
    with pytest.raises(SettingError, match=r"cannot be read \(Is a directory\)"):
        load_terms(tmp_path)


def test_a_file_may_begin_with_a_byte_order_mark_and_have_the_line_ends_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_bytes(GROUP.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load_terms(path).others("gc") == ("ガベージコレクション", "garbage collection")


def test_a_table_may_be_empty_and_may_not_be_endless(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("# nothing is joined\n", encoding="utf-8")
    assert len(load_terms(tmp_path / "empty.toml")) == 0
    groups = [f'[[group]]\nterms = ["one {number}", "two {number}"]\n' for number in range(MOST_GROUPS + 1)]
    full, over = tmp_path / "full.toml", tmp_path / "over.toml"
    full.write_text("".join(groups[:-1]), encoding="utf-8")
    over.write_text("".join(groups), encoding="utf-8")
    began = time.perf_counter()
    assert len(load_terms(full)) == MOST_GROUPS
    assert time.perf_counter() - began < 5
    with pytest.raises(SettingError, match=rf"over\.toml:{2 * MOST_GROUPS + 1}: {MOST_GROUPS + 1} groups; "):
        load_terms(over)


def test_names_of_our_own_table_stand_for_themselves_alone() -> None:
    ours = load_terms()
    assert len(ours) >= 170
    for group in ours.groups:
        assert all(len(name) > 1 and name == name.strip() for name in group)
        assert all(set(ours.others(fold(name))) == set(group) - {name} for name in group)


@pytest.mark.corpus
def test_nine_of_ten_groups_of_our_own_table_have_two_names_that_people_write(corpus: Path) -> None:
    # The tenth is for the reader: names that translators leave as abbreviations (有機EL for OLED) and a reader types.
    texts = read_texts(corpus / "oracle.jsonl.gz")
    groups = load_terms().groups
    written = [sum(is_written(name, texts) for name in group) for group in groups]
    assert [group for group, count in zip(groups, written, strict=True) if count == 0] == []
    assert sum(count >= 2 for count in written) >= 0.9 * len(groups)


def read_texts(oracle: Path) -> bytes:
    """Return the folded bodies of all comments of the shared posts as UTF-8 (searched faster than str), joined."""
    with gzip.open(oracle, "rt", encoding="utf-8") as lines:
        bodies = [fold(comment["body"]) for line in lines for comment in json.loads(line)["comments"]]
    return "\n\n".join(bodies).replace("-", " ").encode()


def is_written(name: str, texts: bytes) -> bool:
    """Tell whether a name occurs: Latin ones as a word, any other wherever its characters stand."""
    folded = fold(name).replace("-", " ").encode()
    at = texts.find(folded)
    while at >= 0:
        beside = texts[at - 1 : at] + texts[at + len(folded) : at + len(folded) + 1]
        if not folded.isascii() or not re.search(rb"[a-z0-9]", beside):
            return True
        at = texts.find(folded, at + 1)
    return False
