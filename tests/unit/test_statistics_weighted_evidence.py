"""Weighted evidence: fair by exact enumeration, and right where plain counts mislead."""

from __future__ import annotations

from itertools import product
from math import exp

import numpy as np
import pytest

from components.statistics.sequential import e_process
from components.statistics.weighted_evidence import weighted_evidence
from queries.errors import InvalidInputError


@pytest.mark.parametrize("probability", [0.5, 0.7])
def test_expected_wealth_is_one_or_less_by_exact_enumeration(probability: float) -> None:
    # Four disagreements; each reviewed (win or loss) or not, by its own propensity.
    chances, expected = (0.5, 0.05, 0.2, 0.9), 0.0
    for outcome in product((1.0, -1.0, None), repeat=4):
        weight = 1.0
        seen: list[tuple[float, float]] = []
        for chance, value in zip(chances, outcome, strict=True):
            if value is None:
                weight *= 1 - chance
            else:
                weight *= chance * (probability if value > 0 else 1 - probability)
                seen.append((value, chance))
        made = weighted_evidence(
            [0] * len(seen), [v for v, _ in seen], [c for _, c in seen], days=1
        )
        expected += weight * exp(made[0].log_e_harm)
    if probability == 0.5:
        assert expected == pytest.approx(1, rel=1e-12)
    assert expected <= 1 + 1e-12


def misleading(days: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The candidate wins near the threshold, where most reviews are, and loses overall."""
    rng = np.random.default_rng(seed)
    near = rng.random(days * 200) < 0.3
    chance = np.where(near, 0.2, 0.03)
    value = np.where(rng.random(near.size) < np.where(near, 0.65, 0.25), 1.0, -1.0)
    seen = rng.random(near.size) < chance
    return np.repeat(np.arange(days), 200)[seen], value[seen], chance[seen]


def test_harm_is_found_where_plain_counts_see_none() -> None:
    day, value, chance = misleading(60)
    wins = int((value > 0).sum())
    assert not e_process(wins, value.size - wins).harmful
    made = weighted_evidence(day, value, chance, days=60)
    assert made[-1].harmful
    assert not made[-1].beneficial
    flags = [one.harmful for one in made]
    assert flags == sorted(flags)  # once reached, it stays


def test_equal_models_under_biased_review_raise_few_alarms() -> None:
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(300):
        near = rng.random(6_000) < 0.5
        chance = np.where(near, 0.2, 0.02)
        value = np.where(rng.random(6_000) < np.where(near, 0.4, 0.6), 1.0, -1.0)
        seen = rng.random(6_000) < chance
        day = np.repeat(np.arange(60), 100)[seen]
        alarms += weighted_evidence(day, value[seen], chance[seen], days=60)[-1].harmful
    assert alarms <= 0.05 * 300


def test_nothing_reviewed_is_no_evidence_and_unknown_propensities_are_refused() -> None:
    (made,) = weighted_evidence([], [], [], days=1)
    assert (made.log_e_harm, made.harmful) == (pytest.approx(0), False)
    with pytest.raises(InvalidInputError):
        weighted_evidence([0], [1], [float("nan")], days=1)
    with pytest.raises(InvalidInputError):
        weighted_evidence([3], [1], [0.5], days=2)
