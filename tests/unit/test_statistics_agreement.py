"""Cohen's κ against scikit-learn and a printed example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from components.statistics.agreement import cohen_kappa
from queries.errors import InvalidInputError

matrices = st.integers(2, 4).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 60), min_size=size, max_size=size), min_size=size, max_size=size
    )
)


@given(matrix=matrices)
def test_equals_scikit_learn(matrix: list[list[int]]) -> None:
    ours = cohen_kappa(matrix)
    pairs = [(i, j) for i, row in enumerate(matrix) for j, n in enumerate(row) for _ in range(n)]
    if ours is None:
        assert not pairs
        return
    assert ours.n == len(pairs)
    if ours.kappa is None:
        assert ours.share == 1
        return
    first, second = zip(*pairs, strict=True)
    theirs = cohen_kappa_score(first, second, labels=np.arange(len(matrix)))
    assert ours.kappa == pytest.approx(theirs, abs=1e-12)


def test_known_answer() -> None:
    # Two readers, 50 proposals: 20 both yes, 5 only A, 10 only B, 15 both no.
    ours = cohen_kappa([[20, 5], [10, 15]])
    assert ours is not None
    assert (ours.n, ours.agreed, ours.share) == (50, 35, 0.7)
    assert ours.kappa == pytest.approx(0.4, abs=1e-15)


def test_one_answer_only_has_no_kappa() -> None:
    ours = cohen_kappa([[7, 0], [0, 0]])
    assert ours is not None
    assert (ours.share, ours.kappa) == (1.0, None)


def test_nothing_and_broken_matrices() -> None:
    assert cohen_kappa([[0, 0], [0, 0]]) is None
    assert cohen_kappa([]) is None
    for broken in ([[1, 2]], [[1, -1], [0, 2]]):
        with pytest.raises(InvalidInputError):
            cohen_kappa(broken)
