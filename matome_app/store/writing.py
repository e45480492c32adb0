"""Write posts into the store and take them out, inside the caller's transaction; counts follow in `recount`.

Nothing here costs more because the site is larger: counts are changed by what came and went, not counted again. Rows go
in by SQLAlchemy's Core, since nobody needs them as objects.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, distinct, func, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from matome_app.content.models import Post as ContentPost
from matome_app.content.models import Segment
from matome_app.content.permalinks import post_path, sanitize_path, term_slug
from matome_app.content.reading import reading_length, reading_length_of_html
from matome_app.store.known import get_meta as get_meta
from matome_app.store.models import Alias, Comment, Fold, Meta, Post, PostTerm, Source, Term, User, folded, plain_html


class PostWriter:
    """Writes posts and remembers what that adds to and takes from the counts of terms and users, for `recount`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._labels: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._comments: Counter[str] = Counter()
        self._posts: Counter[str] = Counter()
        self._terms: dict[tuple[str, str], int] = {}
        self._next: int | None = None

    def remove(self, post_ids: Collection[int]) -> None:
        """Take posts out with all that belongs to them."""
        for ids in _chunks(sorted(post_ids)):
            self._count_out(ids)
            for table in (PostTerm, Fold, Comment, Alias):
                self.session.execute(delete(table).where(table.post_id.in_(ids)))
            self.session.execute(delete(Post).where(Post.id.in_(ids)))

    def _count_out(self, post_ids: Sequence[int]) -> None:
        users = (
            select(Comment.user, func.count(), func.count(distinct(Comment.post_id)))
            .where(Comment.post_id.in_(post_ids))
            .group_by(Comment.user)
        )
        for user, comments, posts in self.session.execute(users):
            self._comments[user] -= comments
            self._posts[user] -= posts
        labels = (
            select(PostTerm.term_id, PostTerm.label, func.count())
            .where(PostTerm.post_id.in_(post_ids))
            .group_by(PostTerm.term_id, PostTerm.label)
        )
        for term_id, label, count in self.session.execute(labels):
            self._labels[term_id][label] -= count

    def add(self, post: ContentPost) -> tuple[int, range]:
        """Store a post that is not in the store; return its id and the keys of its comments, in order."""
        made = self.session.connection().execute(insert(_table(Post)), _post_row(post)).inserted_primary_key
        assert made is not None
        post_id = int(made[0])
        self._add_terms(post_id, post)
        first = self._next_key()
        keys = range(first, first + len(post.comments))
        self._next = keys.stop
        self._insert(
            Comment, [_comment_row(comment, key, post_id) for comment, key in zip(post.comments, keys, strict=True)]
        )
        self._insert(Fold, _fold_rows(post, post_id))
        self._add_aliases(post_id, post)
        users = Counter(comment.user for comment in post.comments)
        self._comments.update(users)
        self._posts.update(users.keys())
        return post_id, keys

    def _insert(self, model: type[DeclarativeBase], rows: list[dict[str, Any]]) -> None:
        if rows:
            self.session.connection().execute(insert(_table(model)), rows)

    def _next_key(self) -> int:
        if self._next is None:
            stored = int(get_meta(self.session, "next_comment_key") or 1)
            self._next = max(stored, (self.session.scalar(select(func.max(Comment.key))) or 0) + 1)
        return self._next

    def _add_terms(self, post_id: int, post: ContentPost) -> None:
        links: dict[int, dict[str, Any]] = {}
        for taxonomy, names in (("tags", post.front_matter.tags), ("months", post.front_matter.months)):
            for position, name in enumerate(names):
                term_id = self._term(taxonomy, name)
                if term_id not in links:
                    links[term_id] = {"post_id": post_id, "term_id": term_id, "position": position, "label": name}
                    self._labels[term_id][name] += 1
        self._insert(PostTerm, list(links.values()))

    def _term(self, taxonomy: str, name: str) -> int:
        key = taxonomy, term_slug(name)
        if key not in self._terms:
            known = self.session.scalar(select(Term.id).where(Term.taxonomy == taxonomy, Term.slug == key[1]))
            if known is None:
                row = {"taxonomy": taxonomy, "slug": key[1], "name": name, "posts": 0}
                made = self.session.connection().execute(insert(_table(Term)), row).inserted_primary_key
                assert made is not None
                known = int(made[0])
            self._terms[key] = known
        return self._terms[key]

    def _add_aliases(self, post_id: int, post: ContentPost) -> None:
        base = post.path.rsplit("/", 1)[0]
        paths = [
            sanitize_path(alias if alias.startswith("/") else f"{base}/{alias}").strip("/")
            for alias in post.front_matter.aliases
        ]
        # Where a slug took the place of the file's name: `ref` goes by names of files.
        paths.append(post_path(post.source))
        for path in paths:
            if path and path != post.path:
                _put(self.session, Alias, {"path": path, "post_id": post_id})

    def recount(self) -> None:
        """Bring the counts of all touched terms and users up to date; terms and users without a post go."""
        for ids in _chunks(sorted(self._labels)):
            self._recount_terms(ids)
        for names in _chunks(sorted(self._comments)):
            self._recount_users(names)
        self._labels.clear()
        self._comments.clear()
        self._posts.clear()
        if self._next is not None:
            set_meta(self.session, "next_comment_key", str(self._next))

    def _recount_users(self, names: Sequence[str]) -> None:
        rows = [
            {"name": name, "folded": folded(name), "comments": self._comments[name], "posts": self._posts[name]}
            for name in names
            if name and (self._comments[name] or self._posts[name])
        ]
        if not rows:
            return
        upsert = sqlite.insert(_table(User))
        counts = {name: _table(User).c[name] + upsert.excluded[name] for name in ("comments", "posts")}
        upsert = upsert.on_conflict_do_update(index_elements=["name"], set_=counts)
        self.session.connection().execute(upsert, rows)
        fewer = [name for name in names if self._comments[name] < 0]
        if fewer:
            self.session.execute(_quietly(delete(User).where(User.name.in_(fewer), User.comments <= 0)))

    def _recount_terms(self, ids: Sequence[int]) -> None:
        table = _table(Term)
        changes = [{"term": id_, "more": self._labels[id_].total()} for id_ in ids]
        count = update(table).where(table.c.id == bindparam("term")).values(posts=table.c.posts + bindparam("more"))
        self.session.connection().execute(count, changes)
        rows = self.session.execute(select(Term.id, Term.name, Term.posts).where(Term.id.in_(ids))).all()
        gone = {id_ for id_, _, posts in rows if posts <= 0}
        self._respell([id_ for id_, name, _ in rows if id_ not in gone and not self._keeps_spelling(id_, name)])
        if gone:
            self.session.execute(_quietly(delete(Term).where(Term.id.in_(gone))))
            self._terms = {key: id_ for key, id_ in self._terms.items() if id_ not in gone}

    def _keeps_spelling(self, term_id: int, name: str) -> bool:
        """Tell whether the most frequent spelling of a term still is: it lost nothing, and no other gained."""
        return all(change >= 0 if label == name else change <= 0 for label, change in self._labels[term_id].items())

    def _respell(self, ids: Sequence[int]) -> None:
        # The spelling most posts use; among equals the one that sorts first, so that every build agrees.
        spelling = (
            select(PostTerm.label)
            .where(PostTerm.term_id == Term.id)
            .group_by(PostTerm.label)
            .order_by(func.count().desc(), PostTerm.label)
            .limit(1)
            .scalar_subquery()
        )
        if ids:
            self.session.execute(_quietly(update(Term).where(Term.id.in_(ids)).values(name=spelling)))


def _table(model: type[DeclarativeBase]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _quietly(statement: Any) -> Any:
    """Return a statement that does not look for objects to bring up to date: there are none."""
    return statement.execution_options(synchronize_session=False)


def _post_row(post: ContentPost) -> dict[str, Any]:
    fields = post.front_matter
    is_bundle = post.source.rsplit("/", 1)[-1].startswith("index.")
    return {
        "path": post.path,
        "url": post.url,
        "source": post.source,
        "folder": post.source.rsplit("/", 1)[0] if is_bundle else "",
        "title": fields.title,
        "date": _utc(fields.date),
        "date_text": fields.date.isoformat().replace("+00:00", "Z") if fields.date else "",
        "changed": _utc(fields.lastmod or fields.date),
        "featureimage": fields.featureimage,
        "description": fields.description,
        "source_url": post.source_url,
        "segments": [list(segment) for segment in post.segments],
        "comment_count": len(post.comments),
        "user_count": len({comment.user for comment in post.comments if comment.user}),
        "highlights": sum(1 for comment in post.comments if comment.color),
        "characters": _length_of(post.segments)
        + sum(_length_of(fold.segments) for fold in post.details)
        + sum(reading_length(comment.text) for comment in post.comments),
    }


def _length_of(segments: Iterable[Segment]) -> int:
    """Return how much there is to read in the text between the comments."""
    return sum(reading_length_of_html(value) for kind, value in segments if kind == "html" and isinstance(value, str))


def _comment_row(comment: Any, key: int, post_id: int) -> dict[str, Any]:
    return {
        "key": key,
        "id": comment.id,
        "post_id": post_id,
        "ordinal": comment.ordinal,
        "details": comment.details,
        "user": comment.user,
        "created_at": _utc(comment.created_at),
        "color": comment.color,
        "kind": comment.kind,
        "text": comment.text,
        "markup": None if comment.html == plain_html(comment.text) else comment.html,
    }


def _fold_rows(post: ContentPost, post_id: int) -> list[dict[str, Any]]:
    held = dict.fromkeys((fold.n for fold in post.details), 0)
    length = dict(held)
    parents = {fold.n: fold.parent for fold in post.details}
    for fold in post.details:
        for n in _around(fold.n, parents):
            length[n] += _length_of(fold.segments)
    for comment in post.comments:
        characters = reading_length(comment.text)
        for n in _around(comment.details, parents):
            held[n] += 1
            length[n] += characters
    return [
        {
            "post_id": post_id,
            "n": fold.n,
            "summary": fold.summary,
            "parent": fold.parent,
            "comments": held[fold.n],
            "characters": length[fold.n],
            "segments": [list(segment) for segment in fold.segments],
        }
        for fold in post.details
    ]


def _around(n: int, parents: Mapping[int, int]) -> Iterator[int]:
    """Yield a fold and those that it is in, the innermost first."""
    while n:
        yield n
        n = parents[n]


def _utc(moment: datetime | None) -> datetime | None:
    """Return a moment as the store holds it: naive, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _chunks(items: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def set_meta(session: Session, name: str, value: str) -> None:
    """Set a fact about the store."""
    _put(session, Meta, {"name": name, "value": value})


def stamp(session: Session) -> None:
    """Note that this transaction changes what readers see, and when; call it once in every transaction that does.

    The generation number only grows, and the time never goes back, whatever the clock does.
    """
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    set_meta(session, "generation", str(int(get_meta(session, "generation") or 0) + 1))
    set_meta(session, "changed", max(now, get_meta(session, "changed") or ""))


def save_source(session: Session, source: Source) -> None:
    """Remember how a content file was last read."""
    columns = _table(Source).columns.keys()
    values = {name: getattr(source, name) for name in columns}
    _put(session, Source, {**values, "links": source.links or ""})


def _put(session: Session, model: type[DeclarativeBase], row: dict[str, Any]) -> None:
    """Insert a row, or replace the one of the same key."""
    table = _table(model)
    upsert = sqlite.insert(table)
    keys = list(table.primary_key.columns.keys())
    others = {name: upsert.excluded[name] for name in row if name not in keys}
    session.connection().execute(upsert.on_conflict_do_update(index_elements=keys, set_=others), row)


def forget_sources(session: Session, paths: Collection[str]) -> None:
    """Forget content files that are gone."""
    for chunk in _chunks(sorted(paths)):
        session.execute(delete(Source).where(Source.path.in_(chunk)))
