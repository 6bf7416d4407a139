"""Month sums: the day vectors of a month added up, so that years are read in few rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from queries.answer import ask
from queries.drift_rows import Layout
from queries.rollup_build import Slot, Vectors, write_histograms, write_shap
from queries.rollup_schema import DAY, LEVELS, MONTH, rollup_histograms, rollup_shap
from queries.rollup_state import keep_month
from queries.rollup_vectors import from_array
from queries.rollups import next_month


@dataclass(frozen=True, slots=True)
class _Row:
    level: str
    ml_version: str | None
    work_type: str | None
    region: str | None
    first: bytes
    second: bytes | None


def build_month(own: sa.Connection, environment: str, month: date, layout: Layout) -> None:
    """Add up a month's days under one layout; part of the caller's transaction."""
    slot = Slot(layout, environment, month, MONTH)
    counts = rollup_histograms.c.counts
    write_histograms(own, [(slot, _sums(own, slot, rollup_histograms, counts, None))])
    explained, total = rollup_shap.c.explained, rollup_shap.c.total_micro
    write_shap(own, [(slot, _sums(own, slot, rollup_shap, explained, total))])
    keep_month(own, environment, month, [layout.edges_id])


def _sums(
    own: sa.Connection,
    slot: Slot,
    table: sa.Table,
    first: sa.Column[Any],
    second: sa.Column[Any] | None,
) -> dict[str, Vectors]:
    columns = table.c
    statement = sa.select(
        columns.level,
        columns.ml_version,
        columns.work_type,
        columns.region,
        sa.func.array_send(first).label("first"),
        (sa.null() if second is None else sa.func.array_send(second)).label("second"),
    ).where(
        columns.edges_id == slot.layout.edges_id,
        columns.environment == slot.environment,
        columns.grain == DAY,
        columns.level.in_(LEVELS.values()),
        columns.day >= slot.day,
        columns.day < next_month(slot.day),
    )
    sums: dict[str, Vectors] = {level: {} for level in LEVELS.values()}
    for row in ask(own, statement, _Row).rows:
        sent = (row.first,) if row.second is None else (row.first, row.second)
        vectors = tuple(from_array(each) for each in sent)
        key = row.ml_version, row.work_type, row.region
        before = sums[row.level].get(key)
        if before is not None:
            vectors = tuple(a + b for a, b in zip(before, vectors, strict=True))
        sums[row.level][key] = vectors
    return sums
