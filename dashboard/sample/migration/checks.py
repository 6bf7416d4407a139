"""The pipeline's own record checks: exceptions, and field accuracy counted from them.

They compare by :data:`Field.differs`, which is where the pipeline sees less than there is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from dashboard.sample.migration.causes import CODE_MAPPING, OTHER, cause
from dashboard.sample.migration.etl import LOAD, UNMAPPED_REASON
from dashboard.sample.migration.mapping import MAPPINGS, Field
from dashboard.sample.migration.plan import CONTRIBUTIONS, Batch
from dashboard.sample.migration.tables import RISE, rise_rejects, staged
from queries.contract import migration_exceptions, migration_field_checks

TASK = "rise-validation"
SAMPLED_EVERY = 5
"""Of contributions, the pipeline compares every fifth record, and all amounts."""

MINOR_FIELDS = ("family_name", "given_name")

_x = migration_exceptions.c


def check(connection: sa.Connection, batch: Batch, checked_at: datetime) -> None:
    """Compare the batch at hand, note what differs, count it per field."""
    seen = sa.union_all(*_differences(batch).selects, _rejects(batch)).cte("seen")
    _seen_again(connection, batch, checked_at)
    connection.execute(_new_exceptions(seen, batch, checked_at))
    connection.execute(_field_checks(batch, checked_at))


def _is_sampled(batch: Batch, field: Field) -> bool:
    return batch.table == CONTRIBUTIONS and field.name != "amount"


def _differences(batch: Batch) -> sa.CompoundSelect[Any]:
    """One row for each value that the pipeline finds different."""
    pairs = _pairs(batch)
    in_sample = sa.cast(pairs.c.key, sa.BigInteger) % SAMPLED_EVERY == 0
    found = []
    for field in MAPPINGS[batch.table].fields:
        source, target = pairs.c[f"source_{field.name}"], pairs.c[f"target_{field.name}"]
        rows = sa.select(
            pairs.c.key.label("key"),
            sa.literal("RECORD_DIFF").label("failure_type"),
            sa.literal("Source and target differ.").label("details"),
            sa.literal(field.name).label("field"),
            sa.cast(source, sa.Text).label("source_value"),
            sa.cast(target, sa.Text).label("target_value"),
            cause(field.kind, source, target).label("cause"),
            sa.literal(_severity(field)).label("severity"),
        ).where(field.differs(source, target))
        found.append(rows.where(in_sample) if _is_sampled(batch, field) else rows)
    return sa.union_all(*found)


def _pairs(batch: Batch) -> sa.CTE:
    """Expected beside loaded values, one row a key: records loaded twice look like one."""
    mapping = MAPPINGS[batch.table]
    target = mapping.target
    once = (
        sa.select(target)
        .where(target.c.loaded_batch == batch.id)
        .ext(distinct_on(mapping.target_key))
    ).subquery("once")
    key = sa.cast(once.c[mapping.target_key.name], sa.Text)
    return (
        sa.select(
            staged.c.key,
            *(field.rule.label(f"source_{field.name}") for field in mapping.fields),
            *(once.c[field.name].label(f"target_{field.name}") for field in mapping.fields),
        )
        .select_from(
            mapping.source.join(staged, staged.c.key == mapping.source_key).join(
                once, key == staged.c.key
            )
        )
        .where(staged.c.disposition == LOAD)
        .cte("pairs")
    )


def _severity(field: Field) -> str:
    if field.critical:
        return "critical"
    return "minor" if field.name in MINOR_FIELDS else "major"


def _rejects(batch: Batch) -> sa.Select[Any]:
    cause_of_reject = sa.case(
        (rise_rejects.c.reason.endswith(UNMAPPED_REASON), CODE_MAPPING), else_=OTHER
    )
    empty = sa.cast(sa.null(), sa.Text)
    return sa.select(
        rise_rejects.c.key,
        sa.literal("REJECTED"),
        rise_rejects.c.reason,
        empty,
        empty,
        empty,
        cause_of_reject,
        sa.literal("minor"),
    ).where(rise_rejects.c.batch_id == batch.id)


def _seen_again(connection: sa.Connection, batch: Batch, checked_at: datetime) -> None:
    """A repeated attempt meets the same exceptions: they are seen again, not new."""
    connection.execute(
        sa.update(migration_exceptions)
        .where(_x.batch_id == batch.id)
        .values(last_seen_at=checked_at)
    )


def _new_exceptions(seen: sa.CTE, batch: Batch, checked_at: datetime) -> sa.Insert:
    field = sa.func.coalesce(_x.field, "")
    earlier = (
        sa.select(
            _x.key,
            field.label("field"),
            sa.func.min(_x.first_seen_at).label("first_seen_at"),
            sa.func.bool_or(_x.batch_id == batch.id).label("here"),
        )
        .where(_x.table_name == batch.table)
        .group_by(_x.key, field)
        .subquery("earlier")
    )
    same = sa.and_(
        earlier.c.key == seen.c.key, earlier.c.field == sa.func.coalesce(seen.c.field, "")
    )
    now = sa.literal(checked_at, sa.DateTime(timezone=True))
    columns: dict[str, sa.ColumnElement[Any]] = {
        "exception_id": _next(_x.exception_id)
        + sa.func.row_number().over(order_by=(seen.c.key, seen.c.field)),
        "batch_id": sa.literal(batch.id),
        "task_name": sa.literal(TASK),
        "table_owner": sa.literal(RISE),
        "table_name": sa.literal(batch.table),
        "failure_time": now,
        "key_type": sa.literal("Row"),
        "key": seen.c.key,
        "failure_type": seen.c.failure_type,
        "details": seen.c.details,
        "field": seen.c.field,
        "source_value": seen.c.source_value,
        "target_value": seen.c.target_value,
        "cause": seen.c.cause,
        "severity": seen.c.severity,
        "status": _status(seen, batch),
        "first_seen_at": sa.func.coalesce(earlier.c.first_seen_at, now),
        "last_seen_at": now,
    }
    rows = (
        sa.select(*(value.label(name) for name, value in columns.items()))
        .select_from(seen.outerjoin(earlier, same))
        .where(sa.func.coalesce(earlier.c.here, sa.false()).is_(False))
    )
    return sa.insert(migration_exceptions).from_select(list(columns), rows)


def _status(seen: sa.CTE, batch: Batch) -> sa.ColumnElement[str]:
    """Mock differences were fixed since; unreadable source records are entered by hand."""
    if batch.run.live:
        return sa.case((seen.c.failure_type == "REJECTED", "waived"), else_="open")
    by_hand = sa.and_(seen.c.failure_type == "REJECTED", seen.c.cause == OTHER)
    return sa.case((by_hand, "waived"), else_="fixed")


def _next(column: sa.Column[Any]) -> sa.ColumnElement[int]:
    return sa.select(sa.func.coalesce(sa.func.max(column), 0)).scalar_subquery()


def _field_checks(batch: Batch, checked_at: datetime) -> sa.Insert:
    mapping = MAPPINGS[batch.table]
    target = mapping.target
    key = sa.cast(mapping.target_key, sa.BigInteger)
    loaded = (
        sa.select(
            sa.func.count(mapping.target_key.distinct()).label("all_records"),
            sa.func.count(mapping.target_key.distinct())
            .filter(key % SAMPLED_EVERY == 0)
            .label("sampled_records"),
        )
        .where(target.c.loaded_batch == batch.id)
        .subquery("loaded")
    )
    fields = sa.values(
        sa.column("field", sa.Text),
        sa.column("sampled", sa.Boolean),
        sa.column("critical", sa.Boolean),
        name="fields",
    ).data(
        [(f.name, _is_sampled(batch, f), f.critical) for f in mapping.fields],
    )
    by_cause = (
        sa.select(_x.field, _x.cause, sa.func.count().label("number"))
        .where(_x.batch_id == batch.id, _x.failure_type == "RECORD_DIFF")
        .group_by(_x.field, _x.cause)
        .subquery("by_cause")
    )
    counted = (
        sa.select(
            by_cause.c.field,
            sa.func.sum(by_cause.c.number).label("number"),
            sa.func.jsonb_object_agg(by_cause.c.cause, by_cause.c.number).label("causes"),
        )
        .group_by(by_cause.c.field)
        .subquery("counted")
    )
    checks = migration_field_checks.c
    columns: dict[str, sa.ColumnElement[Any]] = {
        "check_id": _next(checks.check_id) + sa.func.row_number().over(order_by=fields.c.field),
        "batch_id": sa.literal(batch.id),
        "table_name": sa.literal(batch.table),
        "field": fields.c.field,
        "population": loaded.c.all_records,
        "compared": sa.case(
            (fields.c.sampled, loaded.c.sampled_records), else_=loaded.c.all_records
        ),
        "mismatched": sa.func.coalesce(counted.c.number, 0),
        "mismatched_by_cause": sa.func.coalesce(counted.c.causes, sa.literal({}, JSONB)),
        "coverage": sa.case((fields.c.sampled, "sample"), else_="full"),
        "critical": fields.c.critical,
        "checked_at": sa.literal(checked_at, sa.DateTime(timezone=True)),
    }
    rows = sa.select(*(value.label(name) for name, value in columns.items())).select_from(
        fields.join(loaded, sa.true()).outerjoin(counted, counted.c.field == fields.c.field)
    )
    return sa.insert(migration_field_checks).from_select(list(columns), rows)
