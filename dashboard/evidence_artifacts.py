"""Evidence on model files: verified now, or as recorded; drills from the audit log (B7)."""

from __future__ import annotations

import sqlalchemy as sa

from components.artifacts import assess_evidence, assess_history
from components.artifacts.types import CANDIDATE
from components.gates.evidence import Evidence
from dashboard.artifacts import inspection
from dashboard.artifacts.probing import probes
from queries import artifact_checks, artifacts
from queries.artifact_rows import CheckRow
from queries.database import if_present
from queries.scope import Scope

FILE_METRICS = assess_evidence.FILE_METRICS
DRILL_METRICS = assess_evidence.DRILL_METRICS


def files(
    connection: sa.Connection, scope: Scope, own: sa.Connection | None
) -> tuple[Evidence, ...]:
    """Are the files in use what was signed, and do the ways back work?

    In the present the bytes are read and judged; at an earlier as-of only the record speaks.
    """
    rows = artifacts.files(connection, scope).rows
    events = if_present(connection, lambda: artifacts.events(connection, scope).rows) or ()
    tried = if_present(connection, lambda: probes(connection, scope, rows, events)) or ()
    found = inspection.best(rows, tried, _recorded(own, scope), scope.as_of, fresh=True)
    if found is None:
        return ()
    return assess_evidence.file_evidence(found, min(found.at, scope.as_of))


def drills(connection: sa.Connection, scope: Scope) -> tuple[Evidence, ...]:
    """When was rolling back, and demoting in an emergency, last practised?"""
    releases = assess_history.releases(artifacts.events(connection, scope).rows)
    newest = artifacts.newest_event(connection, scope).rows[0].newest_at
    files = if_present(connection, lambda: artifacts.files(connection, scope).rows) or ()
    candidate = assess_evidence.only({row.model_version for row in files if row.role == CANDIDATE})
    return assess_evidence.drill_evidence(releases, scope.as_of, newest, candidate)


def _recorded(own: sa.Connection | None, scope: Scope) -> tuple[CheckRow, ...]:
    if own is None:
        return ()
    until = inspection.recorded_until(scope.as_of)
    return if_present(own, lambda: artifact_checks.latest(own, until).rows) or ()
