"""What an explanation says in words, what would turn a decision, and what matters in general."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.explanations import assess, assess_days, assess_global, assess_one
from components.explanations.assess_evidence import candidate_evidence, evidence
from components.gates.policy_explanations import ExplanationPolicy
from queries.explanation_candidates import CandidateRow
from queries.explanation_rows import CoverRow, ExplanationRow, NearRow, ResultRow

DAY = date(2026, 10, 5)  # a Monday
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def row(values: dict[str, float], base: float = -1.0, **changes: Any) -> ExplanationRow:
    given = ExplanationRow(
        prediction_id=1,
        scored_at=NOW,
        model_version="m",
        method="tree_path_dependent",
        output_space="log_odds",
        base_value=base,
        shap_values=values,
        library_version="x",
        environment="production",
        features=dict.fromkeys(values, 1),
        ml_score=assess_one.risk(base + sum(values.values())),
        ml_decision="standard",
    )
    return replace(given, **changes)


def result(day: date = DAY, version: str = "m", **changes: Any) -> ResultRow:
    given = ResultRow(
        day=day,
        model_version=version,
        explained=300,
        verified=300,
        mismatched=0,
        reasons={},
        detail="",
        digest="d",
        largest_gap=1e-7,
        attribution_micro={"a": 600_000, "b": 300_000, "c": 100_000},
        pairs=10,
        alike=9,
        newest_at=NOW,
        attested_at=NOW,
    )
    return replace(given, **changes)


@given(
    st.lists(st.floats(-8, 8), min_size=1, max_size=30),
    st.floats(-6, 6),
)
def test_the_steps_lead_from_the_average_ticket_to_this_one(values, base):
    found = assess_one.waterfall(row({f"f{n}": v for n, v in enumerate(values)}, base))

    assert found is not None
    assert len(found.steps) <= assess_one.SHOWN + 1
    assert found.base + sum(step.size for step in found.steps) == pytest.approx(found.total)
    assert found.total == pytest.approx(assess_one.risk(base + sum(values)), abs=1e-9)
    assert found.agrees


def test_log_odds_become_risk_and_the_sentence_says_so():
    found = assess_one.waterfall(
        row({"after_hours": log(3), "rain_mm": -0.0001}, base=0.0, features={"after_hours": True})
    )

    assert found is not None
    assert assess_one.sentence(found) == (
        "The model puts the risk at 0.750, an average ticket's is 0.500: "
        "after hours: yes raised the risk by 0.250."
    )


def test_another_output_space_is_not_told_as_risk():
    assert assess_one.waterfall(row({"a": 0.1}, output_space="probability")) is None


def test_a_recorded_score_that_differs_is_said():
    found = assess_one.waterfall(row({"a": 0.1}, ml_score=0.9))

    assert found is not None
    assert found.agrees is False


def test_features_stand_beside_the_usual():
    usual = [{"depth": n, "kind": "leak" if n else "tree"} for n in range(100)]
    found = assess_one.feature_values(
        row({"depth": 0.1, "kind": -0.5}, features={"depth": 99, "kind": "tree"}), (), usual
    )

    assert [(item.feature, item.usual, item.unusual) for item in found] == [
        ("kind", "tree in 1%", True),
        ("depth", "4.95 to 94.05", True),
    ]


def test_the_smallest_turning_change_of_each_feature_is_found():
    kinds = np.array([False, True])
    matrix = np.array([[n, n % 2] for n in range(101)], dtype=float)
    own = np.array([20.0, 0.0])
    tried = assess_one.trials(own, matrix, kinds)
    scores = [0.6 if t.value >= 60 or t.place == 1 else 0.2 for t in tried]

    found = assess_one.flips(own, tried, scores, 0.2, 0.5, assess.spread(matrix), kinds)

    assert all(5 <= t.value <= 95 for t in tried if t.place == 0)
    assert [(t.place, size) for t, _, size in found] == [
        (0, pytest.approx((found[0][0].value - 20) / 90)),
        (1, 1.0),
    ]
    assert 60 <= found[0][0].value < 65


def test_the_nearest_tickets_come_first():
    kinds = np.array([False, True])
    matrix = np.array([[0.0, 1], [5.0, 1], [np.nan, 1], [5.1, 0], [10.0, 0]])
    near = [NearRow(n, NOW, {}, 0.5, "standard") for n in range(5)]

    found = assess_one.neighbours(np.array([5.0, 1]), matrix, near, ["depth", "kind"], kinds)

    assert [one.row.prediction_id for one in found][:2] == [1, 0]
    assert found[0].distance == 0
    assert found[0].differs == ()
    assert found[-1].differs == ("kind", "depth")


def test_near_identical_tickets_with_other_reasons_are_counted():
    matrix = np.array([[1.0, 0], [1.01, 0], [50, 0], [50.01, 0], [99, 1], [0, 1]])
    stored = np.array(
        [[9, 8, 7, 0, 0, 0], [9, 8, 0, 7, 0, 0], [9, 8, 7, 0, 0, 0], [0, 0, 7, 8, 9, 0],
         [9, 8, 7, 0, 0, 0], [9, 8, 7, 0, 0, 0]], dtype=float
    )  # fmt: skip

    assert assess.alike(matrix, np.array([False, True]), stored) == (4, 2)


def test_importance_adds_up_over_days():
    items, explained = assess_global.importance([result(), result(DAY + timedelta(days=1))])

    assert explained == 600
    assert [(item.feature, item.share) for item in items] == [
        ("a", pytest.approx(0.6)), ("b", pytest.approx(0.3)), ("c", pytest.approx(0.1))
    ]  # fmt: skip
    assert items[0].mean == pytest.approx(1.2 / 600)


MOVED = {"a": 400_000, "b": 500_000, "c": 100_000}
RETRAINED = {"a": 550_000, "b": 350_000, "c": 100_000}


def test_a_week_is_judged_against_what_retraining_moves():
    policy = ExplanationPolicy(top_features=2)
    week = timedelta(days=7)
    before = result(DAY - week, "m-0", attribution_micro=RETRAINED)
    rows = [result(), result(DAY + week), result(DAY + 2 * week, attribution_micro=MOVED)]

    found = assess_global.weekly(rows, [before, *rows[:2]], policy)

    assert found.top == ("a", "b")
    assert found.floor == pytest.approx(0.05)
    assert [(w.change, w.beyond) for w in found.weeks] == [
        (None, False),
        (pytest.approx(0), False),
        (pytest.approx(0.2), True),
    ]


def test_without_a_retraining_no_week_is_judged():
    rows = [result(), result(DAY + timedelta(days=7), attribution_micro=MOVED)]

    found = assess_global.weekly(rows, rows, ExplanationPolicy())

    assert found.floor is None
    assert not any(week.beyond for week in found.weeks)


def test_named_features_are_added_up():
    policy = ExplanationPolicy(forbidden=("c",), proxies=("b", "gone"))

    found = assess_global.named([result()], policy)

    assert found.forbidden == pytest.approx(0.1)
    assert found.proxies == pytest.approx(0.3)
    assert [item.share for item in found.features][2] is None
    said = assess_global.named_sentence(found)
    assert "Forbidden features carry 10.00%" in said
    assert "30.0%, more than the 10% allowed" in said


def test_a_feature_is_named_once():
    with pytest.raises(ValueError, match="both forbidden and a proxy"):
        ExplanationPolicy(forbidden=("a",), proxies=("a",))


def test_evidence_says_what_was_verified_and_what_could_not_be():
    rows = [
        result(verified=290, mismatched=2, reasons={"model_refused": 8}),
        result(DAY + timedelta(days=1)),
    ]
    cover = [CoverRow(DAY, 400, 300, NOW, NOW)]

    found = {one.metric: one for one in evidence(rows, cover)}

    exact = found["explanations.verified"]
    assert (exact.n, exact.n_unscored) == (592, 8)
    assert exact.value == 590 / 592
    assert "8 could not be recomputed: the model's file failed its verification" in exact.sentence
    assert found["explanations.coverage"].value == 0.75
    assert found["explanations.top_features_stability"].n == 20


def test_a_candidate_is_verified_by_its_scores():
    rows = [
        CandidateRow("c-1", DAY, 299, 1, 0, 50, "", NOW),
        CandidateRow("c-1", DAY + timedelta(days=1), 100, 0, 7, 50, "", NOW),
    ]

    found = candidate_evidence("c-1", rows)

    assert (found.candidate, found.value, found.n, found.n_unscored) == ("c-1", 399 / 400, 400, 7)
    assert "399 of 400 scores that c-1 gave in the shadow" in found.sentence


def test_a_candidate_whose_file_is_refused_is_no_number_and_says_why():
    found = candidate_evidence("c-1", [CandidateRow("c-1", DAY, 0, 0, 9, 0, "it is revoked.", NOW)])

    assert (found.value, found.n, found.n_unscored) == (None, 0, 9)
    assert found.sentence.endswith("could be recomputed: it is revoked.")


def test_nothing_recomputed_is_no_number():
    row = result(verified=0, explained=300, reasons={"model_gone": 300}, pairs=0, alike=0)

    (found,) = evidence([row], [])

    assert found.value is None
    assert (found.n, found.n_unscored) == (0, 300)
    assert evidence([], []) == ()


def test_a_long_period_is_shown_in_weeks():
    days = [DAY + timedelta(days=n) for n in range(120)]
    found = assess_days.attestation([result(day, mismatched=1) for day in days], [])

    assert found.weekly
    assert found.periods[0].start == DAY
    assert found.periods[0].mismatched == 7
    assert "120 are not" in assess_days.sentence(found)
