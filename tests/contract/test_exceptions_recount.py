"""Our own exceptions, read back in the shape of the pipeline's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from queries import exceptions_recount as recount
from queries.database import own_engine
from queries.exceptions_rows import PAGE_SIZE, Filters, Position, RecordRow
from queries.reconciliation_schema import (
    ensure_reconciliation_schema,
    reconciliation_exceptions,
    reconciliation_fields,
    reconciliation_groups,
    reconciliation_runs,
)

START = datetime(2026, 10, 1, tzinfo=UTC)
HOSTILE = ["'; drop schema plumbline cascade; --", "%s", "$1", "é😀"]


@pytest.fixture
def database(empty_database) -> Iterator[sa.Connection]:
    engine = own_engine(empty_database)
    ensure_reconciliation_schema(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def run(connection: sa.Connection, pair: str = "members", *, name: str = "rise") -> int:
    zero = dict.fromkeys(
        (
            *("source_rows", "target_rows", "source_filtered", "target_filtered"),
            *("buckets", "buckets_compared", "exceptions"),
        ),
        0,
    )
    statement = (
        sa.insert(reconciliation_runs)
        .values(
            name=name,
            pair=pair,
            plan_digest="d",
            bucketing="b",
            mode="m",
            status="completed",
            started_at=START,
            finished_at=START,
            source_relation="s",
            target_relation="t",
            **zero,
        )
        .returning(reconciliation_runs.c.run_id)
    )
    return int(connection.execute(statement).scalar_one())


def difference(connection: sa.Connection, run_id: int, number: int, **changes) -> None:
    usual = {
        "run_id": run_id,
        "exception_no": number,
        "bucket": 0,
        "kind": "differs",
        "key": ["1"],
        "copies": 1,
        "field": "status",
        "critical": False,
        "source_value": "A",
        "target_value": "B",
        "cause": "code_mapping",
        "signature": "'A' became 'B'",
        "confidence": 60,
    }
    connection.execute(sa.insert(reconciliation_exceptions).values({**usual, **changes}))


def every(connection: sa.Connection, runs: tuple[int, ...], wish: Filters) -> list[RecordRow]:
    found: list[RecordRow] = []
    after = None
    while True:
        rows = recount.records(connection, runs, wish, after).rows
        found += rows[:PAGE_SIZE]
        if len(rows) <= PAGE_SIZE:
            return found
        after = Position(found[-1].group, found[-1].exception_id)


def test_every_exception_of_all_tables_is_on_exactly_one_page(database):
    first, second, other = run(database), run(database, "payments"), run(database, name="old")
    for number in range(1, 76):
        difference(database, first, number)
        difference(database, second, number, critical=number % 2 == 0)
        difference(database, other, number)
    listed = [(row.group, row.exception_id) for row in every(database, (first, second), Filters())]
    assert len(listed) == len(set(listed)) == 150
    assert {group for group, _ in listed} == {str(first), str(second)}
    critical = every(database, (first, second), Filters(severity="critical"))
    assert len(critical) == 37
    assert every(database, (first, second), Filters(status="fixed")) == []
    assert len(every(database, (first, second), Filters(status="open"))) == 150


def test_counts_carry_severity_and_transformation(database):
    own = run(database)
    for number, field, critical in ((1, "birth", True), (2, "name", False), (3, None, None)):
        database.execute(
            sa.insert(reconciliation_groups).values(
                run_id=own,
                group_no=number,
                kind="differs",
                field=field,
                cause="case",
                signature="became upper case",
                exceptions=number,
            )
        )
        if field is not None:
            database.execute(
                sa.insert(reconciliation_fields).values(
                    run_id=own, field=field, critical=critical, compared=9, differing=number
                )
            )
    rows = recount.counts(database, (own,)).rows
    assert {(row.field, row.severity, row.exceptions) for row in rows} == {
        ("birth", "critical", 1),
        ("name", "major", 2),
        (None, "critical", 3),
    }
    assert {(row.table_name, row.status, row.signature) for row in rows} == {
        ("members", "open", "became upper case")
    }


def test_a_record_has_a_past_in_the_runs_of_its_tables(database):
    first, again, elsewhere = run(database), run(database), run(database, "payments")
    for run_id in (first, again, elsewhere):
        difference(database, run_id, 1, key=["7", None])
    difference(database, again, 2, key=["8", None])
    (row,) = recount.record(database, str(again), "1").rows
    assert (row.key, row.confidence, row.run_name) == ("7 · –", 60, "rise")
    past = recount.same_record(database, str(again), "1").rows
    assert [each.group for each in past] == [str(first), str(again)]
    assert [each.exception_id for each in recount.neighbours(database, row).rows] == ["2"]


@pytest.mark.parametrize("text", [*HOSTILE, "", "\0", "-1", "9" * 30, "²"])
def test_hostile_ids_find_nothing(database, text):
    difference(database, run(database), 1)
    assert recount.record(database, text, text).rows == ()
    assert recount.same_record(database, text, text).rows == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_come_back_as_they_are(database, text):
    own = run(database)
    difference(database, own, 1, key=[text], field=text, cause=text, batch=text, source_value=text)
    wish = Filters(batch=text, cause=text, field=text)
    (row,) = every(database, (own,), wish)
    assert (row.key, row.source_value, row.batch_id) == (text, text, text)
