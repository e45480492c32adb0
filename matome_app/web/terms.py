"""A tag or month as its pages and its feeds find and name it."""

from __future__ import annotations

from flask import abort
from flask_babel import gettext as _

from matome_app.content.permalinks import term_slug
from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Term
from matome_app.web.context import session
from matome_app.web.i18n import local_month


def find_term(taxonomy: str, slug: str) -> Term:
    """Find a term by Hugo's spelling of it in URLs, or by its name; answers 404 when there is none."""
    term = queries.term_by_slug(session(), taxonomy, slug) or queries.term_by_slug(session(), taxonomy, term_slug(slug))
    return term or abort(404)


def heading_of(term: Term) -> str:
    """Return the heading of a term's page."""
    return _("タグ：%(name)s", name=term.name) if term.taxonomy == "tags" else local_month(term.name)


def preset_of(term: Term) -> SearchParams:
    """Return the filter that a term's page stands for."""
    return SearchParams(tags=(term.name,)) if term.taxonomy == "tags" else SearchParams(month=term.name)
