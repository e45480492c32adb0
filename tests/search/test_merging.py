"""Segments are written as Whoosh would, merged apart from changes, and whole whenever a writer is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from whoosh.filedb.filestore import FileStorage

from matome_app.search import counting, merging
from matome_app.search.helper import Analyst
from matome_app.search.posting_lists import List, write_field
from matome_app.search.postings import LATIN, WORDS, Counted, codec, leaf_starts, read_keys, read_postings, schema
from matome_app.search.word_index import drop_all_but, merge_segments, open_index, open_reader, tidy, write

Found = dict[str, dict[int, float]]
TERMS = {LATIN: [f"w{n}" for n in range(30)], WORDS: [chr(0x3042 + n) for n in range(20)]}


def count(keys: range, seed: int) -> Counted:
    """Return documents of random terms."""
    rng, counted = random.Random(seed), Counted()
    for key in keys:
        counted.count(key, rng.choices(TERMS[LATIN], k=5), rng.choices(TERMS[WORDS], k=rng.randrange(4)))
    return counted


def found(folder: Path) -> Found:
    """Return the counts of each term by key, as they are read."""
    reader = open_reader(folder)
    assert reader is not None
    with reader:
        keys, result = read_keys(reader), Found()
        for field, terms in TERMS.items():
            for term in terms:
                documents, weights = read_postings(reader, field, term)
                alive = keys[documents] >= 0
                result[term] = dict(
                    zip(keys[documents[alive]].tolist(), weights[alive].astype(float).tolist(), strict=True)
                )
        return result


def segments(folder: Path) -> list[int]:
    """Return how many documents are alive in each segment."""
    index = open_index(folder)
    assert index is not None
    return [segment.doc_count() for segment in index._read_toc().segments]


def names(folder: Path) -> set[str]:
    """Return the files of what is committed, and the lock."""
    index = open_index(folder)
    assert index is not None
    toc = index._read_toc()
    files = {name for segment in toc.segments for name in segment.list_files(index.storage)}
    return files | {f"_MAIN_{toc.generation}.toc", "MAIN_WRITELOCK"}


def test_whole_lists_are_the_bytes_that_whoosh_writes(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lists: list[List] = []
    for number, length in enumerate((1, 1, 2, 3, 40, 300, 8192, 8193, 20_000)):
        documents = np.sort(rng.choice(30_000, length, replace=False)).tolist()
        weights = rng.integers(1, 2 + number % 3, length).astype(float).tolist()
        lists.append((f"t{number}語", documents, weights))
    storage, fields = FileStorage(str(tmp_path)), schema()
    files = []
    for ours in (True, False):
        segment = codec().new_segment(storage, "X")
        writer: Any = codec().field_writer(storage, segment)
        if ours:
            write_field(writer, WORDS, fields[WORDS], lists)
        else:
            postings = ((WORDS, t.encode(), d, w, b"") for t, ids, ws in lists for d, w in zip(ids, ws, strict=True))
            writer.add_postings(fields, None, postings)
        writer.close()
        files.append([(tmp_path / segment.make_filename(end)).read_bytes() for end in (".pst", ".trm")])
    assert files[0] == files[1]


def test_documents_are_written_early_when_memory_has_had_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [(key, f"rust と京都の話 {key}") for key in range(40)]
    at_once = Analyst(tmp_path / "once")
    at_once.feed(texts)
    at_once.finish(set())
    monkeypatch.setattr(counting, "MOST", 60)
    in_pieces = Analyst(tmp_path / "pieces", early=True)
    for start in range(0, 40, 5):
        in_pieces.feed(texts[start : start + 5])
    in_pieces.finish({3})
    assert segments(tmp_path / "once") == [40]
    assert len(segments(tmp_path / "pieces")) > 2
    assert sum(segments(tmp_path / "pieces")) == 39
    one, other = open_reader(tmp_path / "once"), open_reader(tmp_path / "pieces")
    assert one is not None
    assert other is not None
    with one, other:
        for field, term in ((LATIN, "rust"), (WORDS, "京都"), (LATIN, "7")):
            (some, counts), (same, weights) = read_postings(one, field, term), read_postings(other, field, term)
            assert read_keys(one)[some].tolist() == [3 if key < 0 else key for key in read_keys(other)[same].tolist()]
            assert counts.tolist() == weights.tolist()


def test_changes_leave_small_segments_and_merging_leaves_few(tmp_path: Path) -> None:
    write(tmp_path, count(range(5000), 1))
    rewritten = 0
    for change in range(60):
        first = 5000 + change * 40
        write(tmp_path, count(range(first, first + 40), change), removed={first - 1, change * 3, 10**9})
        before = segments(tmp_path)
        expected = found(tmp_path) if change % 12 == 11 else None
        if merge_segments(tmp_path):
            after = segments(tmp_path)
            rewritten += sum(after) - sum(one for one in after if one in before)
            assert expected is None or found(tmp_path) == expected
        assert sum(segments(tmp_path)) == 5000 + 38 * (change + 1)
        assert len(segments(tmp_path)) <= 2 * merging.FAN_IN
    assert rewritten < 6 * 60 * 40  # each document a few times; and never the 5000 that were there before
    assert max(segments(tmp_path)) > 4000
    assert {*os.listdir(tmp_path)} == names(tmp_path)


def test_segments_of_deleted_documents_shrink_and_go(tmp_path: Path) -> None:
    write(tmp_path, count(range(1000), 1))
    write(tmp_path, count(range(1000, 1010), 2))
    write(tmp_path, Counted(), removed=range(400))
    assert merge_segments(tmp_path, most=500) == 0
    assert segments(tmp_path) == [600, 10]
    whole = found(tmp_path)
    assert merge_segments(tmp_path) == 1
    reader = open_reader(tmp_path)
    assert reader is not None
    with reader:
        assert reader.doc_count_all() == 610
        assert len(leaf_starts(reader)) == 2
    assert found(tmp_path) == whole
    write(tmp_path, Counted(), removed=range(400, 1000))
    assert segments(tmp_path) == [10]


def test_a_long_merge_is_put_off_where_changes_may_wait_for_it_but_not_for_ever(tmp_path: Path) -> None:
    for number in range(merging.FAN_IN * merging.PUT_OFF):
        write(tmp_path, count(range(number * 10, number * 10 + 10), number))
        last = merge_segments(tmp_path, most=30)
        assert len(segments(tmp_path)) == (1 if last else number + 1)
    assert segments(tmp_path) == [10 * merging.FAN_IN * merging.PUT_OFF]


def test_readers_go_on_with_the_files_they_have_open_and_none_is_mapped(tmp_path: Path) -> None:
    for first in range(0, 80, 20):
        write(tmp_path, count(range(first, first + 20), first))
    reader = open_reader(tmp_path)
    assert reader is not None
    with reader:
        before = {term: read_postings(reader, LATIN, term)[0].tolist() for term in TERMS[LATIN][:10]}
        old = {*os.listdir(tmp_path)}
        assert merge_segments(tmp_path) == 1
        assert not {name for name in old if name.endswith(".pst")} & {*os.listdir(tmp_path)}
        assert {t: read_postings(reader, LATIN, t)[0].tolist() for t in TERMS[LATIN][:10]} == before
        assert sorted(read_keys(reader)) == list(range(80))
        assert str(tmp_path) not in Path("/proc/self/maps").read_text()


CHANGES = """
import sys
from pathlib import Path
from tests.search.test_merging import count, merge_segments, write
folder = Path(sys.argv[1])
for change in range(int(sys.argv[2]), 10**6):
    write(folder, count(range(change * 20, change * 20 + 20), change), removed={change * 20 - 1})
    print(change, flush=True)
    merge_segments(folder)
"""


def test_a_writer_that_is_killed_leaves_a_whole_index_and_nothing_that_stays(tmp_path: Path) -> None:
    rng = random.Random(3)
    change = 0
    for _ in range(4):
        arguments = [sys.executable, "-c", CHANGES, str(tmp_path), str(change)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout is not None
            done = [int(line) for line in islice(writer.stdout, rng.randrange(1, 8))]
            time.sleep(rng.random() / 20)  # the moment is what is drawn here; nothing is waited for
            writer.send_signal(signal.SIGKILL)
            done += [int(line) for line in writer.stdout]
        known = range((max(done) + 1) * 20)
        reader = open_reader(tmp_path)
        assert reader is not None
        with reader:
            keys = read_keys(reader)
        there = set(keys[keys >= 0].tolist())
        assert {key for key in known if key % 20 != 19} <= there
        assert len(there) in (len(known) - max(done), len(known) - max(done) + 19)  # the last change as a whole, or not
        found(tmp_path)
        drop_all_but(tmp_path, np.array(known))
        tidy(tmp_path)
        assert {*os.listdir(tmp_path)} == names(tmp_path)
        change = max(done) + 1
