"""A short form of the promotion benchmark: what it promises must hold in every build."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks import promotion, promotion_coverage
from tests.benchmarks.promotion_data import Truth, generated

# What chance may add to one in twenty over 300 simulations.
_CHANCE = 2 * (0.05 * 0.95 / 300) ** 0.5


@pytest.mark.parametrize("day_sd", [0.0, 0.1])
def test_sixty_daily_looks_rarely_promote_what_is_at_the_margin(day_sd: float) -> None:
    errors = promotion.sequence_errors(Truth(0.02, 0.03, day_sd), 300, seed=11)
    assert errors.promoted <= 0.05
    assert errors.missed <= 0.05 + _CHANCE


def test_peeking_with_a_test_alarms_and_with_evidence_does_not() -> None:
    tests, evidence, harm = promotion.peeking(300, seed=12)
    assert tests > 0.15
    assert evidence <= 0.05 + _CHANCE
    assert harm <= 0.05 + _CHANCE


def test_good_candidates_are_promoted_and_bad_ones_blocked_in_time() -> None:
    good = promotion.power(Truth(0.03, 0.02), 60, seed=13)
    bad = promotion.power(Truth(0.015, 0.035), 60, seed=14)
    assert good.promoted >= 0.95
    assert good.stopped <= 0.05
    assert bad.blocked >= 0.95
    assert bad.median_stop <= 30


def test_forecasts_hold_what_they_say() -> None:
    told = promotion.foreseen(-0.003, 0.005, 100, seed=15)
    assert told.inside >= 0.7
    assert told.promotes_forecast == pytest.approx(told.promotes, abs=0.15)


def test_weighted_intervals_cover_where_naive_ones_do_not() -> None:
    large = generated(np.random.default_rng(0), 2_000_000)
    rows = promotion_coverage.coverage(generated, 200, seed=16, truth_of=large)
    for row in rows:
        low, high = (limit + side * 0.03 for limit, side in zip((0.93, 0.97), (-1, 1), strict=True))
        assert low <= row.hajek_covers <= high
        if row.aipw_covers is not None:
            assert low <= row.aipw_covers <= high
    accuracy = next(row for row in rows if row.what == "accuracy")
    assert accuracy.naive_covers == 0
    assert accuracy.aipw == pytest.approx(accuracy.truth, abs=0.004)
