"""The rows of a relation held against the contract: one aggregated statement for each relation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from queries import contract
from queries.contract_catalog import RelationFacts
from queries.contract_findings import Finding, RowsRead, Severity
from queries.contract_rules import Rule, rules
from queries.contract_types import accepted
from queries.freshness import newest_time

RECENT_DAYS = 30
"""How many days of data are read of a relation with many rows, unless all are asked for."""

EXAMPLES = 3
_LONGEST_KEY = 80


@dataclass(frozen=True, slots=True)
class RowsChecked:
    """What reading one relation brought; ``read`` is None where it could not be read."""

    findings: tuple[Finding, ...]
    read: RowsRead | None


def check_rows(
    connection: sa.Connection,
    table: sa.Table,
    present: Mapping[str, RelationFacts],
    *,
    full: bool,
    now: datetime,
) -> RowsChecked:
    """Hold one relation's rows against its rules.

    Reads the last :data:`RECENT_DAYS` days of data where the relation is a hot one, unless
    ``full``. A relation that takes too long, or whose view fails, is itself a finding.
    """
    demands = rules(table, present)
    if not demands:
        return RowsChecked((), None)
    try:
        with connection.begin_nested():
            return _checked(connection, table, present[table.name], demands, full=full, now=now)
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        return RowsChecked((_unreadable(table, error),), None)


def _checked(
    connection: sa.Connection,
    table: sa.Table,
    facts: RelationFacts,
    demands: Sequence[Rule],
    *,
    full: bool,
    now: datetime,
) -> RowsChecked:
    window = None if full else _window(connection, table, facts, now)
    counts = [
        sa.func.count().filter(rule.broken).label(f"rule_{n}") for n, rule in enumerate(demands)
    ]
    statement = sa.select(sa.func.count().label("rows"), *counts)
    statement = statement.select_from(_source(table, demands))
    if window is not None:
        statement = statement.where(window)
    row = connection.execute(statement).one()
    findings = tuple(
        _finding(connection, table, facts, rule, window, count=count, rows=row[0])
        for rule, count in zip(demands, row[1:], strict=True)
        if count
    )
    days = None if window is None else RECENT_DAYS
    return RowsChecked(findings, RowsRead(table.name, row[0], days))


def _window(
    connection: sa.Connection, table: sa.Table, facts: RelationFacts, now: datetime
) -> sa.ColumnElement[bool] | None:
    """The last days of data of a hot relation; later times stay in, for they may be wrong."""
    moment = table.c[table.info["fresh_by"]]
    here = facts.columns.get(moment.name)
    if not table.info["hot"] or here is None or here.base not in accepted(moment):
        return None
    newest = connection.execute(sa.select(newest_time(table, now))).scalar_one()
    return None if newest is None else moment > newest - timedelta(days=RECENT_DAYS)


def _source(table: sa.Table, demands: Sequence[Rule]) -> sa.FromClause:
    source: sa.FromClause = table
    for rule in demands:
        if rule.join:
            known, condition = rule.join
            source = source.outerjoin(known, condition)
    return source


def _finding(
    connection: sa.Connection,
    table: sa.Table,
    facts: RelationFacts,
    rule: Rule,
    window: sa.ColumnElement[bool] | None,
    *,
    count: int,
    rows: int,
) -> Finding:
    """Counts in words, with a few keys to look at."""
    verb = "is" if count == 1 else "are"
    return Finding(
        Severity.PROBLEM,
        table.name,
        rule.column,
        f"{count:,} of {rows:,} values {verb} {rule.fault}",
        rule.remedy,
        count=count,
        examples=tuple(_examples(connection, table, facts, rule, window)),
    )


def _examples(
    connection: sa.Connection,
    table: sa.Table,
    facts: RelationFacts,
    rule: Rule,
    window: sa.ColumnElement[bool] | None,
) -> Iterator[str]:
    """Keys of a few offending rows, as text: an infinite time has no other form."""
    keys = [column for column in _naming(table) if column.name in facts.columns]
    if not keys:
        return
    texts = [sa.cast(column, sa.Text()).label(column.name) for column in keys]
    statement = sa.select(*texts).select_from(_source(table, [rule])).where(rule.broken)
    if window is not None:
        statement = statement.where(window)
    for row in connection.execute(statement.order_by(*keys).limit(EXAMPLES)):
        yield ", ".join(
            f"{column.name} {_short(value)}" for column, value in zip(keys, row, strict=True)
        )


def _naming(table: sa.Table) -> list[sa.Column[object]]:
    """The columns that name a row: its ids, or the first two columns of its key."""
    key = list(table.primary_key)
    return [column for column in key if isinstance(column.type, contract.Identifier)] or key[:2]


def _short(value: str | None) -> str:
    if value is None:
        return "null"
    return value if len(value) <= _LONGEST_KEY else f"{value[:_LONGEST_KEY]}…"


def _unreadable(table: sa.Table, error: exc.DBAPIError) -> Finding:
    """A relation whose rows could not be read: too slow, forbidden, or failing in its view."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "57014":
        return Finding(
            Severity.WARNING,
            table.name,
            None,
            "Its rows could not be read within the time allowed",
            "Allow more with --timeout, or see to the missing indexes first.",
        )
    return Finding(
        Severity.PROBLEM,
        table.name,
        None,
        f"Its rows could not be read: the database answered with error {state}",
        "Run SELECT * FROM it with this role to see why.",
    )
