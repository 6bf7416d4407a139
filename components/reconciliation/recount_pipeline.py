"""What the pipeline's own tables say of exceptions, pace and rehearsals (A1, A3, A4, A7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from components.gates.evidence import Evidence
from components.layout import numbers
from components.reconciliation.assess import Flag, Run, before
from components.reconciliation.assess_evidence import COUNTED, title
from queries.recount import BlockedRun, RunExceptions

EXCEPTION_METRICS = ("exceptions.critical_open", "exceptions.untraceable")
PACE_METRICS = ("load.p95_change",)
REHEARSAL_METRICS = ("migration.clean_mock_runs",)

PACE = "95th percentile over batches of seconds per 1,000 records, against the run before"
REHEARSED = "mock conversions in a row, the latest last, without a blocking exception"
PERCENTILE = Decimal("0.95")


def exceptions(run: Run, found: RunExceptions) -> tuple[Evidence, ...]:
    """Critical exceptions that are open, and exceptions that lead to no record."""
    newest = max(time for time in (run.newest_at, found.newest_at) if time is not None)
    words = ("critical exceptions are open", "exceptions lead to no record")
    counts = (found.critical_open, found.untraceable)
    return tuple(
        Evidence(
            metric=metric,
            value=value,
            n=run.extracted,
            n_unscored=run.absent_records,
            method=COUNTED,
            measured_at=newest,
            running=bool(run.running),
            sentence=f"{title(run)}: {value:,} {said} among {run.extracted:,} records",
        )
        for metric, value, said in zip(EXCEPTION_METRICS, counts, words, strict=True)
    )


def pace(run: Run, runs: Sequence[Run]) -> tuple[Evidence, ...]:
    """Whether loading has become slower than in the run before."""
    former = before(run, runs)
    if former is None:
        return ()
    now, then = _p95(run), _p95(former)
    if now is None or not then:
        return ()
    return (
        Evidence(
            metric=PACE_METRICS[0],
            value=now / then - 1,
            n=min(len(_paces(run)), len(_paces(former))),
            method=PACE,
            measured_at=run.newest_at,
            running=bool(run.running),
            sentence=f"{title(run)}: {numbers.decimal(now, 1)} seconds per 1,000 records, "
            f"{numbers.decimal(then, 1)} in {former.id}",
        ),
    )


def rehearsals(runs: Sequence[Run], rows: Sequence[BlockedRun]) -> tuple[Evidence, ...]:
    """How many of the latest mock conversions in a row met nothing that would block a live load.

    An exception counts whatever has become of it since; a false positive does not.
    """
    mocks = [run for run in runs if not run.live]
    if not mocks:
        return ()
    critical = {row.run_id: row.critical for row in rows}
    clean = 0
    for run in reversed(mocks):
        blocked = run.running or run.unbalanced or run.absent or run.having(*_BLOCKING)
        if blocked or critical.get(run.id, True):
            break
        clean += 1
    latest = mocks[-1]
    return (
        Evidence(
            metric=REHEARSAL_METRICS[0],
            value=clean,
            n=len(mocks),
            method=REHEARSED,
            measured_at=latest.newest_at,
            running=bool(latest.running),
            sentence=f"{clean:,} of {len(mocks):,} mock conversions, the latest in a row, met no "
            "blocking exception",
        ),
    )


_BLOCKING = (Flag.FAILED, Flag.PARTIAL, Flag.UNCLEAR, Flag.REPEATED)


def _paces(run: Run) -> list[Decimal]:
    """Seconds per 1,000 extracted records of each batch that has ended, ascending."""
    found = []
    for batch in run.batches:
        row = batch.row
        if row.finished_at is not None and row.extracted > 0:
            duration = row.finished_at - row.started_at
            microseconds = duration.days * 86_400_000_000 + duration.seconds * 1_000_000
            microseconds += duration.microseconds
            found.append(Decimal(microseconds) / 1_000 / row.extracted)
    return sorted(found)


def _p95(run: Run) -> Decimal | None:
    """The smallest pace that at least 95% of the batches do not exceed."""
    paces = _paces(run)
    return paces[ceil(PERCENTILE * len(paces)) - 1] if paces else None
