"""Evidence on the migration: ask, assess, hand over (A1, A3, A5)."""

from __future__ import annotations

import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.reconciliation import assess_evidence
from components.reconciliation.assess import latest, runs
from components.reconciliation.assess_totals import totals
from queries import migration
from queries.database import if_present
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
    run = latest(runs(migration.batches(connection, scope).rows))
    if run is None:
        return ()
    compared = if_present(
        connection, lambda: totals(migration.control_totals(connection, scope, run.id).rows)
    )
    failed = if_present(connection, lambda: migration.exceptions(connection, scope, run.id).rows)
    return assess_evidence.evidence(run, compared, failed[0] if failed else None)
