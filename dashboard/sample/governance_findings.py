"""Findings of the sample: what the mock conversions taught, and what is open today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from queries.contract import (
    findings,
    migration_batches,
    migration_exceptions,
    migration_field_checks,
)

DATA_LEAD = "Migration data lead"
ENGINEERING = "Platform engineering"
QA_LEAD = "QA lead"
ML_LEAD = "ML lead"


@dataclass(frozen=True, slots=True)
class Found:
    """A finding; days are counted back from the end of the programme, due ones may be ahead."""

    priority: str
    title: str
    area: str
    owner: str
    opened: float
    due: float
    evidence: str
    closed: float | None = None


def record(connection: sa.Connection, until: datetime, planted: Mapping[str, Defect]) -> None:
    """Write closed and open findings, numbered by the day they were opened."""
    found = [*_from_mocks(connection), *_standing(), *_planted(connection, planted)]
    found.sort(key=lambda finding: (-finding.opened, finding.title))

    def moment(days_back: float | None) -> datetime | None:
        return None if days_back is None else until - timedelta(days=days_back)

    rows = [
        {
            "finding_id": f"F-{number:03d}",
            "priority": finding.priority,
            "title": finding.title,
            "area": finding.area,
            "owner": finding.owner,
            "opened_at": moment(finding.opened),
            "due_at": moment(finding.due),
            "closed_at": moment(finding.closed),
            "evidence": finding.evidence,
        }
        for number, finding in enumerate(found, start=1)
    ]
    connection.execute(sa.insert(findings), rows)


def _mismatches(connection: sa.Connection, run: str, field: str) -> str:
    """How many values of a field a run got wrong, in words; the pipeline's own count."""
    c = migration_field_checks.c
    statement = sa.select(
        sa.func.coalesce(sa.func.sum(c.mismatched), 0),
        sa.func.coalesce(sa.func.sum(c.compared), 0),
    ).where(c.batch_id.startswith(run), c.field == field)
    wrong, compared = connection.execute(statement).one()
    return f"{run}: {int(wrong):,} of {int(compared):,} compared values of {field} differ."


def _rejected(connection: sa.Connection, run: str) -> str:
    x = migration_exceptions.c
    statement = sa.select(sa.func.count()).where(
        x.batch_id.startswith(run), x.failure_type == "REJECTED", x.cause == "code_mapping"
    )
    return f"{run}: {connection.scalar(statement) or 0:,} records were rejected for this code."


def _from_mocks(connection: sa.Connection) -> tuple[Found, ...]:
    return (
        Found(
            "P0",
            "Deferred members of one source arrive as deceased",
            "Migration",
            DATA_LEAD,
            opened=109,
            due=102,
            closed=104,
            evidence=_mismatches(connection, "mock-1", "status"),
        ),
        Found(
            "P1",
            "The plan code for hazardous duty has no mapping",
            "Migration",
            DATA_LEAD,
            opened=109,
            due=95,
            closed=97,
            evidence=_rejected(connection, "mock-1"),
        ),
        Found(
            "P1",
            "Adjustments are stored as employees' contributions",
            "Migration",
            DATA_LEAD,
            opened=108,
            due=50,
            closed=52,
            evidence=_mismatches(connection, "mock-2", "kind"),
        ),
        Found(
            "P2",
            "Trailing blanks remain in surnames",
            "Migration",
            DATA_LEAD,
            opened=108,
            due=60,
            closed=58,
            evidence=_mismatches(connection, "mock-2", "family_name"),
        ),
        Found(
            "P2",
            "Trailing blanks remain in first names of one source",
            "Migration",
            DATA_LEAD,
            opened=73,
            due=20,
            closed=21,
            evidence=_mismatches(connection, "mock-3", "given_name"),
        ),
    )


def _standing() -> tuple[Found, ...]:
    """The ordinary traffic of a team that looks closely; nothing here is late."""
    return (
        Found(
            "P1",
            "The rollback runbook names a server that no longer exists",
            "Artifacts",
            ENGINEERING,
            opened=67,
            due=37,
            closed=45,
            evidence="Met in the rollback drill; the runbook was corrected and practised again.",
        ),
        Found(
            "P2",
            "Reviewers see the platform's decision before they give their own",
            "Feedback",
            QA_LEAD,
            opened=80,
            due=-30,
            evidence="Most reviews are not blinded; the share is in ml_feedback.blinded.",
        ),
        Found(
            "P2",
            "The data sheet of the candidate lacks a section on known gaps",
            "Evaluations",
            ML_LEAD,
            opened=16,
            due=-14,
            evidence="Section 4 of the data sheet template is empty.",
        ),
        Found(
            "P1",
            "Members with an unreadable birth date are entered by hand without a second look",
            "Migration",
            DATA_LEAD,
            opened=10,
            due=-11,
            evidence="The waived exceptions of the live load; a second person shall confirm each.",
        ),
    )


def _planted(connection: sa.Connection, planted: Mapping[str, Defect]) -> list[Found]:
    found: list[Found] = []
    overdue = planted.get("finding_overdue")
    if overdue is not None:
        late = float(overdue.size)
        found.append(
            Found(
                "P0",
                "Day and month of birth dates are exchanged after the live load",
                "Migration",
                DATA_LEAD,
                opened=late + 2,
                due=late,
                evidence=_mismatches(connection, "live-1", "date_of_birth"),
            )
        )
    if "batch_does_not_close" in planted:
        found.append(
            Found(
                "P1",
                "One batch of the live load does not close",
                "Migration",
                DATA_LEAD,
                opened=9,
                due=-5,
                evidence=_gap(connection),
            )
        )
    return found


def _gap(connection: sa.Connection) -> str:
    b = migration_batches.c
    gap = b.extracted - b.loaded - b.rejected - b.filtered
    row = connection.execute(
        sa.select(b.batch_id, gap.label("gap")).where(gap != 0).order_by(b.batch_id).limit(1)
    ).one()
    return f"{row.batch_id}: {row.gap:,} extracted records are unaccounted for."
