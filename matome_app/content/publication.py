"""Tell whether a post is published at a given moment."""

from __future__ import annotations

from datetime import UTC, datetime

from matome_app.content.models import FrontMatter


def publication(fields: FrontMatter, now: datetime) -> tuple[str, datetime | None]:
    """Return a post's state now (live, draft, future, expired) and when time alone changes it (naive UTC)."""
    if fields.draft:
        return "draft", None
    starts = fields.publish_date or fields.date
    if fields.expiry_date and fields.expiry_date <= now:
        return "expired", None
    if starts and starts > now:
        return "future", starts.astimezone(UTC).replace(tzinfo=None)
    return "live", fields.expiry_date.astimezone(UTC).replace(tzinfo=None) if fields.expiry_date else None
