"""A database compared with the contract: shape, storage, privileges, and the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter

import sqlalchemy as sa

from queries import contract, contract_access, contract_catalog, contract_shape
from queries.answer import Answer, Provenance
from queries.contract_catalog import RelationFacts, ServerFacts
from queries.contract_findings import Finding, Report, RowsRead, Severity, in_order
from queries.contract_rows import RECENT_DAYS, check_rows
from queries.contract_storage import storage
from queries.errors import InvalidInputError
from queries.freshness import COUNTED_EXACTLY, estimated_rows
from queries.scope import Scope

__all__ = ["RECENT_DAYS", "check", "compare"]


def check(
    connection: sa.Connection,
    *,
    schema: str = "public",
    rows: bool = True,
    full: bool = False,
    now: datetime | None = None,
) -> Report:
    """Compare one schema of a database with the contract.

    ``rows=False`` looks at the catalogue alone, in milliseconds. Else each relation's values
    are held against their domains: the last :data:`RECENT_DAYS` days of data of relations with
    many rows, or all of it when ``full``. The transaction's search path is changed.

    Raises:
        InvalidInputError: the database has no such schema.
        DatabaseError: through :func:`queries.database.read`, where no answer comes at all.
    """
    server = contract_catalog.server(connection, schema)
    if not server.schema_exists:
        raise InvalidInputError(f"The database has no schema “{schema}”. Name another one.")
    names = [table.name for table in contract.relations]
    present = contract_catalog.relations(connection, schema, names)
    findings = [*contract_access.version(server), *contract_shape.absent(present, schema)]
    findings += contract_access.privileges(server, schema, present)
    findings += contract_shape.links(present)
    read: tuple[RowsRead, ...] = ()
    if server.may_use_schema:
        _look_into(connection, schema)
        findings += _shapes(connection, present, server, schema)
        if rows:
            found, read = _rows(connection, present, full=full, now=now or datetime.now(UTC))
            findings += found
    else:
        findings.append(_closed(server, schema))
    return Report(
        contract_version=contract.CONTRACT_VERSION,
        server_version=server.version,
        schema=schema,
        role=server.role,
        findings=in_order(findings),
        present=tuple(name for name in names if name in present),
        rows_read=read,
    )


def compare(connection: sa.Connection, scope: Scope, *, rows: bool = False) -> Answer[Report]:
    """The schema that the role reads by default, compared with the contract as it is today.

    The scope is not used: a comparison is about the database, not about a period of it.
    """
    begun, asked_at = perf_counter(), datetime.now(UTC)
    schema = connection.execute(sa.select(sa.func.current_schema())).scalar_one()
    report = check(connection, schema=schema or "public", rows=rows)
    elapsed = (perf_counter() - begun) * 1000
    words = "the catalogue and the rows" if rows else "the catalogue"
    provenance = Provenance(f"-- plumbline check: {words}", {"schema": schema}, asked_at, elapsed)
    return Answer(rows=(report,), provenance=provenance)


def _look_into(connection: sa.Connection, schema: str) -> None:
    """Let unqualified names mean this schema, until the transaction ends."""
    path = sa.func.set_config("search_path", sa.func.quote_ident(schema), True)
    connection.execute(sa.select(path))


def _shapes(
    connection: sa.Connection,
    present: Mapping[str, RelationFacts],
    server: ServerFacts,
    schema: str,
) -> list[Finding]:
    findings: list[Finding] = []
    for name, facts in present.items():
        table = contract.metadata.tables[name]
        findings += contract_shape.shape(table, facts, schema, server.role)
        if any(column.readable for column in facts.columns.values()):
            findings += storage(table, facts, _about(connection, table, facts))
    return findings


def _about(connection: sa.Connection, table: sa.Table, facts: RelationFacts) -> int:
    """Roughly how many rows: counted while they are few, else the planner's estimate.

    A view is not counted: nothing about its storage depends on the number.
    """
    if facts.is_view:
        return 0
    some = sa.select(sa.literal(1)).select_from(table).limit(COUNTED_EXACTLY + 1).subquery()
    counted = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    if counted <= COUNTED_EXACTLY:
        return counted
    return max(counted, estimated_rows(connection, table))


def _rows(
    connection: sa.Connection,
    present: Mapping[str, RelationFacts],
    *,
    full: bool,
    now: datetime,
) -> tuple[list[Finding], tuple[RowsRead, ...]]:
    findings: list[Finding] = []
    read: list[RowsRead] = []
    for table in contract.relations:
        if table.name in present:
            checked = check_rows(connection, table, present, full=full, now=now)
            findings += checked.findings
            if checked.read:
                read.append(checked.read)
    return findings, tuple(read)


def _closed(server: ServerFacts, schema: str) -> Finding:
    return Finding(
        Severity.PROBLEM,
        None,
        None,
        f"The role “{server.role}” may not use schema “{schema}”: nothing in it can be read",
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{server.role}".',
    )
