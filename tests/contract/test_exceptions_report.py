"""The pipeline's exceptions, counted and paged in a real database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.exceptions.assess import defects, field_label, total
from components.exceptions.defects import CONCENTRATED, FEWEST, RULES
from queries import exceptions_listed
from queries import exceptions_report as report
from queries.contract import migration_exceptions
from queries.database import own_engine
from queries.errors import InvalidInputError
from queries.exceptions_rows import PAGE_SIZE, Counted, Filters, Position, RecordRow
from queries.scope import Scope
from tests.contract.contract_rows import insert

START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SCOPE = Scope(NOW - timedelta(days=28), NOW, NOW)
HOSTILE = ["'; drop table migration_exceptions; --", "100%", "a\\", "$1", '"', "(?)", "é😀", "%s"]


@pytest.fixture
def database(contract_database) -> Iterator[sa.Connection]:
    engine = own_engine(contract_database)
    with engine.connect() as connection:
        for run, name in ((1, "mock-1"), (2, "live-1")):
            for place in ("a", "b", "c"):
                insert(
                    connection,
                    "migration_batches",
                    batch_id=f"{name}-{place}",
                    run_id=name,
                    run_number=run,
                    run_kind="live" if run == 2 else "mock",
                    target_table="members",
                    started_at=START,
                    finished_at=START + timedelta(hours=1),
                )
        yield connection
    engine.dispose()


def failure(connection: sa.Connection, exception_id: int, **changes) -> None:
    usual = {
        "exception_id": exception_id,
        "batch_id": "live-1-a",
        "table_name": "members",
        "key": "k",
        "field": "status",
        "cause": "case",
        "severity": "minor",
        "status": "open",
        "first_seen_at": START,
        "last_seen_at": START,
    }
    insert(connection, "migration_exceptions", **{**usual, **changes})


def every(
    connection: sa.Connection,
    filters: Filters = Filters(),  # noqa: B008
    backwards: bool = False,
) -> list[RecordRow]:
    """All pages of the live run, one after the other."""
    found: list[RecordRow] = []
    after = None
    while True:
        asked = ("live-1", filters, after, PAGE_SIZE, backwards)
        rows = exceptions_listed.records(connection, SCOPE, *asked).rows
        found += rows[:PAGE_SIZE]
        if len(rows) <= PAGE_SIZE:
            return found
        after = Position(found[-1].group, found[-1].exception_id)


def counted(connection: sa.Connection, filters: Filters = Filters()) -> Counted:  # noqa: B008
    (row,) = report.counts(connection, SCOPE, "live-1", RULES, filters).rows
    return row


exceptions = st.lists(
    st.tuples(
        st.sampled_from(["live-1-a", "live-1-b", "live-1-c", "mock-1-a"]),
        st.sampled_from(["case", "sign", None]),
        st.sampled_from(["critical", "major", "minor"]),
        st.sampled_from(["open", "fixed"]),
        st.sampled_from(["status", "name", None]),
    ),
    max_size=180,
)
wishes = st.builds(
    Filters,
    batch=st.sampled_from([None, "live-1-a", "mock-1-a", "nowhere"]),
    cause=st.sampled_from([None, "case", ""]),
    severity=st.sampled_from([None, "critical"]),
    status=st.sampled_from([None, "open"]),
    field=st.sampled_from([None, "status", ""]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(planted=exceptions, wish=wishes)
def test_every_exception_is_on_exactly_one_page_and_counted_once(database, planted, wish):
    database.execute(sa.delete(migration_exceptions))
    names = ("batch_id", "cause", "severity", "status", "field")
    for place, values in enumerate(planted):
        failure(database, place * 7 % 181, **dict(zip(names, values, strict=True)))
    wanted = [
        place * 7 % 181
        for place, (batch, cause, severity, status, field) in enumerate(planted)
        if batch.startswith("live-1")
        and wish.batch in (None, batch)
        and wish.cause in (None, cause or "")
        and wish.severity in (None, severity)
        and wish.status in (None, status)
        and wish.field in (None, field or "")
    ]
    listed = [int(row.exception_id) for row in every(database, wish)]
    assert Counter(listed) == Counter(wanted)
    assert [int(row.exception_id) for row in every(database, wish, True)] == listed[::-1]
    kept = [
        values
        for number, values in ((p * 7 % 181, v) for p, v in enumerate(planted))
        if number in wanted
    ]
    found = counted(database, wish)
    assert {row.value: row.exceptions for row in found.batches} == Counter(v[0] for v in kept)
    assert {row.value: row.exceptions for row in found.statuses} == Counter(v[3] for v in kept)
    by_rule = Counter[tuple[str | None, ...]]()
    for row in found.rules:
        by_rule[row.cause, row.severity, row.field] += row.exceptions
    assert by_rule == Counter((cause, severity, field) for _, cause, severity, _, field in kept)
    assert total(found).open == sum(values[3] == "open" for values in kept)
    assert _places(found) == _concentrated(kept)


def _places(found: Counted) -> dict[tuple[str | None, str | None], str | None]:
    """The batch in which each defect lies; a cause that is not known is like any other such."""
    return {(each.defect.cause.value, each.field): each.defect.batch for each in defects(found)}


def _concentrated(kept) -> dict[tuple[str | None, str | None], str | None]:
    """The same from every single exception."""
    batches = defaultdict[tuple[str, str], Counter[str]](Counter)
    for batch, cause, _, _, field in kept:
        batches[cause or "other", field_label(field)][batch] += 1
    leading = {rule: (*of.most_common(1)[0], of.total()) for rule, of in batches.items()}
    return {
        rule: batch if most >= CONCENTRATED * every else None
        for rule, (batch, most, every) in leading.items()
        if every >= FEWEST
    }


def test_counts_keep_apart_what_can_be_filtered(database):
    failure(database, 1)
    failure(database, 2, cause=None, field=None)
    failure(database, 3, status="waived", batch_id="live-1-b")
    failure(database, 4, first_seen_at=NOW + timedelta(days=1))
    found = counted(database)
    assert {(row.cause, row.field, row.open_exceptions, row.exceptions) for row in found.rules} == {
        ("case", "status", 1, 1),
        ("case", "status", 0, 1),
        (None, None, 1, 1),
    }
    assert {(row.value, row.exceptions, row.open_exceptions) for row in found.batches} == {
        ("live-1-a", 2, 2),
        ("live-1-b", 1, 0),
    }
    assert {row.table_name for row in found.rules} == {"members"}
    assert all(isinstance(row.exceptions, int) for row in found.rules)


def test_a_batch_loaded_twice_counts_its_exceptions_once(database):
    insert(
        database,
        "migration_batches",
        batch_id="live-1-a",
        attempt=2,
        run_id="live-1",
        started_at=START,
    )
    failure(database, 1)
    assert [row.exceptions for row in counted(database).rules] == [1]
    assert len(every(database)) == 1


def test_earlier_batches_are_counted_with_what_is_open(database):
    failure(database, 1, batch_id="mock-1-a")
    failure(database, 2, batch_id="mock-1-a", status="fixed")
    (row,) = report.per_batch(database, SCOPE, ("mock-1-a", "mock-1-b")).rows
    assert (row.batch_id, row.exceptions, row.open_exceptions) == ("mock-1-a", 2, 1)


def test_a_record_shows_its_run_its_past_and_its_like(database):
    failure(database, 1, batch_id="mock-1-a", status="fixed")
    failure(database, 2)
    failure(database, 3, key="other")
    failure(database, 4, key="other", cause="sign")
    (row,) = report.record(database, SCOPE, "2").rows
    assert (row.run_name, row.key, row.status) == ("live-1", "k", "open")
    past = report.same_record(database, SCOPE, row.table_name, row.key).rows
    assert [each.run_name for each in past] == ["mock-1", "live-1"]
    assert [
        each.exception_id for each in exceptions_listed.neighbours(database, SCOPE, row).rows
    ] == ["3"]


def test_a_key_leads_to_all_exceptions_of_its_record_in_the_run(database):
    failure(database, 1, batch_id="mock-1-a")
    failure(database, 2, table_name="rise.members", last_seen_at=START + timedelta(hours=1))
    failure(database, 3, key="other")
    failure(database, 4, field="name")
    rows = report.by_key(database, SCOPE, "live-1", "k").rows
    assert [row.exception_id for row in rows] == ["2", "4"]
    assert report.by_key(database, SCOPE, "live-1", "K").rows == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_find_nothing_and_break_nothing(database, text):
    failure(database, 1, key=text, field=text, cause=text, source_value=text)
    database.commit()
    wish = Filters(batch=text, cause=text, severity=text, status=text, field=text)
    assert every(database, wish) == []
    (row,) = every(database, Filters(field=text, cause=text))
    assert (row.key, row.source_value) == (text, text)
    assert len(report.same_record(database, SCOPE, "members", text).rows) == 1
    assert report.by_key(database, SCOPE, "live-1", text).rows == (row,)
    assert report.counts(database, SCOPE, text, RULES, wish).rows == (Counted((), (), ()),)
    with pytest.raises(InvalidInputError):
        report.record(database, SCOPE, text)
    assert len(every(database)) == 1


@pytest.mark.parametrize("text", ["\0", "99999999999999999999999", "", "1 or 1=1"])
def test_an_id_that_cannot_be_is_an_input_error(database, text):
    with pytest.raises(InvalidInputError):
        report.record(database, SCOPE, text)


def test_ids_may_be_words_or_numbers(database):
    for statement in (
        "ALTER TABLE migration_batches ALTER COLUMN batch_id TYPE bigint "
        "USING ascii(right(batch_id, 1)) + 1000 * run_number",
        "ALTER TABLE migration_exceptions ALTER COLUMN batch_id TYPE bigint USING 1, "
        "ALTER COLUMN exception_id TYPE text",
    ):
        database.exec_driver_sql(statement)
    failure(database, "x-9", batch_id=2097)
    failure(database, "x-10", batch_id=2098)
    assert [row.exception_id for row in every(database)] == ["x-9", "x-10"]
    assert report.record(database, SCOPE, "x-10").rows[0].group == "2098"


def test_the_indexes_of_the_contract_carry_the_questions(database):
    """Neither counting a run nor turning a page reads the table from its beginning."""
    database.exec_driver_sql(
        "INSERT INTO migration_exceptions (exception_id, batch_id, table_name, key, failure_time, "
        "severity, status, first_seen_at, last_seen_at) SELECT n, batch, 'members', n, seen, "
        "'minor', 'open', seen, seen FROM (SELECT n, CASE mod(n, 20) WHEN 0 THEN 'live-1-a' ELSE "
        "'mock-1-' || mod(n, 20) END AS batch, timestamptz '2026-10-01' + n * interval '1 s' "
        "AS seen FROM generate_series(1, 4000) AS n) AS drawn"
    )
    database.exec_driver_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    database.exec_driver_sql("ANALYZE migration_exceptions")
    asked = report.counts(database, SCOPE, "live-1", RULES).provenance
    lines = database.exec_driver_sql("EXPLAIN " + asked.sql, dict(asked.parameters))
    plan = "\n".join(row[0] for row in lines)
    assert "Only Scan using migration_exceptions_counts" in plan
