"""Look through everything indexed for what a start does not look at: damage that was done from outside."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from whoosh.reading import IndexReader

from matome_app.search.column_file import NAME, read_columns
from matome_app.search.columns import Ints
from matome_app.search.postings import LATIN, WORDS, read_keys, read_postings
from matome_app.search.tables import check_full_text, get_meta, tables_exist
from matome_app.search.word_index import open_reader
from matome_app.search.writer import known_keys

_LOOKED_AT: Final = 1000
"""So many terms of a field are read, spread over all of them: a file that was overwritten does not pass."""
_ROWS: Final = {
    "comments without a post": "SELECT count(*) FROM search_comments WHERE post NOT IN (SELECT key FROM search_posts)",
    "comments without a text": "SELECT count(*) FROM search_comments WHERE key NOT IN (SELECT key FROM search_texts)",
    "texts that are lost": "SELECT count(*) FROM search_texts WHERE instr(CAST(folded AS BLOB), x'00')",
    "texts without a comment": "SELECT count(*) FROM search_texts WHERE key NOT IN (SELECT key FROM search_comments)",
}


def verify(connection: Connection, folder: Path) -> list[str]:
    """Return what is wrong, a line each. A file of columns that cannot be read is removed: it is only a short cut."""
    try:
        if not tables_exist(connection) or not get_meta(connection, "epoch"):
            return ["the tables of the index are missing"]
        faults = _table_faults(connection)
        known = known_keys(connection)
    except DBAPIError as error:
        return [f"the tables of the index cannot be read ({error.orig})"]
    if read_columns(folder.parent) is None:
        (folder.parent / NAME).unlink(missing_ok=True)
    try:
        with open_reader(folder) or nullcontext() as reader:
            faults += _word_faults(reader, known)
    except Exception as error:  # whatever damaged files make Whoosh raise
        faults.append(f"the words of the index cannot be read ({type(error).__name__}: {error})")
    return faults


def _table_faults(connection: Connection) -> list[str]:
    faults = [
        f"the tables of the index hold {count} {what}"
        for what, query in _ROWS.items()
        if (count := connection.exec_driver_sql(query).scalar())
    ]
    return [*faults, *check_full_text(connection)]


def _word_faults(reader: IndexReader | None, known: Ints) -> list[str]:
    if reader is None:
        return ["the words of the index are missing"] if len(known) else []
    keys = read_keys(reader)
    for field in (LATIN, WORDS):
        terms = [term.decode() for term in reader.lexicon(field)]
        for term in {*terms[:: max(1, len(terms) // _LOOKED_AT)], *terms[-1:]}:
            documents, _ = read_postings(reader, field, term)  # raises where it is damaged
            if len(documents) and int(documents.max()) >= len(keys):
                raise IndexError(f"{field}:{term} names a document that is not there")
    absent = len(np.setdiff1d(known, keys))
    return [f"the words of {absent} comments are missing"] if absent else []
