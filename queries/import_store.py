"""Appends imported results to the product's own schema: all rows of an import, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from queries.database import translated
from queries.errors import InvalidInputError
from queries.import_schema import ensure_import_schema, imports

_LOCK = 7_585_672_007


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the results come from; ``sha256`` is that of the content that was read."""

    tool: str
    name: str
    sha256: str


def append(
    own: sa.Engine,
    origin: Origin,
    into: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    read: int,
) -> int:
    """Write one import in one transaction; returns its number. ``read`` counts the tool's rows.

    Raises:
        InvalidInputError: the same content was imported before.
        DatabaseError: the product's own schema cannot be written.
    """
    ensure_import_schema(own)
    with translated(), own.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        _refuse_twice(connection, origin)
        inserted = connection.execute(
            sa.insert(imports)
            .values(
                tool=origin.tool,
                origin=origin.name,
                sha256=origin.sha256,
                imported_at=datetime.now(UTC),
                rows=read,
            )
            .returning(imports.c.import_id)
        )
        number = int(inserted.scalar_one())
        if rows:
            connection.execute(sa.insert(into), [{"import_id": number, **row} for row in rows])
    return number


def _refuse_twice(connection: sa.Connection, origin: Origin) -> None:
    earlier = sa.select(imports.c.import_id).where(
        imports.c.tool == origin.tool, imports.c.sha256 == origin.sha256
    )
    found = connection.execute(earlier).scalar()
    if found is not None:
        raise InvalidInputError(
            f"{origin.name} was imported before, as import {found}. Nothing was added."
        )
