"""The exceptions that our own comparison found, in the shape of those that the pipeline reports.

Their list is in :mod:`queries.exceptions_recount_listed`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.exceptions_counted import Line, counted, gathered
from queries.exceptions_recount_parts import (
    KEY_PARTS,
    NO_PART,
    OPEN,
    equal,
    is_critical,
    judged_groups,
    kept,
    record_columns,
    severity,
)
from queries.exceptions_rows import (
    NEIGHBOURS,
    PAGE_SIZE,
    Counted,
    FieldCountRow,
    Filters,
    RecordRow,
    Rules,
)
from queries.reconciliation_schema import (
    reconciliation_exceptions,
    reconciliation_groups,
    reconciliation_runs,
)

_BEYOND_BIGINT = 19
_r, _x = reconciliation_runs.c, reconciliation_exceptions.c
_g = reconciliation_groups.c


def counts(
    connection: sa.Connection,
    run_ids: tuple[int, ...],
    rules: Rules,
    filters: Filters = Filters(),  # noqa: B008 - immutable
) -> Answer[Counted]:
    """Exceptions of our comparison by what may explain them, by batch and by status: one row.

    Whole records that are missing, extra or repeated count as critical, as in the ledger.
    """
    cells = (
        sa.select(
            _g.batch.label("batch_id"),
            _r.pair.label("table_name"),
            *(_g[name] for name in ("source_system", "field", "cause", "signature")),
            severity(is_critical()).label("severity"),
            sa.literal(OPEN).label("status"),
            _g.exceptions,
        )
        .select_from(judged_groups())
        .where(_g.run_id.in_(run_ids), *kept(filters))
    )
    return gathered([ask(connection, counted(cells, rules), Line)])


def by_field(connection: sa.Connection, run_ids: tuple[int, ...]) -> Answer[FieldCountRow]:
    """Exceptions of our comparison by table and field."""
    statement = (
        sa.select(
            _r.pair.label("table_name"),
            _g.field,
            sa.cast(sa.func.sum(_g.exceptions), sa.BigInteger()).label("exceptions"),
        )
        .select_from(reconciliation_groups.join(reconciliation_runs, _r.run_id == _g.run_id))
        .where(_g.run_id.in_(run_ids))
        .group_by(_r.pair, _g.field)
    )
    return ask(connection, statement, FieldCountRow)


def record(connection: sa.Connection, run_id: str, exception_no: str) -> Answer[RecordRow]:
    """One exception of our comparison by its run and number; no row where there is none."""
    wanted = [_x.run_id == _number(run_id), _x.exception_no == _number(exception_no)]
    return ask(connection, _select(wanted), RecordRow)


def same_record(connection: sa.Connection, run_id: str, exception_no: str) -> Answer[RecordRow]:
    """Every exception of the same record in the comparisons of its tables; oldest first."""
    this = (
        sa.select(_x.key, _r.name, _r.pair)
        .join(reconciliation_runs, _r.run_id == _x.run_id)
        .where(_x.run_id == _number(run_id), _x.exception_no == _number(exception_no))
        .subquery("this")
    )
    wanted = [
        _x.key == sa.select(this.c.key).scalar_subquery(),
        _r.name == sa.select(this.c.name).scalar_subquery(),
        _r.pair == sa.select(this.c.pair).scalar_subquery(),
    ]
    statement = _select(wanted).order_by(_x.run_id, _x.exception_no).limit(PAGE_SIZE)
    return ask(connection, statement, RecordRow)


def by_key(connection: sa.Connection, run_ids: tuple[int, ...], key: str) -> Answer[RecordRow]:
    """The exceptions of our comparison whose record has this very key, as it is shown."""
    parts = [None if part == NO_PART else part for part in key.split(KEY_PARTS)]
    of_record = sa.or_(*(_x.key == sa.cast(each, _x.key.type) for each in ([key], parts)))
    statement = _select([of_record, _x.run_id.in_(run_ids)])
    statement = statement.order_by(_x.run_id, _x.exception_no).limit(PAGE_SIZE + 1)
    return ask(connection, statement, RecordRow)


def neighbours(connection: sa.Connection, of: RecordRow) -> Answer[RecordRow]:
    """A few more exceptions of our comparison with all of field, cause, rule and batch."""
    wanted = [
        _x.run_id == _number(of.group),
        equal(_x.batch, of.batch_id),
        equal(_x.field, of.field),
        _x.cause == of.cause,
        _x.signature == of.signature,
        _x.exception_no != _number(of.exception_id),
    ]
    return ask(connection, _select(wanted).order_by(_x.exception_no).limit(NEIGHBOURS), RecordRow)


def _select(conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    joined = reconciliation_exceptions.join(reconciliation_runs, _r.run_id == _x.run_id)
    return sa.select(*record_columns(_x, _r)).select_from(joined).where(*conditions)


def _number(text: str) -> int:
    """An id from a link; what is no number finds nothing."""
    plain = text.isascii() and text.isdigit() and len(text) < _BEYOND_BIGINT
    return int(text) if plain else -1
