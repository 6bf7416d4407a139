"""Evidence on the migration: ask, assess, hand over (A1, A3, A5)."""

from __future__ import annotations

import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.reconciliation import assess_evidence
from components.reconciliation.assess import Run, before, latest, runs
from components.reconciliation.assess_counted import as_counted
from components.reconciliation.assess_totals import Totals, totals
from queries import migration
from queries.database import if_present
from queries.rolled_exceptions import counted_at
from queries.scope import Scope

METRICS = (
    *assess_evidence.BATCH_METRICS,
    *assess_evidence.TOTAL_METRICS,
    *assess_evidence.EXCEPTION_METRICS,
)


def collect(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """Does the latest live run, or before any the latest mock, reconcile?

    Without control totals or exceptions the other metrics are still measured.
    """
    everything = runs(migration.batches(connection, scope).rows)
    run = latest(everything)
    if run is None:
        return ()
    compared = _totals(connection, scope, run)
    former = before(run, everything)
    earlier = _totals(connection, scope, former) if former is not None else None
    failed = if_present(connection, lambda: migration.exceptions(connection, scope, run.id).rows)
    counted = if_present(connection, lambda: counted_at(connection, scope, run.id).rows[0])
    return tuple(
        as_counted(item, counted) if item.metric in assess_evidence.EXCEPTION_METRICS else item
        for item in assess_evidence.evidence(run, compared, failed[0] if failed else None, earlier)
    )


def _totals(connection: sa.Connection, scope: Scope, run: Run) -> Totals | None:
    """The control totals of a run; None where nobody keeps any."""
    return if_present(
        connection, lambda: totals(migration.control_totals(connection, scope, run.id).rows)
    )
