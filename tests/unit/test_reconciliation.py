"""Runs that close, batches that need attention, and the evidence made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gates.evidence import Evidence
from components.reconciliation.assess import (
    LATE_AFTER,
    Flag,
    Run,
    closing_difference,
    latest,
    runs,
)
from components.reconciliation.assess_evidence import answer, evidence, exception_evidence
from components.reconciliation.assess_totals import totals
from components.reconciliation.figures import steps, waterfall, waterfall_alt
from components.reconciliation.tables import batch_frame, run_frame
from queries.migration_rows import BatchRow, ExceptionRow

START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(**changes) -> BatchRow:
    """A batch of 100 records that closes."""
    values = {
        "batch_id": "b",
        "attempt": 1,
        "attempts": 1,
        "completed_attempts": 1,
        "run_id": "live-1",
        "run_kind": "live",
        "run_number": 4,
        "source_system": "PENSYS",
        "target_table": "rise.members",
        "started_at": START,
        "finished_at": START + HOUR,
        "first_started_at": START,
        "first_finished_at": START + HOUR,
        "extracted": 100,
        "loaded": 90,
        "rejected": 6,
        "filtered": 4,
        "filter_rule": "test members",
        "status": "completed",
        "closing_difference": 0,
        **changes,
    }
    return BatchRow(**values)


def run_of(*rows: BatchRow) -> Run:
    (run,) = runs(rows)
    return run


def mock(**changes) -> BatchRow:
    return row(**{"run_id": "mock-1", "run_kind": "mock", "run_number": 1, **changes})


def exceptions(**changes) -> ExceptionRow:
    values = {
        "run_id": "live-1",
        "run_kind": "live",
        "run_number": 4,
        "exceptions": 9,
        "open_exceptions": 3,
        "records": 8,
        "open_records": 2,
        "newest_at": START + 3 * HOUR,
        **changes,
    }
    return ExceptionRow(**values)


def by_metric(found: tuple[Evidence, ...]) -> dict[str, Evidence]:
    return {item.metric: item for item in found}


count = st.integers(min_value=0, max_value=10**15)


@given(st.lists(st.tuples(count, count, count, count), min_size=1, max_size=8))
def test_every_record_is_somewhere(counts):
    """Property: the sums and the rest always add up to what was extracted, exactly."""
    rows = [
        row(batch_id=str(n), extracted=e, loaded=a, rejected=r, filtered=f)
        for n, (e, a, r, f) in enumerate(counts)
    ]
    run = run_of(*rows)
    assert run.extracted == run.loaded + run.rejected + run.filtered + run.unaccounted
    assert abs(run.unaccounted) <= run.gross
    assert {batch.row.batch_id for batch in run.unbalanced} == {
        one.batch_id for one in rows if closing_difference(one) != 0
    }
    assert (run.gross == 0) == (not run.unbalanced)


@given(count, count, count, count)
def test_the_waterfall_closes_exactly_when_the_run_does(extracted, loaded, rejected, filtered):
    run = run_of(row(extracted=extracted, loaded=loaded, rejected=rejected, filtered=filtered))
    _, _, filtered_step, loaded_step, rest = steps(run)
    gap = filtered_step.begin - (loaded_step.begin + loaded_step.length)
    assert gap == run.unaccounted
    assert rest.length == abs(gap)


def test_two_batches_that_cancel_out_are_both_found():
    run = run_of(row(batch_id="a", loaded=80), row(batch_id="b", loaded=100))
    assert run.unaccounted == 0
    assert run.gross == 20
    assert len(run.unbalanced) == 2
    assert "20 of 200 records are unaccounted for; 2 of 2 batches do not close" in answer(run, None)


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, ()),
        ({"loaded": 89}, (Flag.UNBALANCED,)),
        ({"loaded": 91}, (Flag.UNBALANCED,)),
        ({"filter_rule": None}, (Flag.UNDECLARED,)),
        ({"filter_rule": " "}, (Flag.UNDECLARED,)),
        ({"filter_rule": None, "filtered": 0, "loaded": 94}, ()),
        ({"status": "failed"}, (Flag.FAILED,)),
        ({"status": "partial"}, (Flag.PARTIAL,)),
        ({"attempts": 2, "completed_attempts": 2}, (Flag.REPEATED,)),
        ({"attempts": 2, "completed_attempts": 1}, ()),
        ({"status": "running", "finished_at": None, "loaded": 3}, (Flag.RUNNING,)),
    ],
)
def test_each_fault_has_its_flag(changes, flags):
    assert run_of(row(**changes)).batches[0].flags == flags


@pytest.mark.parametrize(("behind", "late"), [(LATE_AFTER, False), (LATE_AFTER + HOUR, True)])
def test_late_is_measured_against_earlier_runs_from_their_start(behind, late):
    earlier = mock(
        first_started_at=START - timedelta(days=30),
        first_finished_at=START - timedelta(days=30) + HOUR,
    )
    now = row(first_finished_at=START + HOUR + behind)
    (_, live) = runs([earlier, now])
    assert bool(live.having(Flag.LATE)) is late


def test_without_an_earlier_run_nothing_is_late():
    assert not run_of(row(first_finished_at=START + 900 * HOUR)).having(Flag.LATE)


def test_a_repeated_load_is_not_called_late():
    again = row(attempts=2, finished_at=START + 90 * HOUR, completed_attempts=2)
    (_, live) = runs([mock(), again])
    assert live.batches[0].flags == (Flag.REPEATED,)


def test_the_latest_live_run_decides_and_before_any_the_latest_mock():
    mocks = [mock(), mock(run_id="mock-2", run_number=2)]
    decisive = latest(runs(mocks))
    assert decisive is not None
    assert decisive.id == "mock-2"
    later_mock = mock(run_id="mock-9", run_number=9)
    decisive = latest(runs([*mocks, row(), later_mock]))
    assert decisive is not None
    assert decisive.id == "live-1"
    assert latest(()) is None


def test_batches_that_need_attention_come_first():
    run = run_of(
        row(batch_id="fine"),
        row(batch_id="late", status="partial"),
        row(batch_id="small", loaded=89),
        row(batch_id="large", loaded=10),
    )
    assert [batch.row.batch_id for batch in run.batches] == ["large", "small", "late", "fine"]


def test_evidence_counts_each_fault_over_the_run():
    run = run_of(
        row(batch_id="a", loaded=80),
        row(batch_id="b", status="partial"),
        row(batch_id="c", status="failed"),
        row(batch_id="d", attempts=2, completed_attempts=2),
        row(batch_id="e"),
    )
    found = by_metric(evidence(run, totals(()), exceptions(records=30)))
    assert (found["batches.unbalanced"].value, found["batches.unbalanced"].n) == (1, 5)
    assert found["batches.incomplete"].value == 2
    assert found["batches.repeated"].value == 1
    assert found["batches.late"].value == 0
    assert found["exceptions.open_rate"].value == 2 / 500
    assert found["exceptions.open_rate"].n == 500
    assert found["batches.unbalanced"].measured_at == START + HOUR


def test_without_any_run_there_is_no_evidence():
    assert evidence(None, totals(()), None) == ()


def test_batches_without_control_totals_are_unscored_and_never_zero():
    found = by_metric(evidence(run_of(row()), totals(()), None))["control_totals.differing"]
    assert found.value is None
    assert (found.n, found.n_unscored) == (0, 1)


def test_rejects_without_an_exception_are_open():
    """A record that was refused and of which nobody says more is in doubt."""
    found = exception_evidence(run_of(row()), exceptions(records=2, open_records=0))
    assert found.value == 4 / 100
    assert "4 of these are rejected without one" in found.sentence


def test_fewer_batches_alone_are_not_absent_ones():
    """A pipeline may cut its batches anew; what lacks records lacks them."""
    before = [mock(batch_id=f"m{n}") for n in range(4)]
    one = row(loaded=330, extracted=340)
    assert runs([*before, one])[-1].absent == ()
    assert runs([*before, replace(one, loaded=300)])[-1].absent_batches == 3
    assert runs([*before, replace(one, loaded=300, status="running")])[-1].absent == ()
    said = answer(runs([*before, replace(one, target_table="rise.other")])[-1], None)
    assert "4 of PENSYS into rise.members are absent that mock-1 had" in said


def test_no_extracted_record_gives_no_rate():
    empty = run_of(row(extracted=0, loaded=0, rejected=0, filtered=0))
    assert exception_evidence(empty, exceptions()).value is None


def test_a_running_batch_is_said_and_its_counts_are_left_out():
    run = run_of(row(), row(batch_id="c", status="running", finished_at=None, loaded=0))
    assert run.extracted == 100
    assert all(item.running for item in evidence(run, totals(()), exceptions()))


def test_a_run_in_which_nothing_has_ended_says_so():
    run = run_of(row(status="running", finished_at=None))
    assert "none of its 1 batches has ended yet" in answer(run, None)


def test_words_and_figure_hold_the_numbers():
    run = run_of(row(loaded=80))
    assert waterfall_alt(run).endswith("10 are unaccounted for.")
    assert list(waterfall(run).data[0].text) == ["100", "−6", "−4", "80", "10"]


def test_frames_have_a_row_for_each_batch_and_run():
    found = runs([mock(), row(loaded=80)])
    assert list(batch_frame(found[1].batches)["State"]) == ["✕ does not close"]
    frame = run_frame(found, {"live-1": exceptions()})
    assert list(frame["Run"]) == ["Mock conversion mock-1", "Live load live-1"]
    assert list(frame["Records with an open exception"]) == ["–", "2 of 100 (2%)"]
