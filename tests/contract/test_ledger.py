"""The ledger on a real server: append-only, chained, and honest about tampering."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from components.gates.assess import evaluate
from components.gates.policy import load_policy
from components.gates.record import to_record
from queries.database import own_engine, read
from queries.gate_history import gate_history, recorded_gates, verdict_history
from queries.ledger import ChainReport, genesis, record_access, record_evaluation, verify_chain
from queries.own_schema import (
    CHAINED,
    AccessRecord,
    EvaluationRecord,
    access_log,
    ensure_own_schema,
    gate_evaluations,
)

NOW = datetime(2026, 11, 20, 12, 30, 15, 123456, tzinfo=UTC)
RECORD = EvaluationRecord(
    evaluated_at=NOW,
    as_of=datetime(2026, 11, 20, tzinfo=UTC),
    policy_version="a" * 64,
    verdict="HOLD",
    decisions=[{"id": "scoring", "verdict": "HOLD", "sentence": "Hold: “x” ≤ 5% — é."}],
    gates=[
        {
            "requirement": "snapshots",
            "slice": "all",
            "status": "NO_DATA",
            "standing": "COUNTED",
            "value_text": "–",
            "sentence": "Nothing has measured it.",
            "n": None,
            "large": 2**60,
        }
    ],
    digest="d" * 64,
)
ACCESS = AccessRecord(
    occurred_at=NOW, role="qa", viewer="viewer-7", action="export.csv", detail={"rows": 12}
)


@pytest.fixture
def engine(empty_database: str) -> Iterator[sa.Engine]:
    made = own_engine(empty_database)
    ensure_own_schema(made)
    yield made
    made.dispose()


def record(engine: sa.Engine, *records: EvaluationRecord) -> list[bool]:
    with engine.begin() as connection:
        return [record_evaluation(connection, item).added for item in records]


def fill(engine: sa.Engine, rows: int) -> None:
    record(engine, *(replace(RECORD, digest=f"{row:064d}") for row in range(rows)))


def report(engine: sa.Engine, heads: dict[str, str] | None = None) -> ChainReport:
    return read(engine, lambda connection: verify_chain(connection, heads))


def tamper(engine: sa.Engine, statement: str) -> None:
    """What a superuser could do: switch the guard off and change history."""
    with engine.begin() as connection:
        connection.execute(sa.text("SET session_replication_role = replica"))
        connection.execute(sa.text(statement))


def test_rows_are_chained_and_verified(engine: sa.Engine) -> None:
    assert report(engine).intact
    fill(engine, 3)
    with engine.begin() as connection:
        record_access(connection, ACCESS)
    found = report(engine)
    assert found.intact
    assert [(chain.table, chain.rows) for chain in found.chains if chain.rows] == [
        ("gate_evaluations", 3),
        ("access_log", 1),
    ]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(gate_evaluations)).all()
    assert rows[0].previous_hash == genesis(gate_evaluations)
    assert rows[1].previous_hash == rows[0].row_hash
    assert found.chains[0].head == rows[2].row_hash
    assert rows[0].evaluated_at == NOW
    assert rows[0].gates == RECORD.gates


def test_the_same_evaluation_is_recorded_once(engine: sa.Engine) -> None:
    later = replace(RECORD, evaluated_at=NOW + timedelta(hours=1))
    assert record(engine, RECORD, later, replace(RECORD, digest="e" * 64)) == [True, False, True]
    assert record(engine, later) == [False]
    assert report(engine).chains[0].rows == 2


@pytest.mark.parametrize("table", [table.fullname for table in CHAINED])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET row_hash = row_hash",
        "UPDATE {} SET row_hash = 'x' WHERE false",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
def test_changes_are_refused(engine: sa.Engine, table: str, change: str) -> None:
    fill(engine, 1)
    with pytest.raises(exc.IntegrityError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(change.format(table)))
    assert report(engine).intact


@pytest.mark.parametrize(
    "column",
    [c.name for c in gate_evaluations.columns if c.name not in {"row_number", "previous_hash"}],
)
def test_a_change_in_any_column_is_found(engine: sa.Engine, column: str) -> None:
    fill(engine, 3)
    kind = str(gate_evaluations.c[column].type)
    changed = {"JSONB": "'[]'::jsonb", "DATETIME": f"{column} + interval '1 microsecond'"}.get(
        kind, f"{column} || 'x'"
    )
    tamper(
        engine, f"UPDATE plumbline.gate_evaluations SET {column} = {changed} WHERE row_number = 2"
    )
    first = report(engine).first_break
    assert first is not None
    assert (first.table, first.broken_row) == ("gate_evaluations", 2)
    assert "changed" in first.problem


def test_a_change_in_the_access_log_is_found(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for _ in range(2):
            record_access(connection, ACCESS)
    tamper(engine, "UPDATE plumbline.access_log SET detail = '{\"rows\": 1}' WHERE row_number = 1")
    first = report(engine).first_break
    assert first is not None
    assert (first.table, first.broken_row) == (access_log.name, 1)


def test_removed_rows_are_found(engine: sa.Engine) -> None:
    fill(engine, 4)
    tamper(engine, "DELETE FROM plumbline.gate_evaluations WHERE row_number = 2")
    first = report(engine).first_break
    assert first is not None
    assert (first.broken_row, first.problem) == (3, "row 2 is missing before it")


def test_a_row_moved_in_the_chain_is_found(engine: sa.Engine) -> None:
    fill(engine, 3)
    tamper(
        engine,
        "UPDATE plumbline.gate_evaluations SET row_number = CASE row_number WHEN 2 THEN 12 "
        "ELSE 11 END WHERE row_number > 1",
    )
    tamper(
        engine,
        "UPDATE plumbline.gate_evaluations SET row_number = row_number - 9 WHERE row_number > 1",
    )
    first = report(engine).first_break
    assert first is not None
    assert first.broken_row == 2
    assert "does not follow" in first.problem


def test_a_chain_cut_at_its_end_is_found_by_its_exported_head(engine: sa.Engine) -> None:
    fill(engine, 3)
    heads = {chain.table: chain.head for chain in report(engine).chains}
    record(engine, RECORD)
    assert report(engine, heads).intact
    tamper(engine, "DELETE FROM plumbline.gate_evaluations WHERE row_number > 2")
    assert report(engine).intact
    first = report(engine, heads).first_break
    assert first is not None
    assert "exported head is missing" in first.problem


def test_writers_at_once_make_one_chain(engine: sa.Engine) -> None:
    def write(number: int) -> None:
        with engine.begin() as connection:
            record_access(connection, replace(ACCESS, viewer=f"viewer-{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    chain = report(engine).chains[1]
    assert (chain.rows, chain.problem) == (60, "")


def test_a_failed_transaction_leaves_no_gap(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        record_access(connection, ACCESS)
        connection.rollback()
    with engine.begin() as connection:
        assert record_access(connection, ACCESS).row_number == 1
    assert report(engine).intact


def test_the_schema_can_be_ensured_by_many_at_once(empty_database: str) -> None:
    engines = [own_engine(empty_database) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure_own_schema, engines * 2))
    assert report(engines[0]).intact
    for engine in engines:
        engine.dispose()


def test_a_missing_guard_is_put_back(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER append_only ON plumbline.access_log"))
    ensure_own_schema(engine)
    with pytest.raises(exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE plumbline.access_log"))


def test_history_shows_the_last_evaluation_of_each_day(engine: sa.Engine) -> None:
    policy = load_policy()
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (6, 13, 20)]
    for day in days:
        record(engine, to_record(evaluate(policy, (), now=day), NOW))
    later = {**RECORD.gates[0], "status": "FAIL"}  # type: ignore[dict-item]
    record(engine, replace(RECORD, gates=[later], as_of=days[1] + timedelta(hours=3)))
    with engine.connect() as connection:
        rows = gate_history(connection, days[2]).rows
        verdicts = verdict_history(connection, days[1] + timedelta(hours=3)).rows
        assert gate_history(connection, days[0] - timedelta(seconds=1)).rows == ()
        newest = gate_history(connection, days[2], last=1).rows
        soon = recorded_gates(connection, days[2] + timedelta(hours=20), policy.version).rows
        assert recorded_gates(connection, days[2] + timedelta(days=1), policy.version).rows == ()
        assert recorded_gates(connection, days[2], "another policy").rows == ()
    assert {row.as_of for row in soon} == {days[2]}
    gates = len(policy.requirements)
    assert {row.as_of for row in newest} == {days[2]}
    assert len(rows) == 2 * gates + 1
    assert [row.as_of for row in rows] == sorted(row.as_of for row in rows)
    assert [row.status for row in rows if row.as_of.date() == days[1].date()] == ["FAIL"]
    assert {row.status for row in rows if row.as_of == days[0]} == {"NO_DATA"}
    assert [(row.as_of.day, row.decision, row.verdict) for row in verdicts] == [
        (6, "migration", "HOLD"),
        (6, "promotion", "HOLD"),
        (6, "scoring", "HOLD"),
        (13, "scoring", "HOLD"),
    ]
