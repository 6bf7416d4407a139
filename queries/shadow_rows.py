"""Rows of the questions about a candidate in the shadow, and what their numbers mean.

Whatever can be counted comes as tallies: integer keys with counts, as columns, because a page
reads tens of thousands of them. Reviews come one by one: :mod:`queries.shadow_labels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

By = Literal["all", "work_type", "region"]
ALL: Literal["all"] = "all"
EPOCH_DAY = date(1970, 1, 1).toordinal()

STANDARD, PRIORITY = 0, 1
UNUSABLE, ABSENT = 2, 3
"""Decision codes. UNUSABLE: a row without a usable score or decision of both; ABSENT: no row."""
UNKNOWN = 2
"""Of what the candidate would have led to: not to be known from what was recorded."""

TENTHS = 11
"""Tenths of a score from 0 to 9, and 10 for an unusable one."""
DIFFERENCE_BINS = 100
"""Of candidate minus production score, from −1 to 1."""
LATENCY_LOW_MS, LATENCY_HIGH_MS, LATENCY_BINS = 0.5, 5_000.0, 100
LATENCY_STRIDE = LATENCY_BINS + 2
"""Bins of equal width in ln(latency), as ``components.statistics.histograms.LogBins``: a joint
table of both models stays small, and a quantile is interpolated within its bin."""
SCORE_UNIT, CHANCE_UNIT = 10**6, 10**9
"""Totals are whole numbers of these parts: they add up exactly in any order."""


class Kind(IntEnum):
    """What a tally counts; its key is made of these digits, the last one fastest.

    CELL: production decision (3), candidate decision (4), tenths of both scores (11, 11).
    PAIR: the decisions alone. DIFFERENCE: bin, its total the differences × 1e6. LATENCY:
    candidate's bin × production's. LOAD: escalated (2), LLM asked (2), candidate would ask (3),
    final decision (3), final decision under the candidate (3), propensity known (2); its total
    the propensities × 1e9.
    """

    CELL = 0
    PAIR = 1
    DIFFERENCE = 2
    LATENCY = 3
    LOAD = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """A candidate beside the production model, since the candidate's first score."""

    candidate: str
    production: str
    since: datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a candidate scored beside one production model: ``scored`` of ``rows`` usably."""

    candidate_version: str
    production_version: str
    rows: int
    scored: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Counts of one kind in one segment: columns of equal length, days since 1970 (UTC)."""

    segment: str
    kind: int
    days: Sequence[int]
    keys: Sequence[int]
    counts: Sequence[int]
    totals: Sequence[int]


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How often the candidate gave one error code."""

    error: str
    n: int


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A prediction on which the models differ and that nobody has reviewed."""

    prediction_id: int | str
    ticket_id: int | str
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A model version and a role that a signature gave it, first and last."""

    model_version: str
    role: str
    first_signed_at: datetime
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """Rules, model, LLM or configuration, switched."""

    knob: str
    version: str
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """What a model was trained on."""

    run_id: str
    model_version: str
    window_start: datetime | None
    window_end: datetime | None
    dataset_sha256: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Tallies:
    """The tallies of one kind and segment as arrays."""

    days: NDArray[np.int64]
    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Predictions counted."""
        return int(self.counts.sum())

    def digits(self, *bases: int) -> tuple[NDArray[np.int64], ...]:
        """The digits of every key, one array a digit, the slowest first."""
        rest, found = self.keys, []
        for base in reversed(bases):
            rest, digit = np.divmod(rest, base)
            found.append(digit)
        return tuple(reversed(found))

    def take(self, wanted: NDArray[np.bool_]) -> Tallies:
        """Some of them."""
        return Tallies(
            self.days[wanted], self.keys[wanted], self.counts[wanted], self.totals[wanted]
        )


def tallies(rows: Sequence[TallyRow], kind: Kind) -> dict[str, Tallies]:
    """The tallies of one kind by segment, all parts together."""
    found: dict[str, list[TallyRow]] = {}
    for row in rows:
        if row.kind == kind:
            found.setdefault(row.segment, []).append(row)
    return {segment: _added_up(own, kind) for segment, own in found.items()}


def _added_up(rows: Sequence[TallyRow], kind: Kind) -> Tallies:
    """Each day and key once and in order, so that equal counts give equal numbers.

    Latency is added up over days: its keys are many, and no day is drawn.
    """
    days, keys, counts, totals = (
        np.concatenate([np.asarray(getattr(row, name), dtype=np.int64) for row in rows])
        for name in ("days", "keys", "counts", "totals")
    )
    if kind is Kind.LATENCY:
        days = np.zeros_like(days)
    order = np.lexsort((keys, days))
    days, keys, counts, totals = days[order], keys[order], counts[order], totals[order]
    first = np.ones(days.size, dtype=np.bool_)
    first[1:] = (days[1:] != days[:-1]) | (keys[1:] != keys[:-1])
    starts = np.flatnonzero(first)
    if not starts.size:
        return NO_TALLIES
    return Tallies(
        days[starts],
        keys[starts],
        np.add.reduceat(counts, starts),
        np.add.reduceat(totals, starts),
    )


NO_TALLIES = Tallies(*(np.zeros(0, dtype=np.int64) for _ in range(4)))


NO_SEGMENT = "(none)"


def day_of(number: int) -> date:
    """The UTC day that is so many days after 1 January 1970."""
    return date.fromordinal(EPOCH_DAY + int(number))
