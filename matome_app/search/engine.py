"""Say what a search engine is: what it is given, what it answers, and how it is written to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy import Connection

from matome_app.errors import Message
from matome_app.search.params import Scope, SearchParams

Match = Literal["word", "partial"]


@dataclass(frozen=True, slots=True)
class CommentDocument:
    """A comment to index. `key` is the store's integer key, unique and never reused within one database.

    `text` is what is searched: `analysis.searchable_text` of the body as it was written, not the rendered text, so that
    nothing an author typed (addresses of links, markup) is out of reach.
    """

    key: int
    id: str
    ordinal: int
    user: str
    created_at: datetime | None
    color: str
    text: str


@dataclass(frozen=True, slots=True)
class PostDocument:
    """A post to index with its comments. `tags` are (slug, label) pairs; `date` and `created_at` are aware, in UTC."""

    key: int
    path: str
    url: str
    title: str
    date: datetime | None
    tags: tuple[tuple[str, str], ...]
    months: tuple[str, ...]
    comments: tuple[CommentDocument, ...]


@dataclass(frozen=True, slots=True)
class PostTag:
    """A tag as its post spells it, and its slug."""

    label: str
    slug: str


@dataclass(frozen=True, slots=True)
class PostCard:
    """What a hit says of its post; `key` is the store's."""

    key: int
    path: str
    url: str
    title: str
    tags: tuple[PostTag, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A comment found: its key, its post, and whether the words stand whole in it.

    `via` are the spellings it was found by, where it holds none of the words as typed.
    """

    key: int
    post: PostCard
    match: Match
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value that would narrow the hits. `value` goes into the URL, `label` is shown, `count` counts hits."""

    value: str
    label: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class PostHit:
    """A post whose title or tags match; `hits` counts the comments found in it."""

    key: int
    path: str
    url: str
    title: str
    hits: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another query that would find something: what to type, what it finds, why it is offered.

    `params` is the whole search to link to, filters included; `respelled` where it holds words other than those typed.
    """

    q: str
    total: int
    why: Message
    params: SearchParams
    respelled: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the query as it was read; `kind` is word, phrase, not, or, user, tag, month, after,
    before, color, post.

    `without` is the search that is left when the part is taken away; `count` says, for words and phrases, how many
    comments hold it when nothing else is asked. `variants` are other spellings that are searched along, and `exact` the
    search without them, when there are any.
    """

    kind: str
    label: Message
    without: SearchParams
    count: int | None = None
    variants: tuple[str, ...] = ()
    exact: SearchParams | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one search: one page of hits in order, and what is known of all hits.

    `highlights` is what `snippets` needs to mark the words found. `total` is what paging reaches, `totals` what each
    scope finds. `facets` has the keys tag, user and month; months are in order of time, the others by count. Those
    that took too long are left out and named in `late`. `months` is the month facet for a chart: every month from the
    first to the last, and while one is chosen, the others with what they would find instead.
    `inflections` are searches that find other forms of a verb or an adjective, too; their total counts only those.
    `memo` is for those who show the answer: what they made of it lives as long as it is remembered.
    """

    params: SearchParams
    total: int
    page: int
    pages: int
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[FacetValue, ...]]
    posts: tuple[PostHit, ...]
    suggestions: tuple[Suggestion, ...]
    chips: tuple[Chip, ...]
    highlights: tuple[str, ...] = field(default=())
    totals: dict[Scope, int] = field(default_factory=dict)
    late: tuple[str, ...] = ()
    months: tuple[FacetValue, ...] = ()
    inflections: tuple[Suggestion, ...] = ()
    took_ms: float = 0.0
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


class IndexWriter(Protocol):
    """Adds and removes posts inside the caller's database transaction.

    A small change: `writer(connection)`, `remove` and `add` as needed, `commit()`, commit the database, `confirm()`.
    A first build: `writer(connection, bulk=True)`; then `add` a batch of posts and commit the database, again and again
    (the posts are found from then on, by substring); `commit()` and one more commit of the database bring the words.
    Leaving a `with` block by an exception calls `abort()`. A build that dies is finished by `engine.complete`.
    """

    def add(self, posts: Iterable[PostDocument]) -> None:
        """Index posts that are not in the index."""

    def remove(self, keys: Iterable[int]) -> None:
        """Remove posts and their comments, by the posts' keys; unknown keys are ignored."""

    def commit(self) -> None:
        """Finish what lies outside the database; call it right before the database commits."""

    def confirm(self) -> None:
        """Tidy up after the database has committed; without it `complete` has to look through everything."""

    def abort(self) -> None:
        """Give up what `commit` would have written; harmless after `commit`."""

    def __enter__(self) -> IndexWriter:
        """Return the writer itself."""

    def __exit__(self, *failure: object) -> None:
        """Abort where the block did not come to `commit`."""


class SearchEngine(Protocol):
    """What the site needs of a search engine."""

    def create_tables(self, connection: Connection) -> None:
        """Create the engine's own tables where they are missing."""

    def is_current(self, connection: Connection) -> bool:
        """Tell whether what is indexed was made by today's analysis; if not, `clear` and index everything again."""

    def words_are_current(self, connection: Connection) -> bool:
        """Tell whether the words of what is indexed are whole and of today's dictionary; if not, `renew_words`."""

    def renew_words(self, connection: Connection) -> None:
        """Make the words anew from what is indexed; the caller commits, and confirms a writer afterwards."""

    def clear(self, connection: Connection) -> None:
        """Forget everything indexed, inside the caller's transaction."""

    def writer(self, connection: Connection, bulk: bool = False) -> IndexWriter:
        """Return a writer that works inside the transaction of `connection`."""

    def complete(self, connection: Connection) -> int:
        """Index what an interrupted build left undone, if anything; return how many posts that were."""

    def verify(self, connection: Connection) -> list[str]:
        """Look through everything indexed, which takes its time; return what is wrong with it, a line each."""

    def read_from(self, connection: Connection | None) -> None:
        """Answer this thread from the state that a connection sees; None: from the newest state at each question."""

    def renew(self) -> None:
        """Read what changed, so that the next question need not wait for that; raises IndexUnavailable."""

    def search(self, params: SearchParams) -> SearchResult:
        """Answer a search; raises IndexUnavailable, and BadSearch for a page past the end."""

    def all_keys(self, params: SearchParams) -> list[int]:
        """Return the keys of all comments a search finds, in order, whatever the page."""

    def top_posts(self, params: SearchParams, limit: int) -> tuple[PostHit, ...]:
        """Return the posts with the most comments found, most first."""

    def similar_comments(self, key: int, limit: int) -> tuple[int, ...]:
        """Return the keys of the comments most like one, best first, never itself nor a copy of it."""

    def related_posts(self, key: int, limit: int) -> tuple[int, ...]:
        """Return the keys of the posts most like one by tags and text, best first."""

    def highlights(self, q: str) -> tuple[str, ...]:
        """Return what `snippets` marks for a query, without searching."""
