"""Analyse words and write the Whoosh index in a helper process, beside a first build that fills the database tables."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Collection, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from matome_app.errors import IndexUnavailable
from matome_app.search.postings import Counted
from matome_app.search.word_index import Text, count_terms, write
from matome_app.search.words import Words

WAITING = 1000
"""So many lists of texts, one a post, may wait for the helper; whoever feeds it waits when there are more."""

NICE = 10
"""How far the helper steps back: on two cores it and who feeds it would leave a server beside them too little."""


class Analyst:
    """Gathers the words of comments and writes them at the end, all in this process.

    With `early` some are written before, whenever memory has had enough; `abort` does not take these back.
    """

    def __init__(self, folder: Path, early: bool = False) -> None:
        self._folder = folder
        self._early = early
        self._words = Words()
        self._counted = Counted()

    def feed(self, texts: Sequence[Text]) -> None:
        """Take in comments."""
        count_terms(self._words, texts, self._counted)
        if self._early and self._counted.is_full:
            self._write()

    def finish(self, removed: set[int]) -> None:
        """Write what was taken in, and delete the documents of the removed comments."""
        self._words = Words()  # writing needs the memory
        self._write(removed)

    def abort(self) -> None:
        """Forget what was taken in and not written."""
        self._counted = Counted()

    def _write(self, removed: Collection[int] = ()) -> None:
        counted, self._counted = self._counted, Counted()
        write(self._folder, counted, removed)


class Helper:
    """Does the same in a process of its own. Feeding hardly ever waits: a thread hands the texts over.

    The helper ends by itself when this process dies. What it wrote by then may be of comments that never were
    committed: `complete` drops them.
    """

    def __init__(self, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_help, args=(str(folder), theirs), name="search-words", daemon=True)
        self._process.start()
        theirs.close()
        self._waiting: queue.Queue[Any] = queue.Queue(WAITING)
        self._sender = threading.Thread(target=self._send, name="search-words-sender", daemon=True)
        self._sender.start()

    def feed(self, texts: Sequence[Text]) -> None:
        """Take in comments."""
        self._waiting.put(texts)

    def finish(self, removed: set[int]) -> None:
        """Wait until everything taken in is written; raises IndexUnavailable when the helper failed."""
        self._waiting.put(removed)
        self._sender.join()
        try:
            failure = self._pipe.recv()
        except EOFError:
            failure = "the helper process ended early"
        self._process.join()
        self._pipe.close()
        if failure:
            raise IndexUnavailable(f"the words could not be indexed: {failure}")

    def abort(self) -> None:
        """Stop the helper; what it took in and has not written is not written."""
        if self._process.is_alive():
            self._process.terminate()
        self._process.join()
        self._waiting.put(set())
        self._sender.join()
        self._pipe.close()

    def _send(self) -> None:
        """Hand over lists of texts until a set, the removed comments, comes last; without a helper, take them only."""
        broken = False
        while True:
            item = self._waiting.get()
            if not broken:
                try:
                    self._pipe.send(item)
                except (BrokenPipeError, ConnectionResetError):
                    broken = True
            if isinstance(item, set):
                return


def _help(folder: str, pipe: Connection) -> None:
    """Be the helper: take texts until a set, the removed comments, comes; write; answer "" or what went wrong."""
    os.nice(NICE)
    analyst = Analyst(Path(folder), early=True)
    failure = ""
    try:
        while not isinstance(item := pipe.recv(), set):
            analyst.feed(item)
        analyst.finish(item)
    except EOFError:
        return
    except Exception as error:  # what goes wrong here must be told there
        failure = f"{type(error).__name__}: {error}"
    pipe.send(failure)


def new_analyst(folder: Path, bulk: bool) -> Analyst | Helper:
    """Return a helper process for a first build, where processes may be started, else work in this one."""
    if bulk and not multiprocessing.current_process().daemon:
        return Helper(folder)
    return Analyst(folder, early=bulk)
