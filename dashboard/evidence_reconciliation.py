"""Evidence of an independent recount, and of what it is set beside (A2-A7).

The recount lies in the product's own schema. Where there is none, fields are judged by the
pipeline's own checks and the other gates of the recount say NO DATA.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from components.exceptions import assess_rates
from components.gates.evidence import Evidence
from components.reconciliation import recount_evidence, recount_pipeline, recount_shifts
from components.reconciliation.assess import Run, before, latest, runs
from components.reconciliation.assess_counted import as_counted
from components.reconciliation.critical_fields import still_critical
from components.reconciliation.recount import Recount, recount
from queries import exceptions_report, migration, reconciliation_results
from queries import recount as reports
from queries.database import if_present
from queries.migration_rows import BatchRow
from queries.recount import ReportedField
from queries.rolled_exceptions import counted_at
from queries.scope import Scope

RECOUNT_METRICS = (
    *recount_evidence.KEY_METRICS,
    recount_evidence.REFERENCE_METRIC,
    *recount_evidence.FIELD_METRICS,
    *recount_evidence.RECOUNT_METRICS,
)
REPORT_METRICS = (
    *recount_pipeline.EXCEPTION_METRICS,
    *recount_pipeline.PACE_METRICS,
    *recount_pipeline.REHEARSAL_METRICS,
    *recount_shifts.SHIFT_METRICS,
)


def recounted(
    connection: sa.Connection, scope: Scope, own: sa.Connection | None
) -> tuple[Evidence, ...]:
    """Keys, fields, agreement with the pipeline, coverage.

    Raises:
        DatabaseError: the product's own schema is configured and cannot be read.
    """
    batches = if_present(connection, lambda: migration.batches(connection, scope).rows)
    everything = runs(batches or ())
    run = latest(everything)
    checks = if_present(connection, lambda: _reported(connection, scope, run, everything)) or ()
    found = _recount(own, scope, run, checks)
    measured = recount_evidence.evidence(found) if found is not None else ()
    if any(each.metric in recount_evidence.FIELD_METRICS for each in measured):
        return measured
    loaded = {each.row.batch_id: each.row.loaded for each in run.batches} if run else {}
    return (*measured, *recount_evidence.reported(checks, loaded))


def reported(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Exceptions that are critical, untraceable or on the rise; pace of loading; rehearsals."""
    batches = migration.batches(connection, scope).rows
    everything = runs(batches)
    run = latest(everything)
    if run is None:
        return ()
    pace = recount_pipeline.pace(run, everything)
    failed = if_present(
        connection, lambda: reports.run_exceptions(connection, scope, run.id).rows[0]
    )
    if failed is None:
        return pace
    blocked = reports.blocked_runs(connection, scope).rows
    of_run = (
        *recount_pipeline.exceptions(run, failed),
        *_shifts(connection, scope, run, batches),
    )
    rehearsed = recount_pipeline.rehearsals(everything, blocked)
    mock = latest([each for each in everything if not each.live])
    return (
        *pace,
        *_counted(connection, scope, run, of_run),
        *(_counted(connection, scope, mock, rehearsed) if mock else ()),
    )


def _counted(
    connection: sa.Connection, scope: Scope, run: Run, found: Sequence[Evidence]
) -> tuple[Evidence, ...]:
    """With the time at which the exceptions of the run were counted."""
    counted = counted_at(connection, scope, run.id).rows[0]
    return tuple(as_counted(item, counted) for item in found)


def _shifts(
    connection: sa.Connection, scope: Scope, run: Run, batches: Sequence[BatchRow]
) -> tuple[Evidence, ...]:
    """The charts of the Exceptions page, one for each table of the run."""
    tables = dict.fromkeys(batch.row.target_table for batch in run.batches)
    shown = {table: assess_rates.candidates(batches, run, table) for table in tables}
    ids = tuple(row.batch_id for rows in shown.values() for row in rows)
    counted = {
        row.batch_id: (row.exceptions, row.open_exceptions)
        for row in exceptions_report.per_batch(connection, scope, ids).rows
    }
    charts = [assess_rates.rates(rows, counted, run, table) for table, rows in shown.items()]
    return recount_shifts.shifts(run, charts)


def _reported(
    connection: sa.Connection, scope: Scope, run: Run | None, everything: Sequence[Run]
) -> Sequence[ReportedField]:
    """What the pipeline checked of a run, no field less critical than in the run before."""
    if run is None:
        return ()
    former = before(run, everything)
    return still_critical(
        reports.reported_fields(connection, scope, run.id).rows,
        reports.reported_fields(connection, scope, former.id).rows if former is not None else (),
    )


def _recount(
    own: sa.Connection | None, scope: Scope, run: Run | None, checks: Sequence[ReportedField]
) -> Recount | None:
    """The latest recount by the as-of; None where there is no schema or nothing was recounted."""
    if own is None:
        return None
    return if_present(own, lambda: _assessed(own, scope, run, checks))


def _assessed(
    connection: sa.Connection, scope: Scope, run: Run | None, checks: Sequence[ReportedField]
) -> Recount | None:
    pairs = reconciliation_results.latest_runs(connection, scope.as_of).rows
    ids = tuple(pair.run_id for pair in pairs)
    fields = reconciliation_results.fields(connection, ids).rows
    found = reconciliation_results.found(connection, ids).rows
    references = if_present(
        connection, lambda: reconciliation_results.references(connection, ids).rows
    )
    return recount(run, pairs, fields, found, checks, references or ())
