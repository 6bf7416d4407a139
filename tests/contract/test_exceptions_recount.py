"""Our own exceptions, read back in the shape of the pipeline's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.exceptions.assess import defects
from components.exceptions.defects import CONCENTRATED, FEWEST, RULES
from queries import exceptions_recount as recount
from queries import exceptions_recount_listed
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


def complete(connection: sa.Connection, *runs: int) -> None:
    """Count the exceptions of runs, as their completion does."""
    x, key = reconciliation_exceptions.c, ("run_id", "kind", "field", "cause", "signature", "batch")
    columns = [x[name] for name in key]
    counted = (
        sa.select(*columns, sa.func.row_number().over(), sa.func.count())
        .where(x.run_id.in_(runs))
        .group_by(*columns)
    )
    connection.execute(
        sa.insert(reconciliation_groups).from_select([*key, "group_no", "exceptions"], counted)
    )
    judged = sa.select(x.run_id, x.field, x.critical, 9, sa.func.count()).where(
        x.run_id.in_(runs), x.field.is_not(None)
    )
    names = ["run_id", "field", "critical", "compared", "differing"]
    connection.execute(
        sa.insert(reconciliation_fields).from_select(
            names, judged.group_by(x.run_id, x.field, x.critical)
        )
    )


def every(
    connection: sa.Connection, runs: tuple[int, ...], wish: Filters, backwards: bool = False
) -> list[RecordRow]:
    found: list[RecordRow] = []
    after = None
    while True:
        asked = (runs, wish, after, PAGE_SIZE, backwards)
        rows = exceptions_recount_listed.records(connection, *asked).rows
        found += rows[:PAGE_SIZE]
        if len(rows) <= PAGE_SIZE:
            return found
        after = Position(found[-1].group, found[-1].exception_id)


differences = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2]),
        st.sampled_from(["17", "18", None]),
        st.sampled_from(["case", "sign"]),
        st.sampled_from(["birth", "status", None]),
    ),
    max_size=180,
)
wishes = st.builds(
    Filters,
    batch=st.sampled_from([None, "17", ""]),
    cause=st.sampled_from([None, "case", "nobody"]),
    severity=st.sampled_from([None, "critical", "major"]),
    status=st.sampled_from([None, "open", "fixed"]),
    field=st.sampled_from([None, "status", ""]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(planted=differences, wish=wishes)
def test_every_exception_of_all_tables_is_on_exactly_one_page(database, planted, wish):
    runs = [run(database), run(database, "payments"), run(database, name="old")]
    wanted = []
    batches = defaultdict[tuple[str, str], Counter[str | None]](Counter)
    for place, (which, batch, cause, field) in enumerate(planted):
        number, critical = place * 7 % 181, field in ("birth", None)
        difference(
            database, runs[which], number, batch=batch, cause=cause, field=field, critical=critical
        )
        if (
            which != 2
            and wish.status != "fixed"
            and wish.severity in (None, "critical" if critical else "major")
            and wish.batch in (None, batch or "")
            and wish.cause in (None, cause)
            and wish.field in (None, field or "")
        ):
            wanted.append((str(runs[which]), number))
            pair = "" if field else ("members", "payments")[which]
            batches[cause, pair][batch] += 1
    complete(database, *runs)
    found = [(row.group, int(row.exception_id)) for row in every(database, tuple(runs[:2]), wish)]
    assert found == sorted(wanted)
    before = every(database, tuple(runs[:2]), wish, backwards=True)
    assert [(row.group, int(row.exception_id)) for row in before] == found[::-1]
    (counted,) = recount.counts(database, tuple(runs[:2]), RULES, wish).rows
    assert sum(row.exceptions for row in counted.rules) == len(wanted)
    assert {row.value: row.exceptions for row in counted.batches} == sum(
        batches.values(), Counter[str | None]()
    )
    # A rule with a transformation is one over all fields and tables, whole records apart.
    assert Counter((each.defect.cause.value, each.defect.count) for each in defects(counted)) == (
        Counter((cause, of.total()) for (cause, _), of in batches.items() if of.total() >= FEWEST)
    )
    for each in defects(counted):
        pair = "" if each.field != "Whole record" else each.defect.fields[0]
        of = batches[each.defect.cause.value, pair]
        name, most = of.most_common(1)[0]
        assert each.defect.batch == (name if most >= CONCENTRATED * of.total() else None)


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
    (found,) = recount.counts(database, (own,), RULES).rows
    assert {(row.field, row.severity, row.exceptions) for row in found.rules} == {
        ("birth", "critical", 1),
        ("name", "major", 2),
        (None, "critical", 3),
    }
    assert {(row.table_name, row.signature) for row in found.rules} == {
        ("members", "became upper case")
    }
    assert [(row.value, row.exceptions) for row in found.statuses] == [("open", 6)]


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


def test_a_key_is_found_as_it_is_shown(database):
    own, other = run(database), run(database, "payments")
    for number, key in ((1, ["7", None]), (2, ["8"]), (3, ["7 · –"])):
        difference(database, own, number, key=key)
    difference(database, other, 4, key=["7", None])
    rows = recount.by_key(database, (own,), "7 · –").rows
    assert [row.exception_id for row in rows] == ["1", "3"]
    assert [row.exception_id for row in recount.by_key(database, (own, other), "8").rows] == ["2"]
    assert recount.by_key(database, (own,), HOSTILE[0]).rows == ()


@pytest.mark.parametrize("text", [*HOSTILE, "", "\0", "-1", "9" * 30, "²"])
def test_hostile_ids_find_nothing(database, text):
    difference(database, run(database), 1)
    assert recount.record(database, text, text).rows == ()
    assert recount.same_record(database, text, text).rows == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_come_back_as_they_are(database, text):
    own = run(database)
    difference(database, own, 1, key=[text], field=text, cause=text, batch=text, source_value=text)
    complete(database, own)
    wish = Filters(batch=text, cause=text, field=text)
    (row,) = every(database, (own,), wish)
    assert (row.key, row.source_value, row.batch_id) == (text, text, text)
