"""The applied filters of a list of posts, each with what it leaves by itself and the list without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _

from matome_app.search.params import SearchParams
from matome_app.store import lists
from matome_app.web.context import session
from matome_app.web.i18n import local_day, local_month
from matome_app.web.list_params import ListParams


@dataclass(frozen=True, slots=True)
class ListChip:
    """An applied filter: what it is of, its value, the list without it.

    `count` is how many posts have it, `left` how many the list without it holds (0 where nobody asked).
    """

    kind: str
    label: str
    url: str
    count: int
    left: int


def list_chips(asked: ListParams, *, way_out: bool) -> list[ListChip]:
    """Return the filters of a list that its path does not stand for: one statement; `way_out` counts `left`, too."""
    parts = list(_parts(asked))
    alone = [part[2] for part in parts]
    rest = [part[3] for part in parts] if way_out else []
    counts = lists.count_lists(session(), [*alone, *rest])
    left = counts[len(parts) :] or [0] * len(parts)
    return [
        ListChip(kind, label, asked.url_of(without), count, remaining)
        for (kind, label, _alone, without), count, remaining in zip(parts, counts, left, strict=False)
    ]


def _parts(asked: ListParams) -> Iterator[tuple[str, str, SearchParams, SearchParams]]:
    """Yield kind, value, the filter alone and all others."""
    every, own = asked.filters.replace(), asked.own
    for tag in own.tags:
        if not asked.preset.has_tag(tag):
            yield _("タグ"), tag, SearchParams(tags=(tag,)), every.without_tag(tag)
    if own.month and not asked.preset.month:
        yield _("月"), local_month(own.month), SearchParams(month=own.month), every.replace(month="")
    for user in own.users:
        yield _("発言者"), user, SearchParams(users=(user,)), every.without_user(user)
    if own.color:
        label = _("注目のコメント") if own.color == "any" else own.color
        yield _("色"), label, SearchParams(color=own.color), every.replace(color="")
    if own.post:
        yield _("記事"), own.post, SearchParams(post=own.post), every.replace(post="")
    if own.after:
        day = local_day(own.after.isoformat())
        yield _("この日から"), day, SearchParams(after=own.after), every.replace(after=None)
    if own.before:
        day = local_day(own.before.isoformat())
        yield _("この日まで"), day, SearchParams(before=own.before), every.replace(before=None)
