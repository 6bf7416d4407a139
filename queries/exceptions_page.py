"""One page of a list of exceptions: where it begins, and which way it goes from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from queries.exceptions_rows import Position


@dataclass(frozen=True, slots=True)
class Page:
    """``most`` exceptions after a position, or before it; without one from either end."""

    after: Position | None
    most: int
    backwards: bool

    def towards(self, column: sa.ColumnElement[Any] | str) -> sa.ColumnElement[Any]:
        """The order of the page."""
        return sa.desc(column) if self.backwards else sa.asc(column)

    def behind(
        self, place: sa.ColumnElement[Any], edge: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[bool]:
        """Whether a place lies behind the edge at which the page begins."""
        return place < edge if self.backwards else place > edge

    def reaches(
        self, group: sa.ColumnElement[Any], edge: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[bool]:
        """Whether the page may reach a batch, or a run, from the one in which it begins."""
        return group <= edge if self.backwards else group >= edge
