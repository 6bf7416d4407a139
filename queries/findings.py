"""The findings register as it stood, finding by finding (B9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.contract import findings
from queries.scope import Scope

_found = findings.c


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding; ``closed_at`` is None where it was open at the as-of."""

    finding_id: str
    priority: str
    title: str
    area: str
    owner: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    evidence: str | None


def register(connection: sa.Connection, scope: Scope) -> Answer[FindingRow]:
    """Findings opened by the as-of, newest first, as they stood then"""
    closed = sa.case((_found.closed_at <= scope.as_of, _found.closed_at))
    names = [name for name in FindingRow.__dataclass_fields__ if name != "closed_at"]
    statement = (
        sa.select(
            *(_found[name] for name in names[:-1]), closed.label("closed_at"), _found.evidence
        )
        .where(_found.opened_at <= scope.as_of)
        .order_by(closed.is_not(None), _found.opened_at.desc(), _found.finding_id)
    )
    return ask(connection, statement, FindingRow)
