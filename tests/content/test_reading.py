"""Count how much there is to read as people read Japanese."""

from __future__ import annotations

import pytest

from matome_app.content.reading import reading_length, reading_length_of_html


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("灯台は 高い。\n", 6),
        ("The keeper don't sleep", 8),
        ("GPT-4o は C++ より速い", 2 + 1 + 2 + 2 + 4),
        ("詳細は https://lighthouse.example/a/b?c=d です", 5),
        ("1024個", 3),
    ],
)
def test_length_counts_characters_of_japanese_and_words_of_the_rest(text: str, length: int) -> None:
    assert reading_length(text) == length


def test_length_of_html_is_that_of_what_it_shows() -> None:
    assert reading_length_of_html('<p>灯台 &amp; <a href="https://lighthouse.example/">港</a></p>') == 4
