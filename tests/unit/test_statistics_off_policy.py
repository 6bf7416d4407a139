"""Weighted means from reviewed tickets: formulas, exact unbiasedness, and what is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.statistics.off_policy import OffPolicy, off_policy
from components.statistics.weighting import hajek_mean
from queries.errors import InvalidInputError

items = st.lists(
    st.tuples(st.sampled_from([-1.0, 0.0, 1.0]), st.floats(0.01, 1), st.integers(0, 3)),
    min_size=2,
    max_size=60,
)


def made_of(
    found: list[tuple[float, float, int]], extra: int = 40, scale: float = 1.0
) -> OffPolicy:
    value, chance, cell = zip(*found, strict=True)
    population = {one: cell.count(one) + extra for one in range(4)}
    made = off_policy(value, np.array(chance) * scale, cells=cell, population=population, cap=1e6)
    assert made is not None
    return made


@given(found=items)
def test_hajek_mean_is_the_one_of_the_weighting_module(
    found: list[tuple[float, float, int]],
) -> None:
    value, chance, _ = zip(*found, strict=True)
    ours, theirs = off_policy(value, chance), hajek_mean(value, chance)
    assert ours is not None
    assert ours.hajek is not None
    assert theirs is not None
    assert ours.hajek.value == pytest.approx(theirs.value, abs=1e-12)
    assert ours.hajek.standard_error == pytest.approx(theirs.standard_error, abs=1e-9)
    assert ours.effective_n == pytest.approx(theirs.effective_n)
    assert ours.naive.value == pytest.approx(np.mean(value), abs=1e-12)


@given(found=items)
def test_intervals_are_in_order_and_weights_scale_free(
    found: list[tuple[float, float, int]],
) -> None:
    made, halved = made_of(found), made_of(found, scale=0.5)
    for estimate in (made.naive, made.hajek, made.aipw):
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low <= estimate.value <= estimate.high
    assert halved.hajek is not None
    assert made.hajek is not None
    assert halved.hajek.value == pytest.approx(made.hajek.value, abs=1e-12)
    assert halved.effective_n == pytest.approx(made.effective_n)
    assert halved.differs == made.differs


def test_aipw_is_exactly_unbiased_over_every_possible_review() -> None:
    # Six predictions in two cells: 2^6 reviews, each with its probability.
    value = np.array([1.0, -1.0, 0.0, 1.0, 1.0, -1.0])
    chance = np.array([0.5, 0.3, 0.8, 0.2, 0.6, 0.9])
    cell = np.array([0, 0, 0, 1, 1, 1])
    expected = certain = 0.0
    for seen in product((False, True), repeat=6):
        mask = np.array(seen)
        probability = float(np.where(mask, chance, 1 - chance).prod())
        made = off_policy(
            value[mask], chance[mask], cells=cell[mask], population={0: 3, 1: 3}, cap=10
        )
        # Nothing reviewed: every prediction is expected to be 0, and so is the mean.
        expected += probability * (made.aipw.value if made and made.aipw else 0.0)
        certain += probability
    assert certain == pytest.approx(1)
    assert expected == pytest.approx(value.mean(), abs=1e-12)


def test_everything_reviewed_leaves_nothing_to_correct() -> None:
    value = np.random.default_rng(1).choice([0.0, 1.0], 3_000, p=[0.2, 0.8])
    made = off_policy(value, np.ones(3_000), cells=np.zeros(3_000, int), population={0: 3_000})
    assert made is not None
    assert made.aipw is not None
    assert made.aipw.value == pytest.approx(value.mean())
    assert made.aipw.standard_error == pytest.approx(value.std(ddof=1) / 3_000**0.5, rel=1e-3)
    assert made.usable
    assert not made.differs
    assert made.best == made.aipw


def test_a_biased_review_raises_the_banner_and_an_unbiased_one_does_not() -> None:
    rng = np.random.default_rng(2)
    score = rng.random(60_000)
    right = (rng.random(60_000) < 0.6 + 0.35 * np.abs(2 * score - 1)).astype(float)
    for chance, differs in (
        (0.01 + 0.15 * (np.abs(score - 0.5) < 0.2), True),
        (np.full(60_000, 0.06), False),
    ):
        seen = rng.random(60_000) < chance
        made = off_policy(right[seen], chance[seen])
        assert made is not None
        assert made.differs is differs
        assert made.hajek is not None
        assert made.hajek.low is not None
        assert made.hajek.high is not None
        assert made.hajek.low <= right.mean() <= made.hajek.high


def test_unknown_propensities_are_counted_and_make_it_unusable() -> None:
    value = np.ones(4_000)
    chance = np.full(4_000, 0.5)
    chance[:3] = np.nan
    made = off_policy(value, chance)
    assert made is not None
    assert (made.reviewed, made.unknown, made.usable) == (4_000, 3, False)
    assert made.effective_n == pytest.approx(3_997)
    none_known = off_policy([1, 0], [np.nan, np.nan])
    assert none_known is not None
    assert none_known.naive.value == 0.5
    assert (none_known.hajek, none_known.aipw, none_known.best) == (None, None, None)
    assert not none_known.usable


def test_few_effective_reviews_are_not_usable_and_capping_is_counted() -> None:
    made = off_policy(np.ones(1_200), np.r_[np.full(1_190, 1.0), np.full(10, 0.001)])
    assert made is not None
    assert made.capped == 10
    assert made.effective_n == pytest.approx((1_190 + 1_000) ** 2 / (1_190 + 100_000))
    assert not made.usable


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.5, float("inf")])
def test_impossible_propensities_are_refused(chance: float) -> None:
    with pytest.raises(InvalidInputError, match="outside 0 to 1"):
        off_policy([1, 0], [0.5, chance])


def test_more_reviews_than_predictions_are_refused() -> None:
    for population in ({0: 1}, {1: 50}, {}):
        with pytest.raises(InvalidInputError, match="more reviews than predictions"):
            off_policy([1, 0], [0.5, 0.5], cells=[0, 0], population=population)
