"""What a viewer looks at: the one object that filters, caches and captions every question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from queries.contract import prediction_audit
from queries.errors import InvalidInputError
from queries.names import PRODUCTION

_audit = prediction_audit.c


@dataclass(frozen=True, slots=True)
class Scope:
    """A half-open period ``[start, end)`` in UTC and the segments to keep.

    An empty tuple keeps every value. ``as_of`` shows the programme as it stood: nothing
    later than it is read.
    """

    start: datetime
    end: datetime
    as_of: datetime
    environment: str = PRODUCTION
    work_types: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    model_versions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("start", "end", "as_of"):
            if getattr(self, name).utcoffset() is None:
                raise InvalidInputError(f"The time “{name}” has no zone. Times are given in UTC.")
        if self.start >= self.end:
            raise InvalidInputError("The period ends before it begins. Choose a later end.")

    @property
    def until(self) -> datetime:
        """End of what may be read: the period's end, or ``as_of`` where that is earlier."""
        return min(self.end, self.as_of)

    @property
    def first(self) -> datetime:
        """Nothing scored earlier is read."""
        return self.start

    @property
    def sentence(self) -> str:
        """The filter in words, as it stands on pages and in exports."""
        last = self.until - timedelta(microseconds=1)
        parts = [f"{self.start.astimezone(UTC):%d %b %Y} to {last.astimezone(UTC):%d %b %Y} (UTC)"]
        parts.append(self.environment)
        for label, values in (
            ("work type", self.work_types),
            ("region", self.regions),
            ("model", self.model_versions),
        ):
            if values:
                parts.append(f"{label}: {', '.join(values)}")
        return " · ".join(parts)

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter as conditions on ``prediction_audit``."""
        return [_audit.environment == self.environment, *self.shared_conditions()]

    def shared_conditions(self) -> list[sa.ColumnElement[bool]]:
        """The same without the environment, for questions that compare two of them."""
        conditions = [_audit.scored_at >= self.start, _audit.scored_at < self.until]
        for column, values in (
            (_audit.work_type, self.work_types),
            (_audit.region, self.regions),
            (_audit.ml_version, self.model_versions),
        ):
            if values:
                conditions.append(column.in_(values))
        return conditions
