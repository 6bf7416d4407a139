"""What the refresh job asks of each family of roll-ups: tables, fingerprints, rows by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import sqlalchemy as sa

DayRows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows of one day, by the name of their table."""


class Family(Protocol):
    """Roll-ups that are built together, with everybody else's of the same days.

    Days are read and written together where that is possible, because a statement costs more
    than its rows. A family neither commits nor opens connections.
    """

    name: str
    tables: tuple[sa.Table, ...]
    """Its tables, in ``queries.rollup_schema.metadata``: created with the others."""

    def marks(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, str]:
        """What its source holds of each UTC day in ``[start, end)``, as a short text.

        A changed mark has the day built again. Empty where ``prediction_audit`` alone decides:
        that table is watched anyway. A missing relation gives an empty mapping.
        """

    def read(
        self, source: sa.Connection, environment: str, start: date, end: date
    ) -> Mapping[date, DayRows]:
        """The rows of the UTC days ``[start, end)``, a month of them at most.

        A missing source relation gives no rows, not an error.
        """

    def write(self, own: sa.Connection, environment: str, found: Mapping[date, DayRows]) -> None:
        """Replace the rows of these days: delete, then insert.

        A row that belongs to two of the days is one object under both.
        """


def rows_of(found: Mapping[date, DayRows], table: str) -> list[Mapping[str, Any]]:
    """A table's rows of all these days, each once."""
    unique = {id(row): row for rows in found.values() for row in rows.get(table, ())}
    return list(unique.values())
