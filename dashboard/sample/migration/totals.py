"""The pipeline's control totals, as Google's Data Validation Tool reports them.

The tool compares in single precision with a threshold in per cent, so cents vanish. The exact
values stand beside: dates as days since 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from dashboard.sample.migration.etl import LOAD
from dashboard.sample.migration.mapping import MAPPINGS, Expression
from dashboard.sample.migration.plan import CONTRIBUTIONS, MEMBERS, Batch, Slot
from dashboard.sample.migration.tables import staged
from queries.contract import migration_control_totals

THRESHOLD_PCT = Decimal("0.01")
_EPOCH = sa.literal_column("date '1970-01-01'", sa.Date)


@dataclass(frozen=True, slots=True)
class Total:
    """One aggregate of one target field; no field counts records."""

    aggregation: str
    field: str | None = None

    @property
    def name(self) -> str:
        return f"{self.aggregation}__{self.field}" if self.field else self.aggregation

    @property
    def of_dates(self) -> bool:
        return self.aggregation in ("min", "max")

    def over(self, value: Expression) -> Expression:
        """The aggregate in SQL, as an exact number."""
        if self.field is None:
            return sa.func.count()
        aggregate: Expression = getattr(sa.func, self.aggregation)(value)
        return aggregate - _EPOCH if self.of_dates else aggregate


TOTALS = {
    MEMBERS: (
        Total("count"),
        Total("sum", "annual_salary"),
        Total("sum", "service_credit"),
        Total("min", "date_of_birth"),
        Total("max", "date_of_birth"),
    ),
    CONTRIBUTIONS: (
        Total("count"),
        Total("sum", "amount"),
        Total("min", "pay_period"),
        Total("max", "pay_period"),
    ),
}


def report(connection: sa.Connection, batch: Batch, slot: Slot, attempt: int) -> None:
    """Compute both sides of each total of the batch at hand and write them down."""
    sources = _source_side(connection, batch)
    targets = _target_side(connection, batch)
    known = sa.func.coalesce(sa.func.max(migration_control_totals.c.total_id), 0)
    last = connection.execute(sa.select(known)).scalar_one()
    rows = [
        {"total_id": last + place, **_row(batch, slot, attempt, total, source, target)}
        for place, (total, source, target) in enumerate(
            zip(TOTALS[batch.table], sources, targets, strict=True), start=1
        )
    ]
    connection.execute(sa.insert(migration_control_totals), rows)


def _source_side(connection: sa.Connection, batch: Batch) -> tuple[Any, ...]:
    """Over the records that the load accepted."""
    mapping = MAPPINGS[batch.table]
    rules = {field.name: field.rule for field in mapping.fields}
    totals = [total.over(rules.get(total.field or "", sa.null())) for total in TOTALS[batch.table]]
    statement = (
        sa.select(*totals)
        .select_from(mapping.source.join(staged, staged.c.key == mapping.source_key))
        .where(staged.c.disposition == LOAD)
    )
    return tuple(connection.execute(statement).one())


def _target_side(connection: sa.Connection, batch: Batch) -> tuple[Any, ...]:
    """Over one row a key: the tool's query drops records that were loaded twice."""
    mapping = MAPPINGS[batch.table]
    target = mapping.target
    once = (
        sa.select(target)
        .where(target.c.loaded_batch == batch.id)
        .ext(distinct_on(mapping.target_key))
    ).subquery()
    totals = [
        total.over(once.c[total.field] if total.field else sa.null())
        for total in TOTALS[batch.table]
    ]
    return tuple(connection.execute(sa.select(*totals).select_from(once)).one())


def _row(
    batch: Batch, slot: Slot, attempt: int, total: Total, source: Any, target: Any
) -> dict[str, Any]:
    mapping = MAPPINGS[batch.table]
    printed_source, printed_target = np.float32(source), np.float32(target)
    difference = printed_target - printed_source
    pct = difference / printed_source * 100 if printed_source else np.float32(0)
    failed = abs(Decimal(float(pct))) > THRESHOLD_PCT or (total.of_dates and source != target)
    return {
        "batch_id": batch.id,
        "validation_name": total.name,
        "validation_type": "Column",
        "aggregation_type": total.aggregation,
        "source_table_name": mapping.source.fullname,
        "source_column_name": total.field,
        "source_agg_value": str(printed_source),
        "source_value": Decimal(source),
        "target_table_name": mapping.target.fullname,
        "target_column_name": total.field,
        "target_agg_value": str(printed_target),
        "target_value": Decimal(target),
        "group_by_columns": None,
        "primary_keys": None,
        "num_random_rows": None,
        "difference": str(difference),
        "pct_difference": str(pct),
        "pct_threshold": str(THRESHOLD_PCT),
        "validation_status": "fail" if failed else "success",
        "run_id": f"{batch.id}-{attempt}",
        "labels": {"unit": _unit(total)},
        "start_time": slot.finished_at,
        "end_time": slot.checked_at,
    }


def _unit(total: Total) -> str:
    if total.field is None:
        return "records"
    if total.of_dates:
        return "days since 1970-01-01"
    return "years" if total.field == "service_credit" else "USD"
