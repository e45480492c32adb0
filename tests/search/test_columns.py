"""The columns that are kept up to date change by change, and those saved in a file, are those read afresh."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine

from matome_app.search import column_renewal
from matome_app.search.column_file import NAME, read_columns, save_columns
from matome_app.search.column_loading import load_columns
from matome_app.search.column_renewal import renew_columns
from matome_app.search.columns import Columns, Pairs
from matome_app.search.engine import CommentDocument, PostDocument
from matome_app.search.tables import add_posts, clear_tables, create_tables, remove_posts
from tests.search.sample import START, open_database, post


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database: Engine = open_database(tmp_path)
    with database.connect() as opened:
        create_tables(opened)
        yield opened
    database.dispose()


def random_post(rng: random.Random, key: int, first: int) -> PostDocument:
    """Make a post whose path, times, users and tags collide with those of others."""
    comments = tuple(
        CommentDocument(
            key=first + number,
            id=f"c{first + number}",
            ordinal=number + 1,
            user=f"user{rng.randrange(12)}",
            created_at=None if rng.random() < 0.1 else START + timedelta(seconds=rng.randrange(40)),
            color=rng.choice(("", "#ff5733", "#45d325")),
            text="あ" * rng.randrange(1, 30),
        )
        for number in range(rng.randrange(0, 9))
    )
    tags = tuple((slug, rng.choice((slug, slug.upper()))) for slug in rng.choices(("ai", "rust", "c++", "web"), k=3))
    path = f"posts/{rng.randrange(8)}/{key}"
    return PostDocument(key, path, f"/{path}/", f"題 {key}", START, tags, (f"2025/0{rng.randrange(1, 4)}",), comments)


def pairs_of(pairs: Pairs, columns: Columns) -> set[tuple[int, str, str]]:
    """Return which posts have which values, and how those are named."""
    return {
        (columns.posts[number].card.key, pairs.slugs[value], pairs.names[value])
        for number, value in zip(pairs.posts.tolist(), pairs.values.tolist(), strict=True)
    }


def content_of(columns: Columns) -> dict[str, Any]:
    """Return all that columns say, whatever the numbers of users, colours and tags."""
    return {
        "keys": columns.keys.tolist(),
        "post": columns.post.tolist(),
        "ordinal": columns.comments.ordinal.tolist(),
        "created": columns.created.tolist(),
        "rank": columns.rank.tolist(),
        "norm": columns.norm.tolist(),
        "users": [columns.users[number] for number in columns.user.tolist()],
        "colors": [columns.colors[number] for number in columns.color.tolist()],
        "posts": columns.posts,
        "titles": (columns.titles, columns.title_starts.tolist(), columns.tag_starts.tolist()),
        "tags": pairs_of(columns.tags, columns),
        "months": pairs_of(columns.months, columns),
        "slots": columns.slots(np.arange(-2, int(columns.keys[-1]) + 3 if columns.size else 3)).tolist(),
    }


@pytest.mark.parametrize("many", [0, column_renewal._MANY, 1_000_000])
@pytest.mark.parametrize("seed", range(6))
def test_columns_kept_up_to_date_are_those_read_afresh(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, many: int
) -> None:
    monkeypatch.setattr(column_renewal, "_MANY", many)  # of 0 each comment is put in its place, of the last never
    rng = random.Random(seed)
    next_post, next_comment = 1, 1
    alive: list[int] = []
    columns = load_columns(connection)
    for _ in range(25):
        gone = rng.sample(alive, min(len(alive), rng.randrange(0, 4)))
        remove_posts(connection, gone)
        coming = []
        for _ in range(rng.choice((0, 1, 2, 9))):
            coming.append(random_post(rng, next_post, next_comment))
            next_post, next_comment = next_post + 1, next_comment + len(coming[-1].comments)
        add_posts(connection, coming)
        alive = [key for key in alive if key not in gone] + [one.key for one in coming]
        columns = renew_columns(connection, columns)
        assert content_of(columns) == content_of(load_columns(connection))
        if rng.random() < 0.3:
            save_columns(columns, tmp_path)
            saved = read_columns(tmp_path)
            assert saved is not None
            assert content_of(saved) == content_of(columns)
            columns = saved


def test_nothing_is_read_again_when_nothing_changed(connection: Connection) -> None:
    add_posts(connection, [post(1), post(2)])
    columns = load_columns(connection)
    assert renew_columns(connection, columns) is columns


def test_cleared_tables_begin_anew_though_their_keys_come_again(connection: Connection) -> None:
    add_posts(connection, [post(1, ["前の話"])])
    before = load_columns(connection)
    clear_tables(connection)
    add_posts(connection, [post(1, ["まったく別の、ずっと長い話"])])
    assert content_of(renew_columns(connection, before)) == content_of(load_columns(connection))


@pytest.mark.parametrize("damage", ["short", "empty", "zeroed", "one byte", "text"])
def test_a_damaged_file_of_columns_is_not_used(connection: Connection, tmp_path: Path, damage: str) -> None:
    add_posts(connection, [post(key) for key in range(1, 30)])
    save_columns(load_columns(connection), tmp_path)
    file = tmp_path / NAME
    data = bytearray(file.read_bytes())
    if damage == "one byte":
        data[len(data) // 2] ^= 1
    other = {"short": data[: len(data) // 2], "empty": b"", "zeroed": bytes(len(data)), "text": b"no columns"}
    file.write_bytes(bytes(other.get(damage, data)))
    assert read_columns(tmp_path) is None


def test_the_newest_comment_has_the_highest_rank_and_one_second_keeps_the_order_of_the_page(
    connection: Connection,
) -> None:
    add_posts(connection, [post(1, ["一", "二"]), post(2, ["三"])])
    columns = load_columns(connection)
    assert np.argsort(columns.rank).tolist() == np.argsort(columns.created, kind="stable").tolist()
