"""Does the model in service do harm? Judged on reviewed tickets, and said in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from components.artifacts import assess_harm
from components.artifacts.assess_harm import Pairs, Span
from components.artifacts.assess_history import Served
from components.gates.assess import evaluate
from components.gates.policy import load_policy
from components.gates.status import Status

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = NOW - timedelta(days=300)
SERVED = (Served("xgb-3", START - timedelta(days=90), START), Served("xgb-4", START, NOW))


def whole() -> Span:
    found = assess_harm.span(SERVED, "xgb-4", NOW, label_days=7)
    assert found is not None
    return found


def pairs(over: Span, n: int, *, ours: int, other: int, propensity: float | None = 0.3):
    """``n`` reviewed tickets in even steps; of each hundred so many are right for one alone."""
    step = (over.end - over.start) / n
    place = np.arange(n) % 100
    return Pairs(
        np.array([assess_harm.microseconds(over.start + k * step) for k in range(n)]),
        place < ours,
        100 - place <= other,
        np.full(n, propensity if propensity is not None else np.nan),
    )


def status(found: assess_harm.Harm, over: Span) -> Status:
    shown = assess_harm.evidence(assess_harm.ROLLBACK_HARM, found, over)
    gate = evaluate(load_policy(None), (shown,), now=NOW).gate("rollback_harm")
    assert gate is not None
    return gate.status


def test_the_span_is_one_quarter_of_whole_weeks_of_the_present_service():
    over = whole()

    assert over.start == START + over.first * timedelta(days=7)
    assert timedelta(days=84) < over.end - over.start <= timedelta(days=91)
    assert over.end == NOW - timedelta(days=7)
    assert over.week(np.array([assess_harm.microseconds(over.end) - 1])) == over.weeks - 1


def test_a_model_that_never_served_or_whose_labels_are_to_come_has_no_span():
    assert assess_harm.span(SERVED, "lgb-1", NOW, 7) is None
    assert assess_harm.span(SERVED, "xgb-4", START + timedelta(days=5), 7) is None


def test_a_model_that_loses_to_the_way_out_fails_its_gate():
    over = whole()
    found = assess_harm.harm("xgb-3", pairs(over, 20_000, ours=5, other=25), over, cap=300)

    assert found is not None
    assert (found.wins, found.losses) == (1_000, 5_000)
    assert found.e > 20
    assert status(found, over) is Status.FAIL
    said = assess_harm.sentence(found, over)
    assert "xgb-4 was right where xgb-3 would not have been 1,000 times" in said
    assert "more accurate by −20.3 points over the last 28 days" in said


@pytest.mark.parametrize(("ours", "other"), [(10, 10), (25, 5), (0, 0)])
def test_an_equal_or_better_model_passes(ours: int, other: int):
    over = whole()
    found = assess_harm.harm("xgb-3", pairs(over, 20_000, ours=ours, other=other), over, cap=300)

    assert found is not None
    assert found.e < 20
    assert status(found, over) is Status.PASS


def test_few_reviews_are_no_data_and_unknown_chances_are_counted():
    over = whole()
    known = pairs(over, 200, ours=5, other=5)
    unknown = pairs(over, 300, ours=5, other=5, propensity=None)
    columns = (known.at, unknown.at), (known.ours, unknown.ours), (known.other, unknown.other)
    together = Pairs(
        *map(np.concatenate, columns), np.concatenate([known.propensity, unknown.propensity])
    )
    found = assess_harm.harm("xgb-3", together, over, cap=300)

    assert found is not None
    assert (found.reviewed, found.unknown) == (200, 300)
    assert status(found, over) is Status.NO_DATA
    assert assess_harm.harm("xgb-3", unknown, over, cap=300) is None
