"""Reviews of predictions that both models scored: packed by the database, read as arrays.

A year of reviews is some 90,000 rows. Each is packed into one record of fixed size, so that
NumPy reads them as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from queries.shadow_rows import NO_SEGMENT

SEVERITIES = ("", "critical", "major", "minor")
REASONS = ("", "random", "escalation", "disagreement", "dispute")
_MICROSECONDS = 10**6
EPOCH_2000_US = 946_684_800 * _MICROSECONDS
"""Microseconds from 1970 to 2000, from which PostgreSQL counts."""
_PACKED: tuple[tuple[str, sa.types.TypeEngine[Any], str, str], ...] = (
    ("ticket", sa.BigInteger(), "int8send", ">i8"),
    ("feedback", sa.BigInteger(), "int8send", ">i8"),
    ("reviewed_at", sa.TIMESTAMP(timezone=True), "timestamptz_send", ">i8"),
    ("day", sa.Integer(), "int4send", ">i4"),
    ("code", sa.Integer(), "int4send", ">i4"),
    ("production", sa.Double(), "float8send", ">f8"),
    ("candidate", sa.Double(), "float8send", ">f8"),
    ("propensity", sa.Double(), "float8send", ">f8"),
)
"""Column, its type, the function that packs it, and how NumPy reads that."""
_RECORD = np.dtype([(name, kind) for name, _, _, kind in _PACKED])


@dataclass(frozen=True, slots=True)
class LabelRow:
    """Reviews of the predictions of one work type and region, as packed records.

    Tickets and reviews are named by hashes of their ids. ``code`` holds production decision
    (3), candidate decision (4), correct decision (3), severity (4), reason for review (5), the
    last one fastest. A propensity of NaN is unknown.
    """

    work_type: str | None
    region: str | None
    packed: bytes


def packed(found: sa.FromClause) -> sa.Select[Any]:
    """Reviews as one :class:`LabelRow` for each work type and region."""
    parts = [in_binary(found.c[name], kind, send) for name, kind, send, _ in _PACKED]
    record = reduce(lambda one, other: one.op("||")(other), parts)
    nothing: sa.ColumnElement[bytes] = sa.literal_column("''::bytea")
    segments = (found.c.work_type, found.c.region)
    return sa.select(*segments, sa.func.string_agg(record, nothing).label("packed")).group_by(
        *segments
    )


def in_binary(
    column: sa.ColumnElement[Any], kind: sa.types.TypeEngine[Any], send: str
) -> sa.ColumnElement[Any]:
    """One column in binary; a number that is missing is NaN."""
    value: sa.ColumnElement[Any] = sa.cast(column, kind)
    if isinstance(kind, sa.Double):
        value = sa.func.coalesce(value, sa.literal_column("'NaN'::float8"))
    made: sa.ColumnElement[Any] = getattr(sa.func, send)(value)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The reviews in force, one for each ticket, in the order of the hashes of ids.

    Decisions are codes of :mod:`queries.shadow_rows`. ``work_type`` and ``region`` are positions
    in ``names``. A score that is missing and a propensity that is unknown are NaN. ``reviewed``
    is in seconds since 1970.
    """

    names: dict[str, tuple[str, ...]]
    ticket: NDArray[np.int64]
    day: NDArray[np.int64]
    work_type: NDArray[np.int64]
    region: NDArray[np.int64]
    production_decision: NDArray[np.int64]
    candidate_decision: NDArray[np.int64]
    correct: NDArray[np.int64]
    severity: NDArray[np.int64]
    reason: NDArray[np.int64]
    production: NDArray[np.float64]
    candidate: NDArray[np.float64]
    propensity: NDArray[np.float64]
    reviewed: NDArray[np.float64]

    @property
    def newest(self) -> datetime | None:
        """When the last of them was made."""
        if not self.reviewed.size:
            return None
        return datetime.fromtimestamp(float(self.reviewed.max()), UTC)

    def take(self, wanted: NDArray[np.bool_]) -> Labels:
        """Some of them; they themselves where all are wanted."""
        if wanted.all():
            return self
        columns = (name for name in self.__slots__ if name != "names")
        return Labels(self.names, *(getattr(self, name)[wanted] for name in columns))

    def places(self, dimension: str, names: Sequence[str]) -> NDArray[np.int64]:
        """The position in ``names`` of each one's work type or region; −1 for none of them."""
        place = {name: number for number, name in enumerate(names)}
        known = np.array([place.get(name, -1) for name in self.names[dimension]], dtype=np.int64)
        found: NDArray[np.int64] = getattr(self, dimension)
        return known[found] if known.size else found


def labels(rows: Sequence[LabelRow]) -> Labels:
    """The latest review of each ticket, from any number of parts: a copy shows nothing new."""
    parts = [np.frombuffer(row.packed, dtype=_RECORD) for row in rows]
    whole = np.concatenate(parts) if parts else np.zeros(0, dtype=_RECORD)
    ticket = whole["ticket"].astype(np.int64)
    order = np.lexsort((whole["feedback"], whole["reviewed_at"], ticket))
    last = np.ones(order.size, dtype=np.bool_)
    last[:-1] = ticket[order][1:] != ticket[order][:-1]
    kept = order[last]
    found = whole[kept]
    code, reason = np.divmod(found["code"].astype(np.int64), len(REASONS))
    code, severity = np.divmod(code, len(SEVERITIES))
    code, correct = np.divmod(code, 3)
    production_decision, candidate_decision = np.divmod(code, 4)
    since_1970 = found["reviewed_at"].astype(np.int64) + EPOCH_2000_US
    names, places = {}, {}
    for dimension in ("work_type", "region"):
        values = [getattr(row, dimension) or NO_SEGMENT for row in rows]
        names[dimension] = tuple(dict.fromkeys(values))
        own = np.array([names[dimension].index(value) for value in values], dtype=np.int64)
        places[dimension] = np.repeat(own, [part.size for part in parts])[kept]
    return Labels(
        names=names,
        ticket=ticket[kept],
        day=found["day"].astype(np.int64),
        work_type=places["work_type"],
        region=places["region"],
        production_decision=production_decision,
        candidate_decision=candidate_decision,
        correct=correct,
        severity=severity,
        reason=reason,
        production=found["production"].astype(np.float64),
        candidate=found["candidate"].astype(np.float64),
        propensity=found["propensity"].astype(np.float64),
        reviewed=since_1970 / _MICROSECONDS,
    )
