"""Exceptions counted in the database, so that what is fetched grows with what is shown.

Thousands of cells (batch × field × cause × severity × status) become one row for each rule that
may explain exceptions, and one for each batch and each status. Of the batches, a rule keeps the
name of the one that holds the most of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from queries.answer import Answer, joined
from queries.exceptions_rows import Counted, CountRow, PartRow, Rules
from queries.exceptions_totals import not_closed

_RULE, _BATCH, _STATUS = "rule", "batch", "status"
_RULE_KEY = ("kind", "signature", "place")
_SHOWN = ("table_name", "source_system", "field", "cause", "signature", "severity")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of either kind: ``counted_by`` says which, ``value`` is its batch or status."""

    counted_by: str
    value: str | None
    table_name: str | None
    source_system: str | None
    field: str | None
    cause: str | None
    signature: str | None
    severity: str | None
    exceptions: int
    open_exceptions: int


def counted(cells: sa.Select[Any], rules: Rules) -> sa.CompoundSelect[Any]:
    """One statement for :class:`Line` over cells with the columns that it counts by."""
    given = cells.subquery("given")
    kind = sa.case((given.c.cause.in_(rules.causes), given.c.cause), else_=rules.other)
    classed = sa.select(given, kind.label("kind")).subquery("classed")
    cell = sa.select(classed, _place(classed.c, rules).label("place")).cte("cell")
    every = sa.func.sum(cell.c.exceptions)
    counts = [
        sa.cast(every, sa.BigInteger()).label("exceptions"),
        sa.cast(
            sa.func.coalesce(every.filter(not_closed(cell.c.status)), 0), sa.BigInteger()
        ).label("open_exceptions"),
    ]
    leading = _leading(cell).subquery("leading")
    same_rule = sa.and_(*(leading.c[name] == cell.c[name] for name in _RULE_KEY))
    # A batch without a name leads like any other, and is no name.
    batch = sa.case(
        (leading.c.batch_id == cell.c.batch_id, cell.c.batch_id), else_=sa.cast(None, sa.Text())
    )
    by_rule = (batch, *(cell.c[name] for name in _SHOWN))
    nothing = [sa.cast(None, sa.Text()).label(name) for name in _SHOWN]
    return sa.union_all(
        sa.select(sa.literal(_RULE).label("counted_by"), batch.label("value"), *by_rule[1:])
        .add_columns(*counts)
        .select_from(cell.join(leading, same_rule))
        .group_by(*by_rule),
        *(
            sa.select(sa.literal(name), column, *nothing, *counts).group_by(column)
            for name, column in ((_BATCH, cell.c.batch_id), (_STATUS, cell.c.status))
        ),
    )


def gathered(answers: Sequence[Answer[Line]]) -> Answer[Counted]:
    """Lines of one or several answers, whose batches differ, as one row; largest first."""
    lines = [line for answer in answers for line in answer.rows]
    rules = (
        CountRow(
            batch_id=line.value,
            table_name=line.table_name or "",
            source_system=line.source_system,
            field=line.field,
            cause=line.cause,
            signature=line.signature or "",
            severity=line.severity or "",
            exceptions=line.exceptions,
            open_exceptions=line.open_exceptions,
        )
        for line in lines
        if line.counted_by == _RULE
    )
    row = Counted(
        rules=tuple(sorted(rules, key=_size)),
        batches=_parts(lines, _BATCH),
        statuses=_parts(lines, _STATUS),
    )
    return joined(answers, [row])


def _place(cell: Any, rules: Rules) -> sa.Case[str]:
    """What keeps two rules apart that agree in cause and transformation."""
    of_field = sa.or_(cell.signature == "", cell.kind.in_(rules.of_one_field))
    full = cell.table_name + "." + cell.field
    return sa.case((cell.field.is_(None), cell.table_name), (of_field, full), else_="")


def _leading(cell: sa.CTE) -> sa.Select[Any]:
    """The batch that holds the most exceptions of each rule."""
    key = [cell.c[name] for name in _RULE_KEY]
    total = sa.func.sum(cell.c.exceptions).label("total")
    by_batch = sa.select(*key, cell.c.batch_id, total).group_by(*key, cell.c.batch_id)
    found = by_batch.subquery("by_batch")
    rule = [found.c[name] for name in _RULE_KEY]
    return (
        sa.select(*rule, found.c.batch_id)
        .ext(distinct_on(*rule))
        .order_by(*rule, found.c.total.desc(), found.c.batch_id)
    )


def _parts(lines: Sequence[Line], counted_by: str) -> tuple[PartRow, ...]:
    """Each value once: a status stands in every answer."""
    found: dict[str | None, PartRow] = {}
    for line in lines:
        if line.counted_by == counted_by:
            so_far = found.get(line.value, PartRow(line.value, 0, 0))
            found[line.value] = PartRow(
                line.value,
                so_far.exceptions + line.exceptions,
                so_far.open_exceptions + line.open_exceptions,
            )
    return tuple(sorted(found.values(), key=lambda row: (-row.exceptions, row.value or "")))


def _size(row: CountRow) -> tuple[Any, ...]:
    words = (row.table_name, row.field, row.cause, row.signature, row.severity, row.source_system)
    return (-row.exceptions, *(word or "" for word in words), row.batch_id or "")
