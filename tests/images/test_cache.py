"""The folder of what was made: whole files only, each made once, work and size bounded."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from matome_app.images import cache
from matome_app.images.cache import CannotMake, cached, sweep


def files(folder: Path) -> list[str]:
    """Return the names of the finished files."""
    return sorted(path.name for path in folder.iterdir() if path.name[0] != ".")


def test_a_file_is_made_once(tmp_path: Path) -> None:
    made = []

    def make() -> bytes:
        made.append(1)
        return b"picture"

    for _ in range(3):
        assert cached(tmp_path / "images", "a.webp", make).read_bytes() == b"picture"
    assert len(made) == 1


def test_many_who_ask_at_once_get_the_whole_file_or_are_told_that_it_is_busy(tmp_path: Path) -> None:
    made = []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.2)
        return b"x" * 100_000

    def ask(_: int) -> str:
        try:
            return str(len(cached(tmp_path, "a.webp", make).read_bytes()))
        except CannotMake as error:
            return str(error)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert set(answers) <= {"100000", "busy"}
    assert "100000" in answers
    assert len(made) <= cache.SLOTS


def test_no_more_than_the_slots_are_made_at_once(tmp_path: Path) -> None:
    at_once: list[int] = []
    running: set[int] = set()

    def make() -> bytes:
        running.add(threading.get_ident())
        at_once.append(len(running))
        time.sleep(0.05)
        running.discard(threading.get_ident())
        return b"x"

    def ask(n: int) -> None:
        try:
            cached(tmp_path, f"{n}.webp", make)
        except CannotMake:
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert 1 <= max(at_once) <= cache.SLOTS


def test_who_waits_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PATIENCE", 0.1)
    inside, over = threading.Event(), threading.Event()

    def hold() -> bytes:
        inside.set()
        over.wait(10)
        return b"x"

    monkeypatch.setattr(cache, "SLOTS", 1)
    thread = threading.Thread(target=cached, args=(tmp_path, "long.webp", hold))
    thread.start()
    assert inside.wait(10)
    with pytest.raises(CannotMake, match="busy"):
        cached(tmp_path, "other.webp", lambda: b"x")
    over.set()
    thread.join()
    assert cached(tmp_path, "other.webp", lambda: b"x").read_bytes() == b"x"


def test_what_fails_leaves_nothing_behind_and_may_be_tried_again(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise ValueError("no picture")

    with pytest.raises(CannotMake, match="no picture"):
        cached(tmp_path, "a.webp", fail)
    assert files(tmp_path) == []
    assert cached(tmp_path, "a.webp", lambda: b"x").read_bytes() == b"x"


def test_a_folder_that_cannot_be_written_is_no_more_than_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file where the folder should be")
    with pytest.raises(CannotMake):
        cached(tmp_path / "images", "a.webp", lambda: b"x")


def test_beyond_the_bound_goes_what_was_longest_not_asked_for(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.webp").write_bytes(b"x" * 100)
        os.utime(tmp_path / f"{n}.webp", (1000 + n, 1000 + n))
    assert cached(tmp_path, "0.webp", lambda: b"never made").read_bytes() == b"x" * 100
    sweep(tmp_path, 300)
    assert files(tmp_path) == ["0.webp", "3.webp", "4.webp"]


def test_half_written_files_of_a_crash_go_after_a_while(tmp_path: Path) -> None:
    for name, age in ((".old.webp.1-1", 7200), (".new.webp.2-2", 10), (".slot-0", 7200)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new.webp.2-2", ".slot-0"]


def test_the_folder_is_swept_as_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "sweep", lambda folder: sweep(folder, 5_000))
    for n in range(2 * cache.SWEEP_EVERY + 1):
        cached(tmp_path, f"{n}.webp", lambda: b"x" * 100)
    assert len(files(tmp_path)) < 50 + cache.SWEEP_EVERY


def test_a_file_that_something_else_reads_is_kept_as_one_that_is_asked_for(tmp_path: Path) -> None:
    for n, name in enumerate(("asked", "read", "neither")):
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(
            tmp_path / name, (1_000_000.0 + (5000 if name == "read" else 0), 1_000_000.0 + (3000 if n == 0 else n))
        )
    sweep(tmp_path, 200)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["asked", "read"]
