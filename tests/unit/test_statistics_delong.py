"""DeLong's comparison: pROC's known answer, scikit-learn's areas, and its own invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from components.statistics.delong import PairedAuroc, paired_auroc
from queries.errors import InvalidInputError
from tests.unit.asah import NDKA, POOR_OUTCOME, WFNS

rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6), st.floats(0.1, 50)),
    min_size=6,
    max_size=60,
).filter(lambda found: 2 <= sum(row[0] for row in found) <= len(found) - 2)


def compared(labels: object, one: object, other: object, weights: object = None) -> PairedAuroc:
    made = paired_auroc(labels, one, other, weights=weights)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_known_answer_of_proc() -> None:
    made = compared(POOR_OUTCOME, WFNS, NDKA)
    assert (made.positives, made.negatives) == (41, 72)
    assert made.z == pytest.approx(2.79777591868904, rel=1e-12)
    assert made.p == pytest.approx(0.00514557970691098, rel=1e-12)
    assert made.low == pytest.approx(0.0634011709339876, rel=1e-12)
    assert made.high == pytest.approx(0.3600405634833566, rel=1e-12)
    assert made.candidate.standard_error**2 == pytest.approx(0.0014699147088236264, rel=1e-12)
    assert made.production.standard_error**2 == pytest.approx(0.0031908105493913021, rel=1e-12)


@given(found=rows)
def test_areas_equal_scikit_learns_with_ties_and_weights(
    found: list[tuple[bool, int, int, float]],
) -> None:
    label, one, other, weight = map(np.array, zip(*found, strict=True))
    for given_weight in (None, weight):
        made = compared(label, one, other, given_weight)
        theirs = [roc_auc_score(label, x, sample_weight=given_weight) for x in (one, other)]
        assert made.candidate.value == pytest.approx(theirs[0], abs=1e-12)
        assert made.production.value == pytest.approx(theirs[1], abs=1e-12)
        assert made.difference == pytest.approx(theirs[0] - theirs[1], abs=1e-12)
        assert made.low <= made.difference <= made.high


@given(found=rows)
def test_exchanging_models_or_scaling_weights_changes_nothing_else(
    found: list[tuple[bool, int, int, float]],
) -> None:
    label, one, other, weight = map(np.array, zip(*found, strict=True))
    made = compared(label, one, other, weight)
    turned = compared(label, other, one, weight)
    scaled = compared(label, one * 3 + 1, other, weight * 7)
    assert turned.difference == pytest.approx(-made.difference, abs=1e-12)
    assert turned.standard_error == pytest.approx(made.standard_error, abs=1e-9)
    assert scaled.difference == pytest.approx(made.difference, abs=1e-12)
    assert scaled.standard_error == pytest.approx(made.standard_error, abs=1e-9)


def test_equal_scores_differ_by_nothing_without_a_p() -> None:
    made = compared(POOR_OUTCOME, WFNS, WFNS)
    assert (made.difference, made.standard_error, made.z, made.p) == (0, 0, None, None)


def test_one_class_has_no_area() -> None:
    assert paired_auroc([1, 1, 1, 0], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]) is None
    assert paired_auroc([], [], []) is None


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_are_refused(score: float) -> None:
    with pytest.raises(InvalidInputError, match="candidate scores"):
        paired_auroc([0, 0, 1, 1], [0.1, score, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4])
