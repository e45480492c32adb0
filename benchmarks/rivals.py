"""The engines that are measured beside ours, in Python: one class each."""

from __future__ import annotations

import sqlite3
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import tantivy
from whoosh import index as whoosh_index
from whoosh.analysis.ngrams import NgramAnalyzer
from whoosh.analysis.tokenizers import SpaceSeparatedTokenizer
from whoosh.fields import TEXT, Schema
from whoosh.query.compound import And, Or
from whoosh.query.positional import Phrase
from whoosh.query.terms import Term
from whoosh.query.wrappers import Not

from benchmarks.queries import Wanted
from benchmarks.rival import HITS, Rival, WordRival, matches
from benchmarks.texts import connect


class Scan(Rival):
    """Every text, one after the other, in memory."""

    name = "scan of all text"
    note = "Python's `in` on every comment, no order"

    def build(self) -> None:
        """Build nothing: the texts are here."""

    def open(self) -> None:
        """Open nothing."""

    def close(self) -> None:
        """Close nothing."""

    def answers(self, wanted: Wanted) -> bool:
        """Answer anything."""
        return True

    def best(self, wanted: Wanted) -> list[int]:
        """Return the last of all: a scan has no order of its own."""
        return self._all(wanted)[-HITS:]

    def every(self, wanted: Wanted) -> set[int]:
        """Return all."""
        return set(self._all(wanted))

    def _all(self, wanted: Wanted) -> list[int]:
        texts = zip(self.texts.keys, self.texts.folded, strict=True)
        if len(wanted.terms) == 1 and not wanted.unwanted:
            (term,) = wanted.terms
            return [key for key, text in texts if term in text]
        return [key for key, text in texts if matches(wanted, text)]


class _FullText(Rival):
    """An FTS5 table without the texts, in order of bm25."""

    tokenizer: str

    @abstractmethod
    def _rows(self) -> Iterable[tuple[int, str]]:
        """Return what is indexed: keys and texts."""

    @abstractmethod
    def _phrase(self, term: str) -> str:
        """Return a term as FTS5's language has it."""

    def build(self) -> None:
        """Fill the table and merge its pieces."""
        with closing(sqlite3.connect(self.folder / "index.sqlite3")) as connection, connection:
            connection.execute(f"CREATE VIRTUAL TABLE found USING fts5(text, content='', tokenize='{self.tokenizer}')")
            connection.executemany("INSERT INTO found (rowid, text) VALUES (?, ?)", self._rows())
            connection.execute("INSERT INTO found (found) VALUES ('optimize')")

    def open(self) -> None:
        """Open the file as the site opens its own."""
        self._connection = connect(self.folder / "index.sqlite3")
        self._connection.execute("PRAGMA mmap_size = 268435456")
        self._connection.execute("PRAGMA cache_size = -32000")

    def best(self, wanted: Wanted) -> list[int]:
        """Return the best."""
        query = f"SELECT rowid FROM found WHERE found MATCH ? ORDER BY rank LIMIT {HITS}"
        return [key for (key,) in self._connection.execute(query, (self._expression(wanted),))]

    def every(self, wanted: Wanted) -> set[int]:
        """Return all."""
        query = "SELECT rowid FROM found WHERE found MATCH ?"
        return {key for (key,) in self._connection.execute(query, (self._expression(wanted),))}

    def _expression(self, wanted: Wanted) -> str:
        groups = " AND ".join(f"({' OR '.join(map(self._phrase, group))})" for group in wanted.groups)
        return f"({groups})" + "".join(f" NOT {self._phrase(term)}" for term in wanted.unwanted)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class FullTextWords(_FullText, WordRival):
    """SQLite's own full text search over words."""

    name = "SQLite FTS5, words"
    note = "the same Sudachi words, `ORDER BY rank`, 20 hits"
    tokenizer = "ascii"

    def _rows(self) -> Iterable[tuple[int, str]]:
        return zip(self.texts.keys, self.texts.words, strict=True)

    def _phrase(self, term: str) -> str:
        return f'"{" ".join(self.cut(term))}"'


class FullTextTrigrams(_FullText):
    """SQLite's own full text search over three characters."""

    name = "SQLite FTS5, trigram"
    note = "`tokenize='trigram'`, `ORDER BY rank`, 20 hits"
    tokenizer = "trigram"

    def answers(self, wanted: Wanted) -> bool:
        """Tell whether every term has three characters."""
        return all(len(term) >= 3 for term in [*wanted.terms, *wanted.unwanted])

    def _rows(self) -> Iterable[tuple[int, str]]:
        return zip(self.texts.keys, self.texts.folded, strict=True)

    def _phrase(self, term: str) -> str:
        doubled = term.replace('"', '""')
        return f'"{doubled}"'


class _Whoosh(Rival):
    """Whoosh by its own means: one segment, documents in the order of the texts."""

    @abstractmethod
    def _analyzer(self) -> Any:
        """Return the analyzer of the field."""

    @abstractmethod
    def _texts(self) -> Iterable[str]:
        """Return the texts in the order of the keys."""

    @abstractmethod
    def _terms(self, term: str) -> list[str]:
        """Cut a term as the texts were."""

    def build(self) -> None:
        """Add every text and commit once."""
        schema = Schema(text=TEXT(analyzer=self._analyzer(), phrase=True))
        writer = whoosh_index.create_in(str(self.folder), schema).writer(limitmb=512)
        for text in self._texts():
            writer.add_document(text=text)
        writer.commit()

    def open(self) -> None:
        """Open a searcher."""
        self._searcher: Any = whoosh_index.open_dir(str(self.folder)).searcher()

    def best(self, wanted: Wanted) -> list[int]:
        """Return the best."""
        found = self._searcher.search(self._query(wanted), limit=HITS)
        return [self.texts.keys[hit.docnum] for hit in found]

    def every(self, wanted: Wanted) -> set[int]:
        """Return all."""
        return {self.texts.keys[number] for number in self._searcher.docs_for_query(self._query(wanted))}

    def _query(self, wanted: Wanted) -> Any:
        groups = [self._any(group) for group in wanted.groups]
        unwanted = [Not(self._phrase(term)) for term in wanted.unwanted]
        return And([*groups, *unwanted]).normalize()

    def _any(self, terms: Iterable[str]) -> Any:
        return Or([self._phrase(term) for term in terms])

    def _phrase(self, term: str) -> Any:
        words = self._terms(term)
        return Phrase("text", words) if len(words) > 1 else Term("text", words[0])

    def close(self) -> None:
        """Close the searcher."""
        self._searcher.close()


class WhooshWords(_Whoosh, WordRival):
    """Whoosh's own search over words."""

    name = "Whoosh, words"
    note = "the same Sudachi words, `search(limit=20)`"

    def _analyzer(self) -> Any:
        return SpaceSeparatedTokenizer()

    def _texts(self) -> Iterable[str]:
        return self.texts.words

    def _terms(self, term: str) -> list[str]:
        return self.cut(term)


class WhooshBigrams(_Whoosh):
    """Whoosh's own search over pairs of characters."""

    name = "Whoosh, n-grams"
    note = "`NgramAnalyzer(2)`, a word is a phrase of pairs, `search(limit=20)`"

    def answers(self, wanted: Wanted) -> bool:
        """Tell whether every term has two characters."""
        return all(len(term) >= 2 for term in [*wanted.terms, *wanted.unwanted])

    def _analyzer(self) -> Any:
        return NgramAnalyzer(2)

    def _texts(self) -> Iterable[str]:
        return self.texts.folded

    def _terms(self, term: str) -> list[str]:
        return [term[start : start + 2] for start in range(len(term) - 1)]


class Tantivy(WordRival):
    """Tantivy, a search library in Rust."""

    name = "Tantivy, words"
    note = "the same Sudachi words, 20 hits"

    def build(self) -> None:
        """Add every text with one thread and commit once."""
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", tokenizer_name="words")
        schema.add_unsigned_field("key", fast=True)
        index = self._with_tokenizer(tantivy.Index(schema.build(), path=str(self.folder)))
        writer = index.writer(num_threads=1)
        for key, words in zip(self.texts.keys, self.texts.words, strict=True):
            document = tantivy.Document()
            document.add_text("text", words)
            document.add_unsigned("key", key)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    @staticmethod
    def _with_tokenizer(index: tantivy.Index) -> tantivy.Index:
        index.register_tokenizer("words", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        return index

    def open(self) -> None:
        """Open a searcher."""
        index = self._with_tokenizer(tantivy.Index.open(str(self.folder)))
        self._schema, self._searcher = index.schema, index.searcher()

    def close(self) -> None:
        """Close the searcher."""
        del self._searcher

    def best(self, wanted: Wanted) -> list[int]:
        """Return the best."""
        return self._keys(wanted, HITS)

    def every(self, wanted: Wanted) -> set[int]:
        """Return all."""
        return set(self._keys(wanted, len(self.texts.keys)))

    def _keys(self, wanted: Wanted, limit: int) -> list[int]:
        found = self._searcher.search(self._query(wanted), limit, count=False)
        keys = self._searcher.fast_field_values("key", [address for _, address in found.hits])
        return [int(key) for key in keys if key is not None]

    def _query(self, wanted: Wanted) -> tantivy.Query:
        groups = [(tantivy.Occur.Must, self._any(group)) for group in wanted.groups]
        unwanted = [(tantivy.Occur.MustNot, self._phrase(term)) for term in wanted.unwanted]
        return tantivy.Query.boolean_query([*groups, *unwanted])

    def _any(self, terms: Iterable[str]) -> tantivy.Query:
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, self._phrase(term)) for term in terms])

    def _phrase(self, term: str) -> tantivy.Query:
        words = self.cut(term)
        if len(words) > 1:
            return tantivy.Query.phrase_query(self._schema, "text", list(words))
        return tantivy.Query.term_query(self._schema, "text", words[0])


RIVALS: tuple[type[Rival], ...] = (WhooshBigrams, WhooshWords, FullTextTrigrams, FullTextWords, Tantivy, Scan)
"""Those that take longest to build first, so that two at a time end together."""
