"""Exceptions counted, grouped and told from noise: known answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.exceptions import assess, assess_origins, assess_rates, figures
from components.exceptions.assess import Dimension
from components.exceptions.cause_kinds import CauseKind
from components.reconciliation.assess import runs
from queries.exceptions_rows import Counted, CountRow, PartRow
from queries.migration_rows import BatchRow

START = datetime(2026, 10, 1, tzinfo=UTC)


def row(**changes) -> CountRow:
    usual = {
        "batch_id": "b1",
        "table_name": "members",
        "source_system": "EAST",
        "field": "date_of_birth",
        "cause": "date_part_swap",
        "signature": "",
        "severity": "critical",
        "exceptions": 10,
    }
    values = {**usual, **changes}
    return CountRow(**{"open_exceptions": values["exceptions"], **values})


def counted(*rows: CountRow) -> Counted:
    """The rows as a whole run, every open one of which lies in one batch."""
    every, still_open = sum(r.exceptions for r in rows), sum(r.open_exceptions for r in rows)
    statuses = (PartRow("open", still_open, still_open), PartRow("fixed", every - still_open, 0))
    return Counted(rows, (PartRow("b1", every, still_open),), statuses)


def batch(place: int, *, run: int = 1, extracted: int = 10_000, **changes) -> BatchRow:
    begun = START + timedelta(days=30 * run, hours=place)
    usual = {
        "batch_id": f"r{run}-{place:03d}",
        "attempt": 1,
        "attempts": 1,
        "completed_attempts": 1,
        "run_id": f"run-{run}",
        "run_kind": "mock",
        "run_number": run,
        "source_system": "EAST",
        "target_table": "members",
        "started_at": begun,
        "finished_at": begun + timedelta(minutes=30),
        "first_started_at": begun,
        "first_finished_at": begun + timedelta(minutes=30),
        "extracted": extracted,
        "loaded": extracted,
        "rejected": 0,
        "filtered": 0,
        "filter_rule": None,
        "status": "completed",
        "closing_difference": 0,
    }
    return BatchRow(**{**usual, **changes})


def rates_of(counts: list[int]) -> assess_rates.Rates:
    rows = [batch(place) for place in range(len(counts))]
    run = runs(rows)[0]
    shown = assess_rates.candidates(rows, run, "members")
    numbers = {each.batch_id: (n, 0) for each, n in zip(shown, counts, strict=True)}
    return assess_rates.rates(shown, numbers, run, "members")


def test_totals_count_what_is_open_by_severity():
    found = assess.total(
        counted(row(), row(open_exceptions=0, exceptions=5), row(severity="minor", exceptions=2))
    )
    assert (found.exceptions, found.open, found.critical_open) == (17, 12, 10)
    assert found.open_by_severity == {"critical": 10, "minor": 2}


def test_a_breakdown_keeps_every_exception():
    found = counted(
        row(), row(cause=None, field=None, batch_id=None, source_system=None, exceptions=3)
    )
    for dimension in Dimension:
        parts = assess.breakdown(found, dimension)
        assert sum(part.exceptions for part in parts) == 13
        assert sum(part.open for part in parts) == 13
    assert {(part.label, part.value) for part in assess.breakdown(found, Dimension.FIELD)} == {
        ("date_of_birth", "date_of_birth"),
        (assess.WHOLE_RECORD, None),
    }


def test_severities_stand_gravest_first_however_many_there_are():
    found = counted(row(severity="minor", exceptions=99), row(severity="critical", exceptions=1))
    labels = [part.label for part in assess.breakdown(found, Dimension.SEVERITY)]
    assert labels == ["Critical", "Minor"]


def test_open_defects_come_before_larger_ones_that_are_fixed():
    fixed = row(field="status", cause="code_mapping", open_exceptions=0, exceptions=500)
    first, second = assess.defects(counted(row(), fixed))
    assert (first.defect.cause, first.open) == (CauseKind.DATE_PART_SWAP, 10)
    assert (second.defect.count, second.open) == (500, 0)
    assert first.defect.batch == "b1"


def test_a_defect_lies_in_a_batch_only_if_nearly_all_of_it_does():
    for elsewhere, batch in ((0, "b1"), (1, "b1"), (2, None), (500, None)):
        rows = (row(exceptions=20), row(batch_id=None, exceptions=elsewhere))
        (found,) = assess.defects(counted(*rows))
        assert found.defect.batch == batch


def test_a_word_that_is_no_cause_class_is_kept_and_never_fails():
    found = counted(row(cause="cosmic_rays", exceptions=4), row(cause=None, exceptions=4))
    assert assess.cause_label("cosmic_rays") == "Cosmic rays"
    assert sum(each.defect.count for each in assess.defects(found)) == 8


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "run has no exceptions."),
        (
            [row(open_exceptions=0)],
            "All 10 exceptions of run are dealt with: none is open.",
        ),
        (
            [row(), row(open_exceptions=0, exceptions=5)],
            "10 of 15 exceptions of run are open, 10 of them critical; one defect explains them "
            "all: date_of_birth, date-part swap, batch b1.",
        ),
    ],
)
def test_the_answer_in_one_sentence(rows, sentence):
    found = assess.defects(counted(*rows))
    total = assess.total(counted(*rows))
    assert assess.answer("run", total, found[0] if found else None) == sentence


def test_what_only_one_origin_knows_comes_first():
    reported = [row(table_name="rise.Members"), row(field="status", exceptions=3)]
    recounted = [row(), row(field="family_name", exceptions=64)]
    found = assess_origins.beside(reported, recounted)
    assert [(each.field, each.reported, each.recounted) for each in found] == [
        ("family_name", 0, 64),
        ("status", 3, 0),
        ("date_of_birth", 10, 10),
    ]
    assert found[0].words == "only our recount"
    assert found[1].words == "only the pipeline"
    assert assess_origins.disagreement(found) == (
        "Report and recount disagree in 2 fields: 64 differences that the pipeline does not "
        "report and 3 that only the pipeline reports."
    )


def test_tables_that_were_not_recounted_are_no_disagreement():
    assert assess_origins.beside([row(table_name="payments")], [row()])[0].table == "members"


def test_noise_is_called_noise():
    counts = [20, 24, 17, 22, 19, 25, 18, 21, 23, 20, 16, 22]
    found = rates_of(counts)
    assert found.above == ()
    assert found.sentence.startswith("Noise: none of the 12 batches")


def test_a_shift_is_found_and_its_batch_named():
    counts = [20, 24, 17, 22, 19, 25, 18, 21, 23, 20, 16, 220]
    found = rates_of(counts)
    assert found.above == (11,)
    assert found.sentence.startswith("A shift, not noise: 1 of the 12 batches")
    assert "r1-011" in found.sentence


def test_a_shift_in_an_earlier_run_is_not_laid_at_this_one():
    rows = [batch(place) for place in range(12)] + [batch(place, run=2) for place in range(12)]
    late = runs(rows)[1]
    shown = assess_rates.candidates(rows, late, "members")
    numbers = {each.batch_id: (20 + place % 3, 0) for place, each in enumerate(shown)}
    numbers["r1-005"] = (400, 0)
    assert assess_rates.rates(shown, numbers, late, "members").above == ()


def test_a_batch_with_more_exceptions_than_records_has_no_limits():
    rows = [batch(0, extracted=5), batch(1)]
    found = assess_rates.rates(rows, {"r1-000": (9, 9)}, runs(rows)[0], "members")
    assert found.control is None
    assert "no limits" in found.sentence
    assert len(figures.rate_frame(found)) == 2


def test_empty_running_and_later_batches_are_not_charted():
    rows = [
        batch(0),
        batch(1, extracted=0),
        batch(2, status="running", finished_at=None),
        batch(0, run=2),
        batch(3, target_table="payments"),
    ]
    shown = assess_rates.candidates(rows, runs(rows)[0], "members")
    assert [each.batch_id for each in shown] == ["r1-000"]


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=80))
def test_a_chart_never_fails_and_never_grows_beyond_its_bound(counts):
    rows = [batch(place) for place in range(len(counts))]
    run = runs(rows)[0]
    shown = assess_rates.candidates(rows, run, "members")
    numbers = {each.batch_id: (n, 0) for each, n in zip(rows, counts, strict=True)}
    found = assess_rates.rates(shown, numbers, run, "members")
    assert len(found.batches) == min(len(counts), assess_rates.MOST_BATCHES)
    assert len(figures.rate_chart(found, 0.001).data) == 4
    assert found.sentence in figures.rate_alt(found)
