"""All development queries on all comments of the shared posts: nothing missed, right order, honest totals, in time."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import importlib.util
import json
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matome_app.errors import BadSearch
from matome_app.search.analysis import searchable_text
from matome_app.search.engine import CommentDocument, PostDocument
from matome_app.search.params import SearchParams
from matome_app.search.ranking import PAGE_SIZE
from matome_app.search.snapshot import LeafCache
from matome_app.search.whoosh_engine import WhooshEngine
from tests.search.sample import build, open_database

SHARED = Path(__file__).resolve().parents[3] / "shared"
ORACLE = SHARED / "corpus" / "oracle.jsonl.gz"
QUERIES = SHARED / "queries" / "dev.jsonl"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not ORACLE.exists(), reason="needs ../shared/corpus: the large collection of real posts"),
]

Place = tuple[str, int]
"""The path of a post and the ordinal of a comment in it."""


@dataclass
class Corpus:
    """The index of the shared posts, and what the checker knows of them."""

    engine: WhooshEngine
    checker: Any
    comments: list[Any]
    places: dict[int, Place]
    times: dict[int, datetime]


def read_posts() -> Iterator[PostDocument]:
    """Read the posts that are no drafts."""
    key = 0
    with gzip.open(ORACLE, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            post = json.loads(line)
            if post["draft"]:
                continue
            first, key = key + 1, key + len(post["comments"])
            months = post["months"] if isinstance(post["months"], list) else [post["months"]]
            yield PostDocument(
                key=number,
                path=post["path"],
                url=f"/{post['path']}/",
                title=post["title"],
                date=None,
                tags=tuple((tag.lower().replace(" ", "-"), tag) for tag in post["tags"]),
                months=tuple(months),
                comments=tuple(_comment(first + n, n + 1, comment) for n, comment in enumerate(post["comments"])),
            )


def _comment(key: int, ordinal: int, comment: dict[str, str]) -> CommentDocument:
    moment = datetime.fromisoformat(comment["at"].replace("/", "-").replace(" ", "T")).replace(tzinfo=UTC)
    text = searchable_text(comment["body"])
    return CommentDocument(key, f"c{key}", ordinal, comment["user"], moment, comment["color"], text)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """Build the index once."""
    folder = tmp_path_factory.mktemp("corpus")
    database = open_database(folder)
    posts = list(read_posts())
    engine = build(database, folder, posts, bulk=True)
    spec = importlib.util.spec_from_file_location("check_search", SHARED / "tools" / "check_search.py")
    assert spec is not None
    assert spec.loader is not None
    checker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checker)
    yield Corpus(
        engine=engine,
        checker=checker,
        comments=checker.load(ORACLE),
        places={c.key: (post.path, c.ordinal) for post in posts for c in post.comments},
        times={c.key: c.created_at for post in posts for c in post.comments if c.created_at},
    )
    database.dispose()


def read_queries() -> list[dict[str, Any]]:
    """Read the development queries."""
    return [json.loads(line) for line in QUERIES.read_text(encoding="utf-8").splitlines() if line.strip()]


def params_of(query: dict[str, Any]) -> SearchParams:
    """Make the parameters of a query line."""
    pairs = [("q", query["q"])]
    for name, value in query.get("params", {}).items():
        pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
    return SearchParams.from_args(pairs)


def read_pages(engine: WhooshEngine, params: SearchParams) -> tuple[int, list[int], list[int]]:
    """Return the total, the keys of all hits, and those on the first three pages and the last."""
    first = engine.search(params)
    numbers = sorted({2, 3, first.pages} & set(range(2, first.pages + 1)))
    pages = [first, *(engine.search(params.replace(page=number)) for number in numbers)]
    return first.total, engine.all_keys(params), [hit.key for page in pages for hit in page.hits]


def shortfalls(corpus: Corpus, query: dict[str, Any]) -> list[str]:
    """Say what a query does not meet of what it must, as the checker does."""
    wanted = corpus.checker.truth(corpus.comments, query)
    params = params_of(query)
    total, keys, paged = read_pages(corpus.engine, params)
    places = [corpus.places[key] for key in keys]
    found = set(places)
    recall = len(found & wanted) / len(wanted) if wanted else 1.0
    precision = len(found & wanted) / len(found) if found else 1.0
    problems = [f"recall {recall:.3f}"] if recall < query.get("recall", 1.0) - 1e-9 else []
    problems += [f"precision {precision:.3f}"] if precision < query.get("precision", 0.0) - 1e-9 else []
    problems += ["a hit comes twice"] if len(found) != len(places) else []
    problems += [f"total {total} is not {len(places)}"] if total != len(places) else []
    last = keys[3 * PAGE_SIZE :][-((total - 1) % PAGE_SIZE + 1) :]
    problems += ["the pages are not all hits cut in equal parts"] if paged != keys[: 3 * PAGE_SIZE] + last else []
    return problems + _order(corpus, query, keys)


def _order(corpus: Corpus, query: dict[str, Any], keys: list[int]) -> list[str]:
    texts = {(comment[0], comment[1]): comment[2] for comment in corpus.comments} if "top" in query else {}
    first = [texts[corpus.places[key]] for key in keys[:20]] if texts else []
    problems = [f"not {query['top']}: {text[:30]}" for text in first if not re.search(query["top"], text)]
    times = [corpus.times[key] for key in keys]
    sort = query.get("params", {}).get("sort")
    if sort and times != sorted(times, reverse=sort == "newest"):
        problems.append("not in order of time")
    return problems


def test_every_development_query_is_met(corpus: Corpus) -> None:
    queries = read_queries()
    failed = {query["q"]: problems for query in queries if (problems := shortfalls(corpus, query))}
    assert failed == {}
    assert len(queries) > 100


def test_searches_answer_in_time_without_any_cache(corpus: Corpus) -> None:
    corpus.engine.search(SearchParams(q="京都"))
    times = []
    for query in read_queries():
        assert corpus.engine._snapshots
        corpus.engine._snapshots[0].cache = LeafCache()
        times.append(corpus.engine.search(params_of(query)).took_ms)
    # the aim is 50 ms; a machine that does other things at once is given twice that
    assert statistics.quantiles(times, n=20)[-1] < 100


@pytest.mark.parametrize(
    "q",
    [
        "   \u3000 ",
        "\x00\x01\x7f",
        "\ud800",
        " ".join(f"w{n}" for n in range(200)),
        " ".join(f"zzq{n}x" for n in range(32)),
        "'; DROP TABLE comments; --",
        "(a+)+$" * 60,
        "." * 1000,
        "あ" * 1000,
        "a-" * 499,
        "-".join("abcdefgh" * 50)[:999],
        " ".join("abcdefghijklmnopqrstuvwxyz"),
        "のに なんだよな これ それ の は",
        "tag:無いタグ user:nobody",
        '"' * 999,
    ],
    ids=lambda q: repr(q[:20]),
)
def test_odd_queries_are_answered_or_refused_at_once(corpus: Corpus, q: str) -> None:
    corpus.engine.search(SearchParams(q="京都"))
    assert corpus.engine._snapshots
    corpus.engine._snapshots[0].cache = LeafCache()
    started = time.process_time()  # what others do on the machine does not count
    with contextlib.suppress(BadSearch):
        corpus.engine.search(SearchParams.from_args([("q", q)]))
    assert time.process_time() - started < 0.2


def test_replacing_one_post_is_quick(corpus: Corpus) -> None:
    post = next(read_posts())
    engine, database = corpus.engine, corpus.engine._database
    with database.connect() as connection:
        started = time.perf_counter()
        writer = engine.writer(connection)
        writer.remove([post.key])
        writer.add([dataclasses.replace(post, comments=tuple(_again(comment) for comment in post.comments))])
        writer.commit()
        # the aim is 150 ms; a machine that does other things at once is given five times that
        assert time.perf_counter() - started < 0.75
        connection.rollback()
    with database.begin() as connection:
        assert engine.complete(connection) == 1
    assert engine.search(SearchParams(post=post.path)).total == len(post.comments)


def _again(comment: CommentDocument) -> CommentDocument:
    return dataclasses.replace(comment, key=comment.key + 10_000_000)
