"""What the last reconciliations found, read back from the product's own schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.reconciliation_schema import (
    reconciliation_exceptions as _exceptions,
)
from queries.reconciliation_schema import (
    reconciliation_groups as _groups,
)
from queries.reconciliation_schema import (
    reconciliation_runs as _runs,
)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Exceptions of one run that agree in all that may explain them."""

    pair: str
    field: str | None
    cause: str
    signature: str
    batch: str | None
    source_system: str | None
    exceptions: int


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception of the ledger."""

    exception_no: int
    kind: str
    key: list[str | None]
    copies: int
    field: str | None
    critical: bool
    source_value: str | None
    target_value: str | None
    cause: str
    signature: str
    confidence: int
    batch: str | None
    source_system: str | None


def groups_of(connection: sa.Connection, run_ids: Sequence[int]) -> Answer[GroupRow]:
    """Exceptions counted by field, cause, transformation, batch and source."""
    statement = (
        sa.select(
            _runs.c.pair,
            _groups.c.field,
            _groups.c.cause,
            _groups.c.signature,
            _groups.c.batch,
            _groups.c.source_system,
            _groups.c.exceptions,
        )
        .join(_runs, _runs.c.run_id == _groups.c.run_id)
        .where(_groups.c.run_id.in_(run_ids))
        .order_by(_groups.c.run_id, _groups.c.group_no)
    )
    return ask(connection, statement, GroupRow)


def page_of(
    connection: sa.Connection, run_id: int, after: int = 0, rows: int = 100
) -> Answer[ExceptionRow]:
    """The next exceptions of a run, by their number."""
    names = list(ExceptionRow.__dataclass_fields__)
    statement = (
        sa.select(*(_exceptions.c[name] for name in names))
        .where(_exceptions.c.run_id == run_id, _exceptions.c.exception_no > after)
        .order_by(_exceptions.c.exception_no)
        .limit(rows)
    )
    return ask(connection, statement, ExceptionRow)
