"""Count how often searches found in memory what they looked for, and how often not, in this process."""

from __future__ import annotations

from typing import Final

USE: Final[dict[str, list[int]]] = {"results": [0, 0], "terms": [0, 0]}
"""Hits and misses: of whole answers, and of what a term or a phrase finds."""
