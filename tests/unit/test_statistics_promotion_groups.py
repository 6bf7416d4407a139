"""Costs, slices and fairness gaps of a candidate beside production."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.statistics.cost import (
    Load,
    Pays,
    UnitCosts,
    cost_difference,
    cost_map,
    paired_errors,
)
from components.statistics.fairness import Rate, error_rates, gap, selection_rates
from components.statistics.slices import SliceState, slice_differences
from queries.errors import InvalidInputError

COSTS = UnitCosts(Decimal(100), Decimal(10), Decimal("0.012"), Decimal("4.50"))
SAME = Load(0.1, 0.05)
rows = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.floats(0.1, 50)),
    min_size=3,
    max_size=60,
)


@given(found=rows)
def test_loss_equals_its_formula(found: list[tuple[bool, bool, bool, float]]) -> None:
    truth, mine, theirs, weight = map(np.array, zip(*found, strict=True))
    errors = paired_errors(truth, mine, theirs, weights=weight)
    assert errors is not None
    made = cost_difference(errors, COSTS, Load(0.2, 0.06), SAME)

    def loss(decided: np.ndarray, load: Load) -> float:
        wrong = 100 * (truth & ~decided) + 10 * (~truth & decided)
        return float(
            np.average(wrong, weights=weight) + 0.012 * load.llm_calls + 4.5 * load.reviews
        )

    assert float(made.candidate) == pytest.approx(loss(mine, Load(0.2, 0.06)), abs=2e-6)
    assert float(made.production) == pytest.approx(loss(theirs, SAME), abs=2e-6)
    assert made.low <= made.difference <= made.high
    assert made.relative is not None
    assert made.relative_low is not None
    assert made.relative_high is not None
    assert made.relative_low <= made.relative <= made.relative_high
    assert made.relative == pytest.approx(
        float(made.difference / made.production), rel=1e-4, abs=1e-4
    )


def test_induced_load_alone_has_no_sampling_error() -> None:
    errors = paired_errors([1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0])
    assert errors is not None
    made = cost_difference(errors, COSTS, Load(0.2, 0.05), SAME)
    assert made.low == made.difference == made.high == Decimal("0.0012")


def test_map_turns_where_missed_tickets_become_dear() -> None:
    # The candidate misses fewer and raises more false alarms.
    rng = np.random.default_rng(1)
    truth = rng.random(20_000) < 0.3
    mine = np.where(truth, rng.random(20_000) < 0.9, rng.random(20_000) < 0.15)
    theirs = np.where(truth, rng.random(20_000) < 0.8, rng.random(20_000) < 0.05)
    errors = paired_errors(truth, mine, theirs)
    assert errors is not None
    made = cost_map(
        errors,
        COSTS,
        SAME,
        SAME,
        miss_ratios=[Decimal(1), Decimal("2.33"), Decimal(20)],
        llm_calls=[Decimal(0), Decimal(1)],
    )
    assert [point.pays for point in made] == [Pays.NO] * 2 + [Pays.OPEN] * 2 + [Pays.YES] * 2


def test_costs_that_are_no_costs_are_refused() -> None:
    errors = paired_errors([1, 0], [1, 0], [0, 0])
    assert errors is not None
    for wrong in (Decimal(-1), Decimal("NaN")):
        with pytest.raises(InvalidInputError, match="unit cost"):
            cost_difference(errors, UnitCosts(wrong, *[Decimal(1)] * 3), SAME, SAME)


def slices_sample() -> tuple[np.ndarray, list[str]]:
    """Three groups of 3,000, of which the south is harmed, and one of 20."""
    rng = np.random.default_rng(3)
    values, groups = [], []
    for group, n, worse in (
        ("north", 3_000, 0.03),
        ("south", 3_000, 0.12),
        ("west", 3_000, 0.03),
        ("islands", 20, 0.9),
    ):
        values.append(rng.choice([1.0, -1.0, 0.0], n, p=[0.03, worse, 0.97 - worse]))
        groups += [group] * n
    return np.concatenate(values), groups


def test_the_harmed_group_comes_first_and_small_ones_are_named() -> None:
    values, groups = slices_sample()
    made = slice_differences(values, groups, expected=["valley"])
    assert made[0].group == "south"
    assert made[0].state is SliceState.WORSE
    assert made[0].adjusted_p is not None
    assert made[0].adjusted_p < 1e-6
    assert {one.group: one.state for one in made[1:3]} == {
        "north": SliceState.HOLDS,
        "west": SliceState.HOLDS,
    }
    assert [(one.group, one.state, one.adjusted_p) for one in made[3:]] == [
        ("islands", SliceState.NO_DATA, None),
        ("valley", SliceState.NO_DATA, None),
    ]
    assert made[3].reviewed == 20
    scaled = slice_differences(values, groups, weights=np.full(values.size, 7.0))
    assert [one.state for one in scaled] == [one.state for one in made[:4]]


def test_groups_without_disagreements_never_pass() -> None:
    (one,) = slice_differences(np.zeros(5_000), ["all"] * 5_000)
    assert one.state is SliceState.NO_DATA
    assert slice_differences([], [], expected=["a"])[0].state is SliceState.NO_DATA


def test_no_group_is_called_harmed_too_often_when_none_is() -> None:
    rng = np.random.default_rng(4)
    groups = [f"g{number}" for number in range(10) for _ in range(400)]
    alarms = sum(
        slice_differences(rng.choice([1.0, -1.0, 0.0], 4_000, p=[0.1, 0.1, 0.8]), groups)[0].state
        is SliceState.WORSE
        for _ in range(300)
    )
    assert alarms / 300 <= 0.08


def test_rates_and_gaps_are_those_of_the_table() -> None:
    # Group a: 160 of 200 found, 20 of 400 raised falsely. Group b: 120 of 200, 40 of 400.
    label = np.r_[np.ones(200), np.zeros(400), np.ones(200), np.zeros(400), np.ones(5)]
    decided = np.r_[
        np.ones(160), np.zeros(40), np.ones(20), np.zeros(380),
        np.ones(120), np.zeros(80), np.ones(40), np.zeros(360), np.ones(5),
    ]  # fmt: skip
    group = np.repeat([0, 1, 2], [600, 600, 5])
    weight = np.full(label.size, 3.0)
    rates = error_rates(label, decided, group, ("a", "b", "c", "d"), weights=weight)
    found = gap(rates, Rate.TRUE_POSITIVE)
    assert (found.highest, found.lowest) == ("a", "b")
    assert found.ratio == pytest.approx(0.6 / 0.8)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(0.2)
    error = (0.8 * 0.2 / 199 + 0.6 * 0.4 / 199) ** 0.5
    assert found.difference.standard_error == pytest.approx(error)
    assert found.unjudged == ("c", "d")
    raised = gap(rates, Rate.FALSE_POSITIVE)
    assert raised.difference is not None
    assert raised.difference.value == pytest.approx(0.05)


def test_selection_needs_no_labels_and_small_groups_stay_unjudged() -> None:
    rates = selection_rates({"a": (300, 1_000), "b": (240, 1_000), "c": (3, 10), "d": (0, 0)})
    found = gap(rates, Rate.SELECTION)
    assert found.ratio == pytest.approx(0.8)
    assert found.unjudged == ("c", "d")
    lonely = gap(selection_rates({"a": (3, 500), "b": (1, 2)}), Rate.SELECTION)
    assert (lonely.highest, lonely.difference, lonely.unjudged) == (None, None, ("b",))


def test_a_rate_of_zero_or_one_still_has_an_interval() -> None:
    rates = error_rates([1] * 150 + [0] * 150, [1] * 150 + [0] * 150, [0] * 300, ["a"])
    highest, lowest = (one.estimate for one in rates)
    assert highest is not None
    assert lowest is not None
    assert highest.low is not None
    assert lowest.high is not None
    assert (highest.value, lowest.value) == (1, 0)
    assert 0.95 < highest.low < 1
    assert 0 < lowest.high < 0.05
