"""What was done to the programme: versions, configuration and migrations with their moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from components.drift.types import ChangeKind, ProgrammeChange
from queries.audit_rows import ConfigurationRow
from queries.names import UNIT_COST_KNOB, WORKFLOW_KNOB


def programme_changes(
    rows: Sequence[ConfigurationRow],
    migrations: Sequence[tuple[datetime, str, str]] = (),
    *,
    until: datetime,
) -> tuple[ProgrammeChange, ...]:
    """Every change but the first value of each knob, oldest first; prices decide nothing.

    ``migrations`` are moments with a name and a description.
    """
    found, known = [], set()
    for row in sorted(rows, key=lambda r: (r.valid_from, r.knob)):
        first = row.knob not in known
        known.add(row.knob)
        if first or row.knob == UNIT_COST_KNOB or row.valid_from >= until:
            continue
        kind = ChangeKind.CONFIGURATION if row.knob == WORKFLOW_KNOB else ChangeKind.DEPLOYMENT
        found.append(ProgrammeChange(row.valid_from, kind, row.version, row.reason or ""))
    found += [
        ProgrammeChange(at, ChangeKind.MIGRATION, label, detail)
        for at, label, detail in migrations
        if at < until
    ]
    return tuple(sorted(found, key=lambda change: (change.at, change.label)))
