"""What the own schema knows of each rolled-up day, and the only statements that change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from queries.answer import ask
from queries.drift_rows import DayState, Layout
from queries.rollup_layout import variables_json
from queries.rollup_schema import (
    DAY,
    LEVELS,
    rollup_days,
    rollup_histograms,
    rollup_layouts,
    rollup_months,
)


@dataclass(frozen=True, slots=True)
class KnownDay:
    """One day as it was last built, or as its source was last seen to have shrunk."""

    day: date
    edges_id: str
    source_rows: int
    fingerprint: str
    marks: dict[str, str]
    state: str


@dataclass(frozen=True, slots=True)
class _Month:
    month: date


@dataclass(frozen=True, slots=True)
class _Edges:
    edges_id: str


def known_days(connection: sa.Connection, environment: str) -> dict[date, KnownDay]:
    """Every rolled-up day of an environment."""
    columns = rollup_days.c
    statement = sa.select(
        columns.day,
        columns.edges_id,
        columns.source_rows,
        columns.fingerprint,
        columns.marks,
        columns.state,
    ).where(columns.environment == environment)
    return {row.day: row for row in ask(connection, statement, KnownDay).rows}


def kept_months(connection: sa.Connection, environment: str, edges_id: str) -> set[date]:
    """Months whose sums stand beside their days."""
    columns = rollup_months.c
    statement = sa.select(columns.month).where(
        columns.environment == environment, columns.edges_id == edges_id
    )
    return {row.month for row in ask(connection, statement, _Month).rows}


def layouts_of(connection: sa.Connection, environment: str, day: date) -> set[str]:
    """The layouts under which a day has histograms."""
    vectors = rollup_histograms.c
    held = sa.exists().where(
        vectors.edges_id == rollup_layouts.c.edges_id,
        vectors.environment == environment,
        vectors.grain == DAY,
        vectors.level == LEVELS[()],
        vectors.day == day,
    )
    statement = sa.select(rollup_layouts.c.edges_id).where(held)
    return {row.edges_id for row in ask(connection, statement, _Edges).rows}


def keep_layout(connection: sa.Connection, layout: Layout, environment: str) -> None:
    """Add a layout; the same content again is the same layout, which then counts as newest."""
    values = insert(rollup_layouts).values(
        edges_id=layout.edges_id,
        created_at=layout.created_at,
        environment=environment,
        reference_start=layout.reference_start,
        reference_end=layout.reference_end,
        reference_rows=layout.reference_rows,
        variables=variables_json(layout.variables),
    )
    connection.execute(
        values.on_conflict_do_update(
            index_elements=["edges_id"], set_={"created_at": values.excluded.created_at}
        )
    )


def record_built(
    connection: sa.Connection,
    environment: str,
    known: KnownDay,
) -> None:
    """Say what a day was built from."""
    _record(
        connection,
        environment=environment,
        day=known.day,
        edges_id=known.edges_id,
        source_rows=known.source_rows,
        fingerprint=known.fingerprint,
        marks=known.marks,
        state=DayState.BUILT.value,
        rows_left=None,
        refreshed_at=datetime.now(UTC),
    )


def record_shrunk(
    connection: sa.Connection,
    environment: str,
    day: date,
    *,
    state: DayState,
    fingerprint: str,
    marks: Mapping[str, str],
    rows_left: int,
) -> None:
    """Say that the source lost rows of a day, whose roll-ups stay as they were built."""
    connection.execute(
        rollup_days.update()
        .where(rollup_days.c.environment == environment, rollup_days.c.day == day)
        .values(
            state=state.value,
            fingerprint=fingerprint,
            marks=dict(marks),
            rows_left=rows_left,
            refreshed_at=datetime.now(UTC),
        )
    )


def _record(connection: sa.Connection, **values: Any) -> None:
    statement = insert(rollup_days).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in _KEY}
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed))


_KEY = ["environment", "day"]


def forget_months(connection: sa.Connection, environment: str, month: date) -> None:
    """Take a month's sums out of use, under every layout, until they are added up again."""
    connection.execute(
        rollup_months.delete().where(
            rollup_months.c.environment == environment, rollup_months.c.month == month
        )
    )


def keep_month(
    connection: sa.Connection, environment: str, month: date, ids: Iterable[str]
) -> None:
    """Say that a month's sums are in step with its days."""
    for edges_id in ids:
        statement = insert(rollup_months).values(
            environment=environment, edges_id=edges_id, month=month
        )
        connection.execute(statement.on_conflict_do_nothing())
