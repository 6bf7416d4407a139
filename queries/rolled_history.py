"""The configuration history as a table to judge by: from the source, or brought to the roll-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from queries.answer import ask
from queries.contract import config_history, ml_training_runs
from queries.names import VERSION_KNOBS
from queries.scope import Scope

_TIME = sa.DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class _Switch:
    knob: str
    version: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class _Model:
    version: str


def switches(scope: Scope) -> sa.CTE:
    """Every switch of a version by the end of the scope, and when the next one ended it."""
    config = config_history.c
    return (
        sa.select(
            config.knob,
            config.version,
            config.valid_from,
            sa.func.lead(config.valid_from)
            .over(partition_by=config.knob, order_by=config.valid_from)
            .label("valid_to"),
        )
        .where(config.knob.in_(VERSION_KNOBS), config.valid_from < scope.until)
        .cte("switches")
    )


def models(scope: Scope) -> sa.CTE:
    """Every model whose training had begun by the end of the scope."""
    runs = ml_training_runs.c
    return (
        sa.select(runs.model_version.label("version")).where(runs.started_at < scope.until)
    ).cte("models")


def literal_switches(source: sa.Connection, scope: Scope) -> sa.CTE:
    """The same, brought along as parameters."""
    rows = ask(source, sa.select(switches(scope)), _Switch).rows
    return unnested(
        "switches",
        ("knob", sa.Text(), [row.knob for row in rows]),
        ("version", sa.Text(), [row.version for row in rows]),
        ("valid_from", _TIME, [row.valid_from for row in rows]),
        ("valid_to", _TIME, [row.valid_to for row in rows]),
    )


def literal_models(source: sa.Connection, scope: Scope) -> sa.CTE:
    """The same, brought along as a parameter."""
    rows = ask(source, sa.select(models(scope)), _Model).rows
    return unnested("models", ("version", sa.Text(), [row.version for row in rows]))


def unnested(name: str, *columns: tuple[str, sa.types.TypeEngine[Any], Sequence[Any]]) -> sa.CTE:
    """Columns of equal length as a table."""
    arrays = (
        sa.cast(sa.literal(list(values), ARRAY(kind)), ARRAY(kind)) for _, kind, values in columns
    )
    table = (
        sa.func.unnest(*arrays)
        .table_valued(*(sa.column(label, kind) for label, kind, _ in columns), name=f"{name}_rows")
        .render_derived()
    )
    return sa.select(*(table.c[label] for label, _, _ in columns)).cte(name)
