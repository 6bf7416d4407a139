"""Tickets, wherever they come from: what one batch of them holds, and how a source is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
import pyarrow as pa

from dashboard.sample.features import Features, Flags, Integers, Schema
from dashboard.sample.rules import RuleSet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, as every array of times here holds them."""
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(micros: int | np.integer) -> datetime:
    """The other way round."""
    return _EPOCH + int(micros) * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Tickets:
    """Consecutive tickets of one source.

    ``number`` counts from the first ticket of the source. ``need`` is the truth, which no layer
    sees: whether the ticket needed priority. ``critical`` says whether a wrong decision harms
    people.
    """

    number: Integers
    ids: pa.Array
    scored_at: Integers
    work_type: Integers
    region: Integers
    features: Features
    escalated: Flags
    need: Flags
    critical: Flags

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: Flags | Integers) -> Tickets:
        """Some of them."""
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Tickets(
            self.number[chosen],
            self.ids.take(pa.array(chosen)),
            self.scored_at[chosen],
            self.work_type[chosen],
            self.region[chosen],
            self.features.take(chosen),
            self.escalated[chosen],
            self.need[chosen],
            self.critical[chosen],
        )


class TicketSource(Protocol):
    """Tickets in the order of their times; ``start`` to ``until`` is the audited period.

    ``work_types``, ``regions`` and ``rules`` are what the programme scores with; the lists stand
    busiest first.
    """

    @property
    def start(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...
    @property
    def times(self) -> Integers: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def work_types(self) -> tuple[str, ...]: ...
    @property
    def regions(self) -> tuple[str, ...]: ...
    @property
    def rules(self) -> tuple[RuleSet, ...]: ...

    def tickets(self, first: int, last: int) -> Tickets:
        """Tickets ``first`` to ``last`` (exclusive)."""
        ...
