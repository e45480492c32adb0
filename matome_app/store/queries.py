"""What pages ask of the store; each function runs a fixed number of statements, whatever it returns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, defer, joinedload, load_only, selectinload

from matome_app.content.permalinks import term_slug
from matome_app.errors import N_, BadSearch, Message
from matome_app.store.models import Alias, Comment, Fold, Post, PostTerm, Term, User, folded

Row = TypeVar("Row")
CARD = defer(Post.segments, raiseload=True)
AnySelect = TypeVar("AnySelect", bound=Select[*tuple[Any, ...]])


class PostFilters(Protocol):
    """The filters of a list of posts; `search.params.SearchParams` is one."""

    @property
    def tags(self) -> Sequence[str]: ...
    @property
    def month(self) -> str: ...
    @property
    def users(self) -> Sequence[str]: ...
    @property
    def color(self) -> str: ...
    @property
    def post(self) -> str: ...
    @property
    def after(self) -> date | None: ...
    @property
    def before(self) -> date | None: ...
    @property
    def sort(self) -> str: ...
    @property
    def page(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list: its rows, its number, and how many pages and rows there are in all."""

    rows: Sequence[Row]
    page: int
    pages: int
    total: int


def post_by_path(session: Session, path: str) -> Post | None:
    """Return a post with its tags and months."""
    return session.scalar(select(Post).where(Post.path == path).options(selectinload(Post.terms)))


def post_of_alias(session: Session, path: str) -> Post | None:
    """Return the post that once had this address."""
    return session.scalar(select(Post).join(Alias, Alias.post_id == Post.id).where(Alias.path == path))


def bundle_around(session: Session, paths: Sequence[str]) -> Post | None:
    """Return the post with the longest of these paths whose bundle is a folder."""
    found = select(Post).where(Post.path.in_(paths), Post.folder != "").order_by(func.length(Post.path).desc())
    return session.scalar(found.limit(1))


def folds_of(session: Session, post: Post) -> dict[int, Fold]:
    """Return a post's folds by number."""
    rows = session.scalars(select(Fold).where(Fold.post_id == post.id).order_by(Fold.n))
    return {fold.n: fold for fold in rows}


def comments_of(session: Session, post: Post, details: Collection[int] | None = None) -> dict[int, Comment]:
    """Return a post's comments by ordinal: all, or those that sit directly in the given folds (0: in none)."""
    query = select(Comment).where(Comment.post_id == post.id).order_by(Comment.ordinal)
    if details is not None:
        query = query.where(Comment.details.in_(details))
    return {comment.ordinal: comment for comment in session.scalars(query)}


def comments_around(session: Session, comment: Comment, reach: int) -> Sequence[Comment]:
    """Return a comment with up to `reach` comments before and after it in its post, in their order."""
    near = Comment.ordinal.between(comment.ordinal - reach, comment.ordinal + reach)
    query = select(Comment).where(Comment.post_id == comment.post_id, near).order_by(Comment.ordinal)
    return session.scalars(query).all()


def comment_by_id(session: Session, id_: str) -> Comment | None:
    """Return a comment with its post; one whose body was edited since is found by its first 12 characters."""
    query = select(Comment).options(joinedload(Comment.post).selectinload(Post.terms))
    found = session.scalar(query.where(Comment.id == id_))
    if found is None and len(id_) == 16 and id_.isalnum():
        stem = id_[:12]
        kin = session.scalars(query.where(Comment.id >= stem, Comment.id < stem + "~").limit(2)).all()
        found = kin[0] if len(kin) == 1 else None
    return found


def comments_by_key(session: Session, keys: Sequence[int]) -> list[Comment]:
    """Return comments with their posts and tags, in the order of the keys; keys that are gone are left out."""
    query = select(Comment).where(Comment.key.in_(keys))
    query = query.options(joinedload(Comment.post).options(selectinload(Post.terms), CARD))
    found = {comment.key: comment for comment in session.scalars(query)}
    return [found[key] for key in keys if key in found]


def comments_in_order(session: Session, keys: Sequence[int]) -> Sequence[Comment]:
    """Return comments of one post in reading order: only what links to them need, not their texts."""
    query = select(Comment).where(Comment.key.in_(keys)).order_by(Comment.ordinal)
    return session.scalars(query.options(load_only(Comment.id, Comment.ordinal, Comment.details, raiseload=True))).all()


def posts_by_id(session: Session, ids: Sequence[int]) -> list[Post]:
    """Return posts in the order of their ids, as lists show them; those that are gone are left out."""
    found = {post.id: post for post in session.scalars(select(Post).where(Post.id.in_(ids)).options(CARD))}
    return [found[id_] for id_ in ids if id_ in found]


def neighbours(session: Session, post: Post) -> tuple[Post | None, Post | None]:
    """Return the next older and the next newer post."""
    if post.date is None:
        return None, None
    older = or_(Post.date < post.date, and_(Post.date == post.date, Post.path > post.path))
    newer = or_(Post.date > post.date, and_(Post.date == post.date, Post.path < post.path))
    ids = (
        select(Post.id).where(older).order_by(Post.date.desc(), Post.path).limit(1).scalar_subquery(),
        select(Post.id).where(newer).order_by(Post.date, Post.path.desc()).limit(1).scalar_subquery(),
    )
    found = session.scalars(select(Post).where(Post.id.in_(ids)).options(CARD)).all()
    before = next((other for other in found if _is_older(other, post)), None)
    return before, next((other for other in found if other is not before), None)


def _is_older(one: Post, other: Post) -> bool:
    """Tell whether a post comes after another in lists, where the newest are first."""
    assert one.date is not None
    assert other.date is not None
    return one.date < other.date or (one.date == other.date and one.path > other.path)


def newest_posts(session: Session, limit: int) -> Sequence[Post]:
    """Return the newest posts with their tags."""
    return session.scalars(in_order(select(Post), "newest").limit(limit).options(selectinload(Post.terms))).all()


def posts_page(session: Session, params: PostFilters, size: int, *, whole: bool = False) -> Page[Post]:
    """Return a page of the posts that the filters leave, newest first (oldest with `sort`), with their tags.

    Their segments come only with `whole`: a list does not show them, and decoding them takes longer than the rest.
    """
    conditions = conditions_of(params)
    total = session.scalar(select(func.count()).select_from(Post).where(*conditions)) or 0
    pages = page_count(total, size, params.page)
    query = in_order(select(Post).where(*conditions), params.sort).options(
        selectinload(Post.terms), *([] if whole else [CARD])
    )
    rows = session.scalars(query.limit(size).offset((params.page - 1) * size)).all()
    return Page(rows, params.page, pages, total)


def tag_counts(session: Session, params: PostFilters, limit: int) -> Sequence[tuple[str, str, int]]:
    """Return slug, name and number of posts of the most frequent tags among the posts that the filters leave."""
    conditions = conditions_of(params)
    if conditions:
        # Counted before the terms are looked at: the other way round, SQLite goes through every tag of the site.
        counted = count_terms(select(Post.id).where(*conditions))
        query = select(Term.slug, Term.name, counted.c.posts).join(counted, counted.c.term_id == Term.id)
        query = query.order_by(counted.c.posts.desc(), Term.slug)
    else:
        query = select(Term.slug, Term.name, Term.posts).order_by(Term.posts.desc(), Term.slug)
    rows = session.execute(query.where(Term.taxonomy == "tags").limit(limit))
    return [(slug, name, n) for slug, name, n in rows]


def count_terms(posts: Select[Any], taxonomy: str = "") -> Subquery:
    """Return a query of how many of some posts have each term, or each of a small taxonomy: `term_id` and `posts`."""
    query = select(PostTerm.term_id, func.count().label("posts")).where(PostTerm.post_id.in_(posts))
    if taxonomy:
        query = query.where(PostTerm.term_id.in_(select(Term.id).where(Term.taxonomy == taxonomy)))
    return query.group_by(PostTerm.term_id).subquery()


def page_count(total: int, size: int, page: int) -> int:
    """Return the number of pages; raises BadSearch (404) for a page past the end, of which the first never is one."""
    pages = max(1, -(-total // size))
    if page > pages:
        message = N_("page=%(page)s: このページはありません。最後のページは %(pages)s です。")
        raise BadSearch(Message(message, page=page, pages=pages), status=404)
    return pages


def in_order(query: AnySelect, sort: str) -> AnySelect:
    """Return a query of posts with the newest first, or the oldest."""
    if sort == "oldest":
        return query.order_by(Post.date.is_(None), Post.date, Post.path.desc())
    return query.order_by(Post.date.desc().nulls_last(), Post.path)


def conditions_of(params: PostFilters) -> list[ColumnElement[bool]]:
    """Return what the filters of a list of posts ask of a post; `after` and `before` are days of the post itself."""
    conditions = [_has_term("tags", tag) for tag in params.tags]
    if params.month:
        conditions.append(_has_term("months", params.month))
    if params.users:
        conditions.append(exists().where(Comment.post_id == Post.id, Comment.user.in_(params.users)))
    if params.color == "any":
        conditions.append(Post.highlights > 0)
    elif params.color:
        colored = func.lower(Comment.color) == params.color
        conditions.append(exists().where(Comment.post_id == Post.id, colored))
    if params.post:
        conditions.append(Post.path == params.post)
    if params.after:
        conditions.append(Post.date >= datetime.combine(params.after, time()))
    if params.before:
        conditions.append(Post.date <= datetime.combine(params.before, time.max))  # the last day of all has no next
    return conditions


def _has_term(taxonomy: str, name: str) -> ColumnElement[bool]:
    term = select(Term.id).where(Term.taxonomy == taxonomy, Term.slug == term_slug(name)).scalar_subquery()
    return Post.id.in_(select(PostTerm.post_id).where(PostTerm.term_id == term))


def terms_of(session: Session, taxonomy: str) -> Sequence[Term]:
    """Return all terms of a taxonomy: tags by number of posts, months by time, the newest first."""
    order = (Term.posts.desc(), Term.slug) if taxonomy == "tags" else (Term.slug.desc(),)
    return session.scalars(select(Term).where(Term.taxonomy == taxonomy).order_by(*order)).all()


def term_by_slug(session: Session, taxonomy: str, slug: str) -> Term | None:
    """Return a term by its path below the taxonomy."""
    return session.scalar(select(Term).where(Term.taxonomy == taxonomy, Term.slug == slug))


def user_by_name(session: Session, name: str) -> User | None:
    """Return a commenter."""
    return session.get(User, name)


def times_of_user(session: Session, name: str) -> tuple[datetime | None, datetime | None]:
    """Return when a commenter first and last said something."""
    query = select(func.min(Comment.created_at), func.max(Comment.created_at)).where(Comment.user == name)
    first, last = session.execute(query).one()
    return first, last


def users_page(session: Session, page: int, size: int, prefix: str = "") -> Page[User]:
    """Return a page of commenters, those who said most first; with a prefix, those whose names begin with it.

    Case and width of the prefix do not matter; nothing in it is a wildcard. A name that is the prefix comes first.
    """
    wanted = folded(prefix)
    # Names that begin with it lie between it and the last character after it: one stretch of the index.
    condition = and_(User.folded >= wanted, User.folded < wanted + chr(0x10FFFF)) if wanted else true()
    total = session.scalar(select(func.count()).select_from(User).where(condition)) or 0
    pages = page_count(total, size, page)
    whole = [User.folded != wanted] if wanted else []
    query = select(User).where(condition).order_by(*whole, User.comments.desc(), User.name)
    return Page(session.scalars(query.limit(size).offset((page - 1) * size)).all(), page, pages, total)


def generation(session: Session) -> int:
    """Return the number of the state that readers see: it grows with every change; 0 for a store that was never filled.

    A rebuild goes on counting where the store before it stood.
    """
    return state(session.connection())[0]


def state(connection: Connection) -> tuple[int, str]:
    """Return the number of the state that readers see, and when it came about, in ISO 8601 to the microsecond."""
    # Every page begins with it, so it is asked of the driver.
    rows = connection.exec_driver_sql("SELECT name, value FROM meta WHERE name IN ('generation', 'changed')")
    facts = {str(name): str(value) for name, value in rows}
    return int(facts.get("generation", 0)), facts.get("changed", "")


def totals(session: Session) -> tuple[int, int]:
    """Return the numbers of posts and of comments."""
    row = session.execute(select(func.count(Post.id), func.coalesce(func.sum(Post.comment_count), 0))).one()
    return row[0], row[1]
