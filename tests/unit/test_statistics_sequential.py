"""The e-process by exact enumeration, and the confidence sequence by its formula."""

from __future__ import annotations

from math import comb, exp, lgamma, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.statistics.daily_scores import Reviewed, daily_scores
from components.statistics.forecast import Rule, forecast
from components.statistics.sequential import DayScores, confidence_sequence, e_process, half_width
from queries.errors import InvalidInputError

few = st.integers(0, 30)


@given(b=few, c=few)
def test_two_sided_process_is_a_martingale_under_the_null(b: int, c: int) -> None:
    after = (e_process(b + 1, c).e + e_process(b, c + 1).e) / 2
    assert after == pytest.approx(e_process(b, c).e, rel=1e-10)


@given(b=few, c=few, p=st.floats(0.5, 1))
def test_harm_process_never_grows_in_expectation_while_the_candidate_is_no_worse(
    b: int, c: int, p: float
) -> None:
    now = exp(e_process(b, c).log_e_harm)
    after = p * exp(e_process(b + 1, c).log_e_harm) + (1 - p) * exp(e_process(b, c + 1).log_e_harm)
    assert after <= now * (1 + 1e-9)
    if p == 0.5:
        assert after == pytest.approx(now, rel=1e-9)


@pytest.mark.parametrize("n", [1, 5, 12])
def test_expected_evidence_is_one_by_exact_enumeration(n: int) -> None:
    two_sided = sum(comb(n, b) * e_process(b, n - b).e for b in range(n + 1)) / 2**n
    harm = sum(comb(n, b) * exp(e_process(b, n - b).log_e_harm) for b in range(n + 1)) / 2**n
    assert two_sided == pytest.approx(1, rel=1e-12)
    assert harm == pytest.approx(1, rel=1e-12)


def test_chance_of_ever_crossing_is_at_most_one_in_twenty_by_exact_enumeration() -> None:
    # Chances of (wins, losses) among courses that have not crossed, toss by toss.
    alive, crossed = {(0, 0): 1.0}, 0.0
    for _ in range(200):
        following: dict[tuple[int, int], float] = {}
        for (b, c), chance in alive.items():
            for state in ((b + 1, c), (b, c + 1)):
                following[state] = following.get(state, 0.0) + chance / 2
        over = {state for state in following if e_process(*state).log_e >= log(20)}
        crossed += sum(following[state] for state in over)
        alive = {state: chance for state, chance in following.items() if state not in over}
    assert 0.005 < crossed <= 0.05


def test_known_values_and_the_block() -> None:
    formula = lgamma(122) + lgamma(60) - lgamma(182) + 180 * log(2)
    assert e_process(121, 59).log_e == pytest.approx(formula, rel=1e-12)
    assert not e_process(121, 59).harmful  # evidence enough, but the candidate wins
    assert e_process(59, 121).harmful
    assert not e_process(59, 70).harmful
    assert e_process(0, 0).e == 1
    assert e_process(0, 5_000).e == pytest.approx(1e300)
    assert np.isfinite(e_process(0, 100_000).log_e_harm)
    with pytest.raises(InvalidInputError):
        e_process(-1, 0)


def test_sequence_follows_its_formula() -> None:
    days = [DayScores(1_000, 20.0, 60.0), DayScores(1_000, 20.0, 60.0)]
    (_, last) = confidence_sequence(days, aim=2_000)
    rho2 = (-2 * log(0.05) + log(-2 * log(0.05) + 1)) / 2_000
    inner = 2_000 * rho2 + 1
    spread = sqrt(0.06 - 0.02**2)
    half = spread * sqrt(2 * inner / (2_000**2 * rho2) * log(sqrt(inner) / 0.05))
    assert last.day_effect == 1
    assert last.mean == pytest.approx(0.02)
    assert last.low == pytest.approx(0.02 - half)
    assert last.high == pytest.approx(0.02 + half)
    assert last.standard_error == pytest.approx(spread / sqrt(2_000))


@given(t=st.integers(10, 10**7), aim=st.integers(100, 10**6))
def test_sequence_is_wider_than_an_interval_for_one_look(t: int, aim: int) -> None:
    assert half_width(np.array([t]), aim)[0] > 1.96 / sqrt(t)


def test_days_that_vary_widen_it_and_nothing_seen_has_no_interval() -> None:
    even = [DayScores(1_000, 20.0, 60.0)] * 20
    uneven = [DayScores(1_000, 20.0 + 40 * (-1) ** day, 60.0) for day in range(20)]
    assert confidence_sequence(even, aim=20_000)[-1].day_effect == 1
    assert confidence_sequence(uneven, aim=20_000)[-1].day_effect > 10
    silent = confidence_sequence([DayScores(1_000, 0.0, 0.0), DayScores(0, 0.0, 0.0)], aim=100)
    assert [(look.low, look.high) for look in silent] == [(None, None)] * 2
    with pytest.raises(InvalidInputError, match="not finite"):
        confidence_sequence([DayScores(10, float("nan"), 1.0)], aim=10)


def reviews(days: int = 30, seed: int = 1, difference: float = 0.0) -> tuple[np.ndarray, Reviewed]:
    """Ten reviewed disagreements of a hundred a day, among 2,000 predictions."""
    rng = np.random.default_rng(seed)
    value = np.where(rng.random(days * 10) < 0.5 + difference * 10, 1.0, -1.0)
    day = np.repeat(np.arange(days), 10)
    population = np.tile([1_900, 100], (days, 1))
    return population, Reviewed.of(day, np.ones(days * 10, int), value, np.full(days * 10, 0.1))


def test_scores_add_up_to_the_weighted_mean_and_past_days_never_change() -> None:
    population, found = reviews()
    whole = daily_scores(population, found)
    part = found.day < 10
    start = daily_scores(
        population[:10],
        Reviewed(found.day[part], found.cell[part], found.value[part], found.propensity[part]),
    )
    assert whole[:10] == start
    mean = sum(day.total for day in whole) / sum(day.n for day in whole)
    assert mean == pytest.approx(found.value.sum() * 10 / (30 * 2_000), abs=1e-9)


def test_cells_that_agree_cost_nothing_and_impossible_reviews_are_refused() -> None:
    population, found = reviews()
    agreed = np.zeros_like(found.cell)
    quiet = daily_scores(population, Reviewed(found.day, agreed, 0 * found.value, found.propensity))
    assert all((day.total, day.squares) == (0, 0) for day in quiet)
    with pytest.raises(InvalidInputError, match="more reviews"):
        daily_scores(np.tile([1_999, 1], (30, 1)), found)
    with pytest.raises(InvalidInputError, match="outside the days"):
        daily_scores(population[:29], found)
    with pytest.raises(InvalidInputError, match="not finite"):
        Reviewed.of([0], [0], [1.0], [float("nan")])


def test_forecast_knows_what_is_decided_what_is_near_and_what_is_far() -> None:
    rule = Rule(aim=60_000, margin=-0.006, minimum_days=14, minimum_labels=100)
    population, found = reviews(days=30)
    days, five = daily_scores(population, found), (5,) * 30
    open_now = forecast(days, five, five, rule, seed=1)
    assert open_now is not None
    assert open_now == forecast(days, five, five, rule, seed=1)
    assert open_now.promotes + open_now.blocks + open_now.open == pytest.approx(1)
    assert open_now.days.median is not None
    assert open_now.days.low is not None
    assert 0 < open_now.days.low <= open_now.days.median
    assert open_now.labels.median is not None
    assert open_now.labels.median == pytest.approx(10 * open_now.days.median, rel=0.2)
    settled = forecast(days, five, five, Rule(aim=60_000, margin=-0.5), seed=1)
    assert settled is not None
    # Only exposure is missing: 300 labels of 600, ten a day.
    assert settled.days.median == pytest.approx(30, abs=3)
    assert settled.promotes > 0.95
    far = forecast(days, five, five, Rule(aim=60_000, margin=-1e-6), horizon_days=5)
    assert far is not None
    assert far.open == 1
    assert (far.days.median, far.labels.high) == (None, None)
    losing = [DayScores(2_000, -40.0, 60.0)] * 30
    harmful = forecast(losing, (1,) * 30, (9,) * 30, Rule(aim=60_000, minimum_labels=100))
    assert harmful is not None
    assert (harmful.blocks, harmful.days.high, harmful.labels.high) == (1, 0, 0)
    contradicted = forecast(losing, five, five, Rule(aim=60_000, minimum_labels=100))
    assert contradicted is not None
    assert contradicted.days.median != 0
    assert forecast(days[:1], five[:1], five[:1], rule) is None
