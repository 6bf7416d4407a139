"""What reviewers are judged by: known answers, published formulas, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from components.statistics.auc_error import hanley_mcneil
from components.statistics.binary_weighting import BinarySums, two_shares
from components.statistics.kappa import kappa_interval
from components.statistics.off_policy import off_policy
from components.statistics.raters import RaterCount, rater_differences
from components.statistics.right_truncation import right_truncated


def test_the_interval_of_kappa_is_about_the_spread_of_samples() -> None:
    matrix = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    first = np.repeat(np.arange(3), np.sum(matrix, 1))
    second = np.concatenate([np.repeat(np.arange(3), line) for line in matrix])
    found = kappa_interval(matrix)
    assert found is not None
    middle = (found.low + found.high) / 2
    assert middle == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    rng = np.random.default_rng(1)
    drawn = [
        cohen_kappa_score(first[rows], second[rows])
        for rows in (rng.integers(0, 100, 100) for _ in range(800))
    ]
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(np.std(drawn), rel=0.12)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 1.0)), min_size=2, max_size=60))
def test_sums_say_what_single_reviews_say(items: list[tuple[bool, float]]) -> None:
    values = np.array([float(value) for value, _ in items])
    chances = np.array([chance for _, chance in items])

    def part(rows: np.ndarray) -> BinarySums:
        weight = 1 / chances[rows]
        return BinarySums(int(rows.sum()), int(rows.sum()), weight.sum(), (weight**2).sum())

    found = two_shares(part(values == 1), part(values == 0))
    single = off_policy(values, chances)
    assert single is not None
    assert single.hajek is not None
    assert found.weighted is not None
    assert found.naive == pytest.approx(single.naive.value)
    assert found.weighted.value == pytest.approx(single.hajek.value)
    assert found.effective_n == pytest.approx(single.effective_n)
    assert found.differs == single.differs


def test_labels_that_are_still_due_are_allowed_for() -> None:
    """Half take 1 day, half take 5; half of the tickets are only 2 days old."""
    old = [(1.0, 100.0, 500), (5.0, 100.0, 500)]
    young = [(1.0, 2.0, 500)]
    found = right_truncated([*old, *young])
    assert found is not None
    assert [point.share for point in found.points] == pytest.approx([0.5, 1.0])
    assert found.quantile(0.5) == pytest.approx(1.0)
    assert right_truncated([]) is None


def test_a_reviewer_who_changes_is_named_and_no_other() -> None:
    rng = np.random.default_rng(7)

    def counts(drifting: float) -> list[RaterCount]:
        nature = np.linspace(-0.04, 0.04, 12)
        return [
            RaterCount(
                f"r{rater}",
                f"s{stratum}",
                60,
                int(
                    rng.binomial(
                        60, 0.1 * (stratum + 1) + nature[rater] + (drifting if rater == 4 else 0.0)
                    )
                ),
            )
            for rater in range(12)
            for stratum in range(3)
        ]

    before, now = counts(0.0), counts(0.25)
    assert [item.rater for item in rater_differences(now, before) if item.stands_out] == ["r4"]
    assert not [item for item in rater_differences(counts(0.0), before) if item.stands_out]


def test_the_mix_of_tickets_is_allowed_for() -> None:
    """One rater sees only hard tickets and overturns them as often as the others do."""
    easy = [RaterCount(f"r{k}", "easy", 100, 5) for k in range(6)]
    hard = [RaterCount(f"r{k}", "hard", 20, 10) for k in range(6)]
    found = {
        i.rater: i for i in rater_differences([*easy, *hard, RaterCount("x", "hard", 200, 100)])
    }
    assert found["x"].difference == pytest.approx(0.0)
    assert not found["x"].stands_out


@pytest.mark.parametrize("positives", [20, 200])
def test_the_error_of_an_auc_is_about_the_spread_of_samples(positives: int) -> None:
    rng = np.random.default_rng(3)
    n = 4 * positives

    def auc() -> float:
        up, down = rng.normal(1.0, 1.0, positives), np.sort(rng.normal(0.0, 1.0, n))
        return float(np.searchsorted(down, up).mean() / n)

    drawn = [auc() for _ in range(600)]
    assert hanley_mcneil(float(np.mean(drawn)), positives, n) == pytest.approx(
        np.std(drawn), rel=0.15
    )
