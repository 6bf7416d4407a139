"""Evidence on the migration: ask, assess, hand over (A1, A3, A5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from components.gates.evidence import Evidence
from components.reconciliation import assess_evidence
from components.reconciliation.assess import latest, runs
from components.reconciliation.assess_totals import totals
from queries import migration
from queries.database import translate
from queries.errors import MissingRelationError
from queries.scope import Scope

Found = TypeVar("Found")

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
    compared = _if_present(
        connection, lambda: totals(migration.control_totals(connection, scope, run.id).rows)
    )
    failed = _if_present(connection, lambda: migration.exceptions(connection, scope, run.id).rows)
    return assess_evidence.evidence(run, compared, failed[0] if failed else None)


def _if_present(connection: sa.Connection, question: Callable[[], Found]) -> Found | None:
    """The answer, or None where its relation is missing; any other failure is the caller's."""
    try:
        with connection.begin_nested():
            return question()
    except exc.SQLAlchemyError as error:
        if isinstance(translate(error), MissingRelationError):
            return None
        raise
