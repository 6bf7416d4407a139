"""What the pipeline hands to judgement: no input without data may look like a measurement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from components.gates.assess import evaluate
from components.gates.policy import load_policy
from components.gates.status import Status
from components.pipeline import assess
from queries.audit_rows import CorrectnessRow, PairRow, PulseRow, SnapshotRow
from queries.scope import Scope

NOW = datetime(2026, 10, 4, tzinfo=UTC)
NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
DAY = date(2026, 10, 3)
LAST_28_DAYS = Scope(NOW - timedelta(days=28), NOW, NOW)


def _by_metric(evidence):
    return {item.metric: item for item in evidence}


def _pulse(**counts):
    names = PulseRow.__dataclass_fields__
    zeros = dict.fromkeys((name for name in names if name not in ("day", "newest")), 0)
    return PulseRow(day=DAY, newest=NOON, **(zeros | counts))


def _everything(snapshots=(), pulse=(), correctness=(), pairs=(), calls=0):
    firing = assess.firing(pulse)
    return (
        *assess.snapshot_evidence(assess.snapshots(snapshots)),
        *assess.day_evidence(assess.days(pulse, LAST_28_DAYS), firing),
        *assess.firing_evidence(firing),
        *assess.latency_evidence(assess.latency(()), firing),
        *assess.correctness_evidence(assess.correctness(correctness), calls),
        *assess.environment_evidence(assess.environments(pairs)),
    )


def test_without_rows_every_gate_says_no_data():
    evidence = _everything()
    assert {item.value for item in evidence} == {None}
    judged = evaluate(load_policy(None), evidence, now=NOW)
    metrics = {item.metric for item in evidence}
    own = [gate for gate in judged.gates if gate.requirement.metric in metrics]
    assert len(own) == len(metrics)
    assert {gate.status for gate in own} == {Status.NO_DATA}


def test_predictions_that_nobody_can_judge_are_no_clean_bill():
    found = _by_metric(_everything(pulse=[_pulse(n=900, comparable=900, unjudged=900)]))
    assert found["llm.missed"].value is None
    assert found["llm.missed"].n_unscored == 900


def test_one_missing_snapshot_in_a_million_fails():
    states = {"ml": "in_force", "llm": "not_needed", "config": "in_force"}
    rows = [
        SnapshotRow(DAY, None, None, "in_force", n=999_999, newest=NOON, **states),
        SnapshotRow(DAY, "water", "Hill", "missing", n=1, newest=NOON, **states),
    ]
    judged = evaluate(load_policy(None), _everything(snapshots=rows), now=NOW)
    gate = next(g for g in judged.gates if g.requirement.metric == "audit.snapshot_completeness")
    assert gate.status is Status.FAIL
    assert "in Hill on 3 Oct 2026" in gate.evidence.sentence


def test_the_llm_is_judged_by_effective_reviews():
    row = CorrectnessRow(
        trigger="disagreement",
        layer="llm",
        n=3,
        correct=2,
        weighted_n=2,
        w=11.0,
        ww=101.0,
        w_correct=1.0,
        ww_correct=1.0,
        capped=0,
        newest_review=NOON,
    )
    found = _by_metric(_everything(correctness=[row], calls=11))["llm.correctness"]
    assert found.value == 1 / 11
    assert found.n == 1  # (1 + 10)² / (1 + 100) = 1.19…
    assert found.measured_at == NOON

    for calls in (8, 23):  # 11 tickets stand for neither of them
        assert (
            _by_metric(_everything(correctness=[row], calls=calls))["llm.correctness"].value is None
        )


def test_days_without_records_are_counted_where_their_weekday_has_them():
    def made(place, n=40):
        return replace(_pulse(n=n), day=DAY - timedelta(days=place))

    weekdays = [made(n) for n in range(28) if (DAY - timedelta(days=n)).weekday() < 5]
    whole = assess.days(weekdays, LAST_28_DAYS)
    assert (len(whole.missing), whole.n) == (0, 27)  # from the first working day on
    gone = assess.days([*weekdays[:3], made(5, n=3), *weekdays[9:]], LAST_28_DAYS)
    assert len(gone.missing) == 6
    assert assess.days(weekdays[:6], LAST_28_DAYS).n == 9
    few = assess.days([made(n, n=19) for n in range(0, 28, 3)], LAST_28_DAYS)
    assert (few.n, few.missing) == (0, ())


def test_pairs_under_other_versions_are_not_counted_against_the_environments():
    rows = [
        PairRow("water", True, True, 0, 99, NOON),
        PairRow("water", True, None, None, 1, NOON),
        PairRow("water", False, False, 40, 50, NOON),
    ]
    found = _by_metric(_everything(pairs=rows))["environments.decision_agreement"]
    assert (found.value, found.n) == (0.99, 100)


def test_a_striking_difference_between_naive_and_weighted_is_flagged():
    def row(correct, w_correct):
        return CorrectnessRow(
            "disagreement", "llm", 1000, correct, 1000, 10_000.0, 150_000.0, w_correct,
            w_correct * 15, 0, NOON,
        )  # fmt: skip

    (same,) = assess.correctness([row(700, 7_000.0)]).where_asked
    (other,) = assess.correctness([row(700, 8_000.0)]).where_asked
    assert not same.striking
    assert other.striking
