"""Imported results of other tools as the page reads them; what was imported by a moment counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.import_schema import imported_exceptions, imported_totals, imports

ROWS_PER_PAGE = 100

_i, _t, _x = imports.c, imported_totals.c, imported_exceptions.c


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One import. ``differing`` values or records differ; ``settled`` are equal after all.

    The other counts are of totals alone: ``unknown`` are no numbers, ``false_passes`` differ
    although the tool said success, ``false_alarms`` do not although it said fail.
    """

    import_id: int
    tool: str
    origin: str
    imported_at: datetime
    rows: int
    differing: int
    settled: int
    unknown: int
    false_passes: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class TotalRow:
    """One validation: the tool's verdict beside the exact one."""

    row_no: int
    validation_name: str | None
    target_table_name: str | None
    target_column_name: str | None
    group_by_columns: str | None
    source_agg_value: str | None
    target_agg_value: str | None
    exact_difference: Decimal | None
    validation_status: str | None
    judgement: str
    false_pass: bool
    false_alarm: bool


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One value or record that a tool reported."""

    exception_no: int
    pair: str
    kind: str
    key: list[str | None]
    field: str | None
    source_value: str | None
    target_value: str | None
    equal: bool
    readable: bool
    cause: str
    failed_at: datetime


def imported(connection: sa.Connection, as_of: datetime) -> Answer[ImportRow]:
    """What was imported from other tools, latest first, and how it was judged again."""
    totals = _counted(imported_totals, _t.import_id, {
        "differing": _t.judgement == "differs",
        "settled": _t.judgement.in_(["equal", "tolerated"]),
        "unknown": _t.judgement == "unknown",
        "false_passes": _t.false_pass,
        "false_alarms": _t.false_alarm,
    })  # fmt: skip
    failures = _counted(imported_exceptions, _x.import_id, {
        "differing": sa.not_(_x.equal),
        "settled": _x.equal,
        "unknown": sa.not_(_x.readable),
    })  # fmt: skip
    names = ("differing", "settled", "unknown", "false_passes", "false_alarms")
    statement = (
        sa.select(
            *(_i[name] for name in ("import_id", "tool", "origin", "imported_at", "rows")),
            *(
                sa.func.coalesce(
                    totals.c[name], *([failures.c[name]] if name in failures.c else []), 0
                ).label(name)
                for name in names
            ),
        )
        .outerjoin(totals, totals.c.import_id == _i.import_id)
        .outerjoin(failures, failures.c.import_id == _i.import_id)
        .where(_i.imported_at <= as_of)
        .order_by(_i.import_id.desc())
    )
    return ask(connection, statement, ImportRow)


def _counted(
    table: sa.Table, key: sa.ColumnElement[Any], kinds: dict[str, sa.ColumnElement[bool]]
) -> sa.Subquery:
    counts = (sa.func.count().filter(which).label(name) for name, which in kinds.items())
    return sa.select(key, *counts).group_by(key).subquery(f"{table.name}_counted")


def totals(connection: sa.Connection, import_id: int, after: int = 0) -> Answer[TotalRow]:
    """The validations of one import after a given place: false passes, differences, the rest."""
    rank = sa.case(
        (_t.false_pass, 0), (_t.judgement == "differs", 1), (_t.judgement == "unknown", 2), else_=3
    )
    statement = (
        sa.select(*(_t[name] for name in TotalRow.__dataclass_fields__))
        .where(_t.import_id == import_id)
        .order_by(rank, _t.row_no)
        .offset(after)
        .limit(ROWS_PER_PAGE)
    )
    return ask(connection, statement, TotalRow)


def failures(connection: sa.Connection, import_id: int, after: int = 0) -> Answer[FailureRow]:
    """The reported values and records of one import after a given number."""
    statement = (
        sa.select(*(_x[name] for name in FailureRow.__dataclass_fields__))
        .where(_x.import_id == import_id, _x.exception_no > after)
        .order_by(_x.exception_no)
        .limit(ROWS_PER_PAGE)
    )
    return ask(connection, statement, FailureRow)
