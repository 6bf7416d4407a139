"""Every table of the roll-ups as one part of the product's own schema, and its migrations.

Roll-ups can be built again from the source, so a table that no longer fits is made anew and the
next refresh fills it. Days whose records are gone from the source exist here alone: nothing that
holds them is ever dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from queries import (  # noqa: F401 - their tables join the metadata
    rolled_feedback,
    rolled_schema,
    rolled_shadow_schema,
)
from queries.errors import SchemaVersionError
from queries.own_migrations import align_indexes, missing
from queries.own_tables import Part
from queries.rolled_exceptions_schema import rollup_exception_batches, rollup_exception_counts
from queries.rollup_schema import (
    PART,
    drift_evidence,
    drift_reports,
    metadata,
    rollup_days,
    rollup_months,
)

_BUILT = "built"


def adopt(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Make anew what lacks a column, and have everything built again that was not there.

    Raises:
        SchemaVersionError: that would lose days whose records are gone from the source.
    """
    unfit = [table for table in tables if missing(connection, table)]
    if unfit and rollup_days in tables:
        _refuse_loss(connection, unfit)
    for table in unfit:
        table.drop(connection)
    align_indexes(connection, [table for table in tables if table not in unfit])
    if unfit or len(tables) < len(metadata.sorted_tables):
        build_again(connection, [table for table in tables if table not in unfit])


def build_again(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Have the next refresh build every day that the source still holds, and count exceptions."""
    if rollup_days in tables:
        connection.execute(sa.delete(rollup_days).where(rollup_days.c.state == _BUILT))
    kept = drift_evidence, drift_reports, rollup_exception_batches, rollup_exception_counts
    for table in (rollup_months, *kept):
        if table in tables:
            connection.execute(sa.delete(table))


def _refuse_loss(connection: sa.Connection, unfit: Sequence[sa.Table]) -> None:
    days = rollup_days.c
    gone = connection.execute(
        sa.select(sa.func.count()).select_from(rollup_days).where(days.state != _BUILT)
    ).scalar_one()
    if gone:
        raise SchemaVersionError(
            f"{unfit[0].fullname} was made by a Plumbline that was never released, and {gone} days "
            "of roll-ups whose records are gone from the source would be lost with it. Name "
            "another database in PLUMBLINE_OWN_URL. Nothing was changed."
        )


ROLL_UPS = Part(PART, metadata, migrations=(adopt,))
