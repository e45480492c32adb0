"""The query string is read once into a bounded value that writes itself back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matome_app.errors import BadSearch
from matome_app.search.params import NAMES, SearchParams

EVERYTHING = SearchParams(
    q="Rust メモリ",
    tags=("AI", "UI/UX"),
    month="2025/04",
    users=("otter-in-a-suit",),
    color="any",
    post="posts/2025_04/sample",
    after=date(2025, 4, 1),
    before=date(2025, 4, 30),
    scope="post",
    sort="newest",
    page=3,
)


def test_nothing_given_is_the_default_and_writes_nothing() -> None:
    assert SearchParams.from_args([]) == SearchParams()
    assert SearchParams().pairs() == []


def test_every_field_comes_back_from_its_pairs() -> None:
    assert SearchParams.from_args(EVERYTHING.pairs()) == EVERYTHING
    assert [name for name, _ in EVERYTHING.pairs()][:4] == ["q", "tag", "tag", "month"]


def test_values_are_trimmed_and_repeated_ones_dropped() -> None:
    params = SearchParams.from_args([("q", "\u3000 型 "), ("tag", "AI"), ("tag", " ai "), ("user", "a"), ("user", "A")])
    assert (params.q, params.tags, params.users) == ("型", ("AI",), ("a", "A"))


def test_unknown_names_and_empty_values_are_ignored() -> None:
    assert SearchParams.from_args([("utm_source", "x"), ("page", ""), ("tag", " ")]) == SearchParams()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("page", "-1"),
        ("page", "abc"),
        ("page", "1" * 30),
        ("page", "1.5"),
        ("after", "2025-02-30"),
        ("before", "yesterday"),
        ("sort", "best"),
        ("scope", "site"),
        ("color", "red"),
        ("color", "#12345"),
        ("tag", "x" * 301),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadSearch) as refused:
        SearchParams.from_args([(name, value)])
    assert refused.value.status == 400
    assert f"{name}=" in str(refused.value)


def test_a_query_over_a_thousand_characters_is_too_large() -> None:
    assert len(SearchParams.from_args([("q", "あ" * 1000)]).q) == 1000
    with pytest.raises(BadSearch) as refused:
        SearchParams.from_args([("q", "あ" * 1001)])
    assert refused.value.status == 413


def test_too_many_values_are_refused() -> None:
    with pytest.raises(BadSearch):
        SearchParams.from_args([("tag", str(number)) for number in range(21)])


def test_dates_may_be_written_with_slashes_and_in_full_width() -> None:
    params = SearchParams.from_args([("after", "2025/4/5"), ("before", "２０２５－０４－０６")])
    assert (params.after, params.before) == (date(2025, 4, 5), date(2025, 4, 6))


def test_a_change_goes_back_to_the_first_page() -> None:
    assert EVERYTHING.replace(q="x").page == 1
    assert EVERYTHING.replace(page=9).page == 9


def test_tags_and_users_can_be_added_taken_away_and_toggled() -> None:
    params = SearchParams().with_tag("AI").with_tag("ai").with_user("Bob").with_user("bob")
    assert (params.tags, params.users) == (("AI",), ("Bob", "bob"))
    assert params.without_tag("aI").tags == ()
    assert params.without_user("bob").users == ("Bob",)
    assert params.toggled("tag", "ai").toggled("user", "Bob").toggled("user", "bob") == SearchParams()
    assert SearchParams().toggled("month", "2025/04").month == "2025/04"
    assert SearchParams(month="2025/04").toggled("month", "2025/04").month == ""


def test_words_alone_are_no_filter() -> None:
    assert not SearchParams(q="x", sort="newest", page=2).is_filtered
    assert all(
        SearchParams.from_args([pair]).is_filtered
        for pair in EVERYTHING.pairs()
        if pair[0] not in ("q", "scope", "sort", "page")
    )


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40))))
def test_any_pairs_are_read_or_refused_and_round_trip(pairs: list[tuple[str, str]]) -> None:
    try:
        params = SearchParams.from_args(pairs)
    except BadSearch:
        return
    assert SearchParams.from_args(params.pairs()) == params
    assert hash(params) == hash(SearchParams.from_args(params.pairs()))
    "".join(value for _, value in params.pairs()).encode()


@pytest.mark.parametrize("value", ["\x00", "a\x00b", "\ud800", "x\udfff"])
def test_nul_and_lone_surrogates_are_replaced(value: str) -> None:
    for name in ("q", "tag", "user", "month", "post"):
        SearchParams.from_args([(name, value)]).pairs()[0][1].encode()
