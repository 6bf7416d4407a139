"""AC1 against a published table, its formula, and a bootstrap of its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.statistics.agreement import cohen_kappa
from components.statistics.gwet import gwet_ac1
from queries.errors import InvalidInputError

RARE = ((118, 5), (2, 0))


def test_rare_answers_ruin_kappa_and_not_ac1() -> None:
    # 118 of 125 agreed, π = 243/250, chance 2π(1 − π).
    made, kappa = gwet_ac1(RARE), cohen_kappa(RARE)
    assert made is not None
    assert kappa is not None
    assert made.ac1 == pytest.approx(0.9408, abs=5e-5)
    assert kappa.kappa == pytest.approx(-0.0234, abs=5e-5)


def test_interval_is_as_wide_as_the_bootstrap() -> None:
    rng = np.random.default_rng(1)
    table = np.array([[300, 30, 5], [20, 90, 10], [4, 6, 35]])
    made = gwet_ac1(table.tolist())
    assert made is not None
    assert made.interval is not None
    drawn = [
        gwet_ac1(rng.multinomial(500, (table / 500).ravel()).reshape(3, 3).tolist())
        for _ in range(400)
    ]
    spread = np.std([one.ac1 for one in drawn if one is not None])
    assert (made.interval.high - made.interval.low) / 3.92 == pytest.approx(spread, rel=0.12)


@given(
    cells=st.lists(st.integers(0, 50), min_size=9, max_size=9).filter(lambda found: sum(found) > 1)
)
def test_it_lies_in_its_interval_and_is_symmetric(cells: list[int]) -> None:
    table = np.array(cells).reshape(3, 3)
    made, turned = gwet_ac1(table.tolist()), gwet_ac1(table.T.tolist())
    assert made == turned
    assert made is not None
    assert made.interval is not None
    assert made.interval.low <= made.ac1 <= made.interval.high
    assert made.ac1 <= 1


def test_nothing_and_impossible_tables() -> None:
    assert gwet_ac1([[0, 0], [0, 0]]) is None
    full = gwet_ac1([[7, 0], [0, 5]])
    assert full is not None
    assert full.ac1 == 1
    with pytest.raises(InvalidInputError, match="square"):
        gwet_ac1([[1, 2]])
