"""Whether a day's partition is still there: a purged year is no loss, a vanished row is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa

from queries.answer import ask
from queries.contract import prediction_audit

_BOUNDS = re.compile(r"FROM \('?([^')]+)'?\) TO \('?([^')]+)'?\)")
_DEFAULT = "DEFAULT"


@dataclass(frozen=True, slots=True)
class _Partition:
    bounds: str


@dataclass(frozen=True, slots=True)
class Partitions:
    """The ranges of time that the source can still hold; none known for a view or one table."""

    ranges: tuple[tuple[datetime, datetime], ...] | None
    first: date | None
    """The oldest day that holds any prediction."""

    def purged(self, day: date) -> bool:
        """Whether the day lies where the source can hold nothing any more.

        Where there are no partitions to ask, a whole calendar year without a row before the
        oldest prediction counts as purged.
        """
        if self.ranges is None:
            return self.first is not None and day.year < self.first.year
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return not any(start <= moment < end for start, end in self.ranges)


def partitions(connection: sa.Connection, first: date | None) -> Partitions:
    """The partitions of ``prediction_audit``, as the catalogue has them."""
    statement = sa.text(
        """
        SELECT pg_get_expr(child.relpartbound, child.oid) AS bounds
        FROM pg_inherits JOIN pg_class child ON child.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = to_regclass(:name) AND child.relpartbound IS NOT NULL
        """
    )
    rows = ask(connection, statement, _Partition, {"name": prediction_audit.fullname}).rows
    ranges = [_range(row.bounds) for row in rows]
    known = [each for each in ranges if each is not None]
    partitioned = connection.execute(
        sa.text("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(:name)"),
        {"name": prediction_audit.fullname},
    ).scalar()
    complete = partitioned and len(known) == len(ranges)
    return Partitions(tuple(known) if complete else None, first)


def _range(bounds: str) -> tuple[datetime, datetime] | None:
    """The range of a partition in UTC; None where it is not a range of times."""
    if bounds == _DEFAULT:
        return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    found = _BOUNDS.fullmatch(bounds.removeprefix("FOR VALUES "))
    if found is None:
        return None
    try:
        start, end = (_moment(text) for text in found.groups())
    except ValueError:
        return None
    return start, end


def _moment(text: str) -> datetime:
    if text == "MINVALUE":
        return datetime.min.replace(tzinfo=UTC)
    if text == "MAXVALUE":
        return datetime.max.replace(tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
