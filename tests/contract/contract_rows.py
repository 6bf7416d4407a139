"""One valid row for each relation of the contract, to be bent by the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from queries import contract

NOW = datetime.now(UTC).replace(microsecond=0)
YESTERDAY = NOW - timedelta(days=1)


def valid_row(table: sa.Table, **changes: Any) -> dict[str, Any]:
    """A row inside every domain; nullable columns are filled too."""
    row = {column.name: _value(column) for column in table.columns}
    return {**row, **changes}


def insert(connection: sa.Connection, relation: str, **changes: Any) -> None:
    table = contract.metadata.tables[relation]
    connection.execute(sa.insert(table).values(**valid_row(table, **changes)))


def insert_all(connection: sa.Connection) -> None:
    """One valid row everywhere."""
    for table in contract.relations:
        insert(connection, table.name)


def _value(column: sa.Column[Any]) -> Any:
    domain = column.info["domain"]
    if isinstance(domain, contract.OneOf):
        return domain.values[0]
    values: list[tuple[type, Any]] = [
        (contract.Identifier, 1 if getattr(column.type, "preferred", "") == "bigint" else "r1"),
        (sa.DateTime, YESTERDAY),
        (sa.Boolean, False),
        (sa.JSON, {}),
        (sa.Double, 0.5),
        (sa.Integer, 1),
        (sa.Numeric, Decimal("1.10")),
        (sa.Text, "one"),
    ]
    return next(value for kind, value in values if isinstance(column.type, kind))
