"""Hold that a site stands what nobody plans for; `make torture` does it at full size and publishes the figures."""

from __future__ import annotations

import pytest

from tests.app.conftest import site as site
from tests.app.sites import Site
from tests.faults import extremes


def test_a_hundred_posts_changed_at_once_are_read_as_they_were_or_as_they_are_never_half(site: Site) -> None:
    assert "all new" in extremes.change_many(site, 100)


def test_a_post_of_thousands_of_comments_is_built_and_read(site: Site) -> None:
    assert "built" in extremes.one_huge_post(site, 4_000)


def test_a_post_of_five_thousand_tags_is_served_and_every_page_answers(site: Site) -> None:
    assert "served" in extremes.very_many_tags(site, 5_000)


def test_hundreds_of_posts_with_few_comments_are_built_and_listed_to_the_last_page(site: Site) -> None:
    assert "built" in extremes.very_many_posts(site, 300)


def test_files_of_any_time_are_read_when_they_change(site: Site) -> None:
    assert "each change is seen" in extremes.odd_file_times(site)


def test_a_clock_that_jumps_ahead_and_back_publishes_what_is_due_by_the_clock(site: Site) -> None:
    faketime = extremes.faketime_command()
    if not faketime:
        pytest.skip("needs faketime: apt-get install faketime")
    assert "published" in extremes.jumping_clock(site, faketime)


def test_a_content_folder_that_goes_and_returns_changes_nothing(site: Site) -> None:
    assert "served as it was" in extremes.content_goes_and_returns(site)
