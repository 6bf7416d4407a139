"""The only writer: rows are added to a hash chain, never changed (METHODS §7)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from queries.alert_schema import alert_events, alert_runs, retraining_events
from queries.artifact_schema import artifact_checks
from queries.own_schema import (
    CHAINED,
    AccessRecord,
    EvaluationRecord,
    access_log,
    gate_evaluations,
)

_LOCKS = {
    gate_evaluations.name: 7_585_672_002,
    access_log.name: 7_585_672_003,
    alert_runs.name: 7_585_672_011,
    alert_events.name: 7_585_672_012,
    retraining_events.name: 7_585_672_013,
    artifact_checks.name: 7_585_672_016,
}
_READ_AHEAD = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a row stands in its chain; ``added`` is False if it had been recorded before."""

    row_number: int
    row_hash: str
    added: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of one chain: its length, its head, and the first row that breaks it."""

    table: str
    rows: int
    head: str
    broken_row: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The state of every chain."""

    chains: tuple[Chain, ...]

    @property
    def intact(self) -> bool:
        """Whether no chain is broken."""
        return self.first_break is None

    @property
    def first_break(self) -> Chain | None:
        """The first chain that is broken, if any."""
        return next((chain for chain in self.chains if chain.problem), None)


def record_evaluation(connection: sa.Connection, record: EvaluationRecord) -> Recorded:
    """Add an evaluation; the same as-of, policy and digest are recorded only once.

    It becomes permanent with the caller's transaction, which holds the chain's lock until then.
    """
    _lock(connection, gate_evaluations)
    columns = gate_evaluations.c
    known = connection.execute(
        sa.select(columns.row_number, columns.row_hash).where(
            columns.as_of == record.as_of,
            columns.policy_version == record.policy_version,
            columns.digest == record.digest,
        )
    ).one_or_none()
    if known is not None:
        return Recorded(row_number=known.row_number, row_hash=known.row_hash, added=False)
    content = {**asdict(record), "evaluation_id": str(uuid4())}
    return _append(connection, gate_evaluations, content)


def record_access(connection: sa.Connection, record: AccessRecord) -> Recorded:
    """Add an entry to the access log, within the caller's transaction."""
    _lock(connection, access_log)
    return _append(connection, access_log, asdict(record))


def append(connection: sa.Connection, table: sa.Table, content: Mapping[str, Any]) -> Recorded:
    """Add a row to any chained table, within the caller's transaction.

    ``content`` holds every column but the row's number and its two hashes.
    """
    _lock(connection, table)
    return _append(connection, table, content)


def verify_chain(
    connection: sa.Connection,
    known_heads: Mapping[str, str] | None = None,
    *,
    tables: Iterable[sa.Table] = CHAINED,
) -> ChainReport:
    """Recompute every hash of the tables' chains, and name the first row that does not fit.

    ``known_heads`` maps a table's name to a head exported earlier: a chain that no longer
    holds it has lost its end, or was written anew.
    """
    heads = known_heads or {}
    return ChainReport(tuple(_verify(connection, table, heads.get(table.name)) for table in tables))


def genesis(table: sa.Table) -> str:
    """The previous hash of a table's first row."""
    return hashlib.sha256(f"plumbline-ledger/v1 {table.name}".encode()).hexdigest()


def row_hash(table: sa.Table, row: Mapping[str, Any]) -> str:
    """SHA-256 over every column of a row but the hash itself, in one canonical spelling."""
    content = {
        column.name: _spelled(row[column.name])
        for column in table.columns
        if column.name != "row_hash"
    }
    text = json.dumps([table.name, content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _spelled(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _lock(connection: sa.Connection, table: sa.Table) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCKS[table.name])))


def _append(connection: sa.Connection, table: sa.Table, content: Mapping[str, Any]) -> Recorded:
    last = connection.execute(
        sa.select(table.c.row_number, table.c.row_hash).order_by(table.c.row_number.desc()).limit(1)
    ).one_or_none()
    row = {
        **content,
        "row_number": last.row_number + 1 if last else 1,
        "previous_hash": last.row_hash if last else genesis(table),
    }
    row["row_hash"] = row_hash(table, row)
    connection.execute(sa.insert(table).values(row))
    return Recorded(row_number=row["row_number"], row_hash=row["row_hash"], added=True)


def _verify(connection: sa.Connection, table: sa.Table, known_head: str | None) -> Chain:
    rows, head, found = 0, genesis(table), known_head is None or known_head == genesis(table)
    statement = sa.select(table).order_by(table.c.row_number)
    # The option is the statement's: on the connection it would turn savepoints into cursors.
    for row in connection.execute(statement, execution_options={"yield_per": _READ_AHEAD}):
        problem = _problem(table, row._asdict(), rows, head)
        if problem:
            return Chain(table.name, rows, head, broken_row=row.row_number, problem=problem)
        rows, head = rows + 1, row.row_hash
        found = found or head == known_head
    if not found:
        problem = "the exported head is missing: rows were removed at the end, or written anew"
        return Chain(table.name, rows, head, broken_row=rows + 1, problem=problem)
    return Chain(table.name, rows, head)


def _problem(table: sa.Table, row: Mapping[str, Any], rows: int, head: str) -> str:
    if row["row_number"] != rows + 1:
        return f"row {rows + 1} is missing before it"
    if row["previous_hash"] != head:
        return "it does not follow the row before it"
    if row["row_hash"] != row_hash(table, row):
        return "its content was changed after it was written"
    return ""
