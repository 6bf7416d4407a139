"""How many tickets stand behind the predictions: a copy of one shows nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import audit, count
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class TicketRow:
    """Predictions of a period, and the different tickets that they are of."""

    predictions: int
    tickets: int
    newest_at: datetime | None


def tickets(connection: sa.Connection, scope: Scope) -> Answer[TicketRow]:
    """Of how many different tickets are the predictions?"""
    counted: tuple[sa.ColumnElement[Any], ...] = (
        count().label("predictions"),
        sa.func.count(audit.ticket_id.distinct()).label("tickets"),
        sa.func.max(audit.scored_at).label("newest_at"),
    )
    return ask(connection, sa.select(*counted).where(*scope.conditions()), TicketRow)
