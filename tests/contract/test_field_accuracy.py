"""Field accuracy and runs, as of a moment, from a real database and from the sample."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from components.reconciliation.throughput import throughput
from queries import field_accuracy, migration_runs
from queries.database import source_engine
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL, connected
from tests.contract.contract_rows import insert

START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUN = "live-1"


def at(hours: float) -> Scope:
    as_of = START + hours * HOUR
    return Scope(as_of - timedelta(days=1), as_of, as_of)


@pytest.fixture
def database(contract_database) -> Iterator[sa.Connection]:
    with connected(contract_database) as connection:
        for name in ("east", "west"):
            batch(connection, name)
        yield connection


def batch(connection: sa.Connection, name: str, **changes) -> None:
    usual = {
        "batch_id": f"{RUN}-{name}",
        "attempt": 1,
        "run_id": RUN,
        "run_number": 4,
        "source_system": name.upper(),
        "started_at": START,
        "finished_at": START + HOUR,
        "extracted": 3_600,
        "status": "completed",
    }
    insert(connection, "migration_batches", **{**usual, **changes})


def check(connection: sa.Connection, check_id: int, **changes) -> None:
    usual = {
        "check_id": check_id,
        "batch_id": f"{RUN}-east",
        "table_name": "members",
        "field": "plan",
        "population": 100,
        "compared": 100,
        "mismatched": 0,
        "mismatched_by_cause": {},
        "coverage": "full",
        "checked_at": START + 2 * HOUR,
    }
    insert(connection, "migration_field_checks", **{**usual, **changes})


def test_full_and_sampled_batches_are_counted_apart(database):
    check(database, 1, mismatched=3)
    check(database, 2, batch_id=f"{RUN}-west", compared=20, mismatched=1, coverage="sample")
    (row,) = field_accuracy.reported(database, at(3), RUN).rows
    assert (row.full_compared, row.full_differing, row.batches) == (100, 3, 2)
    assert (row.sample_population, row.sampled, row.sample_differing) == (100, 20, 1)
    assert row.called_full == 0


def test_a_check_called_full_that_looked_at_a_part_is_a_sample(database):
    check(database, 1, compared=99, coverage="full")
    (row,) = field_accuracy.reported(database, at(3), RUN).rows
    assert (row.full_compared, row.sampled, row.called_full) == (0, 99, 1)


def test_the_last_check_by_the_as_of_counts(database):
    check(database, 1, mismatched=9)
    check(database, 2, mismatched=0, checked_at=START + 4 * HOUR)
    assert field_accuracy.reported(database, at(3), RUN).rows[0].full_differing == 9
    assert field_accuracy.reported(database, at(5), RUN).rows[0].full_differing == 0
    assert field_accuracy.reported(database, at(1), RUN).rows == ()


def test_a_field_is_critical_if_any_batch_says_so(database):
    check(database, 1, critical=False)
    check(database, 2, batch_id=f"{RUN}-west", critical=True)
    assert field_accuracy.reported(database, at(3), RUN).rows[0].critical


@pytest.mark.parametrize("document", [None, [], "three", {"sign": "many"}, {"sign": None}])
def test_causes_that_are_no_counts_are_left_out(database, document):
    check(database, 1, mismatched=3, mismatched_by_cause=document)
    assert field_accuracy.reported_causes(database, at(3), RUN).rows == ()
    assert field_accuracy.reported(database, at(3), RUN).rows[0].full_differing == 3


def test_causes_add_up_over_batches_largest_first(database):
    check(database, 1, mismatched_by_cause={"sign": 2, "scale": 9, "case": 0})
    check(database, 2, batch_id=f"{RUN}-west", mismatched_by_cause={"sign": 20})
    rows = field_accuracy.reported_causes(database, at(3), RUN).rows
    assert [(row.cause, row.differing, row.batches) for row in rows] == [
        ("sign", 22, 2),
        ("scale", 9, 1),
    ]


def test_one_field_batch_by_batch(database):
    check(database, 1)
    check(database, 2, batch_id=f"{RUN}-west", mismatched=7)
    rows = field_accuracy.reported_batches(database, at(3), RUN, "members", "plan").rows
    assert [(row.source_system, row.differing) for row in rows] == [("WEST", 7), ("EAST", 0)]


def test_loads_that_have_not_ended_have_no_pace(database):
    batch(database, "late", finished_at=None, status="running")
    rows = migration_runs.loads(database, at(1)).rows
    assert {row.batch_id for row in rows} == {f"{RUN}-east", f"{RUN}-west"}
    assert throughput(rows, RUN).pace == pytest.approx(1_000)
    assert migration_runs.loads(database, at(0.5)).rows == ()


def test_critical_values_of_each_run(database):
    check(database, 1, critical=True, mismatched=4)
    check(database, 2, field="amount", critical=False, mismatched=8)
    (row,) = migration_runs.critical_values(database, at(3)).rows
    assert (row.run_id, row.compared, row.differing) == (RUN, 100, 4)


def sample(url: str) -> tuple:
    engine = source_engine(url)
    scope = Scope(SAMPLE_UNTIL - timedelta(days=1), SAMPLE_UNTIL, SAMPLE_UNTIL)
    with engine.connect() as connection:
        loads = migration_runs.loads(connection, scope).rows
        fields = field_accuracy.reported(connection, scope, RUN).rows
    engine.dispose()
    return throughput(loads, RUN), fields


def test_the_planted_slow_load_is_the_one_regression(sample_database):
    found, fields = sample(sample_database)
    assert [load.name for load in found.slower] == ["contributions-teach-east"]
    by_field = {row.field: row.full_differing + row.sample_differing for row in fields}
    assert by_field["date_of_birth"] > 0
    assert by_field["tax_reference"] == 0  # lost, and the pipeline does not see it


def test_the_clean_sample_has_no_regression_and_no_difference(clean_database):
    found, fields = sample(clean_database)
    assert found.compared == len(found.loads)
    assert not found.slower
    assert sum(row.full_differing + row.sample_differing for row in fields) == 0
