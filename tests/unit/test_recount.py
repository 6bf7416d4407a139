"""The recount beside the pipeline: which contradictions count, and what goes to the gates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from components.gates.evidence import Evidence
from components.reconciliation.assess import Run, runs
from components.reconciliation.comparison import Comparison, Measure, agreeing
from components.reconciliation.critical_fields import still_critical
from components.reconciliation.recount import Recount, recount
from components.reconciliation.recount_evidence import evidence, reported
from components.reconciliation.recount_pipeline import pace, rehearsals
from queries.migration_rows import BatchRow
from queries.reconciliation_results import FieldRow, FoundRow, RunRow
from queries.recount import BlockedRun, ReportedField

LOADED = datetime(2026, 11, 1, 3, tzinfo=UTC)
RECOUNTED = LOADED + timedelta(hours=6)
BATCH = "live-1-members"


def batch(
    *, loaded: int = 1000, run: int = 4, kind: str = "live", seconds: int = 100, **changes: object
) -> BatchRow:
    name = f"{kind}-{run}"
    values: dict[str, object] = {
        "batch_id": BATCH if run == 4 else f"{name}-members",
        "attempt": 1,
        "attempts": 1,
        "completed_attempts": 1,
        "run_id": name,
        "run_kind": kind,
        "run_number": run,
        "source_system": "PENSYS",
        "target_table": "rise.members",
        "started_at": LOADED - timedelta(seconds=seconds),
        "finished_at": LOADED,
        "first_started_at": LOADED - timedelta(seconds=seconds),
        "first_finished_at": LOADED,
        "extracted": loaded,
        "loaded": loaded,
        "rejected": 0,
        "filtered": 0,
        "filter_rule": None,
        "status": "completed",
        "closing_difference": 0,
    }
    return BatchRow(**{**values, **changes})  # type: ignore[arg-type]


def live(*rows: BatchRow) -> Run:
    return runs(rows or (batch(),))[-1]


def pair(**changes: object) -> RunRow:
    values: dict[str, object] = {
        "run_id": 7,
        "name": "rise",
        "pair": "members",
        "mode": "one database",
        "status": "completed",
        "started_at": RECOUNTED,
        "finished_at": RECOUNTED + timedelta(minutes=1),
        "source_relation": "legacy.members",
        "target_relation": "rise.members",
        "source_filter": None,
        "target_filter": None,
        "source_rows": 1000,
        "target_rows": 1000,
        "source_filtered": 0,
        "target_filtered": 0,
        "buckets": 16,
        "buckets_compared": 16,
        "matched": 1000,
        "exceptions": 0,
    }
    return RunRow(**{**values, **changes})  # type: ignore[arg-type]


def group(kind: str, count: int, field: str | None = None, label: str | None = BATCH) -> FoundRow:
    return FoundRow(7, kind, field, label, count)


def check(mismatched: int, *, compared: int = 1000, critical: bool = False) -> ReportedField:
    coverage = "full" if compared == 1000 else "sample"
    return ReportedField(
        BATCH, "members", "name", 1000, compared, mismatched, coverage, critical, LOADED
    )


def assessed(*groups: FoundRow, checks: tuple[ReportedField, ...] = (), **of: object) -> Recount:
    fields = (FieldRow(7, "members", "name", False, 1000, sum(g.exceptions for g in groups)),)
    found = recount(live(), (pair(**of),), fields, groups, checks)
    assert found is not None
    return found


def by_metric(found: tuple[Evidence, ...]) -> dict[str, Evidence]:
    return {each.metric: each for each in found}


def test_equal_counts_agree() -> None:
    found = assessed(group("differs", 3, "name"), checks=(check(3),))
    assert not found.disagreements
    assert by_metric(evidence(found))["reconciliation.disagreements"].value == 0


def test_what_the_pipeline_does_not_see_is_a_disagreement() -> None:
    found = assessed(group("differs", 3, "name"), checks=(check(0),))
    (wrong,) = found.disagreements
    assert (wrong.field, wrong.counted, wrong.reported) == ("name", 3, 0)


def test_what_only_the_pipeline_reports_is_a_disagreement() -> None:
    assert len(assessed(checks=(check(1),)).disagreements) == 1


def test_a_field_that_the_pipeline_never_checks_disagrees_once_it_differs() -> None:
    assert not assessed().disagreements
    assert len(assessed(group("differs", 1, "name")).disagreements) == 1


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("missing", Measure.MISSING),
        ("lost_copy", Measure.MISSING),
        ("extra", Measure.SURPLUS),
        ("surplus_copy", Measure.SURPLUS),
    ],
)
def test_records_that_the_batches_do_not_account_for(kind: str, measure: Measure) -> None:
    (wrong,) = assessed(group(kind, 9)).disagreements
    assert (wrong.measure, wrong.counted, wrong.reported) == (measure, 9, 0)


def test_records_that_the_pipeline_says_it_lost_agree() -> None:
    run = live(batch(loaded=991, extracted=1000, closing_difference=9))
    found = recount(run, (pair(),), (), (group("missing", 9),), ())
    assert found is not None
    assert not found.disagreements


def test_a_batch_that_the_pipeline_does_not_know() -> None:
    found = assessed(group("extra", 2), group("extra", 1, label="unknown"))
    assert {each.batch for each in found.disagreements} == {BATCH, "unknown"}


def test_without_labels_whole_tables_are_compared() -> None:
    found = assessed(group("differs", 3, "name", label=None), checks=(check(3),))
    assert not found.disagreements
    assert {each.batch for each in found.comparisons} == {None}


def sample(reported: int, counted: int) -> Comparison:
    return Comparison("t", "b", Measure.VALUES, "f", counted, reported, 2302, 11497)


@pytest.mark.parametrize(
    ("reported", "counted", "agrees"),
    [
        (0, 0, True),
        (1, 0, False),
        (5, 25, True),
        (0, 25, False),  # chance 0.0037
        (0, 15, True),  # chance 0.035, two-sided limit 0.025
        (25, 25, False),
        (2303, 5000, False),
    ],
)
def test_a_sample_disagrees_where_chance_does_not_explain_it(
    reported: int, counted: int, agrees: bool
) -> None:
    assert agreeing([sample(0, 0), sample(reported, counted)]) == [True, agrees]


def test_a_recount_from_before_the_load_says_nothing_about_it() -> None:
    found = assessed(group("missing", 9), started_at=LOADED - timedelta(hours=1))
    assert [each.run_id for each in found.outdated] == [7]
    coverage = by_metric(evidence(found))
    assert set(coverage) == {"reconciliation.coverage"}
    assert coverage["reconciliation.coverage"].value == 0


def test_a_table_without_a_recount_is_unscored_in_every_number() -> None:
    other = batch(loaded=500, batch_id="live-1-money", target_table="rise.money")
    found = recount(live(batch(), other), (pair(),), (), (), ())
    assert found is not None
    measured = by_metric(evidence(found))
    assert measured["keys.missing"].n_unscored == 500
    assert measured["reconciliation.coverage"].value == Decimal(1000) / 1500


def test_what_a_filter_left_out_of_the_recount_is_unscored() -> None:
    """Or a comparison of one batch would stand for all of them."""
    measured = by_metric(evidence(assessed(source_rows=400, target_rows=400)))
    assert measured["reconciliation.coverage"].value == Decimal(400) / 1000
    assert measured["keys.missing"].n_unscored == 600
    # Records that are missing were looked for: the other side shows it.
    missing = by_metric(evidence(assessed(group("missing", 600), target_rows=400)))
    assert (missing["reconciliation.coverage"].value, missing["keys.missing"].value) == (1, 600)


def test_a_critical_field_that_the_recount_does_not_compare_is_unscored() -> None:
    fields = (FieldRow(7, "members", "name", True, 1000, 0),)
    for field, unlooked in (("name", 0), ("salary", 1000)):
        checks = (replace(check(0, critical=True), field=field),)
        found = recount(live(), (pair(),), fields, (), checks)
        assert found is not None
        critical = by_metric(evidence(found))["fields.critical_mismatches"]
        assert (critical.n, critical.n_unscored) == (1000, unlooked)


def test_checks_that_contradict_themselves_are_an_error() -> None:
    for wrong in (check(-1), check(1001), replace(check(0), population=10)):
        assert all(each.error for each in reported((check(0), wrong)))


def test_a_check_is_of_everything_only_if_everything_was_compared() -> None:
    half = replace(check(0, compared=500, critical=True), coverage="full")
    assert by_metric(reported((half,)))["fields.critical_mismatches"].n_unscored == 500
    other = by_metric(reported((check(0), replace(check(0, compared=0), field="plan"))))
    assert other["fields.mismatch_rate"].n_unscored == 1000


def test_a_batch_that_nobody_checked_is_unscored() -> None:
    found = by_metric(reported((check(0, critical=True),), {BATCH: 1000, "other": 70}))
    assert found["fields.critical_mismatches"].n_unscored == 70


def test_a_field_stays_critical_and_is_missed_where_it_is_no_longer_checked() -> None:
    former = (check(0, critical=True), replace(check(3, critical=True), field="salary"))
    now = still_critical((check(1),), former)
    critical = by_metric(reported(now))["fields.critical_mismatches"]
    assert (critical.value, critical.n, critical.n_unscored) == (1, 1000, 1000)


def test_keys_and_fields_are_exact() -> None:
    found = assessed(group("surplus_copy", 2), group("missing", 3), group("lost_copy", 1))
    measured = by_metric(evidence(found))
    values = {name: each.value for name, each in measured.items()}
    assert values["keys.duplicate"] == 2
    assert values["keys.missing"] == 4
    assert values["keys.extra"] == 0
    rate = measured["fields.mismatch_rate"]
    assert rate.value == Decimal("0.006")
    assert (rate.low, rate.high) == (None, 0.006)
    assert "fields.critical_mismatches" not in measured


def test_without_a_recount_samples_carry_a_bound() -> None:
    measured = by_metric(reported((check(0, compared=200),)))
    rate = measured["fields.mismatch_rate"]
    assert rate.value == 0
    # 1 − 0.025^(1/200): the exact bound of no failure in 200.
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 200), rel=1e-9)


def test_without_a_recount_what_a_sample_left_out_of_critical_fields_is_unscored() -> None:
    measured = by_metric(reported((check(1, compared=200, critical=True),)))
    critical = measured["fields.critical_mismatches"]
    assert (critical.value, critical.n, critical.n_unscored) == (1, 200, 800)


def test_nothing_recounted_is_nothing() -> None:
    assert recount(live(), (), (), (), ()) is None


def test_loading_that_takes_half_as_long_again() -> None:
    before = batch(run=3, kind="mock", seconds=100)
    everything = runs((before, batch(seconds=150)))
    (found,) = pace(everything[-1], everything)
    assert found.value == Decimal("0.5")


def mock(number: int, **changes: object) -> BatchRow:
    return batch(run=number, kind="mock", **changes)


def clean(*critical: int) -> int | float | Decimal | None:
    rows = [BlockedRun(f"mock-{n}", critical=c > 0) for n, c in enumerate(critical, 1)]
    everything = runs([mock(number) for number in range(1, len(critical) + 1)])
    return rehearsals(everything, rows)[0].value


def test_rehearsals_count_from_the_latest_back() -> None:
    assert clean(1, 0, 0) == 2
    assert clean(0, 0, 1) == 0
    assert clean(0, 0, 0) == 3


def test_a_rehearsal_without_knowledge_of_its_exceptions_is_not_clean() -> None:
    assert rehearsals(runs([mock(1)]), ())[0].value == 0


def test_a_rehearsal_that_did_not_finish_is_not_clean() -> None:
    everything = runs([mock(1), mock(2, status="partial")])
    rows = [BlockedRun(f"mock-{n}", critical=False) for n in (1, 2)]
    assert rehearsals(everything, rows)[0].value == 0


def test_a_table_named_without_its_schema_is_the_same_table() -> None:
    found = recount(live(batch(target_table="members")), (pair(),), (), (), ())
    assert found is not None
    assert found.uncovered == ()
    assert {each.batch for each in found.comparisons} == {BATCH}


def test_tables_of_two_schemas_are_two_tables() -> None:
    found = recount(live(batch(target_table="other.members")), (pair(),), (), (), ())
    assert found is not None
    assert found.uncovered == ("other.members",)
