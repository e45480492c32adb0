"""Whatever is typed is answered: nothing raises, totals are what paging reaches, every part read can be taken away."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from matome_app.errors import BadSearch
from matome_app.search.params import SearchParams
from matome_app.search.ranking import page_count
from matome_app.search.whoosh_engine import WhooshEngine

PIECES = [
    "Rust",
    "メモリ",
    "京都",
    "C++",
    "使う",
    "サーバー",
    "GPT-4o",
    "self-hosted",
    '"',
    "“",
    '"exact phrase"',
    '-"機械 学習"',
    '"未閉',
    "OR",
    "ＯＲ",
    "or",
    "-",
    "－",
    "--",
    "user:",
    "user：otter-in-a-suit",
    "-user:bob",
    "tag:UI/UX",
    'tag:"X (Twitter)"',
    "month:2025-04",
    "after:2025-04-01",
    "before:9999-99-99",
    "*",
    "?",
    "%",
    "_",
    "(",
    ")",
    "NEAR(",
    "'; DROP TABLE search_meta; --",
    "(a+)+$",
    "\x00",
    "\ud800",
    "\u3000",
    "\u200b",
    "。",
    "😀",
    "ß",
    "①",
    "ﾊﾞ",
    "が",
    "a" * 70,
    "あ" * 70,
    "." * 70,
]
QUERIES = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=8).flatmap(
    lambda pieces: st.sampled_from([" ", "", "\u3000"]).map(lambda joint: joint.join(pieces))
)


@settings(max_examples=300, deadline=None)
@given(QUERIES, st.sampled_from(["comment", "post"]), st.sampled_from(["relevance", "newest", "oldest"]))
@example("OR", "comment", "relevance")
@example("OR rust OR", "comment", "relevance")
@example("-rust -メモリ", "comment", "relevance")
@example("user:bob tag:ai", "post", "relevance")
@example("rust OR OR メモリ", "comment", "relevance")
def test_any_query_is_answered_and_adds_up(engine: WhooshEngine, q: str, scope: str, sort: str) -> None:
    params = SearchParams.from_args([("q", q), ("scope", scope), ("sort", sort)])
    try:
        result = engine.search(params)
    except BadSearch:
        return  # too many words
    assert result.pages == page_count(result.total)
    assert len(result.hits) == min(result.total, 21)
    assert len({hit.key for hit in result.hits}) == len(result.hits)
    assert result.totals[params.scope] == result.total
    assert len(engine.all_keys(params)) == result.total
    for chip in result.chips:
        assert engine.search(chip.without).total >= 0
    for suggestion in result.suggestions:
        assert engine.search(suggestion.params).total == suggestion.total
    for suggestion in result.inflections:
        assert engine.search(suggestion.params).total == result.total + suggestion.total
