"""The load: decide about each record of a batch, then write the accepted ones to the target."""

from __future__ import annotations

from collections.abc import Mapping as Mappings
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from dashboard.sample.migration.bugs import UNMAPPED_IN_VERSIONS, UNMAPPED_PLAN, marked, written
from dashboard.sample.migration.mapping import MAPPINGS, TEST_STATUS
from dashboard.sample.migration.plan import MEMBERS, Batch, Run
from dashboard.sample.migration.tables import (
    legacy_contributions,
    legacy_members,
    rise_rejects,
    staged,
)

LOAD, FILTER, REJECT = "load", "filter", "reject"

UNREADABLE_BIRTH = "The birth date cannot be read."
UNMAPPED_REASON = f"The plan code {UNMAPPED_PLAN} has no mapping."
MEMBER_REJECTED = "The member was rejected: "

_m, _c = legacy_members.c, legacy_contributions.c


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records a batch read, and what became of them, as the load counts them."""

    extracted: int
    loaded: int
    rejected: int
    filtered: int


def _member_reason(run: Run) -> sa.ColumnElement[str | None]:
    cases: list[tuple[sa.ColumnElement[bool], str]] = [
        (_m.birth_date.like("00/%"), UNREADABLE_BIRTH)
    ]
    if run.number in UNMAPPED_IN_VERSIONS:
        cases.append((_m.plan_code == UNMAPPED_PLAN, UNMAPPED_REASON))
    return sa.case(*cases, else_=sa.cast(sa.null(), sa.Text))


def decisions(batch: Batch, defects: Mappings[str, Defect]) -> sa.Select[tuple[str, str, str]]:
    """Key, disposition and reason of every record that the batch reads."""
    reason: sa.ColumnElement[Any] = _member_reason(batch.run)
    of_test_member = _m.status_code == TEST_STATUS
    if batch.table == MEMBERS:
        origin: sa.FromClause = legacy_members
        filtered = of_test_member
    else:
        origin = legacy_contributions.join(legacy_members, _c.member_no == _m.member_no)
        filtered = sa.or_(of_test_member, _c.amount == 0)
        reason = sa.literal(MEMBER_REJECTED) + reason
    mapping = MAPPINGS[batch.table]
    disposition = sa.case((filtered, FILTER), (reason.is_not(None), REJECT), else_=LOAD)
    source = mapping.source.c
    statement = (
        sa.select(
            mapping.source_key.label("key"),
            disposition.label("disposition"),
            sa.case((disposition == REJECT, reason)).label("reason"),
        )
        .select_from(origin)
        .where(source.source_system == batch.system, source.region == batch.region)
    )
    late = defects.get("batch_late")
    if late and late.place.batch == batch.id:
        statement = statement.where(sa.not_(marked(batch.table, late.key)))
    return statement


def load(connection: sa.Connection, batch: Batch, defects: Mappings[str, Defect]) -> Counts:
    """Read, decide, write; an earlier attempt at the same batch is replaced."""
    mapping = MAPPINGS[batch.table]
    target = mapping.target
    connection.execute(sa.text("truncate staged"))
    connection.execute(
        sa.insert(staged).from_select(list(staged.c.keys()), decisions(batch, defects))
    )
    connection.execute(sa.delete(target).where(target.c.loaded_batch == batch.id))
    connection.execute(sa.delete(rise_rejects).where(rise_rejects.c.batch_id == batch.id))
    connection.execute(sa.text("analyze staged"))
    _write(connection, batch, defects)
    rejected = sa.select(
        sa.literal(batch.id), sa.literal(batch.table), staged.c.key, staged.c.reason
    ).where(staged.c.disposition == REJECT)
    connection.execute(sa.insert(rise_rejects).from_select(list(rise_rejects.c.keys()), rejected))
    return _counts(connection, batch)


def _write(connection: sa.Connection, batch: Batch, defects: Mappings[str, Defect]) -> None:
    mapping = MAPPINGS[batch.table]
    values = written(batch.table, batch.run, defects)
    key = _m.member_no if batch.table == MEMBERS else _c.contribution_no
    rows = (
        sa.select(key, *values.values(), sa.literal(batch.id))
        .select_from(mapping.source.join(staged, staged.c.key == mapping.source_key))
        .where(staged.c.disposition == LOAD)
    )
    columns = [mapping.target_key.name, *values, "loaded_batch"]
    lost = _here(batch, defects, "batch_does_not_close")
    if lost:
        rows = rows.where(sa.not_(marked(batch.table, lost.key)))
    connection.execute(sa.insert(mapping.target).from_select(columns, rows))
    twice = _here(batch, defects, "duplicate_members")
    if twice:
        again = rows.where(marked(batch.table, twice.key))
        connection.execute(sa.insert(mapping.target).from_select(columns, again))


def _here(batch: Batch, defects: Mappings[str, Defect], key: str) -> Defect | None:
    defect = defects.get(key)
    return defect if defect and defect.place.batch == batch.id else None


def _counts(connection: sa.Connection, batch: Batch) -> Counts:
    """The load counts distinct keys, so records that it wrote twice stay out of its sight."""
    mapping = MAPPINGS[batch.table]
    loaded = sa.select(sa.func.count(mapping.target_key.distinct())).where(
        mapping.target.c.loaded_batch == batch.id
    )
    row = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(staged.c.disposition == REJECT),
            sa.func.count().filter(staged.c.disposition == FILTER),
            loaded.scalar_subquery(),
        ).select_from(staged)
    ).one()
    return Counts(extracted=row[0], rejected=row[1], filtered=row[2], loaded=row[3])
