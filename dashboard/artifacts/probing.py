"""The newest prediction of each version that is in use: what a loaded model is tried out with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from components.artifacts.assess_history import served
from components.artifacts.types import CANDIDATE, PRODUCTION, ROLLBACK
from queries import artifacts
from queries.artifact_rows import ArtifactRow, EventRow, ProbeRow
from queries.scope import Scope

UNSIGNED = timedelta(days=400)

Periods = tuple[tuple[str, datetime, datetime], ...]


def periods(rows: Sequence[ArtifactRow], events: Sequence[EventRow], as_of: datetime) -> Periods:
    """When the production and rollback models last served: where their predictions lie."""
    last = {item.version: item for item in served(events, as_of)}
    versions = dict.fromkeys(
        row.model_version for row in rows if row.role in (PRODUCTION, ROLLBACK)
    )
    return tuple(
        (version, last[version].start, last[version].end) for version in versions if version in last
    )


def failing_periods(
    rows: Sequence[ArtifactRow],
    versions: Sequence[str],
    events: Sequence[EventRow],
    as_of: datetime,
) -> Periods:
    """When each of these versions served: from its first day to its last, or ever since it was
    signed where the audit log does not say."""
    found: list[tuple[str, datetime, datetime]] = []
    for version in versions:
        own = [item for item in served(events, as_of) if item.version == version]
        signed = [row.signed_at for row in rows if row.model_version == version and row.signed_at]
        if own:
            found.append((version, min(o.start for o in own), max(o.end for o in own)))
        elif any(row.model_version == version and row.role != CANDIDATE for row in rows):
            found.append((version, min(signed, default=as_of - UNSIGNED), as_of))
    return tuple(found)


def candidates(rows: Sequence[ArtifactRow]) -> tuple[str, ...]:
    """The versions that are only scored in the shadow."""
    return tuple(dict.fromkeys(row.model_version for row in rows if row.role == CANDIDATE))


def probes(
    connection: sa.Connection,
    scope: Scope,
    rows: Sequence[ArtifactRow],
    events: Sequence[EventRow],
) -> tuple[ProbeRow, ...]:
    """One prediction for each version in use that has any."""
    found: list[ProbeRow] = []
    bounds = periods(rows, events, scope.as_of)
    if bounds:
        found += artifacts.probes(connection, scope, bounds).rows
    shadow = candidates(rows)
    if shadow:
        found += artifacts.shadow_probes(connection, scope, shadow).rows
    return tuple(found)
