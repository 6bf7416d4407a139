"""How each measure moved from one mock conversion to the next, and when its gate will be met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from components.gates.policy import Policy
from components.reconciliation.assess import Run
from components.reconciliation.runs_forecast import Forecast, forecast
from components.reconciliation.throughput import throughput
from queries.migration_rows import ExceptionRow
from queries.migration_runs import CriticalRow, LoadRow

# Added to a count before its logarithm is taken: none at all becomes a half.
HALF = 0.5


class Measure(StrEnum):
    """What is followed from run to run."""

    EXCEPTIONS = "Records with an exception"
    UNBALANCED = "Records unaccounted for"
    CRITICAL = "Differing values of critical fields"
    PACE = "Seconds per 1,000 records"


_METRIC = {
    Measure.EXCEPTIONS: "exceptions.open_rate",
    Measure.UNBALANCED: "batches.unbalanced",
    Measure.CRITICAL: "fields.critical_mismatches",
}
COUNTS = frozenset({Measure.UNBALANCED, Measure.CRITICAL})


@dataclass(frozen=True, slots=True)
class Point:
    """One measure in one run: a count, a share (0–1) of ``whole`` items, or seconds."""

    run: Run
    value: float
    part: int | None
    whole: int | None


@dataclass(frozen=True, slots=True)
class Series:
    """One measure over the runs that have ended, with its limit and what to expect.

    ``limit`` is None where the policy sets none; then nothing is forecast.
    """

    measure: Measure
    points: tuple[Point, ...]
    limit: Decimal | None
    forecast: Forecast | None


def series(
    runs: Sequence[Run],
    exceptions: Sequence[ExceptionRow],
    critical: Sequence[CriticalRow],
    loads: Sequence[LoadRow],
    policy: Policy,
) -> tuple[Series, ...]:
    """Each measure from run to run. Runs of which a batch has not ended are left out."""
    ended = [run for run in runs if run.batches and not run.running]
    allowed = {gate.metric: gate.threshold for gate in policy.requirements}
    failed = {row.run_id: row for row in exceptions}
    checked = {row.run_id: row for row in critical}
    values: Mapping[Measure, list[Point | None]] = {
        Measure.EXCEPTIONS: [_exceptions(run, failed.get(run.id)) for run in ended],
        Measure.UNBALANCED: [Point(run, run.gross, run.gross, run.extracted) for run in ended],
        Measure.CRITICAL: [_critical(run, checked.get(run.id)) for run in ended],
        Measure.PACE: [_pace(run, loads) for run in ended],
    }
    return tuple(
        _series(measure, [point for point in points if point is not None], allowed)
        for measure, points in values.items()
    )


def _series(measure: Measure, points: Sequence[Point], allowed: Mapping[str, Decimal]) -> Series:
    limit = allowed.get(_METRIC.get(measure, ""))
    expected = None
    if limit is not None and points:
        expected = forecast(
            [point.run.number for point in points],
            [_positive(measure, point) for point in points],
            float(limit) + (HALF if measure in COUNTS else 0.0),
        )
    return Series(measure, tuple(points), limit, expected)


def _positive(measure: Measure, point: Point) -> float:
    """A value of which a logarithm can be taken, on the same side of its limit."""
    if measure in COUNTS:
        return point.value + HALF
    return point.value or HALF / ((point.whole or 0) + 1)


def _exceptions(run: Run, row: ExceptionRow | None) -> Point | None:
    if row is None or not run.extracted:
        return None
    return Point(run, row.records / run.extracted, row.records, run.extracted)


def _critical(run: Run, row: CriticalRow | None) -> Point | None:
    return None if row is None else Point(run, row.differing, row.differing, row.compared)


def _pace(run: Run, loads: Sequence[LoadRow]) -> Point | None:
    pace = throughput(loads, run.id).pace
    return None if pace is None else Point(run, pace, None, None)
