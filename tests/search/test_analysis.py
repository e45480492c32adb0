"""Folding, runs, grams and words: what is stored for a text and asked for a term."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.analysis import analyzer_version, fold, fold_with_map, latin_runs, searchable_text
from matome_app.search.grams import gram_words, match_gram
from matome_app.search.latin import read_latin
from matome_app.search.words import INFLECTED, PART, VARIANT, Words, without_long_vowel


def test_markup_stays_searchable_but_breaks_and_entities_are_read() -> None:
    assert searchable_text("a<br>b<BR />c &lt;script&gt; [x](https://e.example)") == (
        "a\nb\nc <script> [x](https://e.example)"
    )
    assert searchable_text("\x00\ud800") == "\ufffd\ufffd"


def test_width_case_and_composition_do_not_matter() -> None:
    assert fold("ＡＰＩ") == fold("api")
    assert fold("ｻｰﾊﾞｰ") == fold("サーバー")
    assert fold("か\u3099") == fold("が")


def test_latin_runs_end_where_japanese_begins() -> None:
    assert latin_runs(fold("RustはJavaScriptの GPT-4o")) == ["rust", "javascript", "gpt", "4o"]


def test_the_version_names_ours_and_the_dictionary_without_loading_it() -> None:
    assert "sudachidict" in analyzer_version()


def test_importing_the_engine_loads_no_dictionary() -> None:
    code = "import sys, matome_app.search.whoosh_engine; print('sudachipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_the_map_of_a_folded_text_leads_back_into_the_text(text: str) -> None:
    folded, origin = fold_with_map(text)
    assert len(origin) == len(folded) + 1
    assert list(origin) == sorted(origin)
    assert origin[-1] == len(text)


@pytest.mark.parametrize("text", ["ｶﾞｲﾄﾞ", "㈱か\u3099き", "ﬁt ß ①", "e\u0301a", "ÀB", "각", "plain"])
def test_folding_by_clusters_is_folding(text: str) -> None:
    assert fold_with_map(text)[0] == fold(text)


def test_grams_are_characters_pairs_and_runs_and_never_the_same_word() -> None:
    assert set(gram_words("型c+").split()) == {"型", "型63", "2b", "632b", "zc"}
    assert match_gram("型c") == '"型63"'
    assert match_gram("+") == '"2b"'
    assert gram_words("a b") == "za zb"
    assert gram_words(" \n") == ""


def test_words_are_counted_with_parts_and_spellings() -> None:
    counts = Words().count("サーバの東京都と、サーバの設定。")
    assert counts["サーバ"] == 2
    assert counts[VARIANT + "サーバー"] == 2
    assert counts["東京都"] == 1
    assert counts[PART + "東京"] == 1
    assert "、" not in counts


def test_inflected_forms_are_marked_apart_from_spellings() -> None:
    counts = Words().count("使った。読める。わかる。")
    assert counts[INFLECTED + "使う"] == 1
    assert counts[INFLECTED + "読む"] == 1
    assert counts[VARIANT + "分かる"] == 1


def test_a_very_long_text_is_cut_in_pieces() -> None:
    counts = Words().count("京都へ行く。" * 5000)
    assert counts["京都"] > 4990


@pytest.mark.parametrize(
    ("term", "found", "missed"),
    [
        ("rust", ["rust", "rustは", "(rust)", "use-rust"], ["trust", "rusty", "rust2"]),
        ("c", ["c", "cは", "c/d"], ["c++", "c#", "ca"]),
        ("c++", ["c++", "c++17", "(c++)"], ["c+", "cc++"]),
        (".net", [".net", "asp.net"], ["net", ".network"]),
        ("node.js", ["node.js"], ["nodejs", "node js"]),
        ("llama4", ["llama4", "llama 4", "llama-4"], ["llama 40", "allama4", "llama 3"]),
        ("gpt-4o", ["gpt-4o", "gpt4o", "gpt 4o"], ["gpt-4", "gpt.4o"]),
        ("m1", ["m1"], ["m 1", "m11"]),
        ("self-hosted", ["self-hosted", "self hosted", "selfhosted"], ["self, hosted"]),
        ("tcp/ip", ["tcp/ip"], ["tcp ip"]),
    ],
)
def test_a_latin_term_is_found_as_a_word(term: str, found: list[str], missed: list[str]) -> None:
    import re

    latin = read_latin(term, literal=False)
    search = re.compile(latin.pattern).search
    assert [text for text in found if not search(text)] == []
    assert [text for text in missed if search(text)] == []
    for text in found:
        assert any(set(runs) <= set(latin_runs(text)) for runs in latin.choices), (text, latin.choices)


def test_a_literal_latin_term_keeps_its_hyphen() -> None:
    assert read_latin("self-hosted", literal=True).choices == (("self", "hosted"),)
    assert read_latin("open source", literal=True).pattern.count(r"[\s\-_]+") == 1


def test_only_a_word_that_stays_the_same_loses_its_long_vowel() -> None:
    assert without_long_vowel("コンピューター") == "コンピュータ"
    assert without_long_vowel("インター") == "インター"
    assert without_long_vowel("バー") == "バー"
