"""McNemar against exact fractions and scipy, and Begg–Greenes against its published answer."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from components.statistics.begg_greenes import Verification, begg_greenes
from components.statistics.mcnemar import mcnemar
from queries.errors import InvalidInputError

counts = st.integers(0, 200)


def exact(b: int, c: int) -> tuple[float, float]:
    """Both p-values in fractions."""
    n, fewer = b + c, min(b, c)
    tail = 2 * Fraction(sum(comb(n, k) for k in range(fewer + 1)), 2**n)
    return float(min(Fraction(1), tail)), float(tail - Fraction(comb(n, fewer), 2**n))


@pytest.mark.parametrize(("b", "c", "p"), [(121, 59, 4e-6), (70, 59, 0.378688)])
def test_known_answers(b: int, c: int, p: float) -> None:
    made = mcnemar(b, c)
    assert made is not None
    assert made.exact_p == pytest.approx(p, rel=0.12 if p < 1e-5 else 1e-6)
    assert made.exact_p == pytest.approx(binomtest(b, b + c, 0.5).pvalue, rel=1e-12)


@given(b=counts, c=counts)
def test_both_p_values_equal_exact_fractions(b: int, c: int) -> None:
    made = mcnemar(b, c)
    if b + c == 0:
        assert made is None
        return
    assert made is not None
    assert made.exact_p == pytest.approx(exact(b, c)[0], rel=1e-11)
    assert made.mid_p == pytest.approx(exact(b, c)[1], rel=1e-11)
    assert made.mid_p <= made.exact_p
    assert made.interval.low <= made.candidate_share <= made.interval.high


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="below zero"):
        mcnemar(-1, 3)


HEPATIC = Verification(231, 32, 27, 54, 166, 140)


def test_begg_greenes_known_answer() -> None:
    made = begg_greenes(HEPATIC)
    assert made is not None
    assert made.sensitivity is not None
    assert made.specificity is not None
    assert made.sensitivity.value == pytest.approx(0.8364667, abs=5e-8)
    assert made.specificity.value == pytest.approx(0.7383980, abs=5e-8)
    assert made.sensitivity.naive == pytest.approx(231 / 258)


@given(a=counts, b=counts, c=counts, d=counts)
def test_full_verification_corrects_nothing(a: int, b: int, c: int, d: int) -> None:
    made = begg_greenes(Verification(a, b, c, d, 0, 0))
    if a + b == 0 or c + d == 0:
        assert made is None
        return
    assert made is not None
    for rate in (made.sensitivity, made.specificity):
        if rate is not None:
            assert rate.value == pytest.approx(rate.naive)
            if rate.interval is not None:
                assert rate.interval.low <= rate.value <= rate.interval.high
    assert (made.sensitivity is None) == (a + c == 0)
    assert (made.specificity is None) == (b + d == 0)
