"""Roll-ups of exceptions equal the source, see every change, and give way to what is newer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.exceptions.panel import counted_words
from queries import (
    exceptions_report,
    rolled_exceptions,
    rolled_exceptions_places,
)
from queries.answer import ask
from queries.contract import migration_exceptions
from queries.exceptions_totals import BatchTotals, batch_totals
from queries.rolled_exceptions_build import Refreshed
from queries.rolled_exceptions_schema import rollup_exception_batches, rollup_exception_counts
from queries.scope import Scope
from tests.contract.exceptions_programme import (
    BATCHES,
    COUNTS_OF_LIVE,
    HOUR,
    NOW,
    START,
    Programme,
)

_x = migration_exceptions.c


@pytest.fixture
def programme(contract_database: str) -> Iterator[Programme]:
    made = Programme(contract_database)
    yield made
    made.source.dispose()
    made.own.dispose()


steps = st.lists(
    st.tuples(
        st.sampled_from(["insert", "state", "severity", "value", "delete"]),
        st.integers(0, 25),
        st.sampled_from(BATCHES),
        st.sampled_from(["open", "fixed", "waived", "false_positive"]),
        st.sampled_from(["critical", "major", "minor"]),
        st.sampled_from([None, "case", "sign"]),
        st.sampled_from([None, "status", "name"]),
    ),
    min_size=1,
    max_size=12,
)


def _apply(programme: Programme, step: tuple[Any, ...], number: int) -> None:
    what, place, batch, status, severity, cause, field = step
    one = _x.exception_id == place
    if what == "insert":
        programme.fail(
            1000 + number,
            batch_id=batch,
            key=f"k{place}",
            status=status,
            severity=severity,
            cause=cause,
            field=field,
        )
        return
    values = {"state": {"status": status}, "severity": {"severity": severity}}
    if what == "delete":
        programme.change(sa.delete(migration_exceptions).where(one))
    else:
        changed = values.get(what, {"source_value": None, "target_value": None, "cause": cause})
        programme.change(sa.update(migration_exceptions).where(one).values(**changed))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rounds=st.lists(steps, min_size=1, max_size=3), dense=st.sampled_from([0, 2, 50]))
def test_roll_ups_equal_the_source_after_any_changes(programme, monkeypatch, rounds, dense):
    monkeypatch.setattr(rolled_exceptions_places, "DENSE", dense)
    programme.change(sa.delete(migration_exceptions))
    for place in range(12):
        programme.fail(
            place, batch_id=BATCHES[place % 4], severity=("critical", "minor")[place % 2]
        )
    number = 0
    for changes in rounds:
        for step in changes:
            number += 1
            _apply(programme, step, number)
        programme.refresh()
        programme.agree()
        assert programme.refresh().built == 0


def test_a_state_that_changes_in_place_has_its_batch_counted_again_and_no_other(programme):
    for place, batch in enumerate(BATCHES):
        programme.fail(place, batch_id=batch)
    assert programme.refresh() == Refreshed(built=4, gone=0, exceptions=4)
    programme.change(
        sa.update(migration_exceptions).where(_x.exception_id == 2).values(status="waived")
    )
    assert programme.refresh() == Refreshed(built=1, gone=0, exceptions=1)
    (row,) = programme.rolled(exceptions_report.per_batch, ("mock-1-a",))
    assert (row.exceptions, row.open_exceptions) == (1, 0)


def test_roll_ups_are_what_answers_until_the_next_refresh(programme):
    """A change that leaves no trace in the times is not seen before: the page says as of when."""
    programme.fail(1)
    programme.refresh()
    programme.change(sa.update(migration_exceptions).values(status="fixed"))
    assert programme.status() == "open"
    found = programme.counted()
    assert (found.rolled, found.live) == (1, 1)
    assert found.counted_at is not None
    programme.refresh()
    assert programme.status() == "fixed"
    assert programme.counted().counted_at > found.counted_at


def test_batches_with_news_are_counted_in_the_source(programme):
    programme.fail(1)
    programme.fail(2, batch_id="live-1-b")
    programme.refresh()
    assert programme.counted().live == 0
    programme.fail(3, batch_id="live-1-b", first_seen_at=START + HOUR)
    assert (programme.counted().rolled, programme.counted().live) == (1, 1)
    programme.agree()
    programme.change(
        sa.update(migration_exceptions)
        .where(_x.exception_id == 1)
        .values(status="fixed", last_seen_at=START + 2 * HOUR)
    )
    assert programme.counted().rolled == 0
    programme.agree()


def test_an_earlier_as_of_does_not_see_what_came_later(programme):
    programme.fail(1)
    programme.fail(2, first_seen_at=START + 2 * HOUR, batch_id="live-1-a")
    programme.fail(3, batch_id="live-1-b")
    programme.refresh()
    earlier = Scope(START - HOUR, START + HOUR, START + HOUR)
    found = programme.counted(scope=earlier)
    assert (found.rolled, found.live) == (1, 1)
    programme.agree(earlier)


def test_a_batch_without_exceptions_any_more_is_forgotten(programme):
    programme.fail(1)
    programme.fail(2, batch_id="live-1-b")
    programme.refresh()
    programme.change(sa.delete(migration_exceptions).where(_x.exception_id == 2))
    assert programme.refresh() == Refreshed(built=0, gone=1, exceptions=0)
    with programme.own.connect() as connection:
        for table in (rollup_exception_batches, rollup_exception_counts):
            assert set(connection.scalars(sa.select(table.c.batch_id))) == {"live-1-a"}


def test_a_source_without_exceptions_is_no_fault(programme):
    programme.fail(1)
    programme.refresh()
    programme.change(sa.text("DROP TABLE migration_exceptions"))
    assert programme.refresh() == Refreshed(built=0, gone=1, exceptions=0)


@pytest.mark.parametrize("fault", ["no tables", "another source", "nobody refreshed"])
def test_without_usable_roll_ups_the_source_answers(programme, fault):
    programme.fail(1)
    if fault != "nobody refreshed":
        programme.refresh()
    if fault == "no tables":
        programme.change(
            sa.text(
                "DROP TABLE plumbline.rollup_exception_batches, plumbline.rollup_exception_counts"
            )
        )
    if fault == "another source":
        programme.change(sa.text("UPDATE plumbline.rollup_origin SET identity = 'other'"))
    found = programme.counted()
    assert (found.rolled, found.live, found.counted_at) == (0, 2, None)
    programme.agree()


def test_ids_may_be_numbers(programme):
    programme.change(
        sa.text(
            "ALTER TABLE migration_exceptions ALTER COLUMN batch_id TYPE bigint USING 1;"
            "ALTER TABLE migration_batches ALTER COLUMN batch_id TYPE bigint "
            "USING abs(hashtext(batch_id))"
        )
    )
    programme.change(
        sa.text(
            "UPDATE migration_batches SET batch_id = 7 WHERE batch_id = "
            "(SELECT min(batch_id) FROM migration_batches WHERE run_id = 'live-1')"
        )
    )
    programme.fail(1, batch_id=7)
    programme.refresh()
    assert programme.counted().rolled == 1
    ((row,),) = (found.batches for found in programme.rolled(*COUNTS_OF_LIVE))
    assert (row.value, row.exceptions) == ("7", 1)
    (totals,) = programme.rolled(exceptions_report.per_batch, ("7",))
    assert totals.exceptions == 1


def test_a_record_that_failed_twice_is_one_record(programme):
    programme.fail(1, key="same", status="fixed")
    programme.fail(2, key="same", field="name")
    programme.fail(3, key="other", status="waived")
    with programme.source.connect() as connection:
        (row,) = ask(connection, batch_totals(), BatchTotals).rows
    assert (row.exceptions, row.records, row.open_exceptions, row.open_records) == (3, 2, 1, 1)


def test_the_page_says_as_of_when_it_counts():
    word = rolled_exceptions.CountedAt
    assert "now" in counted_words(word(0, 3, None))
    assert "as of" in counted_words(word(3, 0, NOW))
    assert counted_words(word(3, 1, NOW)).endswith("1 batch with news since then is counted now.")
