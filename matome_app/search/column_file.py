"""Keep the columns of some moment in a file, so that a start need not read all comments from the tables.

It holds arrays as NumPy writes them, in a ZIP file whose checksums are compared when it is read: a file that was cut
short or overwritten is noticed and not used. It may be old: `column_renewal.renew_columns` adds what came after it.
"""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matome_app.search.analysis import analyzer_version
from matome_app.search.columns import Columns, Comments, Pairs, PostRow
from matome_app.search.engine import PostCard, PostTag

NAME: Final = "columns.npz"
FORMAT: Final = "1"
_ARRAYS: Final = ("keys", "post", "ordinal", "created", "length", "user", "color", "order")
_SEPARATOR: Final = "\x1f"


def save_columns(columns: Columns, folder: Path) -> None:
    """Write the columns into a folder, in place of those that are there; raises OSError."""
    comments = columns.comments
    arrays: dict[str, npt.NDArray[Any]] = {name: getattr(comments, name) for name in _ARRAYS}
    arrays["made_by"], arrays["epoch"] = _text(_made_by()), _text(columns.epoch)
    arrays["users"] = _text(_SEPARATOR.join(comments.users))
    arrays["colors"] = _text(_SEPARATOR.join(comments.colors))
    arrays["posts"] = _text(json.dumps(_post_rows(columns.posts), ensure_ascii=False, separators=(",", ":")))
    for name, pairs in (("tags", columns.tags), ("months", columns.months)):
        arrays[f"{name}_posts"], arrays[f"{name}_values"] = pairs.posts, pairs.values
        texts = (pairs.names, pairs.slugs, pairs.labels)
        arrays[f"{name}_texts"] = _text(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))
    beside = folder / f"{NAME}.new"
    try:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(beside, folder / NAME)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def read_columns(folder: Path) -> Columns | None:
    """Read the columns of a folder; None when there are none, or none that can be used."""
    try:
        with (folder / NAME).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if _string(stored["made_by"]) != _made_by():
                return None
            return _columns(stored)
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
        return None


def _columns(stored: Any) -> Columns:
    users, colors = _string(stored["users"]), _string(stored["colors"])
    comments = Comments(
        **{name: stored[name] for name in _ARRAYS},
        users=tuple(users.split(_SEPARATOR)) if len(stored["user"]) else (),
        colors=tuple(colors.split(_SEPARATOR)) if len(stored["color"]) else (),
    )
    posts = _read_posts(json.loads(_string(stored["posts"])))
    return Columns.of(_string(stored["epoch"]), comments, posts, _pairs(stored, "tags"), _pairs(stored, "months"))


def _pairs(stored: Any, name: str) -> Pairs:
    names, slugs, labels = json.loads(_string(stored[f"{name}_texts"]))
    return Pairs(tuple(names), tuple(slugs), stored[f"{name}_posts"], stored[f"{name}_values"], tuple(labels))


def _post_rows(posts: Sequence[PostRow]) -> dict[str, Any]:
    """Return posts as JSON: every tag stands there once, and is meant by its number."""
    tags = dict.fromkeys(tag for post in posts for tag in post.card.tags)
    numbers = {tag: number for number, tag in enumerate(tags)}
    rows = [
        (
            *(post.card.key, post.card.path, post.card.url, post.card.title),
            [numbers[tag] for tag in post.card.tags],
            *(post.date, post.months, post.text, post.tags_at),
        )
        for post in posts
    ]
    return {"tags": [(tag.label, tag.slug) for tag in tags], "posts": rows}


def _read_posts(stored: dict[str, Any]) -> tuple[PostRow, ...]:
    tags = [PostTag(label, slug) for label, slug in stored["tags"]]
    return tuple(
        PostRow(PostCard(key, path, url, title, tuple([tags[n] for n in numbers])), date, tuple(months), text, tags_at)
        for key, path, url, title, numbers, date, months, text, tags_at in stored["posts"]
    )


def _made_by() -> str:
    return f"{FORMAT} {analyzer_version()}"


def _text(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _string(stored: npt.NDArray[np.uint8]) -> str:
    return stored.tobytes().decode("utf-8", "surrogatepass")
