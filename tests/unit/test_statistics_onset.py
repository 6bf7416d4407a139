"""Evidence of harm that may begin in any week: fair, and found where a good start hides it."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from components.statistics.onset import onset_evidence
from components.statistics.weighted_evidence import weighted_evidence
from queries.errors import InvalidInputError

CAP = 100.0
WEEKS = 26


def reviews(
    rng: np.random.Generator, better: np.ndarray, a_week: int = 400
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Disagreements of weeks; ``better``: the chance, week by week, that ours is right."""
    week = np.repeat(np.arange(better.size), a_week)
    chance = np.where(rng.random(week.size) < 0.3, 0.3, 0.03)
    value = np.where(rng.random(week.size) < better[week], 1.0, -1.0)
    seen = rng.random(week.size) < chance
    return week[seen], value[seen], chance[seen]


def test_a_model_that_turned_bad_is_found_although_it_was_good_for_months() -> None:
    better = np.where(np.arange(WEEKS) < WEEKS - 4, 0.75, 0.2)
    week, value, chance = reviews(np.random.default_rng(5), better, 1_500)
    whole = weighted_evidence(week, value, chance, days=WEEKS, cap=CAP)[-1].log_e_harm
    assert whole < log(20)  # its good months hide it
    assert onset_evidence(week, value, chance, weeks=WEEKS, cap=CAP) > log(20)


def test_looking_every_week_at_equal_models_raises_few_alarms() -> None:
    alarms = 0
    for seed in range(200):
        week, value, chance = reviews(np.random.default_rng(seed), np.full(WEEKS, 0.5), 120)
        alarms += any(
            onset_evidence(
                week[week <= now], value[week <= now], chance[week <= now], weeks=now + 1, cap=CAP
            )
            >= log(20)
            for now in range(WEEKS)
        )
    assert alarms <= 10  # 5% of 200


def test_the_whole_starts_at_one_and_giving_up_early_starts_only_lowers_it() -> None:
    assert onset_evidence([], [], [], weeks=WEEKS, cap=CAP) == pytest.approx(0, abs=1e-12)
    week, value, chance = reviews(np.random.default_rng(2), np.full(WEEKS, 0.35))
    late = week >= 13
    whole = onset_evidence(week, value, chance, weeks=WEEKS, cap=CAP)
    kept = onset_evidence(week[late], value[late], chance[late], weeks=WEEKS, first=13, cap=CAP)
    assert kept < whole


def test_one_week_by_hand() -> None:
    # One loss of weight 10: half of the trust is staked, half waits for later weeks.
    stakes = (0.9, 0.45, 0.225, 0.1125, 0.05625, 0.028125)
    grown = sum(1 + stake * 10 / CAP for stake in stakes) / 6
    found = onset_evidence([0], [-1.0], [0.1], weeks=1, cap=CAP)
    assert exp(found) == pytest.approx(grown / 2 + 1 / 2, rel=1e-12)


@pytest.mark.parametrize(("week", "value"), [(3, 0.0), (-1, 0.0), (0, 1.5)])
def test_refused(week: int, value: float) -> None:
    with pytest.raises(InvalidInputError):
        onset_evidence([week], [value], [0.5], weeks=3, cap=CAP)
