"""Put together the answer to one search: the page of hits, and everything that is said about all hits."""

from __future__ import annotations

import time

import numpy as np
from sqlalchemy import Connection

from matome_app.errors import Message
from matome_app.search.chips import make_chips
from matome_app.search.clauses import clauses, is_sought, plain_word
from matome_app.search.columns import Columns, Ints
from matome_app.search.engine import FacetValue, Hit, PostHit, SearchResult, Suggestion
from matome_app.search.explain import explain
from matome_app.search.facets import all_months, count_facets, months_with
from matome_app.search.inflection import other_forms
from matome_app.search.leaves import SPELLING, find, find_characters
from matome_app.search.matches import Matches
from matome_app.search.matching import match, param_tests, posts_of
from matome_app.search.params import Scope, SearchParams, Sort
from matome_app.search.query import Group, Query, Term, parse
from matome_app.search.ranking import page_count, page_places
from matome_app.search.snapshot import Snapshot
from matome_app.search.suggest import suggest

MOST_POSTS = 5
MOST_INFLECTED = 2
"""For so many verbs and adjectives of a query the other forms are counted."""


def order_of(params: SearchParams, query: Query) -> Sort:
    """Return the order: without words nothing is more relevant, so the newest come first."""
    if params.sort == "relevance" and not any(map(is_sought, query.groups)):
        return "newest"
    return params.sort


class Answer:
    """Answers one search from one snapshot."""

    def __init__(
        self,
        connection: Connection,
        snapshot: Snapshot,
        params: SearchParams,
        query: Query,
        started: float,
        facet_budget: float,
    ) -> None:
        self._connection = connection
        self._snapshot = snapshot
        self._params = params
        self._query = query
        self._started = started
        self._facet_budget = facet_budget

    def result(self) -> SearchResult:
        """Search, count and cut out the page."""
        params, query, columns = self._params, self._query, self._snapshot.columns
        found = match(self._connection, self._snapshot, query, params)
        places = page_places(columns, found, order_of(params, query), params.page)
        total = found.total
        hits, highlights = self._hits(found.slots[places], found.tier[places].tolist())
        in_post = columns.hits_of_posts(found.slots)
        deadline = time.perf_counter() + self._facet_budget
        facets, late = count_facets(self._snapshot, params, found, in_post, lambda: time.perf_counter() > deadline)
        return SearchResult(
            params=params,
            total=total,
            page=params.page,
            pages=page_count(total),
            hits=hits,
            facets=facets,
            posts=self._posts(in_post),
            suggestions=() if total else suggest(self._snapshot, params, query, self._count, self._holding),
            chips=make_chips(self._snapshot.terms, params, query, self._holding),
            highlights=highlights,
            totals=self._totals(total),
            late=late,
            months=all_months(self._chart(facets)),
            inflections=self._inflections(found),
            took_ms=(time.perf_counter() - self._started) * 1000,
        )

    def _hits(self, slots: Ints, tiers: list[int]) -> tuple[tuple[Hit, ...], tuple[str, ...]]:
        """Return the hits of the page and what to mark in them."""
        columns = self._snapshot.columns
        keys: list[int] = columns.keys[slots].tolist()
        posts = [columns.posts[number].card for number in columns.post[slots].tolist()]
        spelled = [key for key, tier in zip(keys, tiers, strict=True) if tier == SPELLING]
        explained = explain(self._connection, self._snapshot, self._query, spelled)
        hits = tuple(
            Hit(key, post, "word" if tier >= SPELLING else "partial", explained.via.get(key, ()))
            for key, post, tier in zip(keys, posts, tiers, strict=True)
        )
        return hits, explained.highlights

    def _posts(self, in_post: Ints) -> tuple[PostHit, ...]:
        """Return the posts whose title or tags match every word, those with the most hits first."""
        columns = self._snapshot.columns
        sought = [
            clause
            for clause in clauses(self._query, self._snapshot.terms)
            if any(isinstance(part, Term) and not part.excluded for group in clause.groups for part in group.parts)
        ]
        if not sought:
            return ()
        flags = np.logical_and.reduce([posts_of(self._snapshot, clause) for clause in sought])
        for test in param_tests(self._snapshot, SearchParams(tags=self._params.tags, month=self._params.month)):
            allowed = np.zeros(len(flags), bool)
            allowed[columns.run_posts[test(columns.run_starts)]] = True
            flags &= allowed
        return posts_by_hits(columns, np.flatnonzero(flags), in_post, MOST_POSTS)

    def _totals(self, total: int) -> dict[Scope, int]:
        """Return what each scope finds; with one word they find the same."""
        if sum(map(is_sought, self._query.groups)) < 2:
            return {"comment": total, "post": total}
        other: Scope = "comment" if self._params.scope == "post" else "post"
        return {self._params.scope: total, other: self._count(self._params.replace(scope=other))}

    def _chart(self, facets: dict[str, tuple[FacetValue, ...]]) -> tuple[FacetValue, ...]:
        """Return the months that have hits; where one is chosen in the URL, those that would have if it were not."""
        months = facets.get("month", ())
        if not self._params.month or "month" not in facets:
            return months
        others = self._params.replace(month="", sort="newest")
        found = match(self._connection, self._snapshot, self._query, others)
        return months_with(self._snapshot, self._params.month, self._snapshot.columns.hits_of_posts(found.slots))

    def _inflections(self, found: Matches) -> tuple[Suggestion, ...]:
        """Return the searches for all forms of the verbs and adjectives, with how many more comments each finds."""
        if self._params.page > 1 or self._params.scope == "post":
            return ()
        suggestions: list[Suggestion] = []
        for group in self._query.groups:
            word = plain_word(group)
            forms = other_forms(word.text) if word and not word.text.isascii() else ()
            if word and forms and len(suggestions) < MOST_INFLECTED:
                more = self._more_with(group, forms, found)
                if more:
                    q = self._query.replacing(group, " OR ".join([group.source, *(f'"{form}"' for form in forms)]))
                    why = Message("%(word)sのほかの活用形", word=word.label)
                    suggestions.append(Suggestion(q, more, why, self._params.replace(q=q)))
        return tuple(suggestions)

    def _more_with(self, group: Group, forms: tuple[str, ...], found: Matches) -> int:
        """Return how many comments are found only by other forms of a word."""
        slots = find_characters(self._connection, self._snapshot, forms)
        slots = slots[found.tiers()[slots] == 0]
        rest = Query(tuple(other for other in self._query.groups if other is not group))
        if rest.groups or self._params.is_filtered:
            others = match(self._connection, self._snapshot, rest, self._params.replace(sort="newest"))
            slots = slots[others.tiers()[slots] > 0]
        return len(slots)

    def _count(self, params: SearchParams) -> int:
        """Return the total of another search."""
        return match(self._connection, self._snapshot, parse(params.q), params.replace(sort="newest")).total

    def _holding(self, group: Group) -> int:
        """Return how many comments hold one of the words of a group (for an exclusion: the excluded word)."""
        terms = [part for part in group.parts if isinstance(part, Term)]
        leaves = [find(self._connection, self._snapshot, term).slots for term in terms]
        return len(leaves[0]) if len(leaves) == 1 else len(self._snapshot.columns.united(leaves))


def posts_by_hits(columns: Columns, numbers: Ints, counts: Ints, limit: int) -> tuple[PostHit, ...]:
    """Return posts by their ordinals, those with the most hits first, then the newest."""
    order = np.lexsort((numbers, -columns.post_dates[numbers], -counts[numbers]))[:limit]
    posts = [(columns.posts[number].card, int(counts[number])) for number in numbers[order].tolist()]
    return tuple(PostHit(post.key, post.path, post.url, post.title, hits) for post, hits in posts)
