"""Say what an engine is that is measured beside ours, and build several of them in processes of their own."""

from __future__ import annotations

import pickle
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

from benchmarks.queries import Wanted
from benchmarks.texts import Texts, tokens
from matome_app.search.words import Words

HITS = 20


class Rival(ABC):
    """Another engine: built once into a folder, opened, then asked for the keys of comments."""

    name: ClassVar[str]
    note: ClassVar[str]

    def __init__(self, folder: Path, texts: Texts) -> None:
        self.folder = folder
        self.texts = texts

    @abstractmethod
    def build(self) -> None:
        """Write the index into the folder, which is there and empty."""

    @abstractmethod
    def open(self) -> None:
        """Open the index to read."""

    @abstractmethod
    def answers(self, wanted: Wanted) -> bool:
        """Tell whether the engine can be asked this at all."""

    @abstractmethod
    def best(self, wanted: Wanted) -> list[int]:
        """Return the keys of the 20 best hits."""

    @abstractmethod
    def every(self, wanted: Wanted) -> set[int]:
        """Return the keys of all hits."""

    @abstractmethod
    def close(self) -> None:
        """Close what `open` opened."""


class WordRival(Rival):
    """An engine over the words: several in a row, where Sudachi cuts a term so, are a phrase."""

    def __init__(self, folder: Path, texts: Texts) -> None:
        super().__init__(folder, texts)
        self._words = Words()

    def answers(self, wanted: Wanted) -> bool:
        """Tell whether every term has a word in it."""
        return all(self.cut(term) for term in [*wanted.terms, *wanted.unwanted])

    def cut(self, term: str) -> list[str]:
        """Cut a term as the texts were."""
        return tokens(self._words, term)


def build_all(kinds: Sequence[type[Rival]], folder: Path, texts: Texts, processes: int = 2) -> Mapping[str, float]:
    """Build the engines, so many at a time, each into a folder of its own; return the seconds that each took."""
    handed = folder / "texts.pickle"
    handed.write_bytes(pickle.dumps(texts, pickle.HIGHEST_PROTOCOL))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        seconds = pool.map(_build, kinds, [folder_of(folder, kind) for kind in kinds], [handed] * len(kinds))
        took = dict(zip([kind.name for kind in kinds], seconds, strict=True))
    handed.unlink()
    return took


def folder_of(folder: Path, kind: type[Rival]) -> Path:
    """Return the folder of an engine's index."""
    return folder / kind.__name__


def _build(kind: type[Rival], folder: Path, handed: Path) -> float:
    folder.mkdir(parents=True)
    rival = kind(folder, pickle.loads(handed.read_bytes()))
    started = time.perf_counter()
    rival.build()
    return time.perf_counter() - started


def bytes_in(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def matches(wanted: Wanted, text: str) -> bool:
    """Tell whether a folded text holds what is wanted, character by character: the truth for Japanese words."""
    return all(_any(group, text) for group in wanted.groups) and not _any(wanted.unwanted, text)


def _any(terms: Iterable[str], text: str) -> bool:
    return any(term in text for term in terms)
