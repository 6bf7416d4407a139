"""What the migration reports, as of a moment, from a real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queries import migration
from queries.contract import migration_batches
from queries.database import own_engine
from queries.scope import Scope
from tests.contract.contract_rows import insert

START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> Scope:
    """Everything up to so many hours after the start."""
    as_of = START + hours * HOUR
    return Scope(as_of - timedelta(days=1), as_of, as_of)


@pytest.fixture
def database(contract_database) -> Iterator[sa.Connection]:
    engine = own_engine(contract_database)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def batch(connection: sa.Connection, **changes) -> None:
    usual = {
        "batch_id": "b",
        "attempt": 1,
        "run_id": "live-1",
        "run_kind": "live",
        "run_number": 4,
        "started_at": START,
        "finished_at": START + HOUR,
        "extracted": 100,
        "loaded": 90,
        "rejected": 6,
        "filtered": 4,
        "status": "completed",
    }
    insert(connection, "migration_batches", **{**usual, **changes})


def total(connection: sa.Connection, total_id: int, **changes) -> None:
    usual = {
        "total_id": total_id,
        "batch_id": "b",
        "run_id": "b-1",
        "validation_name": "sum__amount",
        "labels": {"unit": "USD"},
        "start_time": START + HOUR,
        "validation_status": "success",
    }
    insert(connection, "migration_control_totals", **{**usual, **changes})


def failure(connection: sa.Connection, exception_id: int, **changes) -> None:
    usual = {
        "exception_id": exception_id,
        "batch_id": "b",
        "key": "k",
        "status": "open",
        "first_seen_at": START,
    }
    insert(connection, "migration_exceptions", **{**usual, **changes})


def test_a_batch_stands_by_its_latest_attempt(database):
    batch(database, attempt=1, loaded=80, status="failed")
    batch(database, attempt=2, started_at=START + 5 * HOUR, finished_at=START + 6 * HOUR)
    (row,) = migration.batches(database, at(7)).rows
    assert (row.attempt, row.attempts, row.completed_attempts) == (2, 2, 1)
    assert (row.status, row.closing_difference) == ("completed", 0)
    assert row.first_finished_at == START + HOUR


def test_the_as_of_hides_later_attempts_and_later_ends(database):
    batch(database, attempt=1)
    batch(database, attempt=2, started_at=START + 5 * HOUR, finished_at=START + 6 * HOUR)
    assert migration.batches(database, at(-1)).rows == ()
    (running,) = migration.batches(database, at(0.5)).rows
    assert (running.status, running.finished_at, running.completed_attempts) == ("running", None, 0)
    (once,) = migration.batches(database, at(4)).rows
    assert (once.attempts, once.completed_attempts) == (1, 1)
    (twice,) = migration.batches(database, at(7)).rows
    assert (twice.attempts, twice.completed_attempts) == (2, 2)


def test_a_failure_without_an_end_is_not_running(database):
    batch(database, status="failed", finished_at=None)
    assert migration.batches(database, at(7)).rows[0].status == "failed"


counts = st.integers(min_value=0, max_value=2**60)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loaded=counts, rejected=counts, filtered=counts, lost=st.integers(-3, 3))
def test_the_closing_difference_is_exact(database, loaded, rejected, filtered, lost):
    database.execute(sa.delete(migration_batches))
    extracted = max(0, loaded + rejected + filtered + lost)
    batch(database, extracted=extracted, loaded=loaded, rejected=rejected, filtered=filtered)
    (row,) = migration.batches(database, at(7)).rows
    assert row.closing_difference == extracted - loaded - rejected - filtered
    assert isinstance(row.closing_difference, int)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    source=st.decimals("-1e15", "1e15", places=4),
    target=st.decimals("-1e15", "1e15", places=4),
)
def test_the_difference_of_a_total_is_exact(database, source, target):
    database.rollback()
    batch(database)
    total(database, 1, source_value=source, target_value=target)
    (row,) = migration.control_totals(database, at(7), "live-1").rows
    assert row.difference == target - source


def test_the_latest_total_counts_and_other_runs_stay_out(database):
    batch(database)
    batch(database, batch_id="m", run_id="mock-1", run_kind="mock", run_number=1)
    total(database, 1, target_value=Decimal(1))
    total(database, 2, start_time=START + 3 * HOUR, target_value=Decimal(2))
    total(database, 3, start_time=START + 9 * HOUR, target_value=Decimal(3))
    total(database, 4, batch_id="m")
    (row,) = migration.control_totals(database, at(7), "live-1").rows
    assert (row.total_id, row.target_value, row.unit) == ("2", Decimal(2), "USD")


def test_a_total_without_a_side_has_no_difference(database):
    batch(database)
    total(database, 1, source_value=None)
    (row,) = migration.control_totals(database, at(7), "live-1").rows
    assert row.difference is None


def test_a_record_with_two_failing_fields_is_one_record(database):
    batch(database)
    batch(database, attempt=2, started_at=START + HOUR)
    batch(database, batch_id="c")
    failure(database, 1, key="1")
    failure(database, 2, key="1", field="other", status="fixed")
    failure(database, 3, key="2", status="waived")
    failure(database, 4, key="9", first_seen_at=START + 9 * HOUR)
    (row,) = migration.exceptions(database, at(7)).rows
    assert (row.exceptions, row.open_exceptions) == (3, 1)
    assert (row.records, row.open_records) == (2, 1)
    assert row.newest_at == START


def test_a_run_without_exceptions_is_there_with_zero(database):
    batch(database)
    batch(database, batch_id="m", run_id="mock-1", run_kind="mock", run_number=1)
    failure(database, 1)
    mock, live = migration.exceptions(database, at(7)).rows
    assert (mock.run_id, mock.records, mock.newest_at) == ("mock-1", 0, None)
    assert (live.run_id, live.records) == ("live-1", 1)
    (one,) = migration.exceptions(database, at(7), "live-1").rows
    assert one == live


def test_ids_may_be_numbers(database):
    for statement in (
        "ALTER TABLE migration_batches ALTER COLUMN run_id TYPE bigint USING 7, "
        "ALTER COLUMN batch_id TYPE bigint USING 1",
        "ALTER TABLE migration_control_totals ALTER COLUMN batch_id TYPE bigint USING 1, "
        "ALTER COLUMN total_id TYPE uuid USING gen_random_uuid()",
        "ALTER TABLE migration_exceptions ALTER COLUMN batch_id TYPE bigint USING 1",
    ):
        database.exec_driver_sql(statement)
    batch(database, batch_id=1, run_id=7)
    total(database, "00000000-0000-0000-0000-000000000001", batch_id=1)
    failure(database, 1, batch_id=1)
    (row,) = migration.batches(database, at(7)).rows
    assert (row.batch_id, row.run_id) == ("1", "7")
    assert len(migration.control_totals(database, at(7), row.run_id).rows) == 1
    assert migration.exceptions(database, at(7), row.run_id).rows[0].records == 1
