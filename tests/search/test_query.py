"""The query language: what is understood is obeyed, all else is plain text, nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.search.query import MAX_TERMS, Filter, Term, parse


def read(q: str) -> list[str]:
    """Write a query the way a test can be read: one group a string."""
    return [" | ".join(_write(part) for part in group.parts) for group in parse(q).groups]


def _write(part: Term | Filter) -> str:
    sign = "-" if part.excluded else ""
    if isinstance(part, Filter):
        return f"{sign}{part.field}={part.value}"
    return f'{sign}"{part.text}"' if part.quoted else f"{sign}{part.text}"


@pytest.mark.parametrize(
    ("q", "groups"),
    [
        ("", []),
        ("  \u3000 ", []),
        ("Rust メモリ", ["rust", "メモリ"]),
        ("Rust\u3000メモリ", ["rust", "メモリ"]),
        ("ＡＰＩ ｻｰﾊﾞｰ", ["api", "サーバー"]),
        ('"Exact  Phrase" x', ['"exact  phrase"', "x"]),
        ("“巻いた 引用” ＂全角＂", ['"巻いた 引用"', '"全角"']),
        ("a -b", ["a", "-b"]),
        ("a －除外", ["a", "-除外"]),
        ('-"not this" a', ['-"not this"', "a"]),
        ("-only -these", ["-only", "-these"]),
        ("a OR b c", ["a | b", "c"]),
        ("a ＯＲ b OR c", ["a | b | c"]),
        ("a or b", ["a", "or", "b"]),
        ("OR", ["or"]),
        ("OR a", ["or", "a"]),
        ("a OR", ["a", "or"]),
        ("a OR OR b", ["a | b"]),
        ("a OR -b", ["a | -b"]),
        ("user:otter-in-a-suit 型", ["user=otter-in-a-suit", "型"]),
        ("user:Bob user:bob", ["user=Bob", "user=bob"]),
        ("tag:UI/UX", ["tag=UI/UX"]),
        ("tag：言語", ["tag=言語"]),
        ('tag:"X (Twitter)" x', ["tag=X (Twitter)", "x"]),
        ("TAG:AI", ["tag=AI"]),
        ("-tag:AI -user:bob", ["-tag=AI", "-user=bob"]),
        ("tag:a OR tag:b", ["tag=a | tag=b"]),
        ("month:2025/04 month:2025-05", ["month=2025/04", "month=2025/05"]),
        ("after:2025-04-05 before:2025/5/6", ["after=2025-04-05", "before=2025-05-06"]),
        ("after:yesterday", ["after:yesterday"]),
        ("user: bob", ["user:", "bob"]),
        ('user:""', ['user:""']),
        ("https://example.com/a:b", ["https://example.com/a:b"]),
        ('"未閉 じ', ['"未閉 じ"']),
        ('"', ['"']),
        ('""', ['""']),
        ("-> - -- ->x", ["->", "-", "--", "->x"]),
        ("C++ c# .NET a*b?", ["c++", "c#", ".net", "a*b?"]),
        ('5" disk', ['5"', "disk"]),
    ],
)
def test_a_query_is_read_as_it_is_meant(q: str, groups: list[str]) -> None:
    assert read(q) == groups


def test_folding_decides_what_a_term_is() -> None:
    (group,) = parse("Straße").groups
    assert group.parts == (Term("Straße", "strasse"),)


def test_a_part_can_be_taken_away_or_written_differently() -> None:
    query = parse('rust OR go -"c d" user:bob "open')
    one, two, three, four = query.groups
    assert query.without(one) == '-"c d" user:bob "open'
    assert query.without(four) == 'rust OR go -"c d" user:bob'
    assert query.replacing(two, "z") == 'rust OR go z user:bob "open'
    assert [group.kind for group in (one, two, three, four)] == ["or", "not", "user", "phrase"]


def test_parts_have_labels_for_people() -> None:
    labels = [str(group.label) for group in parse('Rust "メモリ 安全" -C++ tag:言語 a OR b').groups]
    assert labels == ["「Rust」", "「メモリ 安全」", "除外「C++」", "タグ「言語」", "「a」または「b」"]


def test_terms_beyond_the_limit_are_counted_not_searched() -> None:
    query = parse(" ".join(f"w{number}" for number in range(200)))
    assert len(query.groups) == MAX_TERMS
    assert query.dropped == 200 - MAX_TERMS
    assert parse("a OR b").dropped == 0


GRAMMAR = st.lists(
    st.sampled_from(
        [
            "OR",
            "ＯＲ",
            '"',
            "“",
            "-",
            "－",
            "user:",
            "tag：",
            "month:",
            "after:",
            "2025-01-01",
            " ",
            "\u3000",
            "語",
            "a",
        ]
    )
    | st.text(max_size=5)
).map("".join)


@given(GRAMMAR)
def test_no_query_raises_and_every_source_reads_as_itself(q: str) -> None:
    query = parse(q)
    again = parse(" ".join(group.source for group in query.groups))
    assert [group.parts for group in again.groups] == [group.parts for group in query.groups]
    assert all(group.label and group.kind for group in query.groups)


def test_a_long_hostile_query_is_read_at_once() -> None:
    for q in ('"' * 1000, '-"' * 500, "user:" * 200, " OR " * 250, '"' + " " * 999, "-" * 1000):
        assert parse(q) is not None
