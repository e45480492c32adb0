"""Write posts into the store and take them out, inside the caller's transaction; counts follow in `recount`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, distinct, func, insert, literal, select, update
from sqlalchemy.orm import Session

from matome_app.content.models import Post as ContentPost
from matome_app.content.models import Segment
from matome_app.content.permalinks import post_path, sanitize_path, term_slug
from matome_app.content.reading import reading_length, reading_length_of_html
from matome_app.store.models import Alias, Comment, Fold, Meta, Post, PostTerm, Source, Term, User, folded, plain_html


class PostWriter:
    """Writes posts and remembers which terms and users it touched, so that `recount` need not look at the rest."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.touched_terms: set[int] = set()
        self.touched_users: set[str] = set()
        self._terms: dict[tuple[str, str], int] = {
            (taxonomy, slug): id_ for id_, taxonomy, slug in session.execute(select(Term.id, Term.taxonomy, Term.slug))
        }
        self._next_key = _next_key(session)

    def remove(self, post_ids: Collection[int]) -> None:
        """Take posts out with all that belongs to them."""
        if not post_ids:
            return
        self.touched_users.update(
            self.session.scalars(select(Comment.user).where(Comment.post_id.in_(post_ids)).distinct())
        )
        self.touched_terms.update(
            self.session.scalars(select(PostTerm.term_id).where(PostTerm.post_id.in_(post_ids)).distinct())
        )
        for table in (PostTerm, Fold, Comment, Alias):
            self.session.execute(delete(table).where(table.post_id.in_(post_ids)))
        self.session.execute(delete(Post).where(Post.id.in_(post_ids)))

    def add(self, post: ContentPost) -> tuple[int, range]:
        """Store a post that is not in the store; return its id and the keys of its comments, in order."""
        row = _post_row(post)
        self.session.add(row)
        self.session.flush()
        self._add_terms(row.id, post)
        keys = range(self._next_key, self._next_key + len(post.comments))
        self._next_key = keys.stop
        rows = [_comment_row(comment, key, row.id) for comment, key in zip(post.comments, keys, strict=True)]
        if rows:
            self.session.execute(insert(Comment), rows)
        if post.details:
            self.session.execute(insert(Fold), _fold_rows(post, row.id))
        self._add_aliases(row.id, post)
        self.touched_users.update(comment.user for comment in post.comments)
        return row.id, keys

    def _add_terms(self, post_id: int, post: ContentPost) -> None:
        links: list[dict[str, Any]] = []
        for taxonomy, names in (("tags", post.front_matter.tags), ("months", post.front_matter.months)):
            seen: set[int] = set()
            for position, name in enumerate(names):
                term_id = self._term(taxonomy, name)
                if term_id not in seen:
                    seen.add(term_id)
                    links.append({"post_id": post_id, "term_id": term_id, "position": position, "label": name})
        if links:
            self.session.execute(insert(PostTerm), links)
            self.touched_terms.update(link["term_id"] for link in links)

    def _term(self, taxonomy: str, name: str) -> int:
        key = taxonomy, term_slug(name)
        if key not in self._terms:
            term = Term(taxonomy=taxonomy, slug=key[1], name=name, posts=0)
            self.session.add(term)
            self.session.flush()
            self._terms[key] = term.id
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
                self.session.merge(Alias(path=path, post_id=post_id))

    def recount(self) -> None:
        """Bring the counts of all touched terms and users up to date; terms and users without a post go."""
        for chunk in _chunks(sorted(self.touched_terms)):
            self._recount_terms(chunk)
        for names in _chunks(sorted(self.touched_users)):
            self.session.execute(delete(User).where(User.name.in_(names)))
            counts = select(Comment.user, func.count(), func.count(distinct(Comment.post_id))).where(
                Comment.user.in_(names), Comment.user != literal("")
            )
            rows = [
                {"name": name, "folded": folded(name), "comments": comments, "posts": posts}
                for name, comments, posts in self.session.execute(counts.group_by(Comment.user))
            ]
            if rows:
                self.session.execute(insert(User), rows)
        self.touched_terms.clear()
        self.touched_users.clear()
        set_meta(self.session, "next_comment_key", str(self._next_key))

    def _recount_terms(self, ids: Sequence[int]) -> None:
        among: ColumnElement[bool] = Term.id.in_(ids)
        count = select(func.count()).where(PostTerm.term_id == Term.id).scalar_subquery()
        self.session.execute(update(Term).where(among).values(posts=count).execution_options(synchronize_session=False))
        # The spelling most posts use; among equals the one that sorts first, so that every build agrees.
        spelling = (
            select(PostTerm.label)
            .where(PostTerm.term_id == Term.id)
            .group_by(PostTerm.label)
            .order_by(func.count().desc(), PostTerm.label)
            .limit(1)
            .scalar_subquery()
        )
        self.session.execute(
            update(Term).where(among, Term.posts > 0).values(name=spelling).execution_options(synchronize_session=False)
        )
        gone = set(self.session.scalars(select(Term.id).where(among, Term.posts == 0)))
        self.session.execute(delete(Term).where(Term.id.in_(gone)).execution_options(synchronize_session=False))
        self._terms = {key: id_ for key, id_ in self._terms.items() if id_ not in gone}


def _post_row(post: ContentPost) -> Post:
    fields = post.front_matter
    is_bundle = post.source.rsplit("/", 1)[-1].startswith("index.")
    return Post(
        path=post.path,
        url=post.url,
        source=post.source,
        folder=post.source.rsplit("/", 1)[0] if is_bundle else "",
        title=fields.title,
        date=_utc(fields.date),
        date_text=fields.date.isoformat().replace("+00:00", "Z") if fields.date else "",
        changed=_utc(fields.lastmod or fields.date),
        featureimage=fields.featureimage,
        description=fields.description,
        source_url=post.source_url,
        segments=[list(segment) for segment in post.segments],
        comment_count=len(post.comments),
        user_count=len({comment.user for comment in post.comments if comment.user}),
        highlights=sum(1 for comment in post.comments if comment.color),
        characters=_length_of(post.segments)
        + sum(_length_of(fold.segments) for fold in post.details)
        + sum(reading_length(comment.text) for comment in post.comments),
    )


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


def _next_key(session: Session) -> int:
    stored = int(get_meta(session, "next_comment_key") or 1)
    return max(stored, (session.scalar(select(func.max(Comment.key))) or 0) + 1)


def _chunks(items: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def get_meta(session: Session, name: str) -> str | None:
    """Return a fact about the store, or None."""
    return session.scalar(select(Meta.value).where(Meta.name == name))


def set_meta(session: Session, name: str, value: str) -> None:
    """Set a fact about the store."""
    session.merge(Meta(name=name, value=value))


def stamp(session: Session) -> None:
    """Note that this transaction changes what readers see, and when; call it once in every transaction that does.

    The generation number only grows, and the time never goes back, whatever the clock does.
    """
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    set_meta(session, "generation", str(int(get_meta(session, "generation") or 0) + 1))
    set_meta(session, "changed", max(now, get_meta(session, "changed") or ""))


def save_source(session: Session, source: Source) -> None:
    """Remember how a content file was last read."""
    session.merge(source)


def forget_sources(session: Session, paths: Collection[str]) -> None:
    """Forget content files that are gone."""
    for chunk in _chunks(sorted(paths)):
        session.execute(delete(Source).where(Source.path.in_(chunk)))
